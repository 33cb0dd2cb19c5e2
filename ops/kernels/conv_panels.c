/* conv_panels.c -- convolution, and its gradient to the input, as gathers.
 *
 * Both are the same sum (conv_gather.h).  For the gradient with stride s, the results fall into s x s
 * phases; those of one phase meet the same taps at the same offsets, so that each phase is such a
 * sum, with its results s apart (a strided convolution's adjoint without multiplying by the zeros
 * between).
 */
#include "ops/kernels/conv_panels.h"
#include "ops/kernels/conv_gather.h"

enum { PHASES = 16 }; /* that are prepared together */

/* Weights that meet no more panels than this are not packed if their rows are contiguous: it would
 * take longer than using them. */
enum { FEW_PANELS = 8 };

/* ---- Forward ---- */

static struct ug_frame forward_frame(const struct ug_conv *c)
{
    int64_t low[2], high[2];

    for (int d = 0; d < 2; d++) {
        low[d] = -c->padding[d];
        high[d] =
            (c->out[d] - 1) * c->stride[d] + (c->kernel[d] - 1) * c->dilation[d] - c->padding[d];
    }
    return ug_frame_of(c->in, low, high);
}

size_t ug_panels_forward_scratch(const struct ug_conv *c)
{
    const struct ug_frame frame = forward_frame(c);

    return ug_gather_scratch(c, c->o, c->c, &frame);
}

void ug_panels_forward(const struct ug_conv *c, const float *x, const float *w, float *y,
                       void *scratch)
{
    const struct ug_frame frame = forward_frame(c);
    const int64_t taps = c->kernel[0] * c->kernel[1];
    struct ug_gather g = {
        .m = c->o,
        .c = c->c,
        .w_m = c->c * taps,
        .w_c = taps,
        .y = y,
        .y_line = c->out[1],
        .y_plane = c->out[0] * c->out[1],
    };

    if (c->batch == 0)
        return;
    ug_gather_lay_out(&g, c, &frame, x, scratch);
    for (int d = 0; d < 2; d++)
        g.axis[d] = (struct ug_gather_axis){
            .count = c->out[d],
            .taps = c->kernel[d],
            .first = frame.before[d] - c->padding[d],
            .step = c->stride[d],
            .tap_step = c->dilation[d],
            .to_step = 1,
            .w_step = 1,
        };
    if (g.m > c->tile->rows / 2 && ug_gather_panels(&g, c->tile) <= FEW_PANELS)
        g.rows = w;
    ug_gather_run(&g, 1, c->tile, w);
}

/* ---- Gradient to the input ---- */

static int64_t floor_div(int64_t a, int64_t b) /* b > 0 */
{
    return a / b - (a % b < 0);
}

static struct ug_frame input_frame(const struct ug_conv *c)
{
    int64_t low[2], high[2];

    for (int d = 0; d < 2; d++) {
        low[d] = floor_div(c->padding[d] - (c->kernel[d] - 1) * c->dilation[d], c->stride[d]);
        high[d] = (c->in[d] - 1 + c->padding[d]) / c->stride[d];
    }
    return ug_frame_of(c->out, low, high);
}

/* The phase that begins at position `to` of the input along axis d.  Position i meets tap t in the
 * output at (i + padding - t * dilation) / stride, where that is whole. */
static struct ug_gather_axis phase(const struct ug_conv *c, int d, int64_t to, int64_t before)
{
    const int64_t s = c->stride[d], dilation = c->dilation[d], from = to + c->padding[d];
    int64_t common = s, rest = dilation, w = 0;

    while (rest) { /* the greatest common divisor */
        const int64_t r = common % rest;

        common = rest;
        rest = r;
    }
    while (w < c->kernel[d] && (from - w * dilation) % s != 0)
        w++;
    return (struct ug_gather_axis){
        .count = ug_ceil_div(c->in[d] - to, s),
        .taps = ug_ceil_div(c->kernel[d] - w, s / common),
        .first = w < c->kernel[d] ? before + (from - w * dilation) / s : 0,
        .step = 1,
        .tap_step = -(dilation / common),
        .to = to,
        .to_step = s,
        .w = w,
        .w_step = s / common,
    };
}

size_t ug_panels_input_scratch(const struct ug_conv *c)
{
    const struct ug_frame frame = input_frame(c);

    return ug_gather_scratch(c, c->c, c->o, &frame);
}

void ug_panels_input(const struct ug_conv *c, const float *dy, const float *w, float *dx,
                     void *scratch)
{
    const struct ug_frame frame = input_frame(c);
    const int64_t taps = c->kernel[0] * c->kernel[1];
    const int64_t rows = ug_min(c->stride[0], c->in[0]), cols = ug_min(c->stride[1], c->in[1]);
    struct ug_gather phases[PHASES], g = {
                                         .m = c->c,
                                         .c = c->o,
                                         .w_m = taps,
                                         .w_c = c->c * taps,
                                         .y = dx,
                                         .y_line = c->in[1],
                                         .y_plane = c->in[0] * c->in[1],
                                     };
    int n = 0;

    if (c->batch == 0)
        return;
    ug_gather_lay_out(&g, c, &frame, dy, scratch);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            g.axis[0] = phase(c, 0, i, frame.before[0]);
            g.axis[1] = phase(c, 1, j, frame.before[1]);
            phases[n++] = g;
            if (n == PHASES || (i == rows - 1 && j == cols - 1)) {
                ug_gather_run(phases, n, c->tile, w);
                n = 0;
            }
        }
}
