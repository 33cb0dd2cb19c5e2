/* winograd.c -- convolution as products of matrices at each point of transformed tiles.
 *
 * A tile is 4x4 or 4x8 results and the inputs that they see, taps - 1 more each way.  At each of
 * as many points p of the transformed tiles the convolution is a product of matrices:
 *
 *     forward:         M[p] [tiles x o] =  V[p]  [tiles x c]  U[p]  [c x o]
 *     to the input:   dV[p] [tiles x c] = dM[p]  [tiles x o]  U[p]' [o x c]
 *     to the weights: dU[p] [o x c]     = dM[p]' [o x tiles]  V[p]  [tiles x c]
 *
 * V being the transformed tiles of x, dM those of dy, spread by A, and U the transformed weights.
 *
 * Every transform's gradient is its transpose, so that the gradients need no filter of another
 * shape, and padding of any kind is only a matter of which pixel a tile reads, or adds to.
 */
#include "ops/kernels/winograd.h"

#include <omp.h>

#include "ops/kernels/cut.h"
#include "ops/kernels/winograd_frames.h"
#include "ops/kernels/winograd_weights.h"

/* Tiles taken at a time by the gradient to the weights, as one chain of sums: two columns of them
 * stay in the first cache. */
enum { TERMS = 128 };

bool ug_winograd_fits(const struct ug_conv *g)
{
    const int64_t k = g->kernel[0], s = g->stride[0];

    return g->groups == 1 && g->dilation[0] == 1 && g->dilation[1] == 1 && g->kernel[1] == k &&
           g->stride[1] == s && ((k == 3 && s == 1) || (k == 4 && s == 2));
}

bool ug_winograd_wide_fits(const struct ug_conv *g)
{
    return ug_winograd_fits(g) && g->kernel[0] == 3;
}

/* ---- Memory ---- */

/* One call's: tiles of inputs (V) and of results (M), and floats between two points of each. */
struct memory {
    float *v, *m, *spaces;
    int64_t v_apart, m_apart;
};

static struct memory memory_of(const struct ug_winograd_work *w, void *scratch)
{
    struct memory r = {.v = scratch};

    r.v_apart = ug_winograd_tiles_apart(w, w->blocks);
    r.m_apart = ug_winograd_tiles_apart(w, w->out_blocks);
    r.m = r.v + w->points * r.v_apart;
    r.spaces = r.m + w->points * r.m_apart;
    return r;
}

static size_t scratch_size(const struct ug_conv *g, int across)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g, across);

    return ug_winograd_scratch_size(&w, ug_winograd_tiles_apart(&w, w.blocks) +
                                            ug_winograd_tiles_apart(&w, w.out_blocks));
}

/* ---- Tiles ---- */

static void take_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                        const float *x, const struct memory *r)
{
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t block = 0; block < w->in_blocks; block++)
        for (int64_t n = 0; n < s->pictures; n++)
            ug_winograd_take_inputs(w, s, n, block, x, ug_winograd_space_at(w, r->spaces), r->v,
                                    r->v_apart);
}

static void take_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                         const float *dy, const struct memory *r)
{
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t block = 0; block < w->out_blocks; block++)
        for (int64_t n = 0; n < s->pictures; n++)
            ug_winograd_take_results(w, s, n, block, dy, ug_winograd_space_at(w, r->spaces), r->m,
                                     r->m_apart);
}

/* ---- Products ---- */

/* How many parts the tiles of a strip are cut into, besides the blocks of weights, for work to be
 * spread evenly; each part makes the weights again. */
static int64_t parts_of(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                        int64_t blocks)
{
    const int64_t threads = omp_get_max_threads();
    const int64_t most = ug_max(1, s->tiles / (4 * w->kernels->rows));

    return blocks % threads == 0 ? 1 : ug_min(most, ug_ceil_div(4 * threads, blocks));
}

/* Columns of `to` [tiles x columns] = from [tiles x depth] weights [depth x columns] at each point,
 * for the columns of one block of weights at a time, and `tiles` tiles from number `tile` on. */
static void multiply(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                     int64_t tile, int64_t tiles, const float *from, int64_t from_apart, float *to,
                     int64_t to_apart)
{
    const int64_t lanes = w->kernels->lanes, column = w->padded * lanes;
    const int64_t row = b->back ? b->out : b->in * w->phases;
    const int64_t first = b->back ? b->in * w->phases : b->out;

    for (int64_t p = 0; p < w->points; p++)
        for (int64_t j = 0; j < b->columns; j += 2)
            w->kernels->product(
                tiles, b->depth, from + p * from_apart + row * column + tile * lanes, column,
                b->points + p * b->apart + j * b->depth * lanes * lanes,
                to + p * to_apart + (first + j) * column + tile * lanes, column, row > 0);
}

