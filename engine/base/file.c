/* file.c -- reading as a stream, writing to a temporary that is synced and renamed. */
#include "engine/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "engine/base/arena.h"

enum { TEMPORARY_NAME = 64, MOST_TEMPORARIES = 1000, PIECE = 1 << 16 };

static const char temporary_name[] = ".ug-%ld-%d.tmp"; /* process, number */

/* ---- Reading ---- */

/* Reads to the end, or one byte past the limit.  NULL with errno set when reading fails. */
static char *read_stream(FILE *f, size_t limit, size_t expected, size_t *length)
{
    size_t capacity = expected < limit ? expected : limit, n = 0;
    char *bytes = malloc(capacity + 2), *larger;

    while (bytes) {
        n += fread(bytes + n, 1, capacity + 1 - n, f);
        if (n <= capacity || n > limit)
            break;
        capacity = n < limit / 2 ? 2 * n : limit;
        larger = realloc(bytes, capacity + 2);
        if (!larger)
            free(bytes);
        bytes = larger;
    }
    if (!bytes)
        return NULL;
    if (ferror(f)) {
        free(bytes);
        return NULL;
    }
    bytes[n] = '\0';
    *length = n;
    return bytes;
}

char *ug_file_read(const char *path, size_t limit, size_t *length, struct ug_pos pos,
                   struct ug_diags *diags)
{
    struct stat st;
    char *bytes = NULL;
    FILE *f = fopen(path, "rbe");

    /* The size is only a guess at what will come: of a pipe it is 0, and a file may grow. */
    if (f && !fstat(fileno(f), &st))
        bytes = read_stream(f, limit, st.st_size > 0 ? (size_t)st.st_size : 0, length);
    if (!bytes) {
        ug_error(diags, pos, "cannot read '%s': %s", path, strerror(errno));
    } else if (*length > limit) {
        ug_error(diags, pos, "'%s' is too large: at most %zu bytes are read", path, limit);
        free(bytes);
        bytes = NULL;
    }
    if (f)
        fclose(f);
    return bytes;
}

bool ug_file_checksum(const char *path, int64_t *bytes, uint32_t *crc32)
{
    unsigned char piece[PIECE];
    FILE *f = fopen(path, "rbe");
    uLong sum = crc32_z(0, NULL, 0);
    size_t n;

    *bytes = 0;
    while (f && (n = fread(piece, 1, sizeof piece, f)) > 0) {
        sum = crc32_z(sum, piece, n);
        *bytes += (int64_t)n;
    }
    *crc32 = (uint32_t)sum;
    const bool whole = f && !ferror(f);
    if (f)
        fclose(f);
    return whole;
}

/* ---- Writing ---- */

/* The length of the folder in a path, with its last slash; 0 for the working directory. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* NULL only where there is no memory; the caller frees it. */
static char *folder_of(const char *path)
{
    const size_t n = folder_length(path);

    return n ? strndup(path, n) : strdup(".");
}

/* Locks a new temporary as long as it is open, so that ug_file_sweep knows it for one that is being
 * written.  False where a sweep was faster: it is gone. */
static bool hold(int fd)
{
    struct stat st;

    return (!flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) && !fstat(fd, &st) &&
           st.st_nlink;
}

/* A new file in the folder of w->path.  Its name is short, so that it fits wherever the real one
 * does. */
