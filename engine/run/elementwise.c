/* elementwise.c -- one loop for every elementwise op.
 *
 * Axes along which every input behaves alike are merged first, so that equal shapes are one long
 * line and [N, C, H, W] with [1, C, 1, 1] is N x C lines of H * W.  A line is handed to the op in
 * blocks that fit the first-level cache; an input that stands still along it is written out into a
 * block once.
 */
#include "engine/run/elementwise.h"

#include <assert.h>

enum {
    BLOCK = UG_MAP_BLOCK,
    GRAIN = 16384 /* elements that a thread takes at once */
};

struct loops {
    int n; /* axes left, innermost last */
    int64_t extent[UG_MAX_RANK];
    int64_t stride[UG_MAP_INPUTS][UG_MAX_RANK]; /* of each input; 0 where it is repeated */
};

/* The stride of an input along each axis of the output. */
static void set_strides(const struct ug_shape *in, const struct ug_shape *out, int64_t *stride)
{
    int64_t step = 1;

    for (int axis = out->rank - 1; axis >= 0; axis--) {
        const int a = axis - (out->rank - in->rank);
        const int64_t extent = a >= 0 ? in->dim[a] : 1;

        stride[axis] = extent == 1 ? 0 : step;
        step *= extent;
    }
}

static bool can_merge(const struct loops *l, int n_in, int outer, int inner)
{
    for (int i = 0; i < n_in; i++)
        if (l->stride[i][outer] != l->stride[i][inner] * l->extent[inner])
            return false;
    return true;
}

static struct loops plan_loops(const struct ug_kernel *k)
{
    const struct ug_shape *out = &k->out.shape;
    struct loops l = {.n = 0};
    int64_t stride[UG_MAP_INPUTS][UG_MAX_RANK];

    for (int i = 0; i < k->n_in; i++)
        set_strides(&k->in[i].shape, out, stride[i]);
    for (int axis = 0; axis < out->rank; axis++) {
        if (out->dim[axis] == 1)
            continue;
        l.extent[l.n] = out->dim[axis];
        for (int i = 0; i < k->n_in; i++)
            l.stride[i][l.n] = stride[i][axis];
        if (l.n && can_merge(&l, k->n_in, l.n - 1, l.n)) {
            l.extent[l.n - 1] *= l.extent[l.n];
            for (int i = 0; i < k->n_in; i++)
                l.stride[i][l.n - 1] = l.stride[i][l.n];
        } else {
            l.n++;
        }
    }
    if (!l.n) { /* a scalar is a line of one element */
        l.extent[0] = 1;
        for (int i = 0; i < k->n_in; i++)
            l.stride[i][0] = 0;
        l.n = 1;
    }
    return l;
}

static int64_t line_offset(const struct loops *l, int input, int64_t line)
{
    int64_t offset = 0;

    for (int axis = l->n - 2; axis >= 0; axis--) {
        offset += line % l->extent[axis] * l->stride[input][axis];
        line /= l->extent[axis];
    }
    return offset;
}

static void fill(float *block, int64_t n, float value)
{
    for (int64_t i = 0; i < n; i++)
        block[i] = value;
}

/* Elements [from, to) of one line. */
static void run_line(ug_map *map, const struct ug_kernel *k, const struct loops *l, int64_t line,
                     int64_t from, int64_t to, float (*still)[BLOCK])
{
    const int last = l->n - 1;
    float *out = (float *)k->out.data + line * l->extent[last];
    const float *start[UG_MAP_INPUTS], *in[UG_MAP_INPUTS];
    const int64_t longest = to - from < BLOCK ? to - from : BLOCK;

    for (int i = 0, used = 0; i < k->n_in; i++) {
        start[i] = (const float *)k->in[i].data + line_offset(l, i, line);
        if (l->stride[i][last] == 0) {
            fill(still[used], longest, *start[i]);
            start[i] = still[used++];
        }
    }
    for (int64_t at = from; at < to; at += BLOCK) {
        for (int i = 0; i < k->n_in; i++)
            in[i] = start[i] + (l->stride[i][last] == 0 ? 0 : at);
        map(k->attrs, to - at < BLOCK ? to - at : BLOCK, in, out + at);
    }
}

void ug_map_run(ug_map *map, const struct ug_kernel *k)
{
    const struct loops l = plan_loops(k);
    const int64_t count = ug_shape_count(&k->out.shape), line = l.extent[l.n - 1];
    const int64_t grains = (count + GRAIN - 1) / GRAIN;

    assert(k->n_in <= UG_MAP_INPUTS);
#pragma omp parallel for schedule(static) if (grains > 1)
    for (int64_t grain = 0; grain < grains; grain++) {
        const int64_t end = (grain + 1) * GRAIN < count ? (grain + 1) * GRAIN : count;
        float still[UG_MAP_INPUTS]
                   [BLOCK]; /* pages of inputs that do not stand still are never touched */

        for (int64_t at = grain * GRAIN; at < end;) {
            const int64_t from = at % line;
            const int64_t n = end - at < line - from ? end - at : line - from;

            run_line(map, k, &l, at / line, from, from + n, still);
            at += n;
        }
    }
}
