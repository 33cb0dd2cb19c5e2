/* sample.c -- from an item of a source to a sample of a batch: resized, kept, cropped, flipped,
 * scaled. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/entry.h"

int64_t ug_entry_count(const struct ug_entry *e)
{
    return e->root->n_good * (e->root->spec->invert == UG_INVERT_BOTH ? 2 : 1);
}

int64_t ug_entry_item(const struct ug_entry *e, int64_t sample)
{
    const int64_t i = sample % e->root->n_good;

    return e->root->good ? e->root->good[i] : i;
}

const char *ug_entry_origin(const struct ug_entry *e, int64_t item, char text[UG_ORIGIN])
{
    if (e->kind->path)
        return e->kind->path(e, item);
    snprintf(text, UG_ORIGIN, "%s[%lld]", e->spec->name, (long long)item);
    return text;
}

void ug_entry_prepared_size(const struct ug_data_entry *spec, int64_t height, int64_t width,
                            int64_t size[2])
{
    const int64_t shorter = height < width ? height : width;

    size[0] = spec->resize    ? height * spec->resize / shorter
              : spec->size[0] ? spec->size[0]
                              : height;
    size[1] = spec->resize ? width * spec->resize / shorter : spec->size[1] ? spec->size[1] : width;
}

bool ug_entry_crop_fits(const struct ug_entry *e, const char *path, int64_t height, int64_t width,
                        struct ug_diags *diags)
{
    const struct ug_data_entry *s = e->spec;
    int64_t size[2];

    ug_entry_prepared_size(s, height, width, size);
    if (!s->size[0] || (size[0] >= s->size[0] && size[1] >= s->size[1]))
        return true;
    ug_error(diags, s->path_pos, "'%s' is resized to %lldx%lld, smaller than the crop of %lldx%lld",
             path, (long long)size[0], (long long)size[1], (long long)s->size[0],
             (long long)s->size[1]);
    return false;
}

/* ---- Pictures that are kept ---- */

static size_t value_count(const struct ug_entry *e, const struct ug_kept *k)
{
    return (size_t)(e->type.shape.dim[0] * k->height * k->width);
}

static bool fits_bytes(const struct ug_picture *p)
{
    const int64_t n = p->channels * p->height * p->width;

    for (int64_t i = 0; i < n; i++) {
        const float v = p->planes[i];
        if (!(v >= 0.0f && v <= 1.0f) || (float)(int)(v * 255.0f + 0.5f) / 255.0f != v)
            return false;
    }
    return true;
}

/* The picture in the form in which it is kept.  A picture of 8 bits loses nothing by it, so a
 * sample has the same bits whether it was kept or not.  NULL when there is no memory. */
static struct ug_kept *pack(const struct ug_picture *p)
{
    const size_t n = (size_t)(p->channels * p->height * p->width);
    const bool bytes = fits_bytes(p);
    struct ug_kept *k = malloc(sizeof *k + n * (bytes ? 1 : sizeof(float)));

    if (!k)
        return NULL;
    *k = (struct ug_kept){.height = p->height, .width = p->width, .bytes = bytes};
    if (!bytes)
        memcpy(k->data, p->planes, n * sizeof(float));
    for (size_t i = 0; bytes && i < n; i++)
        k->data[i] = (uint8_t)(p->planes[i] * 255.0f + 0.5f);
    return k;
}

/* The item's picture as it is before it is cropped; NULL after an error. */
static struct ug_kept *prepare(const struct ug_entry *e, int64_t item, struct ug_diags *diags)
{
    struct ug_picture p, resized;
    struct ug_kept *k = NULL;
    int64_t size[2];
    bool fine = true;

