/* listing.c -- folders, lists, patterns and single pictures as sorted names. */
#include "engine/data/listing.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/base/file.h"

enum {
    DEEPEST = 32,          /* folders within folders: a link may lead back */
    LARGEST_LIST = 1 << 28 /* bytes of a list file */
};

static const char byte_order_mark[] = "\xef\xbb\xbf"; /* what some editors put before UTF-8 */

struct lister {
    struct ug_arena *arena;
    const char *path;
    struct ug_listing *out;
    struct ug_pos pos;
    struct ug_diags *diags;
};

static void add(struct lister *l, const char *path, int64_t label)
{
    struct ug_listing *out = l->out;

    if (out->n == out->capacity) {
        const size_t n = (size_t)out->n, more = n ? 2 * n : 64;
        out->paths = ug_arena_grow(l->arena, out->paths, n, more, sizeof *out->paths);
        out->labels = ug_arena_grow(l->arena, out->labels, n, more, sizeof *out->labels);
        out->capacity = (int64_t)more;
    }
    out->paths[out->n] = path;
    out->labels[out->n++] = label;
}

static bool cannot_read(const struct lister *l, const char *path)
{
    ug_error(l->diags, l->pos, "cannot read '%s': %s", path, strerror(errno));
    return false;
}

/* ---- Folders ---- */

/* One of a list that ends with NULL. */
static bool ends_so(const char *name, const char *const *endings)
{
    const char *dot = strrchr(name, '.');

    for (; dot && *endings; endings++)
        if (!strcasecmp(dot, *endings))
            return true;
    return false;
}

static const char *const read_formats[] = {".png", ".jpg", ".jpeg", NULL};
static const char *const other_formats[] = {".bmp", ".gif",  ".webp", ".tif", ".tiff",
                                            ".ppm", ".heic", ".avif", ".jp2", NULL};

/* A link to nothing counts as one, for reading it will name it; a pipe would be waited for. */
static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) || S_ISREG(st.st_mode);
}

static int shown(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds the pictures of a folder in the order of the bytes of their names, those of a subfolder
 * where its name stands.  `label` is that of the subfolder of the entry's folder which this one is
 * or lies in. */
static bool search_folder(struct lister *l, const char *folder, int64_t label, int depth)
{
    struct dirent **found = NULL;
    int64_t rank = 0;
    struct stat st;
    bool fine = true;

    errno = ELOOP;
    const int n = depth > DEEPEST ? -1 : scandir(folder, &found, shown, by_bytes);
    if (n < 0)
        return cannot_read(l, folder);
    for (int i = 0; i < n; i++) {
        const char *name = found[i]->d_name, *path;
        path = ug_arena_format(l->arena, "%s/%s", folder, name);
        if (fine && !stat(path, &st) && S_ISDIR(st.st_mode))
            fine = search_folder(l, path, depth ? label : rank++, depth + 1);
        else if (ends_so(name, read_formats) && is_file(path))
            add(l, path, label);
        else if (ends_so(name, other_formats) && is_file(path) && !l->out->others++)
            l->out->other = path;
        free(found[i]);
    }
    free(found);
    return fine;
}

/* ---- List files ---- */

/* Takes the label off a line: the whole number after its last blank; -1 where there is none. */
static int64_t take_label(char *line)
{
    char *blank = strrchr(line, ' '), *tab = strrchr(line, '\t');

    if (tab && (!blank || tab > blank))
        blank = tab;
    if (!blank || strspn(blank + 1, "0123456789") != strlen(blank + 1) || strlen(blank + 1) > 18)
        return -1;
    const int64_t label = strtoll(blank + 1, NULL, 10);
    while (blank > line && (blank[-1] == ' ' || blank[-1] == '\t'))
        blank--;
    *blank = '\0';
    return label;
}

static char *trim(char *line)
{
    size_t n;

    line += strspn(line, " \t");
    for (n = strlen(line); n && strchr(" \t\r", line[n - 1]); n--)
        line[n - 1] = '\0';
    return line;
}

static bool read_list(struct lister *l)
{
    const char *path = l->path, *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    size_t length;
    char *text = ug_file_read(path, LARGEST_LIST, &length, l->pos, l->diags), *rest = text;

    if (!text)
        return false;
    if (memchr(text, '\0', length)) {
        ug_error(l->diags, l->pos, "'%s' is no list file: it is not text", path);
        free(text);
        return false;
    }
    if (!strncmp(text, byte_order_mark, strlen(byte_order_mark)))
        rest += strlen(byte_order_mark);
    for (char *line; (line = strsep(&rest, "\n"));) {
        line = trim(line);
        const int64_t label = take_label(line);
        if (line[0])
            add(l, ug_arena_format(l->arena, "%.*s%s", line[0] == '/' ? 0 : folder, path, line),
                label);
    }
    free(text);
    return true;
}

/* ---- Globs ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool expand_glob(struct lister *l)
{
    glob_t found = {0};
    const int status = glob(l->path, GLOB_NOSORT, NULL, &found);

    if (status == 0)
        qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_text);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (is_file(found.gl_pathv[i]))
            add(l, ug_arena_format(l->arena, "%s", found.gl_pathv[i]), -1);
    globfree(&found);
    if (status == 0 || status == GLOB_NOMATCH)
        return true;
    ug_error(l->diags, l->pos, "cannot read all that '%s' matches", l->path);
    return false;
}

/* ---- Listing ---- */

static bool list(struct lister *l)
{
    const size_t length = strlen(l->path);
    struct stat st;

    if (stat(l->path, &st) != 0)
        return strpbrk(l->path, "*?[") ? expand_glob(l) : cannot_read(l, l->path);
    if (S_ISDIR(st.st_mode))
        return search_folder(l, l->path, -1, 0);
    if (length > 4 && !strcasecmp(l->path + length - 4, ".txt"))
        return read_list(l);
    add(l, l->path, -1);
    return true;
}

bool ug_list_pictures(struct ug_arena *arena, const char *path, struct ug_listing *out,
                      struct ug_pos pos, struct ug_diags *diags)
{
    struct lister l = {arena, path, out, pos, diags};
    struct stat st;

    *out = (struct ug_listing){0};
    if (!list(&l))
        return false;
    if (out->n)
        return true;
    const bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    ug_error(diags, pos, "'%s' %s", path,
             folder ? "holds no pictures: no file that ends in .png, .jpg or .jpeg"
                    : "names no pictures");
    return false;
}