static int open_temporary(struct ug_writer *w)
{
    const size_t folder = folder_length(w->path);

    w->temporary = ug_xcalloc(folder + TEMPORARY_NAME, 1);
    memcpy(w->temporary, w->path, folder);
    for (int i = 0; i < MOST_TEMPORARIES; i++) {
        snprintf(w->temporary + folder, TEMPORARY_NAME, temporary_name, (long)getpid(), i);
        const int fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 ? hold(fd) : errno != EEXIST)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

static void release(struct ug_writer *w)
{
    free(w->path);
    free(w->temporary);
    *w = (struct ug_writer){0};
}

static bool cannot_write(struct ug_diags *diags, const char *path, int error)
{
    ug_error(diags, UG_NOWHERE, "cannot write '%s': %s", path, strerror(error));
    return false;
}

bool ug_writer_open(struct ug_writer *w, const char *path, struct ug_diags *diags)
{
    struct stat st;
    const bool exists = !stat(path, &st);
    int fd = -1;

    *w = (struct ug_writer){0};
    w->path = exists ? realpath(path, NULL) : NULL;
    if (!w->path)
        w->path = strcpy(ug_xcalloc(strlen(path) + 1, 1), path);
    if (exists && S_ISDIR(st.st_mode))
        errno = EISDIR;
    else if (exists && !S_ISREG(st.st_mode))
        fd = open(path, O_WRONLY | O_CLOEXEC);
    else
        fd = open_temporary(w);
    if (fd >= 0)
        w->stream = fdopen(fd, "wb");
    if (w->stream)
        return true;
    cannot_write(diags, path, errno);
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && w->temporary)
        unlink(w->temporary);
    release(w);
    return false;
}

bool ug_writer_put(struct ug_writer *w, const void *bytes, size_t n)
{
    if (!w->failed && n && fwrite(bytes, 1, n, w->stream) != n)
        w->failed = errno ? errno : EIO;
    return !w->failed;
}

int ug_file_sync(int fd)
{
    return fsync(fd) && errno != EINVAL && errno != ENOTSUP && errno != EROFS ? errno : 0;
}

int ug_file_sync_folder(const char *path)
{
    char *name = folder_of(path);
    const int fd = name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int error = fd < 0 ? errno : 0;

    if (fd >= 0) {
        error = ug_file_sync(fd);
        close(fd);
    }
    free(name);
    return error;
}

/* The errno of the first thing that went wrong on the way to the disk, or 0. */
static int flush_and_close(struct ug_writer *w)
{
    int error = w->failed;

    if (fflush(w->stream) && !error)
        error = errno;
    if (ferror(w->stream) && !error)
        error = EIO;
    if (w->temporary && !error && fsync(fileno(w->stream)))
        error = errno;
    if (fclose(w->stream) && !error)
        error = errno;
    return error;
}

bool ug_writer_commit(struct ug_writer *w, struct ug_diags *diags)
{
    int error = flush_and_close(w);

    if (w->temporary && !error && rename(w->temporary, w->path))
        error = errno;
    if (w->temporary && error)
        unlink(w->temporary);
    if (w->temporary && !error)
        error = ug_file_sync_folder(w->path);
    if (error)
        cannot_write(diags, w->path, error);
    release(w);
    return !error;
}

void ug_writer_abandon(struct ug_writer *w)
{
    fclose(w->stream);
    if (w->temporary)
        unlink(w->temporary);
    release(w);
}

bool ug_file_write(const char *path, const void *bytes, size_t n, struct ug_diags *diags)
{
    struct ug_writer w;

    if (!ug_writer_open(&w, path, diags))
        return false;
    ug_writer_put(&w, bytes, n);
    return ug_writer_commit(&w, diags);
}

/* ---- What is left behind ---- */

static bool names_temporary(const char *name)
{
    long process;
    int number, end = 0;

    return sscanf(name, ".ug-%ld-%d.tmp%n", &process, &number, &end) == 2 && end && !name[end];
}

/* Where files cannot be locked, nothing is known of them, and they stay. */
static void remove_abandoned(int folder, const char *name)
{
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return;
    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !flock(fd, LOCK_EX | LOCK_NB))
        unlinkat(folder, name, 0);
    close(fd);
}

void ug_file_sweep(const char *path)
{
    char *folder = folder_of(path);
    DIR *d = folder ? opendir(folder) : NULL;

    free(folder);
    for (const struct dirent *entry; d && (entry = readdir(d));)
        if (names_temporary(entry->d_name))
            remove_abandoned(dirfd(d), entry->d_name);
    if (d)
        closedir(d);
}
