/* faults_preload.c -- a library to be loaded before the C library, in which the n-th thing that a
 * process does to the files below a folder goes wrong.  For test_faults.c.
 *
 *     FAULT_UNDER  the folder, absolute; without it nothing is looked at
 *     FAULT_AT     n, counted from 1; 0 or absent: nothing goes wrong
 *     FAULT_HOW    enospc, eio: the call fails; kill: the process ends before it; tear: it ends when
 *                  half of what was to be written is
 *     FAULT_LOG    a file that takes a line for each: "rename FROM TO"
 *     FAULT_DISK   a folder that takes what is synced, and so would survive a loss of power: by inode
 *                  number, a file's bytes, or a folder's names and their inode numbers
 *
 * Streams do their writing inside the C library, where nothing is replaced: of them fopen, fwrite
 * and fflush are.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum fault { NONE, FAILS, DIES, TEARS };

static int count;    /* of what was done so far, by any thread */
static bool writing; /* the last thing was a write: those that follow it are one with it */

static bool is_under(const char *path)
{
    const char *folder = getenv("FAULT_UNDER");

    return folder && !strncmp(path, folder, strlen(folder)) && strchr("/", path[strlen(folder)]);
}

static void note(const char *what, const char *path, const char *other)
{
    const char *log = getenv("FAULT_LOG");
    char line[2 * PATH_MAX + 32];
    const int n = snprintf(line, sizeof line, "%s %s%s%s\n", what, path, other ? " " : "",
                           other ? other : "");
    const int fd = log ? REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

    if (fd >= 0 && REAL(write)(fd, line, (size_t)n) != n)
        abort();
    if (fd >= 0)
        close(fd);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    pause();
}

/* ---- What is on the disk ---- */

/* Where the disk has, or is to have, what this inode holds; false if no disk is kept. */
static bool on_disk(ino_t inode, char path[PATH_MAX])
{
    const char *disk = getenv("FAULT_DISK");

    return disk && snprintf(path, PATH_MAX, "%s/%ju", disk, (uintmax_t)inode) < PATH_MAX;
}

/* A new file or folder has nothing on the disk, whatever had its inode before. */
static void begin(const char *path)
{
    char kept[PATH_MAX];
    struct stat st;

    if (is_under(path) && !stat(path, &st) && on_disk(st.st_ino, kept))
        REAL(unlink)(kept);
}

static void keep_bytes(int fd, FILE *out)
{
    char piece[4096];
    ssize_t n;

    for (off_t at = 0; (n = pread(fd, piece, sizeof piece, at)) > 0; at += n)
        REAL(fwrite)(piece, 1, (size_t)n, out);
}

/* "folder INODE NAME", "file INODE NAME", "link TARGET NAME". */
static void keep_names(const char *path, FILE *out)
{
    DIR *d = opendir(path);
    char target[PATH_MAX];
    struct stat st;

    for (const struct dirent *e; d && (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        const ssize_t n =
            S_ISLNK(st.st_mode) ? readlinkat(dirfd(d), e->d_name, target, PATH_MAX) : -1;
        if (n >= 0)
            fprintf(out, "link %.*s %s\n", (int)n, target, e->d_name);
        else
            fprintf(out, "%s %ju %s\n", S_ISDIR(st.st_mode) ? "folder" : "file",
                    (uintmax_t)st.st_ino, e->d_name);
    }
    if (d)
        closedir(d);
}

/* What is synced comes to the disk. */
static void keep(int fd, const char *path)
{
    char kept[PATH_MAX];
    struct stat st;
    FILE *out = !fstat(fd, &st) && on_disk(st.st_ino, kept) ? REAL(fopen)(kept, "w") : NULL;

    if (!out)
        return;
    const int readable = S_ISREG(st.st_mode) ? REAL(open)(path, O_RDONLY | O_CLOEXEC) : -1;
    if (readable >= 0) {
        keep_bytes(readable, out);
        close(readable);
    } else {
        keep_names(path, out);
    }
    fclose(out);
}

/* ---- What goes wrong ---- */

/* What is to happen to this call.  Sets errno for one that fails. */
static enum fault meet(const char *what, const char *path, const char *other)
{
    const char *at = getenv("FAULT_AT"), *how = getenv("FAULT_HOW");

    if (!is_under(path))
        return NONE;
    writing = !strcmp(what, "write");
    note(what, path, other);
    if (__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) != (at ? atoi(at) : 0))
        return NONE;
    if (!how || !strcmp(how, "kill"))
        die();
    if (how && !strcmp(how, "tear"))
        return TEARS;
    errno = how && !strcmp(how, "eio") ? EIO : ENOSPC;
    return FAILS;
}