    if (!e->kind->picture(e, item, &p, diags))
        return NULL;
    ug_entry_prepared_size(e->spec, p.height, p.width, size);
    if (!e->spec->resize) /* whatever the file has become since it was opened */
        size[0] = e->type.shape.dim[1], size[1] = e->type.shape.dim[2];
    if (size[0] != p.height || size[1] != p.width) {
        fine = ug_picture_resize(&p, size[0], size[1], &resized);
        ug_picture_free(&p);
        p = fine ? resized : (struct ug_picture){0};
    }
    if (fine)
        k = pack(&p);
    ug_picture_free(&p);
    if (!k)
        ug_error(diags, e->spec->path_pos, "there is no room for a picture of %lldx%lld",
                 (long long)size[0], (long long)size[1]);
    return k;
}

/* Keeps a picture if there is room and no other thread was faster; returns whether it did. */
static bool keep(struct ug_dataset *d, struct ug_entry *e, int64_t item, struct ug_kept *k)
{
    const size_t bytes = sizeof *k + value_count(e, k) * (k->bytes ? 1 : sizeof(float));
    struct ug_kept *none = NULL;

    if (atomic_fetch_add(&d->kept_bytes, bytes) + bytes <= d->keep &&
        atomic_compare_exchange_strong(&e->kept[item], &none, k))
        return true;
    atomic_fetch_sub(&d->kept_bytes, bytes);
    return false;
}

/* ---- Placing a picture in a batch ---- */

static float value_at(const struct ug_kept *k, int64_t i)
{
    return k->bytes ? (float)k->data[i] / 255.0f : ((const float *)(const void *)k->data)[i];
}

static int64_t crop_at(double place, int64_t from, int64_t to)
{
    const int64_t at = (int64_t)floor(place * (double)(from - to + 1));

    return at < from - to ? at : from - to;
}

static void place(const struct ug_entry *e, const struct ug_kept *k, const struct ug_draw *draw,
                  float *out)
{
    const int64_t *dim = e->type.shape.dim;
    const int64_t top = crop_at(draw->crop[0], k->height, dim[1]);
    const int64_t left = crop_at(draw->crop[1], k->width, dim[2]);
    const bool second = draw->sample >= e->root->n_good;
    const bool invert = e->spec->invert == UG_INVERT_BOTH ? second : e->spec->invert;
    const float black = (float)e->spec->range[invert ? 1 : 0];
    const float span = (float)e->spec->range[invert ? 0 : 1] - black;

    for (int64_t c = 0; c < dim[0]; c++)
        for (int64_t y = 0; y < dim[1]; y++) {
            const int64_t row = (c * k->height + top + y) * k->width + left;
            for (int64_t x = 0; x < dim[2]; x++)
                *out++ = black + span * value_at(k, row + (draw->flip ? dim[2] - 1 - x : x));
        }
}

static bool read_picture(struct ug_dataset *d, struct ug_entry *e, int64_t item,
                         const struct ug_draw *draw, float *out, struct ug_diags *diags)
{
    struct ug_kept *k = atomic_load(&e->kept[item]);
    char text[UG_ORIGIN];

    if (k) {
        place(e, k, draw, out);
        return true;
    }
    k = prepare(e, item, diags);
    if (!k)
        return false;
    const bool fits = k->height >= e->type.shape.dim[1] && k->width >= e->type.shape.dim[2];
    if (fits)
        place(e, k, draw, out);
    else
        ug_error(diags, e->spec->path_pos, "the picture '%s' has changed since it was opened",
                 ug_entry_origin(e, item, text));
    if (!fits || !keep(d, e, item, k))
        free(k);
    return fits;
}

bool ug_entry_read(struct ug_dataset *d, struct ug_entry *e, const struct ug_draw *draw, void *out,
                   struct ug_diags *diags)
{
    const int64_t item = ug_entry_item(e, draw->sample);

    if (!e->kind->picture) {
        e->kind->values(e, item, out);
        return true;
    }
    if (e->broken && atomic_load(&e->broken[item]))
        return false;
    if (read_picture(d, e, item, draw, out, diags))
        return true;
    if (e->broken && !atomic_exchange(&e->broken[item], true))
        atomic_fetch_add(&d->skipped, 1);
    return false;
}
