/* resample_weights.c -- the few weights of each output row or column. */
#include "ops/resample_weights.h"

#include <math.h>

int64_t ug_resample_entries(const struct ug_resample *a, int axis)
{
    switch (a->rule) {
    case UG_RESAMPLE_NEAREST:
        return a->output[axis];
    case UG_RESAMPLE_BILINEAR:
        return 2 * a->output[axis];
    case UG_RESAMPLE_AVERAGE:
        return a->output[axis] * a->kernel[axis];
    default: /* UG_RESAMPLE_ADAPTIVE: neighbouring bins share at most one input, or all lie in one */
        return a->input[axis] + 2 * a->output[axis];
    }
}

/* Source of output i as torch computes it, in float32. */
static int64_t nearest_source(const struct ug_resample *a, int64_t i, int64_t n_in)
{
    const int64_t at = (int64_t)floorf((float)i * (float)(1.0 / a->scale));

    return at < n_in ? at : n_in - 1;
}

/* The mean of n inputs from `first` on, cut to the picture; divided by `divisor`. */
static void average_taps(int64_t first, int64_t n, int64_t n_in, int64_t divisor, struct ug_taps *t,
                         float *w)
{
    const int64_t begin = first < 0 ? 0 : first, end = first + n < n_in ? first + n : n_in;

    t->first = begin;
    t->n = end - begin;
    for (int64_t k = 0; k < t->n; k++)
        w[k] = 1.0f / (float)(divisor ? divisor : t->n);
}

/* Half-pixel centres, edges repeated: align_corners=False. */
static void bilinear_taps(const struct ug_resample *a, int64_t i, int64_t n_in, struct ug_taps *t,
                          float *w)
{
    const double at = fmax(((double)i + 0.5) / a->scale - 0.5, 0.0);
    const int64_t low = (int64_t)at < n_in ? (int64_t)at : n_in - 1;
    const double part = at - (double)low;

    t->first = low;
    t->n = low + 1 < n_in && part > 0.0 ? 2 : 1;
    w[0] = t->n == 2 ? (float)(1.0 - part) : 1.0f;
    if (t->n == 2)
        w[1] = (float)part;
}

void ug_resample_fill(const struct ug_resample *a, int axis, struct ug_axis *to)
{
    const int64_t n_in = to->n_in, n_out = to->n_out;
    int64_t at = 0;

    for (int64_t i = 0; i < n_out; i++) {
        struct ug_taps *t = &to->taps[i];
        float *w = to->weights + at;

        t->at = at;
        switch (a->rule) {
        case UG_RESAMPLE_NEAREST:
            *t = (struct ug_taps){.first = nearest_source(a, i, n_in), .n = 1, .at = at};
            w[0] = 1.0f;
            break;
        case UG_RESAMPLE_BILINEAR:
            bilinear_taps(a, i, n_in, t, w);
            break;
        case UG_RESAMPLE_AVERAGE:
            average_taps(i * a->stride[axis] - a->padding[axis], a->kernel[axis], n_in,
                         a->count_include_pad ? a->kernel[axis] : 0, t, w);
            break;
        default: { /* ADAPTIVE: the bin from floor(i n_in / n_out) up to ceil((i + 1) n_in / n_out) */
            const int64_t begin = i * n_in / n_out, end = ((i + 1) * n_in + n_out - 1) / n_out;

            average_taps(begin, end - begin, n_in, 0, t, w);
        }
        }
        at += t->n;
    }
}
