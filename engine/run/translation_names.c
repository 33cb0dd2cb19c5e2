/* translation_names.c -- what the pictures that a translation writes are called. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/run/folder.h"
#include "engine/run/translation.h"

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);

    return n >= m && !strcasecmp(name + n - m, end);
}

/* "a/b.jpg" becomes "a/b.png". */
static const char *as_png(struct ug_arena *a, const char *name)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    const size_t length = dot && (!slash || dot > slash) ? (size_t)(dot - name) : strlen(name);

    return ug_arena_format(a, "%.*s.png", (int)length, name);
}

/* False, after an error, where both are one file or folder, by whatever name. */
static bool stays_whole(const struct ug_translation *t, const char *in, const char *out)
{
    if (!ug_file_same(in, out))
        return true;
    ug_error(t->diags, UG_NOWHERE,
             "'%s' would be overwritten by what is made of it: choose another OUT", in);
    return false;
}

bool ug_translation_takes_many(const struct ug_translation *t)
{
    const char *in = t->options->in;

    return ug_folder_exists(in) || ends_with(in, ".txt") ||
           (!ug_file_exists(in) && strpbrk(in, "*?["));
}

/* A picture's name: counted from the folder, or, in a list or behind a pattern, its last part. */
static const char *name_of(const struct ug_translation *t, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!ug_folder_exists(t->options->in))
        return slash ? slash + 1 : path;
    path += strlen(t->options->in);
    return path + strspn(path, "/");
}

/* ---- Many pictures ---- */

struct naming {
    const char *from; /* by name_of */
    const char *to;
    int64_t index; /* in the listing */
};

static int by_result(const void *a, const void *b)
{
    const struct naming *x = a, *y = b;
    const int order = strcmp(x->to, y->to);

    return order ? order : strcmp(x->from, y->from);
}

static void sort(struct naming *names, int64_t n)
{
    qsort(names, (size_t)n, sizeof *names, by_result);
}

/* Pictures that differ only in their endings keep them: a.jpg and a.png become a.jpg.png and a.png.
 */
static void keep_endings(struct ug_arena *a, struct naming *names, int64_t n)
{
    sort(names, n);
    for (int64_t i = 0, end; i < n; i = end) {
        const char *to = names[i].to;
        for (end = i + 1; end < n && !strcmp(names[end].to, to);)
            end++;
        for (int64_t k = i; end - i > 1 && k < end; k++)
            if (strcmp(names[k].from, to))
                names[k].to = ug_arena_format(a, "%s.png", names[k].from);
    }
}

static bool are_different(struct naming *names, const struct ug_listing *list,
                          struct ug_diags *diags)
{
    sort(names, list->n);
    for (int64_t i = 1; i < list->n; i++) {
        if (strcmp(names[i - 1].to, names[i].to))
            continue;
        ug_error(diags, UG_NOWHERE, "'%s' and '%s' would both become '%s': rename one of them",
                 list->paths[names[i - 1].index], list->paths[names[i].index], names[i].to);
        return false;
    }
    return true;
}

/* A picture that is read, whatever the names it goes by. */
struct original {
    dev_t device;
    ino_t inode;
    const char *path;
};

static int by_identity(const void *a, const void *b)
{
    const struct original *x = a, *y = b;

    return x->device != y->device ? (x->device > y->device) - (x->device < y->device)
                                  : (x->inode > y->inode) - (x->inode < y->inode);
}

static bool identify(const char *path, struct original *out)
{
    struct stat st;
    const bool there = !stat(path, &st);

    *out = (struct original){.path = path};
    if (there)
        out->device = st.st_dev, out->inode = st.st_ino;
    return there;
}

/* False, after an error, where a picture would be written over one of those that are read: its own
 * original, or another, before or after that one's turn. */
static bool stay_whole(const struct ug_translation *t, const struct ug_listing *list,
                       const char *const *paths)
{
    struct original *all = ug_xcalloc((size_t)list->n, sizeof *all), to;
    const struct original *hit = NULL;
    size_t n = 0;
    int64_t i;

    for (i = 0; i < list->n; i++)
        n += identify(list->paths[i], &all[n]);
    qsort(all, n, sizeof *all, by_identity);
    for (i = 0; i < list->n && !hit; i++)
        if (identify(paths[i], &to))
            hit = bsearch(&to, all, n, sizeof *all, by_identity);
    if (hit)
        ug_error(t->diags, UG_NOWHERE,
                 "'%s' would be overwritten by what is made of '%s': choose another OUT", hit->path,
                 list->paths[i - 1]);
    free(all);
    return !hit;
}

const char **ug_translation_names(struct ug_translation *t, const struct ug_listing *list)
{
    struct ug_arena *a = t->arena;
    struct naming *names = ug_xcalloc((size_t)list->n, sizeof *names);
    const char **paths = ug_arena_array(a, (size_t)list->n, sizeof *paths);

    for (int64_t i = 0; i < list->n; i++) {
        const char *from = name_of(t, list->paths[i]);
        names[i] = (struct naming){from, as_png(a, from), i};
    }
    keep_endings(a, names, list->n);
    bool fine = are_different(names, list, t->diags);
    for (int64_t i = 0; fine && i < list->n; i++)
        paths[names[i].index] = ug_arena_format(a, "%s/%s", t->options->out, names[i].to);
    free(names);
    return fine && stay_whole(t, list, paths) ? paths : NULL;
}

/* ---- A single picture ---- */

const char *ug_translation_name(const struct ug_translation *t)
{
    const char *in = t->options->in, *out = t->options->out, *slash = strrchr(in, '/');

    if (ug_folder_exists(out) || ends_with(out, "/"))
        return ug_arena_format(t->arena, "%s/%s", out, as_png(t->arena, slash ? slash + 1 : in));
    return out;
}

bool ug_translation_names_png(const char *path)
{
    return ends_with(path, ".png");
}

bool ug_translation_check_name(const struct ug_translation *t, const char *out)
{
    static const char *const others[] = {".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!ends_with(out, others[i]))
            continue;
        ug_error(t->diags, UG_NOWHERE, "pictures are written as PNG: call '%s' something.png", out);
        return false;
    }
    return true;
}

bool ug_translation_check_place(const struct ug_translation *t, const char *out)
{
    return stays_whole(t, t->options->in, out);
}
