/* conv_taps.c -- convolution tap by tap: a matrix product for every tap, then moved to its place.
 *
 * With m result channels and c that are read, all taps together are a product of matrices with m *
 * taps rows, z[(m, s, t), q] = sum over c of w[m, c, s, t] r[c, q], over the pixels q that are read;
 * r needs no copies shifted against each other, and the rows fill tiles even where m is 1 or 3, which
 * alone would leave most of a tile empty.  Each z is then added to the sums at its place:
 *
 *     to the input:  dx at q - padding + (s, t) * dilation,
 *     forward:        y at q + padding - (s, t) * dilation, for q around the picture too.
 *
 * Both are kept in a plane of sums without negative places, "wide", as large as taps can reach; the
 * side to the input folds it at the borders of dx, and forward uses the z of the pixel that stands
 * around the picture again.  (A. Anderson et al., "Low-memory GEMM-based convolution algorithms for
 * deep neural networks", 2017, call this kn2row.)
 *
 * A picture is cut into pieces of some lines, each with a plane of sums of its own; these overlap and
 * are added up in their order.
 */
#include "ops/kernels/conv_taps.h"

#include <string.h>

#include "engine/base/simd.h"
#include "ops/kernels/cut.h"

enum {
    LINES = 16,      /* of a piece, at least */
    POSITIONS = 256, /* of z at a time, but whole lines */
    DEPTH = 256,     /* channels of a product */
    BORDER = 16,     /* columns around a picture, at most */
    Z_SIZE = 1 << 17 /* floats of z: 512 KiB on the stack */
};

struct taps {
    const struct ug_conv *g;
    bool back;
    int64_t m, c;      /* channels: of results, and read */
    int64_t kernel;    /* taps */
    int64_t size[2];   /* of planes that are read */
    int64_t result[2]; /* of planes of results */
    int64_t border[2]; /* lines and columns around what is read that are used again */
    int64_t reach[2];  /* from the first to the last tap */
    int64_t wide[2];   /* the plane of sums */
    int64_t first[2];  /* result i stands at first + i in it */
    int64_t rows;      /* m * kernel in whole tiles */
    int64_t lines;     /* of a piece */
    int64_t pieces;    /* of a picture */
    int64_t height;    /* of a piece's sums: from line `lines * piece` of the plane on */
    float *weights;    /* [panel of rows][c][row] */
    float *sums;       /* [picture][piece][m][height][wide] */
};

static struct taps taps_of(const struct ug_conv *g, bool back)
{
    struct taps k = {.g = g,
                     .back = back,
                     .m = back ? g->c : g->o,
                     .c = back ? g->o : g->c,
                     .kernel = g->kernel[0] * g->kernel[1]};

    for (int d = 0; d < 2; d++) {
        k.size[d] = back ? g->out[d] : g->in[d];
        k.result[d] = back ? g->in[d] : g->out[d];
        k.border[d] = back || g->edges == UG_EDGES_ZERO ? 0 : g->padding[d];
        k.reach[d] = (g->kernel[d] - 1) * g->dilation[d];
        k.wide[d] = k.size[d] + 2 * k.border[d] + k.reach[d];
        k.first[d] = back ? g->padding[d] : k.reach[d] - g->padding[d] + k.border[d];
    }
    k.rows = ug_ceil_div(k.m * k.kernel, g->tile->rows) * g->tile->rows;
    k.lines = ug_max(LINES, k.border[0] + 1);
    k.pieces = ug_ceil_div(k.size[0], k.lines);
    k.height = k.lines + 3 * k.border[0] + k.reach[0];
    return k;
}

/* Lines of what is read whose z are made together. */
static int64_t strip_lines(const struct taps *k)
{
    return ug_max(1, POSITIONS / k->size[1]);
}

static int64_t strip_width(const struct taps *k)
{
    return ug_ceil_div(strip_lines(k) * k->size[1], k->g->tile->cols) * k->g->tile->cols;
}

static bool fits(const struct ug_conv *g, bool back)
{
    const struct taps k = taps_of(g, back);

    return g->groups == 1 && g->stride[0] == 1 && g->stride[1] == 1 && k.border[1] <= BORDER &&
           k.rows * strip_width(&k) <= Z_SIZE;
}

bool ug_taps_forward_fits(const struct ug_conv *g)
{
    return fits(g, false);
}

bool ug_taps_input_fits(const struct ug_conv *g)
{
    return fits(g, true);
}

