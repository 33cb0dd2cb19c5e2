/* conv_columns.c -- the gradient of a convolution to its input by way of its columns.
 *
 * z[q, (c, tap)] = sum over o of dy[o, q] w[o, (c, tap)] for the positions q of the result, and each
 * z is then added to the pixel of dx that the tap meets there.  Unlike in conv_gather.c, weights stand
 * in vectors as they lie in memory: they need no packing as a whole, which takes longer than using
 * them where pictures are small and channels many.  A worker takes some channels at a time, so that no
 * two add to the same pixel.
 */
#include "ops/kernels/conv_columns.h"

#include <string.h>

#include "ops/kernels/cut.h"

/* A piece of work: all columns (c, tap) of some channels, WIDTH of them at the most but for a larger
 * kernel, that many POSITIONS and DEPTH channels of the result at a time.  Weights and sums of that
 * are 256 KiB each. */
enum { WIDTH = 256, POSITIONS = 256, DEPTH = 256 };

struct columns {
    const struct ug_conv *g;
    int64_t taps, channels;  /* of a kernel; of a piece */
    int64_t area, positions; /* of a plane of results; of all pictures */
    float *turned;           /* dy in panels of positions: [panel][o][row] */
};

static struct columns columns_of(const struct ug_conv *g)
{
    const int64_t taps = g->kernel[0] * g->kernel[1], area = g->out[0] * g->out[1];

    return (struct columns){.g = g,
                            .taps = taps,
                            .channels = ug_max(1, WIDTH / taps),
                            .area = area,
                            .positions = g->batch * area};
}

bool ug_columns_fits(const struct ug_conv *g)
{
    return g->groups == 1 && g->kernel[0] * g->kernel[1] <= WIDTH;
}

size_t ug_columns_input_scratch(const struct ug_conv *g)
{
    const struct columns k = columns_of(g);

    return ug_block_bytes(ug_ceil_div(k.positions, g->tile->rows) * g->tile->rows * g->o,
                          sizeof(float));
}

/* Rows of the panel from `position` on: few are taken at half the height of a tile. */
static int64_t panel_rows(const struct columns *k, int64_t position)
{
    const int64_t rows = k->g->tile->rows;

    return k->positions - position > rows / 2 ? rows : rows / 2;
}

static void turn_results(const struct columns *k, const float *dy)
{
    const int64_t o = k->g->o, step = k->g->tile->rows;

#pragma omp parallel for schedule(static)
    for (int64_t first = 0; first < k->positions; first += step) {
        const int64_t rows = panel_rows(k, first);

        for (int64_t i = 0; i < rows; i++) {
            const int64_t q = first + i, n = q / k->area;
            const float *from = dy + n * o * k->area + q % k->area;
            float *to = k->turned + first * o + i;

            for (int64_t c = 0; c < o; c++)
                to[c * rows] = q < k->positions ? from[c * k->area] : 0.0f;
        }
    }
}

/* `depth` rows of weights, `width` columns of each, in panels of whole vectors; spare columns are 0. */
static void copy_weights(const struct columns *k, const float *w, int64_t depth, int64_t width,
                         float *to)
{
    const int64_t cols = k->g->tile->cols, apart = k->g->c * k->taps;

    for (int64_t d = 0; d < depth; d++, w += apart)
        for (int64_t j = 0; j < width; j += cols) {
            float *line = to + (j * depth + d * cols);
            const int64_t n = ug_min(cols, width - j);

            memcpy(line, w + j, (size_t)n * sizeof *line);
            memset(line + n, 0, (size_t)(cols - n) * sizeof *line);
        }
}

/* The sums z[position][column] of `n` positions from `first` on. */
static void sum_columns(const struct columns *k, const float *w, int64_t width, int64_t first,
                        int64_t n, float *z)
{
    const struct ug_tile *tile = k->g->tile;
    float b[DEPTH * WIDTH] __attribute__((aligned(64)));

    for (int64_t d = 0; d < k->g->o; d += DEPTH) {
        const int64_t depth = ug_min(DEPTH, k->g->o - d);

        copy_weights(k, w + d * k->g->c * k->taps, depth, width, b);
        for (int64_t j = 0; j < width; j += tile->cols)
            for (int64_t i = 0; i < n; i += tile->rows) {
                const int64_t rows = panel_rows(k, first + i);
                const float *a = k->turned + (first + i) * k->g->o + d * rows;

                (rows == tile->rows ? tile->product : tile->product_narrow)(
                    depth, a, b + j * depth, z + i * WIDTH + j, WIDTH, d > 0);
            }
    }
}

/* Adds the columns of `channels` channels at result (i, j) to their planes. */
static void add_columns(const struct columns *k, const float *z, int64_t channels, int64_t i,
                        int64_t j, float *dx)
{
    const struct ug_conv *g = k->g;
    const int64_t row = i * g->stride[0] - g->padding[0], col = j * g->stride[1] - g->padding[1];
    const int64_t step = g->dilation[1];
    /* the first tap of a line that meets a pixel, and the one past the last */
    const int64_t from = col < 0 ? ug_min(g->kernel[1], ug_ceil_div(-col, step)) : 0;
    const int64_t to = col < g->in[1] ? ug_min(g->kernel[1], ug_ceil_div(g->in[1] - col, step)) : 0;

    for (int64_t c = 0; c < channels; c++)
        for (int64_t s = 0; s < g->kernel[0]; s++, z += g->kernel[1]) {
            const int64_t at = row + s * g->dilation[0];
            float *line = dx + (c * g->in[0] + at) * g->in[1] + col;

            if (at >= 0 && at < g->in[0])
                for (int64_t t = from; t < to; t++)
                    line[t * step] += z[t];
        }
}

/* dx of the channels from c on. */
static void run_piece(const struct columns *k, const float *w, int64_t c, float *dx)
{
    float z[POSITIONS * WIDTH] __attribute__((aligned(64)));
    const struct ug_conv *g = k->g;
    const int64_t plane = g->in[0] * g->in[1], channels = ug_min(k->channels, g->c - c);
    const int64_t block = POSITIONS / g->tile->rows * g->tile->rows;

    for (int64_t n = 0; n < g->batch; n++)
        memset(dx + (n * g->c + c) * plane, 0, (size_t)(channels * plane) * sizeof *dx);
    for (int64_t first = 0; first < k->positions; first += block) {
        const int64_t n = ug_min(block, k->positions - first);

        sum_columns(k, w + c * k->taps, channels * k->taps, first, n, z);
        for (int64_t i = 0; i < n; i++) {
            const int64_t picture = (first + i) / k->area, q = (first + i) % k->area;

            add_columns(k, z + i * WIDTH, channels, q / g->out[1], q % g->out[1],
                        dx + (picture * g->c + c) * plane);
        }
    }
}

void ug_columns_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                      void *scratch)
{
    struct columns k = columns_of(g);

    k.turned = scratch;
    turn_results(&k, dy);
#pragma omp parallel for schedule(dynamic)
    for (int64_t c = 0; c < g->c; c += k.channels)
        run_piece(&k, w, c, dx);
}