/* The path of an open file; errno stays. */
static const char *path_of(int fd, char path[PATH_MAX])
{
    const int before = errno;
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = '\0';
    errno = before;
    return path;
}

static enum fault meet_open_file(const char *what, int fd)
{
    char path[PATH_MAX];

    return meet(what, path_of(fd, path), NULL);
}

/* A call that has no half: torn, it does not come back. */
static bool fails(enum fault f)
{
    if (f == TEARS)
        die();
    return f == FAILS;
}

int open(const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    const bool is_new = access(path, F_OK) != 0;
    const int fd = fails(meet("open", path, NULL)) ? -1 : REAL(open)(path, flags, mode);
    if (fd >= 0 && is_new)
        begin(path);
    return fd;
}

FILE *fopen(const char *path, const char *mode)
{
    const bool is_new = access(path, F_OK) != 0;
    FILE *f = fails(meet("open", path, NULL)) ? NULL : REAL(fopen)(path, mode);

    if (f && is_new)
        begin(path);
    return f;
}

int mkdir(const char *path, mode_t mode)
{
    const int result = fails(meet("mkdir", path, NULL)) ? -1 : REAL(mkdir)(path, mode);

    if (!result)
        begin(path);
    return result;
}

int fsync(int fd)
{
    char path[PATH_MAX];

    if (fails(meet("fsync", path_of(fd, path), NULL)))
        return -1;
    if (is_under(path))
        keep(fd, path);
    return 0; /* the real disk is not waited for */
}

int rename(const char *from, const char *to)
{
    return fails(meet("rename", from, to)) ? -1 : REAL(rename)(from, to);
}

int symlink(const char *target, const char *path)
{
    return fails(meet("symlink", path, target)) ? -1 : REAL(symlink)(target, path);
}

int unlink(const char *path)
{
    return fails(meet("unlink", path, NULL)) ? -1 : REAL(unlink)(path);
}

int remove(const char *path)
{
    return fails(meet("remove", path, NULL)) ? -1 : REAL(remove)(path);
}

/* What is written into the buffer of a log cannot fail; that comes when it is flushed. */
size_t fwrite(const void *bytes, size_t size, size_t n, FILE *stream)
{
    char path[PATH_MAX];
    const bool log = !strstr(path_of(fileno(stream), path), "/.ug-");
    const enum fault f = log || writing ? NONE : meet("write", path, NULL);

    if (f == NONE)
        return REAL(fwrite)(bytes, size, n, stream);
    const int error = errno;
    REAL(fwrite)(bytes, 1, size * n / 2, stream);
    REAL(fflush)(stream);
    if (f == TEARS)
        die();
    errno = error;
    return n / 2;
}

int fflush(FILE *stream)
{
    enum { LOST = 3 }; /* bytes of a torn line */
    const enum fault f = stream ? meet_open_file("flush", fileno(stream)) : NONE;
    struct stat st;

    if (f == FAILS) {
        __fpurge(stream);
        return EOF;
    }
    const int result = REAL(fflush)(stream);
    if (f == TEARS) {
        if (!fstat(fileno(stream), &st) && st.st_size > LOST &&
            ftruncate(fileno(stream), st.st_size - LOST))
            abort();
        die();
    }
    return result;
}
