/* images.c -- pictures of a folder, a list file or a glob. */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/data/entry.h"

enum {
    DEEPEST = 32,           /* folders within folders: a link may lead back */
    LARGEST_LIST = 1 << 28, /* bytes of a list file */
    MOST_NAMED = 20         /* broken pictures that are named one by one */
};

struct images {
    const char **paths;
    int64_t *labels;
    int64_t n, capacity, label_capacity;
    int64_t
        native[2]; /* height and width of the first picture, for the sizes that follow from it */
};

static void add(struct ug_entry *e, const char *path, int64_t label)
{
    struct images *im = e->store;
    int64_t n = im->n;

    UG_PUSH(e->arena, im->labels, n, im->label_capacity, label);
    UG_PUSH(e->arena, im->paths, im->n, im->capacity, path);
}

static bool cannot_read(const struct ug_entry *e, const char *path, struct ug_diags *diags)
{
    ug_error(diags, e->spec->path_pos, "cannot read '%s': %s", path, strerror(errno));
    return false;
}

/* ---- Folders ---- */

static bool is_picture_name(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i]))
            return true;
    return false;
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
static bool search_folder(struct ug_entry *e, const char *folder, int64_t label, int depth,
                          struct ug_diags *diags)
{
    struct dirent **found = NULL;
    int64_t rank = 0;
    struct stat st;
    bool fine = true;

    errno = ELOOP;
    const int n = depth > DEEPEST ? -1 : scandir(folder, &found, shown, by_bytes);
    if (n < 0)
        return cannot_read(e, folder, diags);
    for (int i = 0; i < n; i++) {
        const char *name = found[i]->d_name, *path;
        path = ug_arena_format(e->arena, "%s/%s", folder, name);
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            fine &= search_folder(e, path, depth ? label : rank++, depth + 1, diags);
        else if (is_picture_name(name))
            add(e, path, label);
        free(found[i]);
    }
    free(found);
    return fine;
}

/* ---- List files ---- */