double ug_taps_products(const struct ug_conv *g, bool back)
{
    const struct taps k = taps_of(g, back);
    const double strips = (double)ug_ceil_div(k.size[0], strip_lines(&k));

    return (double)(g->batch * k.rows * k.c * strip_width(&k)) * strips;
}

double ug_taps_moved(const struct ug_conv *g, bool back)
{
    const struct taps k = taps_of(g, back);

    return (double)(g->batch * k.m * k.kernel) * (double)(k.size[0] * k.size[1]);
}

/* ---- Scratch ---- */

static int64_t sums_size(const struct taps *k)
{
    return k->m * k->height * k->wide[1];
}

static size_t weights_bytes(const struct taps *k)
{
    return ug_block_bytes(k->rows * k->c, sizeof(float));
}

static size_t scratch_bytes(const struct ug_conv *g, bool back)
{
    const struct taps k = taps_of(g, back);

    return weights_bytes(&k) + ug_block_bytes(g->batch * k.pieces * sums_size(&k), sizeof(float));
}

/* ---- Products ---- */

static void pack_weights(const struct taps *k, const float *w)
{
    const int64_t rows = k->g->tile->rows, step = k->back ? k->g->c * k->kernel : k->kernel;

#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < k->rows; r++) {
        const int64_t m = r / k->kernel, tap = r % k->kernel;
        const float *from = w + m * (k->back ? k->kernel : k->g->c * k->kernel) + tap;
        float *to = k->weights + r / rows * rows * k->c + r % rows;

        for (int64_t c = 0; c < k->c; c++)
            to[c * rows] = m < k->m ? from[c * step] : 0.0f;
    }
}

/* z [row][width] of n pixels from `from` on, of planes `area` apart. */
static void multiply(const struct taps *k, const float *from, int64_t n, float *z)
{
    const struct ug_tile *tile = k->g->tile;
    const int64_t area = k->size[0] * k->size[1], width = strip_width(k);
    float b[DEPTH * UG_TILE_MAX_COLS] __attribute__((aligned(64)));

    for (int64_t at = 0; at < n; at += tile->cols)
        for (int64_t c = 0; c < k->c; c += DEPTH) {
            const int64_t depth = ug_min(DEPTH, k->c - c), used = ug_min(tile->cols, n - at);

            for (int64_t i = 0; i < depth; i++) {
                memcpy(b + i * tile->cols, from + (c + i) * area + at, (size_t)used * sizeof *b);
                memset(b + i * tile->cols + used, 0, (size_t)(tile->cols - used) * sizeof *b);
            }
            for (int64_t r = 0; r < k->rows; r += tile->rows)
                tile->product(depth, k->weights + r * k->c + c * tile->rows, b, z + r * width + at,
                              width, c > 0);
        }
}

/* ---- Moving to places ---- */

