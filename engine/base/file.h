/* file.h -- whole files: read within a limit, written whole or not at all. */
#ifndef UG_FILE_H
#define UG_FILE_H

#include <stdint.h>

#include "diag.h"

/* Reads a file of at most `limit` bytes.  The result has a closing NUL that *length does not count;
 * the caller frees it.  NULL after an error at `pos` that names the file. */
char *ug_file_read(const char *path, size_t limit, size_t *length, struct ug_pos pos,
                   struct ug_diags *diags);

/* How many bytes a file has, and their CRC-32 (ISO 3309, as zlib has it).  False, with errno set, if
 * it cannot be read. */
bool ug_file_checksum(const char *path, int64_t *bytes, uint32_t *crc32);

/* Waits until what was written to an open file is on the disk.  0, or the errno of what failed; a
 * file system that cannot do it has done all it can. */
int ug_file_sync(int fd);
/* Syncs the folder that `path` stands in: its name then survives a loss of power.  As above. */
int ug_file_sync_folder(const char *path);

/* A file that is being replaced.  What is written goes to a temporary beside it; only
 * ug_writer_commit puts it in its place, so a reader finds the old file or the new one and never a
 * part. Where `path` is no ordinary file (a pipe, /dev/stdout) it is written straight through. */
struct ug_writer {
    FILE *stream;    /* for fprintf and the like */
    int failed;      /* errno of the first write that failed; 0 = none */
    char *path;      /* with links followed; errors name it */
    char *temporary; /* NULL when written straight through */
};

/* False after an error; there is nothing to commit or to abandon then. */
bool ug_writer_open(struct ug_writer *w, const char *path, struct ug_diags *diags);
/* Failures are kept for ug_writer_commit; returns false so that a long write can stop early. */
bool ug_writer_put(struct ug_writer *w, const void *bytes, size_t n);
/* Flushes, syncs, renames, syncs the folder.  After an error the temporary is gone and what was at
 * `path` before is still there, unless it was the last of these that failed.  The writer is closed
 * either way. */
bool ug_writer_commit(struct ug_writer *w, struct ug_diags *diags);
void ug_writer_abandon(struct ug_writer *w); /* removes the temporary and closes */

/* Removes the temporaries that processes which were killed have left in the folder that `path` stands
 * in ("folder/" stands in itself): those that no writer, of whichever process, has open. */
void ug_file_sweep(const char *path);

/* The three calls above for bytes that are in memory. */
bool ug_file_write(const char *path, const void *bytes, size_t n, struct ug_diags *diags);

#endif
