/* harness_folder.c -- a folder under /tmp, and names in it. */
#include "tests/harness_folder.h"

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/arena.h"

static struct {
    char path[64];
    struct ug_arena *names;
} folder;

void folder_setup(void)
{
    strcpy(folder.path, "/tmp/ug-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    folder.names = ug_arena_new();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void folder_teardown(void)
{
    nftw(folder.path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    ug_arena_free(folder.names);
}

const char *folder_file(const char *name)
{
    char *path = ug_arena_format(folder.names, "%s/%s", folder.path, name);

    for (char *at = path + strlen(folder.path) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0777);
        *at = '/';
    }
    return path;
}

const char *folder_write(const char *name, const void *bytes, size_t n)
{
    const char *path = folder_file(name);
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(n ? fwrite(bytes, 1, n, f) : 0, n);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

int folder_count(const char *name)
{
    DIR *d = opendir(folder_file(name));
    int n = 0;

    ck_assert_ptr_nonnull(d);
    for (const struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}
