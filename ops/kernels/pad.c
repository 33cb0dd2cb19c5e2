/* pad.c -- see pad.h.  Works line by line along the innermost axis: a middle that is copied, and
 * two ends that are made element by element. */
#include "ops/kernels/pad.h"

#include <string.h>

#include "ops/kernels/cut.h"

/* Which element of an axis of n a padded one (counted from the axis's first) shows; -1: none. */
static int64_t source_of(int64_t k, int64_t n, enum ug_pad_mode mode)
{
    if (k >= 0 && k < n)
        return k;
    switch (mode) {
    case UG_PAD_CONSTANT:
        return -1;
    case UG_PAD_REFLECT:
        return k < 0 ? -k : 2 * (n - 1) - k;
    case UG_PAD_REPLICATE:
        return k < 0 ? 0 : n - 1;
    }
    return -1;
}

/* The padded tensor as lines. */
struct lines {
    const struct ug_shape *small, *large;
    const struct ug_padding *p;
    enum ug_pad_mode mode;
    int outer; /* axes before the innermost */
    int64_t small_line, large_line;
    int64_t before;       /* of the innermost axis */
    int64_t middle, stop; /* elements [middle, stop) of a padded line are those of a small one */
};

static struct lines lines_of(const struct ug_shape *small, const struct ug_shape *large,
                             const struct ug_padding *p, enum ug_pad_mode mode)
{
    struct lines l = {small, large, p, mode, .small_line = 1, .large_line = 1, .stop = 1};

    if (small->rank) {
        l.outer = small->rank - 1;
        l.small_line = small->dim[l.outer];
        l.large_line = large->dim[l.outer];
        l.before = p->before[l.outer];
        l.middle = l.before > 0 ? l.before : 0;
        l.stop = l.before + l.small_line;
        if (l.stop > l.large_line)
            l.stop = l.large_line;
        if (l.middle > l.large_line)
            l.middle = l.large_line;
        if (l.stop < l.middle)
            l.stop = l.middle;
    }
    return l;
}

/* The line of the small tensor that a line of the large one shows; -1: none. */
static int64_t source_line(const struct lines *l, int64_t line)
{
    int64_t at = 0, stride = 1;

    for (int i = l->outer - 1; i >= 0; i--) {
        const int64_t k = line % l->large->dim[i] - l->p->before[i];
        const int64_t source = source_of(k, l->small->dim[i], l->mode);

        if (source < 0)
            return -1;
        at += source * stride;
        stride *= l->small->dim[i];
        line /= l->large->dim[i];
    }
    return at;
}

static void pad_end(const struct lines *l, const float *x, float value, float *y, int64_t from,
                    int64_t to)
{
    for (int64_t k = from; k < to; k++) {
        const int64_t source = source_of(k - l->before, l->small_line, l->mode);

        y[k] = source < 0 ? value : x[source];
    }
}

static void pad_line(const struct lines *l, const float *x, float value, float *y)
{
    pad_end(l, x, value, y, 0, l->middle);
    memcpy(y + l->middle, x + l->middle - l->before, (size_t)(l->stop - l->middle) * sizeof *y);
    pad_end(l, x, value, y, l->stop, l->large_line);
}

void ug_pad_run(const struct ug_tensor *x, const struct ug_padding *p, enum ug_pad_mode mode,
                float value, const struct ug_tensor *y)
{
    const struct lines l = lines_of(&x->shape, &y->shape, p, mode);
    const int64_t n = ug_shape_span(&y->shape, 0, l.outer);
    const bool nothing = ug_shape_count(&x->shape) == 0;
    const float *from = x->data;
    float *to = y->data;

    if (l.large_line == 0)
        return;
#pragma omp parallel for schedule(static) if (n * l.large_line > UG_SHARED_ELEMENTS)
    for (int64_t i = 0; i < n; i++) {
        const int64_t source = nothing ? -1 : source_line(&l, i);
        float *line = to + i * l.large_line;

        if (source >= 0)
            pad_line(&l, from + source * l.small_line, value, line);
        else
            for (int64_t k = 0; k < l.large_line; k++)
                line[k] = value;
    }
}

static void gather_end(const struct lines *l, const float *dy, float *dx, int64_t from, int64_t to)
{
    for (int64_t k = from; k < to; k++)
        dx[source_of(k - l->before, l->small_line, l->mode)] += dy[k];
}

static void gather_line(const struct lines *l, const float *dy, float *dx)
{
    gather_end(l, dy, dx, 0, l->middle);
    for (int64_t k = l->middle; k < l->stop; k++)
        dx[k - l->before] += dy[k];
    gather_end(l, dy, dx, l->stop, l->large_line);
}

/* The axes in front of the first padded one: their members are independent of one another. */
static int count_free_axes(const struct lines *l)
{
    int n = 0;

    while (n < l->outer && l->p->before[n] == 0 && l->p->after[n] == 0)
        n++;
    return n;
}

void ug_pad_back_run(const struct ug_tensor *dy, const struct ug_padding *p, enum ug_pad_mode mode,
                     const struct ug_tensor *dx)
{
    const struct lines l = lines_of(&dx->shape, &dy->shape, p, mode);
    const int free_axes = count_free_axes(&l);
    const int64_t planes = ug_shape_span(&dx->shape, 0, free_axes);
    const int64_t lines = ug_shape_span(&dy->shape, free_axes, l.outer);
    const int64_t plane = ug_shape_span(&dx->shape, free_axes, dx->shape.rank);
    const float *from = dy->data;
    float *to = dx->data;

    if (ug_shape_count(&dx->shape) == 0)
        return;
#pragma omp parallel for schedule(static) if (planes * lines * l.large_line > UG_SHARED_ELEMENTS)
    for (int64_t i = 0; i < planes; i++) {
        memset(to + i * plane, 0, (size_t)plane * sizeof *to);
        for (int64_t j = i * lines; j < (i + 1) * lines; j++)
            gather_line(&l, from + j * l.large_line, to + source_line(&l, j) * l.small_line);
    }
}