UG_WIDEST static void add_floats(int64_t n, const float *restrict from, float *restrict to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* Adds the z of one line and tap to a line of sums; once more for each column around the picture,
 * which repeats column around[i]. */
static void add_line(const struct taps *k, const int64_t *around, const float *z, float *sums)
{
    const int64_t width = k->size[1], border = k->border[1];

    add_floats(width, z, sums + border);
    for (int64_t i = 0; i < border; i++) {
        sums[i] += z[around[i]];
        sums[border + width + i] += z[around[border + i]];
    }
}

/* The z of one line, of all taps, to the sums of a piece: as line `place` of what is read, counted
 * with its border from the piece's first. */
static void add_taps(const struct taps *k, const float *z, int64_t place, float *sums)
{
    const struct ug_conv *g = k->g;
    const int64_t width = strip_width(k), border = k->border[1];
    int64_t around[2 * BORDER];

    for (int64_t i = 0; i < border; i++) {
        around[i] = ug_conv_source(i - border, k->size[1], border, g->edges);
        around[border + i] = ug_conv_source(k->size[1] + i, k->size[1], border, g->edges);
    }
    /* Columns outermost: the next line of sums is then another than the one just written. */
    for (int64_t t = 0; t < g->kernel[1]; t++)
        for (int64_t m = 0; m < k->m; m++)
            for (int64_t s = 0; s < g->kernel[0]; s++) {
                const int64_t down = s * g->dilation[0], right = t * g->dilation[1];
                const int64_t row = place + (k->back ? down : k->reach[0] - down);
                const int64_t col = k->back ? right : k->reach[1] - right;

                add_line(k, around, z + ((m * g->kernel[0] + s) * g->kernel[1] + t) * width,
                         sums + (m * k->height + row) * k->wide[1] + col);
            }
}

/* The same as the line it is, and as those around the picture that it stands for. */
static void add_everywhere(const struct taps *k, const float *z, int64_t line, int64_t base,
                           float *sums)
{
    const int64_t border = k->border[0], n = k->size[0];

    add_taps(k, z, line + border - base, sums);
    for (int64_t i = 0; i < border; i++) {
        if (ug_conv_source(i - border, n, border, k->g->edges) == line)
            add_taps(k, z, i - base, sums);
        if (ug_conv_source(n + i, n, border, k->g->edges) == line)
            add_taps(k, z, n + i + border - base, sums);
    }
}

static void run_piece(const struct taps *k, const float *from, int64_t piece, float *sums)
{
    float z[Z_SIZE] __attribute__((aligned(64)));
    const int64_t base = piece * k->lines, end = ug_min(base + k->lines, k->size[0]);
    const int64_t most = strip_lines(k);

    memset(sums, 0, (size_t)sums_size(k) * sizeof *sums);
    for (int64_t line = base; line < end; line += most) {
        const int64_t n = ug_min(most, end - line);

        multiply(k, from + line * k->size[1], n * k->size[1], z);
        for (int64_t i = 0; i < n; i++)
            add_everywhere(k, z + i * k->size[1], line + i, base, sums);
    }
}

/* ---- Results ---- */

/* The sums of line u of the plane, of all pieces, to the results they belong to. */
static void fold_line(const struct taps *k, const float *line, float *result)
{
    const enum ug_edges edges = k->back ? k->g->edges : UG_EDGES_ZERO;
    const int64_t n = k->result[1], first = k->first[1];
    const int64_t from = ug_max(0, first), to = ug_min(k->wide[1], first + n);

    if (from < to)
        add_floats(to - from, line + from, result + from - first);
    for (int64_t u = 0; edges && u < k->wide[1]; u++) {
        const int64_t i = ug_conv_source(u - first, n, k->g->padding[1], edges);

        if (i >= 0 && (u < from || u >= to))
            result[i] += line[u];
    }
}

/* One plane of results, from the sums of a picture's pieces. */
static void fold(const struct taps *k, const float *sums, int64_t m, float *result)
{
    const enum ug_edges edges = k->back ? k->g->edges : UG_EDGES_ZERO;

    memset(result, 0, (size_t)(k->result[0] * k->result[1]) * sizeof *result);
    for (int64_t piece = 0; piece < k->pieces; piece++)
        for (int64_t row = 0; row < k->height; row++) {
            const int64_t u = piece * k->lines + row;
            const int64_t i =
                ug_conv_source(u - k->first[0], k->result[0], k->g->padding[0], edges);

            if (i >= 0 && u < k->wide[0])
                fold_line(k, sums + piece * sums_size(k) + (m * k->height + row) * k->wide[1],
                          result + i * k->result[1]);
        }
}

static void run(const struct ug_conv *g, bool back, const float *from, const float *w,
                float *result, void *scratch)
{
    struct taps k = taps_of(g, back);
    const int64_t plane = k.size[0] * k.size[1], result_plane = k.result[0] * k.result[1];

    k.weights = scratch;
    k.sums = (float *)((char *)scratch + weights_bytes(&k));
    pack_weights(&k, w);
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int64_t n = 0; n < g->batch; n++)
        for (int64_t piece = 0; piece < k.pieces; piece++)
            run_piece(&k, from + n * k.c * plane, piece,
                      k.sums + (n * k.pieces + piece) * sums_size(&k));
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t n = 0; n < g->batch; n++)
        for (int64_t m = 0; m < k.m; m++)
            fold(&k, k.sums + n * k.pieces * sums_size(&k), m,
                 result + (n * k.m + m) * result_plane);
}

size_t ug_taps_forward_scratch(const struct ug_conv *g)
{
    return scratch_bytes(g, false);
}

void ug_taps_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                     void *scratch)
{
    run(g, false, x, w, y, scratch);
}

size_t ug_taps_input_scratch(const struct ug_conv *g)
{
    return scratch_bytes(g, true);
}

void ug_taps_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                   void *scratch)
{
    run(g, true, dy, w, dx, scratch);
}
