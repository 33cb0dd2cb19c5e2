/* installed.c -- graphs beside the program, which may have been moved, else where the build put
 * them. */
#include "engine/base/installed.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* PREFIX/share/unitgraph of the program that runs, PREFIX/bin/unitgraph: installations can be
 * moved.  NULL where that is not to be found out. */
static const char *beside_program(struct ug_arena *a)
{
    char path[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    for (int up = 0; n > 0 && up < 2; up++) {
        path[up ? strlen(path) : (size_t)n] = '\0';
        char *slash = strrchr(path, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    return n > 0 ? ug_arena_format(a, "%s/share/unitgraph", path) : NULL;
}

const char *ug_installed_graph(struct ug_arena *a, const char *name)
{
    const char *const folders[] = {beside_program(a), UG_SHARED_FOLDER};
    static const char below[] = "graphs/";

    if (name[0] == '/' || name[0] == '.' || !name[0])
        return NULL;
    if (!strncmp(name, below, strlen(below)))
        name += strlen(below);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *path =
            folders[i] ? ug_arena_format(a, "%s/%s%s", folders[i], below, name) : NULL;
        if (path && !access(path, R_OK))
            return path;
    }
    return NULL;
}
