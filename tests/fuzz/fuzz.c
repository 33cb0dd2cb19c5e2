/* A file for each input that is never on a disk, and seeds from the source tree. */
#include "tests/fuzz/fuzz.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"

enum { LARGEST_SEED = 64 << 10, LARGEST_SOURCE = 1 << 24 };

static struct {
    int fd;
    char folder[32], path[64];
} file = {.fd = -1};

static void remove_file(void)
{
    unlink(file.path);
    rmdir(file.folder);
}

/* Memory that has a path: a link, so that the name may end in what a reader looks for. */
static void make_file(const char *ending)
{
    char target[32];

    file.fd = memfd_create("fuzz", MFD_CLOEXEC);
    strcpy(file.folder, "/tmp/ug-fuzz-XXXXXX");
    if (file.fd < 0 || !mkdtemp(file.folder))
        abort();
    snprintf(file.path, sizeof file.path, "%s/input%s", file.folder, ending);
    snprintf(target, sizeof target, "/proc/self/fd/%d", file.fd);
    if (symlink(target, file.path))
        abort();
    atexit(remove_file);
}

const char *fuzz_file(const char *ending, const uint8_t *bytes, size_t n)
{
    if (file.fd < 0)
        make_file(ending);
    if (ftruncate(file.fd, 0) || pwrite(file.fd, bytes, n, 0) != (ssize_t)n)
        abort();
    return file.path;
}

void fuzz_seed_text(const char *text)
{
    fuzz_seed(text, strlen(text));
}

static void seed_file(const char *path)
{
    struct ug_diags *diags = ug_diags_new();
    size_t n;
    char *bytes = ug_file_read(path, LARGEST_SOURCE, &n, UG_NOWHERE, diags);

    if (bytes && n <= LARGEST_SEED)
        fuzz_seed(bytes, n);
    free(bytes);
    ug_diags_free(diags);
}

void fuzz_seed_files(const char *pattern)
{
    struct ug_arena *a = ug_arena_new();
    glob_t found = {0};

    if (glob(ug_arena_format(a, "%s/%s", FUZZ_SOURCE, pattern), 0, NULL, &found)) {
        fprintf(stderr, "there are no seeds %s/%s\n", FUZZ_SOURCE, pattern);
        exit(1);
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        seed_file(found.gl_pathv[i]);
    globfree(&found);
    ug_arena_free(a);
}
