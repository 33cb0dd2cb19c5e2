/* conv_doubled_border.c -- the sides of mirrored pictures in a doubled convolution.
 *
 * Let u be the doubled picture.  Where u is mirrored, u[-2] is x[1], while repeating x's border makes
 * it x[0]; the same at the other end, and u[-1] is x[0] in both.  With P x P' for the picture u that
 * is right, Q x Q' for the one whose border is repeated, and E = P - Q, which is not 0 at -2 and at
 * the last place alone,
 *
 *     P x P' = Q x Q' + E x P' + Q x E',
 *
 * and what is missing meets only the outermost tap of the outermost line of results on each side:
 * four convolutions of lines, x[1] - x[0] on the sides, with five taps.
 */
#include "ops/kernels/conv_doubled_border.h"

#include <string.h>

#include "ops/kernels/cut.h"

enum { TAPS = UG_DOUBLED_TAPS };

/* The outermost line of a plane on one side: top, bottom, left, right. */
struct line {
    int64_t start, step, length;
    int64_t inward; /* from one of its pixels to the neighbour inside */
};

static struct line line_of(const int64_t size[2], int side)
{
    const int64_t height = size[0], width = size[1];

    switch (side) {
    case 0:
        return (struct line){0, 1, width, width};
    case 1:
        return (struct line){(height - 1) * width, 1, width, -width};
    case 2:
        return (struct line){0, width, height, 1};
    default:
        return (struct line){width - 1, width, height, -1};
    }
}

struct ug_conv ug_border_lines(const struct ug_conv *g)
{
    const int64_t length = ug_max(g->out[0], g->out[1]);

    return (struct ug_conv){
        .batch = g->batch,
        .groups = UG_SIDES,
        .c = g->c,
        .o = g->o,
        .in = {1, length + TAPS - 1},
        .out = {1, length},
        .kernel = {1, TAPS},
        .stride = {1, 1},
        .dilation = {1, 1},
        .tile = g->tile,
    };
}

/* Which pixel of x's line stands at place i of the line that is doubled: mirrored beyond its ends (P)
 * along top and bottom, repeated (Q) along the others. */
static int64_t source(const struct line *line, int side, int64_t i)
{
    const int64_t last = 2 * line->length - 1;

    if (side >= 2)
        return ug_max(0, ug_min(last, i)) / 2;
    return (i < 0 ? -i : i > last ? 2 * last - i : i) / 2;
}

/* Where the line of one side and plane (of `channels` to a picture) begins in [n][side][channel]. */
static int64_t line_at(int64_t plane, int64_t channels, int side, int64_t length)
{
    return ((plane / channels * UG_SIDES + side) * channels + plane % channels) * length;
}

/* ---- Lines of x ---- */

void ug_border_take_x(const struct ug_conv *g, const struct ug_conv *lines, const float *x,
                      float *to)
{
    const int64_t area = g->in[0] * g->in[1], length = lines->in[1];

#pragma omp parallel for schedule(static)
    for (int64_t plane = 0; plane < g->batch * g->c; plane++)
        for (int side = 0; side < UG_SIDES; side++) {
            const struct line line = line_of(g->in, side);
            const float *outer = x + plane * area + line.start, *inner = outer + line.inward;
            float *own = to + line_at(plane, g->c, side, length);

            memset(own, 0, (size_t)length * sizeof *own);
            for (int64_t j = 0; j < 2 * line.length + TAPS - 1; j++) {
                const int64_t at = source(&line, side, j - 2) * line.step;

                own[j] = inner[at] - outer[at];
            }
        }
}

void ug_border_add_x(const struct ug_conv *g, const struct ug_conv *lines, const float *from,
                     float *x)
{
    const int64_t area = g->in[0] * g->in[1], length = lines->in[1];

#pragma omp parallel for schedule(static)
    for (int64_t plane = 0; plane < g->batch * g->c; plane++)
        for (int side = 0; side < UG_SIDES; side++) {
            const struct line line = line_of(g->in, side);
            const float *own = from + line_at(plane, g->c, side, length);
            float *outer = x + plane * area + line.start, *inner = outer + line.inward;

            for (int64_t j = 0; j < 2 * line.length + TAPS - 1; j++) {
                const int64_t at = source(&line, side, j - 2) * line.step;

                inner[at] += own[j];
                outer[at] -= own[j];
            }
        }
}

/* ---- Lines of y and of w: the outermost ones as they are ---- */

/* Of planes of size[0] x size[1], `channels` of them to a picture. */
static void take_lines(const int64_t size[2], int64_t planes, int64_t channels, int64_t length,
                       const float *from, float *to)
{
    const int64_t area = size[0] * size[1];

#pragma omp parallel for schedule(static)
    for (int64_t plane = 0; plane < planes; plane++)
        for (int side = 0; side < UG_SIDES; side++) {
            const struct line line = line_of(size, side);
            float *own = to + line_at(plane, channels, side, length);

            memset(own, 0, (size_t)length * sizeof *own);
            for (int64_t j = 0; j < line.length; j++)
                own[j] = from[plane * area + line.start + j * line.step];
        }
}

/* To one of them. */
static void add_lines(const int64_t size[2], int64_t plane, int64_t channels, int64_t length,
                      const float *from, float *to)
{
    for (int side = 0; side < UG_SIDES; side++) {
        const struct line line = line_of(size, side);
        const float *own = from + line_at(plane, channels, side, length);

        for (int64_t j = 0; j < line.length; j++)
            to[line.start + j * line.step] += own[j];
    }
}

void ug_border_take_y(const struct ug_conv *g, const struct ug_conv *lines, const float *y,
                      float *to)
{
    take_lines(g->out, g->batch * g->o, g->o, lines->out[1], y, to);
}

void ug_border_add_y(const struct ug_conv *g, const struct ug_conv *lines, const float *from,
                     float *y)
{
#pragma omp parallel for schedule(static)
    for (int64_t plane = 0; plane < g->batch * g->o; plane++)
        add_lines(g->out, plane, g->o, lines->out[1], from, y + plane * g->out[0] * g->out[1]);
}

/* All kernels together are one picture, whose planes they are. */
void ug_border_take_w(const struct ug_conv *g, const float *w, float *to)
{
    take_lines((int64_t[]){TAPS, TAPS}, g->o * g->c, g->o * g->c, TAPS, w, to);
}

void ug_border_add_w(const struct ug_conv *g, const float *from, int64_t kernel, float *taps)
{
    add_lines((int64_t[]){TAPS, TAPS}, kernel, g->o * g->c, TAPS, from, taps);
}
