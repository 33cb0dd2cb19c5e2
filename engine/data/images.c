/* images.c -- pictures of a folder, a list file or a glob. */
#include "engine/data/entry.h"
#include "engine/data/listing.h"

enum { MOST_NAMED = 20 }; /* pictures with something wrong that are named one by one */

static bool list_pictures(struct ug_entry *e, struct ug_diags *diags)
{
    const struct ug_data_entry *s = e->spec;
    struct ug_listing *list = ug_arena_alloc(e->arena, sizeof *list);

    e->store = list;
    if (!ug_list_pictures(e->arena, s->path, list, s->path_pos, diags))
        return false;
    e->items = s->limit && s->limit < list->n ? s->limit : list->n;
    for (int64_t i = 0; i < e->items; i++)
        if (list->labels[i] >= 0)
            e->labels = list->labels;
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
    const struct ug_listing *list = e->store;
    struct ug_diags *own = e->broken ? ug_diags_new() : NULL;
    struct ug_picture_info info;
    const char *path = list->paths[item];
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

    if (!list_pictures(e, diags))
        return false;
    const struct ug_listing *list = e->store;
    if (s->skip_broken)
        e->broken = ug_arena_array(e->arena, (size_t)e->items, sizeof *e->broken);
    if (!read_headers(e, &all, diags))
        return false;
    if (list->others)
        ug_note(ug_warning(diags, s->path_pos, "'%s' has %lld pictures of other formats, like '%s'",
                           s->path, (long long)list->others, list->other),
                UG_NOWHERE, "PNG and JPEG are read");
    e->type = (struct ug_type){UG_F32, UG_SHAPE(s->channels ? s->channels : all.info.channels,
                                                s->size[0] ? s->size[0] : all.size[0],
                                                s->size[1] ? s->size[1] : all.size[1])};
    return true;
}

static bool read_image(const struct ug_entry *e, int64_t item, struct ug_picture *out,
                       struct ug_diags *diags)
{
    const struct ug_listing *list = e->store;

    return ug_picture_read(list->paths[item], e->type.shape.dim[0], out, e->spec->path_pos, diags);
}

static const char *image_path(const struct ug_entry *e, int64_t item)
{
    return ((const struct ug_listing *)e->store)->paths[item];
}

const struct ug_source_kind ug_images_source = {
    .open = open_images, .picture = read_image, .path = image_path};
