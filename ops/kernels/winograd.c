/* winograd.c -- convolution as products of matrices at each point of transformed tiles.
 *
 * A tile is 4x4 results and the (taps + 3)^2 inputs that they see.  At each of the (taps + 3)^2
 * points p of the transformed tiles the convolution is a product of matrices:
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

#include "ops/kernels/cut.h"
#include "ops/kernels/winograd_frames.h"
#include "ops/kernels/winograd_weights.h"

/* Terms of a product taken at a time: two columns of the right matrix then stay in the first cache.
 */
enum { TERMS = 256 };

bool ug_winograd_fits(const struct ug_conv *g)
{
    const int64_t k = g->kernel[0], s = g->stride[0];

    return g->groups == 1 && g->dilation[0] == 1 && g->dilation[1] == 1 && g->kernel[1] == k &&
           g->stride[1] == s && ((k == 3 && s == 1) || (k == 4 && s == 2));
}

/* ---- Memory ---- */

/* One call's: tiles of inputs (V), tiles of results (M), weights (U), with columns of inputs where
 * `back`; and the floats between two points of each. */
struct memory {
    float *v, *m, *u, *spaces;
    int64_t v_apart, m_apart, u_apart;
};

static struct memory memory_of(const struct ug_winograd_work *w, bool back, void *scratch)
{
    struct memory r = {.v = scratch};

    r.v_apart = ug_winograd_tiles_apart(w, w->blocks);
    r.m_apart = ug_winograd_tiles_apart(w, w->out_blocks);
    r.u_apart = back ? ug_winograd_weights_apart(w, w->blocks, w->out_blocks)
                     : ug_winograd_weights_apart(w, w->out_blocks, w->blocks);
    r.m = r.v + w->points * r.v_apart;
    r.u = r.m + w->points * r.m_apart;
    r.spaces = r.u + w->points * r.u_apart;
    return r;
}

static size_t scratch_size(const struct ug_conv *g, bool back)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const struct memory r = memory_of(&w, back, NULL);

    return ug_winograd_scratch_size(&w, r.v_apart + r.m_apart + r.u_apart);
}

/* ---- Products ---- */

/* c[p] [tiles x columns] = a[p] [tiles x depth] u[p] [depth x columns]; columns and depth in
 * vectors. */
static void products(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                     int64_t columns, int64_t depth, const float *a, int64_t a_apart,
                     const float *u, int64_t u_apart, float *c, int64_t c_apart)
{
    const int64_t lanes = w->kernels->lanes, column = w->padded * lanes, terms = TERMS / lanes;

#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t p = 0; p < w->points; p++)
        for (int64_t pair = 0; pair < (columns + 1) / 2; pair++)
            for (int64_t k = 0; k < depth; k += terms)
                w->kernels->product(s->tiles, ug_min(terms, depth - k),
                                    a + p * a_apart + k * column, column,
                                    u + p * u_apart + (pair * depth + k) * lanes * 2 * lanes,
                                    c + p * c_apart + pair * 2 * column, column, k > 0);
}

/* u[p] [o x columns] = m[p]' [o x tiles] v[p] [tiles x columns], added to u after the first strip.
 */
static void correlations(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                         const struct memory *r)
{
    const int64_t lanes = w->kernels->lanes, column = w->padded * lanes;

#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t p = 0; p < w->points; p++)
        for (int64_t pair = 0; pair < (w->blocks + 1) / 2; pair++)
            for (int64_t t = 0; t == 0 || t < s->tiles; t += TERMS) /* zeros if there are none */
                w->kernels->correlate(
                    ug_min(TERMS, s->tiles - t), w->out_blocks, r->m + p * r->m_apart + t * lanes,
                    column, r->v + p * r->v_apart + pair * 2 * column + t * lanes, column,
                    r->u + p * r->u_apart + pair * w->out_blocks * lanes * 2 * lanes,
                    s->n || s->line || t);
}

static void take_weights(const struct ug_winograd_work *w, bool back, const float *from,
                         const struct memory *r)
{
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t out = 0; out < w->out_blocks; out++)
        for (int64_t in = 0; in < w->in_blocks; in++)
            ug_winograd_take_weights(w, back, out, in, from, ug_winograd_space_at(w, r->spaces),
                                     r->u, r->u_apart);
}

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

/* ---- Forward ---- */

size_t ug_winograd_forward_scratch(const struct ug_conv *g)
{
    return scratch_size(g, false);
}

void ug_winograd_forward(const struct ug_conv *g, const float *x, const float *weights, float *y,
                         void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const struct memory r = memory_of(&w, false, scratch);
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    take_weights(&w, false, weights, &r);
    do {
        take_inputs(&w, &s, x, &r);
        products(&w, &s, w.out_blocks, w.blocks, r.v, r.v_apart, r.u, r.u_apart, r.m, r.m_apart);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t block = 0; block < w.out_blocks; block++)
            for (int64_t n = 0; n < s.pictures; n++)
                ug_winograd_write_results(&w, &s, n, block, r.m, r.m_apart,
                                          ug_winograd_space_at(&w, r.spaces), y);
    } while (ug_winograd_next_strip(&w, &s));
}

/* ---- Gradient to the input ---- */

size_t ug_winograd_input_scratch(const struct ug_conv *g)
{
    return scratch_size(g, true);
}

void ug_winograd_input(const struct ug_conv *g, const float *dy, const float *weights, float *dx,
                       void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const struct memory r = memory_of(&w, true, scratch);
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    take_weights(&w, true, weights, &r);
    do {
        take_results(&w, &s, dy, &r);
        products(&w, &s, w.blocks, w.out_blocks, r.m, r.m_apart, r.u, r.u_apart, r.v, r.v_apart);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t block = 0; block < w.in_blocks; block++)
            for (int64_t n = 0; n < s.pictures; n++)
                ug_winograd_add_inputs(&w, &s, n, block, r.v, r.v_apart,
                                       ug_winograd_space_at(&w, r.spaces), dx);
    } while (ug_winograd_next_strip(&w, &s));
}

/* ---- Gradient to the weights ---- */

size_t ug_winograd_weight_scratch(const struct ug_conv *g)
{
    return scratch_size(g, true);
}

void ug_winograd_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                        void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const struct memory r = memory_of(&w, true, scratch);
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    do {
        take_inputs(&w, &s, x, &r);
        take_results(&w, &s, dy, &r);
        correlations(&w, &s, &r);
    } while (ug_winograd_next_strip(&w, &s));
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t out = 0; out < w.out_blocks; out++)
        for (int64_t in = 0; in < w.in_blocks; in++)
            ug_winograd_write_weights(&w, out, in, r.u, r.u_apart,
                                      ug_winograd_space_at(&w, r.spaces), dw);
}