/* Takes the label off a line: the whole number after its last blank; -1 where there is none. */
static int64_t take_label(char *line)
{
    char *blank = strrchr(line, ' '), *tab = strrchr(line, '\t'), *end;

    if (tab && (!blank || tab > blank))
        blank = tab;
    if (!blank || strspn(blank + 1, "0123456789") != strlen(blank + 1) || strlen(blank + 1) > 18)
        return -1;
    const int64_t label = strtoll(blank + 1, &end, 10);
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

static bool read_list(struct ug_entry *e, struct ug_diags *diags)
{
    const char *path = e->spec->path, *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    size_t length;
    char *text = ug_file_read(path, LARGEST_LIST, &length, e->spec->path_pos, diags), *rest = text;

    if (!text)
        return false;
    if (memchr(text, '\0', length)) {
        ug_error(diags, e->spec->path_pos, "'%s' is no list file: it is not text", path);
        free(text);
        return false;
    }
    for (char *line; (line = strsep(&rest, "\n"));) {
        line = trim(line);
        const int64_t label = take_label(line);
        if (line[0])
            add(e, ug_arena_format(e->arena, "%.*s%s", line[0] == '/' ? 0 : folder, path, line),
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

static bool expand_glob(struct ug_entry *e, struct ug_diags *diags)
{
    glob_t found = {0};
    struct stat st;
    const int status = glob(e->spec->path, GLOB_NOSORT, NULL, &found);

    if (status == 0)
        qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_text);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (stat(found.gl_pathv[i], &st) != 0 || !S_ISDIR(st.st_mode))
            add(e, ug_arena_format(e->arena, "%s", found.gl_pathv[i]), -1);
    globfree(&found);
    if (status == 0 || status == GLOB_NOMATCH)
        return true;
    ug_error(diags, e->spec->path_pos, "cannot read all that '%s' matches", e->spec->path);
    return false;
}

/* ---- Listing ---- */

static bool list(struct ug_entry *e, struct ug_diags *diags)
{
    const char *path = e->spec->path;
    const size_t length = strlen(path);
    struct stat st;

    if (stat(path, &st) != 0)
        return strpbrk(path, "*?[") ? expand_glob(e, diags) : cannot_read(e, path, diags);
    if (S_ISDIR(st.st_mode))
        return search_folder(e, path, -1, 0, diags);
    if (length > 4 && !strcasecmp(path + length - 4, ".txt"))
        return read_list(e, diags);
    add(e, path, -1);
    return true;
}

static bool list_some(struct ug_entry *e, struct ug_diags *diags)
{
    struct images *im = e->store;
    struct stat st;

    if (!list(e, diags))
        return false;
    if (im->n == 0) {
        const bool folder = stat(e->spec->path, &st) == 0 && S_ISDIR(st.st_mode);
        ug_error(diags, e->spec->path_pos, "'%s' %s", e->spec->path,
                 folder ? "holds no pictures: none that ends in .png, .jpg or .jpeg"
                        : "names no pictures");
        return false;
    }
    e->items = e->spec->limit && e->spec->limit < im->n ? e->spec->limit : im->n;
    for (int64_t i = 0; i < e->items; i++)
        if (im->labels[i] >= 0)
            e->labels = im->labels;
    return true;
}

/* ---- Headers ---- */

/* What all pictures must have in common, as the first sound one has it. */
struct common {
    const char *path; /* of the first; NULL: none yet */
    struct ug_picture_info info;
    int64_t size[2];
};

/* Where the graph's shape follows from the pictures, they must agree. */
static bool agrees(const struct ug_entry *e, const struct common *all, const char *path,
                   const struct ug_picture_info *info, struct ug_diags *diags)
{
    int64_t size[2];

    ug_entry_prepared_size(e->spec, info->height, info->width, size);
    if (!e->spec->channels && info->channels != all->info.channels) {
        ug_note(ug_error(diags, e->spec->path_pos, "'%s' has %lld channel%s, but '%s' has %lld",
                         path, (long long)info->channels, info->channels == 1 ? "" : "s", all->path,
                         (long long)all->info.channels),
                UG_NOWHERE, "'channels: 1' or 'channels: 3' makes them alike");
        return false;
    }
    if (!e->spec->size[0] && (size[0] != all->size[0] || size[1] != all->size[1])) {
        ug_note(ug_error(diags, e->spec->path_pos, "'%s' is %lldx%lld, but '%s' is %lldx%lld", path,
                         (long long)size[0], (long long)size[1], all->path, (long long)all->size[0],
                         (long long)all->size[1]),
                UG_NOWHERE, "'size' makes them alike");
        return false;
    }
    return ug_entry_crop_fits(e, path, info->height, info->width, diags);
}

/* Reads a header.  False where the picture is broken and must not be. */
static bool read_header(struct ug_entry *e, int64_t item, struct common *all,
                        struct ug_diags *diags)
{
    const struct images *im = e->store;
    struct ug_diags *own = e->broken ? ug_diags_new() : NULL;
    struct ug_picture_info info;
    const char *path = im->paths[item];
    const bool fine = ug_picture_info(path, &info, e->spec->path_pos, own ? own : diags);

    ug_diags_free(own);
    if (!fine && e->broken)
        e->broken[item] = true;
    if (!fine)
        return e->broken;
    if (!all->path) {
        all->path = path;
        all->info = info;
        ug_entry_prepared_size(e->spec, info.height, info.width, all->size);
    }
    return agrees(e, all, path, &info, diags);
}

static bool read_headers(struct ug_entry *e, struct common *all, struct ug_diags *diags)
{
    int64_t wrong = 0;

    for (int64_t i = 0; i < e->items && wrong < MOST_NAMED; i++)
        wrong += !read_header(e, i, all, diags);
    if (wrong == MOST_NAMED)
        ug_error(diags, e->spec->path_pos, "'%s': the pictures after these were not looked at",
                 e->spec->path);
    if (!wrong && !all->path)
        ug_error(diags, e->spec->path_pos, "'%s': every picture is broken", e->spec->path);
    return !wrong && all->path;
}

static bool open_images(struct ug_entry *e, struct ug_diags *diags)
{
    const struct ug_data_entry *s = e->spec;
    struct common all = {0};

    e->store = ug_arena_alloc(e->arena, sizeof(struct images));
    if (!list_some(e, diags))
        return false;
    if (s->skip_broken)
        e->broken = ug_arena_array(e->arena, (size_t)e->items, sizeof *e->broken);
    if (!read_headers(e, &all, diags))
        return false;
    e->type = (struct ug_type){UG_F32, UG_SHAPE(s->channels ? s->channels : all.info.channels,
                                                s->size[0] ? s->size[0] : all.size[0],
                                                s->size[1] ? s->size[1] : all.size[1])};
    return true;
}

static bool read_image(const struct ug_entry *e, int64_t item, struct ug_picture *out,
                       struct ug_diags *diags)
{
    const struct images *im = e->store;

    return ug_picture_read(im->paths[item], e->type.shape.dim[0], out, e->spec->path_pos, diags);
}

static const char *image_path(const struct ug_entry *e, int64_t item)
{
    return ((const struct images *)e->store)->paths[item];
}

const struct ug_source_kind ug_images_source = {
    .open = open_images, .picture = read_image, .path = image_path};
