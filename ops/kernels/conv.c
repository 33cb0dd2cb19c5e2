/* conv.c -- which algorithm a convolution takes, and pictures with something else than zeros around
 * them. */
#include "ops/kernels/conv.h"

#include "ops/kernels/conv_panels.h"
#include "ops/kernels/cut.h"
#include "ops/kernels/pad.h"
#include "ops/kernels/winograd.h"

/* What the choice rests on: measured on one core of a Zen 5 at about 4 GHz; only their ratios
 * matter. Products of matrices go with the width of vectors, transforms with the speed of caches.
 */
static const double panels_rate = 11e9;   /* multiplications and additions a second and lane */
static const double products_rate = 13e9; /* the same, of Winograd's products */
static const double transform_rate =
    1e9;                                /* floats a second through a transform, both ends counted */
static const double weights_rate = 2e9; /* floats a second of transformed weights */

static double lanes(const struct ug_conv *g)
{
    return (double)g->tile->cols / 2;
}

/* The seconds that Winograd takes: products over tiles rounded up, tiles of both sides, weights. */
static double winograd_seconds(const struct ug_conv *g)
{
    const int64_t taps = g->kernel[0] / g->stride[0], points = (taps + 3) * (taps + 3);
    const int64_t depth = g->c * g->stride[0] * g->stride[1], cols = g->tile->cols;
    const int64_t tiles = g->batch * ug_ceil_div(g->out[0], 4) * ug_ceil_div(g->out[1], 4);
    const double weights = (double)(points * depth * g->o);

    return 2.0 * weights * (double)(ug_ceil_div(tiles, cols) * cols) / (products_rate * lanes(g)) +
           (double)(points * tiles * (depth + g->o)) / transform_rate + weights / weights_rate;
}

static double flops(const struct ug_conv *g)
{
    return 2.0 * (double)(g->batch * g->groups * g->o * g->out[0] * g->out[1]) *
           (double)(g->c * g->kernel[0] * g->kernel[1]);
}

/* One answer for all three sides, so that a layer's error has one source. */
static bool takes_winograd(const struct ug_conv *g)
{
    return ug_winograd_fits(g) && g->c * g->stride[0] * g->stride[1] >= 8 && g->o >= 8 &&
           winograd_seconds(g) < flops(g) / (panels_rate * lanes(g));
}

/* ---- Pictures with a border of their own ---- */

/* The same convolution of pictures that have been padded before. */
static struct ug_conv padded(const struct ug_conv *g)
{
    struct ug_conv p = *g;

    for (int d = 0; d < 2; d++) {
        p.in[d] += 2 * g->padding[d];
        p.padding[d] = 0;
    }
    p.edges = UG_EDGES_ZERO;
    return p;
}

static struct ug_tensor pictures(const struct ug_conv *g, void *data)
{
    return (struct ug_tensor){UG_F32, UG_SHAPE(g->batch, g->groups * g->c, g->in[0], g->in[1]),
                              data};
}

static size_t picture_bytes(const struct ug_conv *g)
{
    return ug_block_bytes(g->batch * g->groups * g->c * g->in[0] * g->in[1], sizeof(float));
}

static struct ug_padding border(const struct ug_conv *g)
{
    struct ug_padding p = {{0}, {0}};

    for (int d = 0; d < 2; d++)
        p.before[2 + d] = p.after[2 + d] = g->padding[d];
    return p;
}

static enum ug_pad_mode mode(const struct ug_conv *g)
{
    return g->edges == UG_EDGES_REFLECT ? UG_PAD_REFLECT : UG_PAD_REPLICATE;
}

/* x with its border, in `to`. */
static void add_border(const struct ug_conv *g, const float *x, float *to)
{
    const struct ug_conv p = padded(g);
    const struct ug_tensor from = pictures(g, (void *)x), into = pictures(&p, to);
    const struct ug_padding b = border(g);

    ug_pad_run(&from, &b, mode(g), 0.0f, &into);
}

static void fold_border(const struct ug_conv *g, float *from, float *dx)
{
    const struct ug_conv p = padded(g);
    const struct ug_tensor of = pictures(&p, from), into = pictures(g, dx);
    const struct ug_padding b = border(g);

    ug_pad_back_run(&of, &b, mode(g), &into);
}

/* ---- Forward ---- */

size_t ug_conv_forward_scratch(const struct ug_conv *g)
{
    const struct ug_conv p = padded(g);

    if (takes_winograd(g))
        return ug_block_bytes((int64_t)ug_winograd_weights_size(g, false), sizeof(float)) +
               ug_winograd_forward_scratch(g);
    return g->edges ? picture_bytes(&p) + ug_panels_forward_scratch(&p)
                    : ug_panels_forward_scratch(g);
}

void ug_conv_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                     void *scratch)
{
    char *rest = scratch;

    if (takes_winograd(g)) {
        rest += ug_block_bytes((int64_t)ug_winograd_weights_size(g, false), sizeof(float));
        ug_winograd_weights(g, false, w, scratch);
        ug_winograd_forward(g, x, scratch, y, rest);
    } else if (g->edges) {
        const struct ug_conv p = padded(g);
        rest += picture_bytes(&p);
        add_border(g, x, scratch);
        ug_panels_forward(&p, scratch, w, y, rest);
    } else {
        ug_panels_forward(g, x, w, y, scratch);
    }
}

/* ---- Gradient to the input ---- */

size_t ug_conv_input_scratch(const struct ug_conv *g)
{
    const struct ug_conv p = padded(g);

    if (takes_winograd(g))
        return ug_block_bytes((int64_t)ug_winograd_weights_size(g, true), sizeof(float)) +
               ug_winograd_input_scratch(g);
    return g->edges ? picture_bytes(&p) + ug_panels_input_scratch(&p) : ug_panels_input_scratch(g);
}

void ug_conv_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                   void *scratch)
{
    char *rest = scratch;

    if (takes_winograd(g)) {
        rest += ug_block_bytes((int64_t)ug_winograd_weights_size(g, true), sizeof(float));
        ug_winograd_weights(g, true, w, scratch);
        ug_winograd_input(g, dy, scratch, dx, rest);
    } else if (g->edges) {
        const struct ug_conv p = padded(g);
        rest += picture_bytes(&p);
        ug_panels_input(&p, dy, w, scratch, rest);
        fold_border(g, scratch, dx);
    } else {
        ug_panels_input(g, dy, w, dx, scratch);
    }
}

/* ---- Gradient to the weights ---- */

size_t ug_conv_weight_scratch(const struct ug_conv *g)
{
    const struct ug_conv p = padded(g);

    if (takes_winograd(g))
        return ug_winograd_weight_scratch(g);
    return g->edges ? picture_bytes(&p) + ug_panels_weight_scratch(&p)
                    : ug_panels_weight_scratch(g);
}

void ug_conv_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                    void *scratch)
{
    if (takes_winograd(g)) {
        ug_winograd_weight(g, x, dy, dw, scratch);
    } else if (g->edges) {
        const struct ug_conv p = padded(g);
        char *rest = (char *)scratch + picture_bytes(&p);
        add_border(g, x, scratch);
        ug_panels_weight(&p, scratch, dy, dw, rest);
    } else {
        ug_panels_weight(g, x, dy, dw, scratch);
    }
}