/* All of it: forward, or back to the input. */
static void products(const struct ug_winograd_work *w, const struct ug_winograd_strip *s, bool back,
                     const float *weights, const struct memory *r)
{
    const int64_t columns = ug_winograd_block_columns(w, back), rows = w->kernels->rows;
    const int64_t parts = parts_of(w, s, columns);
    const int64_t part = ug_ceil_div(ug_max(1, s->tiles), parts * rows) * rows;

#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t column = 0; column < columns; column++)
        for (int64_t tile = 0; tile < s->tiles; tile += part)
            for (int64_t row = 0; row < ug_winograd_block_rows(w, back); row++) {
                const struct ug_winograd_block b =
                    ug_winograd_block_at(w, back, column, row, r->spaces);
                const int64_t tiles = ug_min(part, s->tiles - tile);

                ug_winograd_take_weights(w, &b, weights);
                if (back)
                    multiply(w, &b, tile, tiles, r->m, r->m_apart, r->v, r->v_apart);
                else
                    multiply(w, &b, tile, tiles, r->v, r->v_apart, r->m, r->m_apart);
            }
}

/* Block [o x columns] = m' [o x tiles] v [tiles x columns] at each point. */
static void correlate(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                      const struct ug_winograd_block *b, const struct memory *r)
{
    const int64_t lanes = w->kernels->lanes, column = w->padded * lanes;

    for (int64_t p = 0; p < w->points; p++)
        for (int64_t j = 0; j < b->columns; j += 2) {
            const float *m = r->m + p * r->m_apart + b->out * column;
            const float *v = r->v + p * r->v_apart + (b->in * w->phases + j) * column;
            int64_t t = 0;

            do { /* no tiles give zeros */
                w->kernels->correlate(
                    ug_min(TERMS, s->tiles - t), b->depth, m + t * lanes, column, v + t * lanes,
                    column, b->points + p * b->apart + j * b->depth * lanes * lanes, t > 0);
                t += TERMS;
            } while (t < s->tiles);
        }
}

/* ---- Forward ---- */

static void forward(const struct ug_conv *g, int across, const float *x, const float *weights,
                    float *y, void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g, across);
    const struct memory r = memory_of(&w, scratch);
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    do {
        take_inputs(&w, &s, x, &r);
        products(&w, &s, false, weights, &r);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t block = 0; block < w.out_blocks; block++)
            for (int64_t n = 0; n < s.pictures; n++)
                ug_winograd_write_results(&w, &s, n, block, r.m, r.m_apart,
                                          ug_winograd_space_at(&w, r.spaces), y);
    } while (ug_winograd_next_strip(&w, &s));
}

/* ---- Gradient to the input ---- */

static void input(const struct ug_conv *g, int across, const float *dy, const float *weights,
                  float *dx, void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g, across);
    const struct memory r = memory_of(&w, scratch);
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    do {
        take_results(&w, &s, dy, &r);
        products(&w, &s, true, weights, &r);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t block = 0; block < w.in_blocks; block++)
            for (int64_t n = 0; n < s.pictures; n++)
                ug_winograd_add_inputs(&w, &s, n, block, r.v, r.v_apart,
                                       ug_winograd_space_at(&w, r.spaces), dx);
    } while (ug_winograd_next_strip(&w, &s));
}

/* ---- Gradient to the weights ---- */

static bool weight_adds(const struct ug_conv *g, int across)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g, across);

    return w.lines == w.down && w.pictures == g->batch;
}

static void weight(const struct ug_conv *g, int across, const float *x, const float *dy, float *dw,
                   void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g, across);
    const struct memory r = memory_of(&w, scratch);
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    do {
        take_inputs(&w, &s, x, &r);
        take_results(&w, &s, dy, &r);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t column = 0; column < ug_winograd_block_columns(&w, true); column++)
            for (int64_t row = 0; row < ug_winograd_block_rows(&w, true); row++) {
                const struct ug_winograd_block b =
                    ug_winograd_block_at(&w, true, column, row, r.spaces);

                correlate(&w, &s, &b, &r);
                ug_winograd_write_weights(&w, &b, dw, g->adds || s.n || s.line);
            }
    } while (ug_winograd_next_strip(&w, &s));
}

/* ---- For each size of tiles ---- */

#define SIDES(name, across)                                                                        \
    size_t name##_scratch(const struct ug_conv *g)                                                 \
    {                                                                                              \
        return scratch_size(g, across);                                                            \
    }                                                                                              \
    void name##_forward(const struct ug_conv *g, const float *x, const float *w, float *y,         \
                        void *scratch)                                                             \
    {                                                                                              \
        forward(g, across, x, w, y, scratch);                                                      \
    }                                                                                              \
    void name##_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,         \
                      void *scratch)                                                               \
    {                                                                                              \
        input(g, across, dy, w, dx, scratch);                                                      \
    }                                                                                              \
    void name##_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,        \
                       void *scratch)                                                              \
    {                                                                                              \
        weight(g, across, x, dy, dw, scratch);                                                     \
    }                                                                                              \
    bool name##_weight_adds(const struct ug_conv *g)                                               \
    {                                                                                              \
        return weight_adds(g, across);                                                             \
    }

SIDES(ug_winograd, 4)
SIDES(ug_winograd_wide, 8)
