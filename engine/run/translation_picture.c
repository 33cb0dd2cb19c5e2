/* translation_picture.c -- from pictures to the values of a network, and back. */
#include <string.h>

#include "engine/run/samples.h"
#include "engine/run/translation.h"

bool ug_translation_read(const struct ug_translation *t, const char *path, struct ug_picture *p,
                         struct ug_diags *diags)
{
    const struct ug_translate_options *o = t->options;
    struct ug_picture own;

    if (!ug_picture_read(path, t->input.shape.dim[1], &own, UG_NOWHERE, diags))
        return false;
    if (!o->height) {
        *p = own;
        return true;
    }
    const bool made = ug_picture_resize(&own, o->height, o->width, p);
    ug_picture_free(&own);
    if (!made)
        ug_error(diags, UG_NOWHERE, "there is no memory for '%s' in %lldx%lld", path,
                 (long long)o->height, (long long)o->width);
    return made;
}

/* Where index i comes from when a line of n is continued by reflection, without repeating its ends.
 */
static int64_t reflect(int64_t i, int64_t n)
{
    const int64_t period = n > 1 ? 2 * (n - 1) : 1;

    i %= period;
    return i < n ? i : period - i;
}

/* Pixels are 0 … 1. */
void ug_translation_fill(const struct ug_translation *t, const struct ug_picture *p,
                         struct ug_extent padded, float *values)
{
    const double low = t->data->range[0], high = t->data->range[1];
    const bool inverted = t->data->invert == UG_INVERT_YES;

    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t y = 0; y < padded.height; y++) {
            const float *row = p->planes + (c * p->height + reflect(y, p->height)) * p->width;
            for (int64_t x = 0; x < padded.width; x++) {
                const double v = (double)row[x < p->width ? x : reflect(x, p->width)];
                *values++ = (float)(low + (high - low) * (inverted ? 1 - v : v));
            }
        }
}

/* The top left part of [N, C, H, W]: the padding is below and to the right. */
bool ug_translation_take(struct ug_translation *t, int64_t row, struct ug_extent s,
                         struct ug_picture *p)
{
    const struct ug_value *v = &t->view.values[0];
    const struct ug_tensor value = ug_exec_value(t->view.run.exec, v->node);
    double range[2];

    if (!ug_picture_make(p, value.shape.dim[1], s.height, s.width)) {
        ug_error(t->diags, UG_NOWHERE, "there is no memory for a picture of %lldx%lld",
                 (long long)s.height, (long long)s.width);
        return false;
    }
    ug_samples_range(&t->trained.program->data, v->node, range);
    if (t->data)
        memcpy(range, t->data->range, sizeof range);
    ug_samples_picture(&value, row, range, p);
    return true;
}
