/* winograd_weights.c -- weights [o, c, kernel, kernel] into matrices at each point, and back. */
#include "ops/kernels/winograd_weights.h"

#include <string.h>

#include "ops/kernels/cut.h"

enum { MOST_TAPS = 4 * 4 };

/* ---- Blocks ---- */

/* Vectors of channels that make up the columns of a block, at least two: products take pairs. */
static int64_t wide(const struct ug_winograd_work *w, bool back)
{
    return back ? ug_ceil_div(2, w->phases) : 2;
}

/* Vectors of channels that make up its rows. */
static int64_t tall(const struct ug_winograd_work *w, bool back)
{
    return back ? w->block_depth : w->block_depth / w->phases;
}

int64_t ug_winograd_block_columns(const struct ug_winograd_work *w, bool back)
{
    return ug_ceil_div(back ? w->in_blocks : w->out_blocks, wide(w, back));
}

int64_t ug_winograd_block_rows(const struct ug_winograd_work *w, bool back)
{
    return ug_ceil_div(back ? w->out_blocks : w->in_blocks, tall(w, back));
}

struct ug_winograd_block ug_winograd_block_at(const struct ug_winograd_work *w, bool back,
                                              int64_t column, int64_t row, float *base)
{
    struct ug_winograd_block b = {.back = back, .space = ug_winograd_space_at(w, base)};

    column *= wide(w, back);
    row *= tall(w, back);
    b.out = back ? row : column;
    b.in = back ? column : row;
    b.outs = ug_min(w->out_blocks - b.out, back ? tall(w, true) : wide(w, false));
    b.ins = ug_min(w->in_blocks - b.in, back ? wide(w, true) : tall(w, false));
    b.depth = back ? b.outs : b.ins * w->phases;
    b.columns = back ? b.ins * w->phases : b.outs;
    b.apart = w->block_apart;
    b.points = b.space + w->frame;
    return b;
}

/* ---- Squares of lanes x lanes channels ---- */

/* Lie as [row][kernel][kernel][column]; tap (i, j) of a phase of the stride is tap (step * i + …,
 * step * j + …). */
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

/* Where a phase of a square begins in a block, and its members. */
static float *square_at(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                        int64_t out, int64_t in, int64_t phase)
{
    const int64_t lanes = w->kernels->lanes, k = (in - b->in) * w->phases + phase;
    const int64_t row = b->back ? out - b->out : k, column = b->back ? k : out - b->out;

    return b->points + ((column / 2 * b->depth + row) * lanes * 2 + column % 2) * lanes;
}

static struct ug_winograd_members in_block(const struct ug_winograd_work *w,
                                           const struct ug_winograd_block *b)
{
    return (struct ug_winograd_members){w->kernels->points[1] * b->apart, b->apart,
                                        2 * w->kernels->lanes};
}

/* The square of vectors (out, in) into the block's space, with columns of inputs if `back`. */
static void read_square(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                        int64_t out, int64_t in, const float *from)
{
    const int64_t lanes = w->kernels->lanes, area = w->g->kernel[0] * w->g->kernel[1];
    const int64_t o = ug_min(lanes, w->g->o - out * lanes), c = ug_min(lanes, w->g->c - in * lanes);
    const int64_t row = w->g->c * area, size = lanes * area * lanes;
    const float *end = from + w->g->o * row;
    int64_t written;

    from += out * lanes * row + in * lanes * area;
    if (b->back) {
        for (int64_t i = 0; i < o; i++)
            w->kernels->gather(area, c, from + i * row, area, end, b->space + i * area * lanes);
        written = o * area * lanes;
    } else {
        w->kernels->gather(c * area, o, from, row, end, b->space);
        written = c * area * lanes;
    }
    memset(b->space + written, 0, (size_t)(size - written) * sizeof *from);
}

/* The transpose of that with columns of inputs.  What is to be added to dw is put in its order beside
 * it first: writing planes of 9 taps, vectors overlap, and each would wait to read the one before. */
static void write_square(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                         int64_t out, int64_t in, float *dw, bool add)
{
    const int64_t lanes = w->kernels->lanes, area = w->g->kernel[0] * w->g->kernel[1];
    const int64_t o = ug_min(lanes, w->g->o - out * lanes), c = w->g->c - in * lanes;
    const int64_t width = ug_min(lanes, c) * area, row = w->g->c * area;
    float beside[UG_WINOGRAD_MAX_LANES * UG_WINOGRAD_MAX_LANES * MOST_TAPS];
    float *to = dw + (out * lanes * w->g->c + in * lanes) * area;

    for (int64_t i = 0; i < o; i++)
        w->kernels->scatter(area, c, b->space + i * area * lanes,
                            add ? beside + i * width : to + i * row, area, false);
    for (int64_t i = 0; add && i < o; i++)
        for (int64_t k = 0; k < width; k++)
            to[i * row + k] += beside[i * width + k];
}

/* ---- Both ways ---- */

void ug_winograd_take_weights(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                              const float *from)
{
    for (int64_t out = b->out; out < b->out + b->outs; out++)
        for (int64_t in = b->in; in < b->in + b->ins; in++) {
            read_square(w, b, out, in, from);
            for (int64_t phase = 0; phase < w->phases; phase++)
                w->kernels->weight(w->kernels->lanes, b->space + first_tap(w, phase), taps(w),
                                   square_at(w, b, out, in, phase), in_block(w, b));
        }
}

void ug_winograd_write_weights(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                               float *dw, bool add)
{
    for (int64_t out = b->out; out < b->out + b->outs; out++)
        for (int64_t in = b->in; in < b->in + b->ins; in++) {
            for (int64_t phase = 0; phase < w->phases; phase++)
                w->kernels->weight_back(w->kernels->lanes, square_at(w, b, out, in, phase),
                                        in_block(w, b), b->space + first_tap(w, phase), taps(w));
            write_square(w, b, out, in, dw, add);
        }
}
