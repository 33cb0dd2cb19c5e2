/* winograd_weights.c -- weights [o, c, kernel, kernel] into matrices at each point, and back. */
#include "ops/kernels/winograd_weights.h"

#include <string.h>

#include "ops/kernels/cut.h"

/* A square of weights lies as [row][kernel][kernel][column] in a thread's space; tap (i, j) of a
 * phase of the stride is then (step * i + …, step * j + …). */
static struct ug_winograd_members taps(const struct ug_winograd_work *w)
{
    const int64_t lanes = w->kernels->lanes, size = w->g->kernel[0];

    return (struct ug_winograd_members){w->step * size * lanes, w->step * lanes,
                                        size * size * lanes};
}

static int64_t first_tap(const struct ug_winograd_work *w, int64_t phase)
{
    return (phase / w->step * w->g->kernel[0] + phase % w->step) * w->kernels->lanes;
}

/* Where the rows of vector `row` begin in column `column` of a matrix `depth` vectors deep. */
static int64_t matrix_at(const struct ug_winograd_work *w, int64_t row, int64_t column,
                         int64_t depth)
{
    const int64_t lanes = w->kernels->lanes;

    return ((column / 2 * depth + row) * lanes * 2 + column % 2) * lanes;
}

static struct ug_winograd_members in_matrix(const struct ug_winograd_work *w, int64_t apart)
{
    return (struct ug_winograd_members){w->kernels->points * apart, apart, 2 * w->kernels->lanes};
}

void ug_winograd_take_weights(const struct ug_winograd_work *w, bool back, int64_t out, int64_t in,
                              const float *from, float *space, float *u, int64_t apart)
{
    const int64_t lanes = w->kernels->lanes, area = w->g->kernel[0] * w->g->kernel[1];
    const int64_t o = w->g->o - out * lanes, c = w->g->c - in * lanes, row = w->g->c * area;
    const float *end = from + w->g->o * row;

    from += out * lanes * row + in * lanes * area;
    if (back)
        for (int64_t i = 0; i < lanes; i++)
            w->kernels->gather(area, i < o ? c : 0, i < o ? from + i * row : from, area, end,
                               space + i * area * lanes);
    else {
        const int64_t n = ug_min(c, lanes) * area;

        w->kernels->gather(n, o, from, row, end, space);
        memset(space + n * lanes, 0, (size_t)((lanes * area - n) * lanes) * sizeof *space);
    }
    for (int64_t phase = 0; phase < w->phases; phase++) {
        const int64_t k = phase * w->in_blocks + in;

        w->kernels->weight(
            lanes, space + first_tap(w, phase), taps(w),
            u + (back ? matrix_at(w, out, k, w->out_blocks) : matrix_at(w, k, out, w->blocks)),
            in_matrix(w, apart));
    }
}

void ug_winograd_write_weights(const struct ug_winograd_work *w, int64_t out, int64_t in,
                               const float *du, int64_t apart, float *space, float *dw)
{
    const int64_t lanes = w->kernels->lanes, area = w->g->kernel[0] * w->g->kernel[1];
    const int64_t o = ug_min(lanes, w->g->o - out * lanes), c = w->g->c - in * lanes;

    for (int64_t phase = 0; phase < w->phases; phase++)
        w->kernels->weight_back(o, du + matrix_at(w, out, phase * w->in_blocks + in, w->out_blocks),
                                in_matrix(w, apart), space + first_tap(w, phase), taps(w));
    for (int64_t i = 0; i < o; i++)
        w->kernels->scatter(area, c, space + i * area * lanes,
                            dw + ((out * lanes + i) * w->g->c + in * lanes) * area, area, false);
}
