/* conv_doubled.c -- 5x5 convolution of pictures whose pixels are doubled first.
 *
 * With u[i] = x[i / 2], the result at 2p + a (a = 0 or 1, along an axis) is
 *
 *     y[2p + a] = sum over s of w[s] u[2p + a + s - 2] = sum over s of w[s] x[p - 1 + (a + s) / 2],
 *
 * so that each of the four phases (a, b) of y is a 3x3 convolution of x whose taps are sums of w's:
 * w0 + w1, w2 + w3, w4 for a = 0, and w0, w1 + w2, w3 + w4 for a = 1.  Together they are one
 * convolution to four times the channels, whose results are then interleaved.
 *
 * Around u stands what stands around x: zeros, or the border repeated.  What is missing where u is
 * mirrored is added by conv_doubled_border.c.
 */
#include "ops/kernels/conv_doubled.h"

#include <string.h>

#include "ops/kernels/conv_doubled_border.h"
#include "ops/kernels/cut.h"

enum { TAPS = UG_DOUBLED_TAPS, PHASES = 4, SUMS = 3 };

bool ug_doubled_fits(const struct ug_conv *g)
{
    bool fits = g->groups == 1;

    for (int d = 0; d < 2; d++)
        fits &= g->kernel[d] == TAPS && g->padding[d] == 2 && g->stride[d] == 1 &&
                g->dilation[d] == 1 && g->out[d] == 2 * g->in[d] &&
                (g->edges != UG_EDGES_REFLECT || g->in[d] > 1);
    return fits;
}

struct ug_conv ug_doubled_phases(const struct ug_conv *g)
{
    struct ug_conv c = *g;

    c.doubled = false;
    c.adds = false;
    c.o = PHASES * g->o;
    for (int d = 0; d < 2; d++) {
        c.out[d] = g->in[d];
        c.kernel[d] = SUMS;
        c.padding[d] = 1;
    }
    c.edges = g->edges == UG_EDGES_ZERO ? UG_EDGES_ZERO : UG_EDGES_REPLICATE;
    return c;
}

/* ---- Phases ---- */

/* Of five taps along an axis: the sums that phase a sees, and the adjoint. */
static inline void sum_five(int a, const float *w, int64_t step, float *to, int64_t to_step)
{
    to[0] = a ? w[0] : w[0] + w[step];
    to[to_step] = a ? w[step] + w[2 * step] : w[2 * step] + w[3 * step];
    to[2 * to_step] = a ? w[3 * step] + w[4 * step] : w[4 * step];
}

static inline void add_five(int a, const float *sums, int64_t step, float *w, int64_t w_step)
{
    w[0] += sums[0];
    w[w_step] += sums[a ? step : 0];
    w[2 * w_step] += sums[step];
    w[3 * w_step] += sums[a ? 2 * step : step];
    w[4 * w_step] += sums[2 * step];
}

/* w [o][c][5][5] into the weights of the phases, [o][phase][c][3][3]. */
static void sum_taps(const struct ug_conv *g, const float *w, float *to)
{
#pragma omp parallel for schedule(static)
    for (int64_t o = 0; o < g->o; o++)
        for (int64_t c = 0; c < g->c; c++) {
            const float *from = w + (o * g->c + c) * TAPS * TAPS;

            for (int a = 0; a < 2; a++) {
                float rows[SUMS][TAPS];

                for (int t = 0; t < TAPS; t++)
                    sum_five(a, from + t, TAPS, &rows[0][t], TAPS);
                for (int b = 0; b < 2; b++)
                    for (int s = 0; s < SUMS; s++)
                        sum_five(b, rows[s], 1,
                                 to + (((o * PHASES + 2 * a + b) * g->c + c) * SUMS + s) * SUMS, 1);
            }
        }
}

/* Its adjoint, for one pair of channels: [phase][3][3], `apart` floats from phase to phase. */
static void spread_taps(const float *from, int64_t apart, float taps[TAPS][TAPS])
{
    for (int a = 0; a < 2; a++) {
        float rows[SUMS][TAPS] = {{0}};

        for (int b = 0; b < 2; b++)
            for (int s = 0; s < SUMS; s++)
                add_five(b, from + (2 * a + b) * apart + s * SUMS, 1, rows[s], 1);
        for (int t = 0; t < TAPS; t++)
            add_five(a, &rows[0][t], TAPS, &taps[0][t], TAPS);
    }
}

/* dw [o][c][5][5] of gradients to the weights of the phases and, where they are not NULL, to those
 * of the lines. */
static void write_weights(const struct ug_conv *g, const float *sums, const float *lines, float *dw)
{
    const int64_t apart = g->c * SUMS * SUMS;

#pragma omp parallel for schedule(static)
    for (int64_t o = 0; o < g->o; o++)
        for (int64_t c = 0; c < g->c; c++) {
            const int64_t kernel = o * g->c + c;
            float taps[TAPS][TAPS] = {{0}}, *to = dw + kernel * TAPS * TAPS;

            spread_taps(sums + (o * PHASES * g->c + c) * SUMS * SUMS, apart, taps);
            if (lines)
                ug_border_add_w(g, lines, kernel, &taps[0][0]);
            for (int t = 0; t < TAPS * TAPS; t++)
                to[t] = g->adds ? to[t] + taps[t / TAPS][t % TAPS] : taps[t / TAPS][t % TAPS];
        }
}

/* z [plane][phase][h][w] into y [plane][2h][2w]. */
static void interleave(const struct ug_conv *g, const float *z, float *y)
{
    const int64_t width = g->in[1], area = g->in[0] * width;

#pragma omp parallel for schedule(static)
    for (int64_t plane = 0; plane < g->batch * g->o; plane++)
        for (int64_t i = 0; i < 2 * g->in[0]; i++) {
            const float *even = z + (plane * PHASES + i % 2 * 2) * area + i / 2 * width;
            const float *odd = even + area;
            float *to = y + (plane * 2 * g->in[0] + i) * 2 * width;

            for (int64_t j = 0; j < width; j++) {
                to[2 * j] = even[j];
                to[2 * j + 1] = odd[j];
            }
        }
}

