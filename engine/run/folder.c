/* folder.c -- what a run needs of the file system, each change whole or not at all. */
#include "engine/run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"

enum { OPEN_FOLDERS = 16 };

bool ug_file_exists(const char *path)
{
    struct stat st;

    return !lstat(path, &st);
}

bool ug_folder_exists(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

const char *ug_file_stem(struct ug_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    return ug_arena_copy(a, name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

bool ug_file_same(const char *a, const char *b)
{
    struct stat x, y;

    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A folder that is there, or a new one whose name is on the disk on return; 0 or an errno. */
static int make_one(const char *path)
{
    if (!mkdir(path, 0777))
        return ug_file_sync_folder(path);
    const int error = errno;
    return ug_folder_exists(path) ? 0 : error;
}

bool ug_folder_make(const char *path, struct ug_diags *diags)
{
    char partial[PATH_MAX];
    int error = 0; /* of the first folder that could not be made: it explains the last */

    if (strlen(path) >= sizeof partial) {
        ug_error(diags, UG_NOWHERE, "the path of the folder '%.60s…' is too long", path);
        return false;
    }
    strcpy(partial, path);
    for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const int refused = make_one(partial);
        if (!error)
            error = refused;
        *slash = '/';
    }
    const int refused = make_one(path);
    if (!refused)
        return true;
    if (refused != ENOENT || !error)
        error = refused;
    ug_error(diags, UG_NOWHERE, "cannot make the folder '%s': %s", path, strerror(error));
    return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void ug_folder_remove(const char *path)
{
    if (ug_file_exists(path))
        nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

void ug_folder_sweep(const char *path)
{
    /* of ug_checkpoint_write, and of aside() below */
    static const char *const leftovers[] = {".step-*.tmp", ".step-*.old"};
    DIR *d = opendir(path);
    char name[PATH_MAX];

    if (snprintf(name, sizeof name, "%s/", path) < (int)sizeof name)
        ug_file_sweep(name);
    for (const struct dirent *entry; d && (entry = readdir(d));)
        for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
            if (!fnmatch(leftovers[i], entry->d_name, 0) &&
                snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name)
                ug_folder_remove(name);
    if (d)
        closedir(d);
}

int ug_folder_lock(const char *path, struct ug_diags *diags)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        ug_error(diags, UG_NOWHERE, "cannot open the folder '%s': %s", path, strerror(errno));
    if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
        return fd; /* a file system without locks is used without */
    ug_error(diags, UG_NOWHERE, "another process is training into '%s'", path);
    close(fd);
    return -1;
}

/* "a/b" becomes "a/.b.old": hidden, so that nothing takes it for whole. */
static bool aside(const char *path, char old[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;

    return snprintf(old, PATH_MAX, "%.*s.%s.old", folder, path, path + folder) < PATH_MAX;
}

bool ug_folder_replace(const char *from, const char *to, struct ug_diags *diags)
{
    char old[PATH_MAX];
    int error = ENAMETOOLONG;

    if (aside(to, old)) {
        ug_folder_remove(old);
        if (ug_file_exists(to))
            rename(to, old);
        error = rename(from, to) ? errno : 0;
        if (error)
            rename(old, to);
        else if (!(error = ug_file_sync_folder(to)))
            ug_folder_remove(old);
    }
    if (error)
        ug_error(diags, UG_NOWHERE, "cannot make the folder '%s': %s", to, strerror(error));
    return !error;
}

/* A copy that followed links has a whole folder where the link stood. */
static bool put_link(const char *temporary, const char *path)
{
    if (!rename(temporary, path))
        return true;
    if (errno == EISDIR)
        ug_folder_remove(path);
    return !rename(temporary, path);
}

bool ug_folder_link(const char *target, const char *path, struct ug_diags *diags)
{
    char temporary[PATH_MAX];

    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        errno = ENAMETOOLONG;
    else if (!(unlink(temporary) && errno != ENOENT) && !symlink(target, temporary) &&
             put_link(temporary, path) && !(errno = ug_file_sync_folder(path)))
        return true;
    ug_error(diags, UG_NOWHERE, "cannot make the link '%s': %s", path, strerror(errno));
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **ug_folder_list(struct ug_arena *a, const char *path, int *n)
{
    DIR *d = opendir(path);
    const char **names = NULL;
    int capacity = 0;

    *n = 0;
    if (!d)
        return NULL;
    for (const struct dirent *entry; (entry = readdir(d));)
        if (entry->d_name[0] != '.')
            UG_PUSH(a, names, *n, capacity, ug_arena_copy(a, entry->d_name, strlen(entry->d_name)));
    closedir(d);
    if (*n)
        qsort(names, (size_t)*n, sizeof *names, by_name);
    const int count = *n;
    UG_PUSH(a, names, *n, capacity, NULL);
    *n = count;
    return names;
}
