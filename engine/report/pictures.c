/* pictures.c -- picks files that fit into the room, and writes them in base64. */
#include "engine/report/pictures.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/run/folder.h"

enum { LARGEST = 8 << 20, MOST = 200 }; /* bytes of one, and how many of them */

/* ---- Choosing ---- */

static struct ug_grids list(struct ug_arena *a, const char *run)
{
    const char *folder = ug_arena_format(a, "%s/samples", run);
    struct ug_grids all = {0};
    int n = 0;
    const char **names = ug_folder_list(a, folder, &n);

    for (int i = 0; i < n; i++) {
        struct ug_grid g = {.path = ug_arena_format(a, "%s/%s", folder, names[i])};
        struct stat st;
        long long step;
        int length = 0;
        if (sscanf(names[i], "step-%lld.png%n", &step, &length) != 1 || names[i][length] ||
            !length || stat(g.path, &st) || !S_ISREG(st.st_mode) || st.st_size > LARGEST)
            continue;
        g.step = step;
        g.bytes = st.st_size;
        UG_PUSH(a, all.items, all.n, all.capacity, g);
    }
    return all;
}

static bool is_kept(const struct ug_grids *all, int i, int stride)
{
    return i % stride == 0 || i == all->n - 1;
}

static bool fits(const struct ug_grids *all, int stride, int64_t room)
{
    int64_t bytes = 0;
    int n = 0;

    for (int i = 0; i < all->n; i++)
        if (is_kept(all, i, stride)) {
            bytes += all->items[i].bytes;
            n++;
        }
    return bytes <= room && n <= MOST;
}

struct ug_grids ug_grids_choose(struct ug_arena *a, const char *run, int64_t room)
{
    const struct ug_grids all = list(a, run);
    struct ug_grids chosen = {.drawn = all.n};
    int stride = 1;

    while (stride < all.n && !fits(&all, stride, room))
        stride *= 2;
    for (int i = 0; i < all.n; i++)
        if (is_kept(&all, i, stride))
            UG_PUSH(a, chosen.items, chosen.n, chosen.capacity, all.items[i]);
    return chosen;
}

/* ---- Writing ---- */

/* RFC 4648, section 4: three bytes in four letters. */
static void put_base64(const unsigned char *bytes, size_t n, FILE *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i;
        const unsigned three = (unsigned)bytes[i] << 16 |
                               (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                               (left > 2 ? bytes[i + 2] : 0);
        const char four[4] = {letters[three >> 18], letters[three >> 12 & 63],
                              left > 1 ? letters[three >> 6 & 63] : '=',
                              left > 2 ? letters[three & 63] : '='};
        fwrite(four, 1, sizeof four, out);
    }
}

void ug_grid_put(const struct ug_grid *g, FILE *out)
{
    struct ug_diags *unsaid = ug_diags_new(); /* a picture that has gone meanwhile is no loss */
    size_t n = 0;
    char *bytes = ug_file_read(g->path, LARGEST, &n, UG_NOWHERE, unsaid);

    if (bytes)
        put_base64((const unsigned char *)bytes, n, out);
    free(bytes);
    ug_diags_free(unsaid);
}