static void separate(const struct ug_conv *g, const float *y, float *z)
{
    const int64_t width = g->in[1], area = g->in[0] * width;

#pragma omp parallel for schedule(static)
    for (int64_t plane = 0; plane < g->batch * g->o; plane++)
        for (int64_t i = 0; i < 2 * g->in[0]; i++) {
            const float *from = y + (plane * 2 * g->in[0] + i) * 2 * width;
            float *even = z + (plane * PHASES + i % 2 * 2) * area + i / 2 * width;
            float *odd = even + area;

            for (int64_t j = 0; j < width; j++) {
                even[j] = from[2 * j];
                odd[j] = from[2 * j + 1];
            }
        }
}

/* ---- Forward, and the gradients to the input and to the weights ---- */

struct doubled {
    struct ug_conv phases, lines;
    bool mirrored;
    enum ug_conv_algorithm algorithm; /* of the phases */
    /* Scratch: weights and results of the phases; lines of x, y and w; what the two need. */
    float *sums, *z, *x_lines, *y_lines, *w_lines;
    void *rest;
    size_t bytes;
};

static void *take(struct doubled *d, char *scratch, int64_t floats)
{
    void *at = scratch ? scratch + d->bytes : NULL;

    d->bytes += ug_block_bytes(floats, sizeof(float));
    return at;
}

/* How scratch is divided; NULL to count it only. */
static struct doubled doubled_of(const struct ug_conv *g, enum ug_conv_side side, void *scratch)
{
    struct doubled d = {.phases = ug_doubled_phases(g),
                        .lines = ug_border_lines(g),
                        .mirrored = g->edges == UG_EDGES_REFLECT};

    d.algorithm = ug_conv_choose(&d.phases, side);
    d.sums = take(&d, scratch, d.phases.o * g->c * SUMS * SUMS);
    d.z = take(&d, scratch, g->batch * d.phases.o * g->in[0] * g->in[1]);
    if (d.mirrored) {
        d.x_lines = take(&d, scratch, g->batch * UG_SIDES * g->c * d.lines.in[1]);
        d.y_lines = take(&d, scratch, g->batch * UG_SIDES * g->o * d.lines.out[1]);
        d.w_lines = take(&d, scratch, UG_SIDES * g->o * g->c * TAPS);
    }
    const size_t of_phases = ug_conv_scratch(&d.phases, side, d.algorithm);
    const size_t of_lines = d.mirrored ? ug_conv_scratch(&d.lines, side, UG_CONV_PANELS) : 0;
    d.rest = scratch ? (char *)scratch + d.bytes : NULL;
    d.bytes += of_phases > of_lines ? of_phases : of_lines;
    return d;
}

size_t ug_doubled_forward_scratch(const struct ug_conv *g)
{
    return doubled_of(g, UG_CONV_FORWARD, NULL).bytes;
}

void ug_doubled_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                        void *scratch)
{
    const struct doubled d = doubled_of(g, UG_CONV_FORWARD, scratch);

    sum_taps(g, w, d.sums);
    ug_conv_run(&d.phases, UG_CONV_FORWARD, d.algorithm, x, d.sums, d.z, d.rest);
    interleave(g, d.z, y);
    if (d.mirrored) {
        ug_border_take_x(g, &d.lines, x, d.x_lines);
        ug_border_take_w(g, w, d.w_lines);
        ug_conv_run(&d.lines, UG_CONV_FORWARD, UG_CONV_PANELS, d.x_lines, d.w_lines, d.y_lines,
                    d.rest);
        ug_border_add_y(g, &d.lines, d.y_lines, y);
    }
}

size_t ug_doubled_input_scratch(const struct ug_conv *g)
{
    return doubled_of(g, UG_CONV_INPUT, NULL).bytes;
}

void ug_doubled_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                      void *scratch)
{
    const struct doubled d = doubled_of(g, UG_CONV_INPUT, scratch);

    sum_taps(g, w, d.sums);
    separate(g, dy, d.z);
    ug_conv_run(&d.phases, UG_CONV_INPUT, d.algorithm, d.z, d.sums, dx, d.rest);
    if (d.mirrored) {
        ug_border_take_y(g, &d.lines, dy, d.y_lines);
        ug_border_take_w(g, w, d.w_lines);
        ug_conv_run(&d.lines, UG_CONV_INPUT, UG_CONV_PANELS, d.y_lines, d.w_lines, d.x_lines,
                    d.rest);
        ug_border_add_x(g, &d.lines, d.x_lines, dx);
    }
}

size_t ug_doubled_weight_scratch(const struct ug_conv *g)
{
    return doubled_of(g, UG_CONV_WEIGHT, NULL).bytes;
}

void ug_doubled_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                       void *scratch)
{
    const struct doubled d = doubled_of(g, UG_CONV_WEIGHT, scratch);

    separate(g, dy, d.z);
    ug_conv_run(&d.phases, UG_CONV_WEIGHT, d.algorithm, x, d.z, d.sums, d.rest);
    if (d.mirrored) {
        ug_border_take_x(g, &d.lines, x, d.x_lines);
        ug_border_take_y(g, &d.lines, dy, d.y_lines);
        ug_conv_run(&d.lines, UG_CONV_WEIGHT, UG_CONV_PANELS, d.x_lines, d.y_lines, d.w_lines,
                    d.rest);
    }
    write_weights(g, d.sums, d.w_lines, dw);
}
