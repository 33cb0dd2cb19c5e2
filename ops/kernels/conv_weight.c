/* conv_weight.c -- the gradient of a convolution to its weights, as correlations.
 *
 * dw[o, c, s, t] is the sum over positions q of dy[o, q] x[c, q*stride - padding + (s,
 * t)*dilation]. One side's values stand in vectors (dy turned into [position][channel]), the other
 * side is read value by value where it lies: row r = (channel, tap) at the position plus an offset,
 * so that nothing like a column matrix is made.  Usually x is the side that is read; where dy has
 * few channels and the stride is 1, the sides are exchanged, so that vectors are full: q is then a
 * position of x, and dy is read at q + padding - (s, t)*dilation.
 *
 * Pictures are worked through in chunks that keep scratch small; every sum collects blocks of
 * positions in their order, so that the cut into pieces for the threads does not show.
 */
#include <omp.h>
#include <string.h>

#include "ops/kernels/conv_panels.h"
#include "ops/kernels/planes.h"

enum {
    CHUNK = 4096, /* positions that are prepared at a time, at least */
    BLOCK = 256,  /* positions of one call of the inner loop, about: 256 * 32 floats stay near */
    TILES = 16,   /* tiles of rows of one piece, at most */
    LINE = 16,    /* positions that are turned at a time: a line of the cache */
    FEW = 16      /* channels: fewer leave vectors empty */
};

/* Some tiles of rows against one panel of vectors. */
struct piece {
    int64_t group, panel, tile, n_tiles;
};

struct correlation {
    bool exchanged, adds;
    int64_t groups, r, v; /* channels of a group: of the side read value by value, and in vectors */
    int64_t taps[2];
    int64_t grid[2], step[2];      /* positions, and how far apart they are on the side read */
    int64_t first[2], tap_step[2]; /* tap t is read at first + t*tap_step from the position */
    struct ug_frame frame;         /* of the side read */
    int64_t chunk;                 /* pictures */
    int64_t rows, tiles;           /* r * taps, and in tiles */
    int64_t panels;                /* of vectors */
    const struct ug_tile *tile;
    /* Scratch */
    float *framed;   /* [chunk][group][r][plane] */
    float *vectors;  /* [group][panel][chunk][position][col] */
    float *sums;     /* [group][panel][tile][row][col] */
    int64_t *offset; /* of each row, the last tile filled up */
};

static struct correlation correlation_of(const struct ug_conv *c)
{
    struct correlation k = {.adds = c->adds, .groups = c->groups, .tile = c->tile};
    int64_t low[2], high[2];

    k.exchanged = c->o < FEW && c->c > c->o && c->stride[0] == 1 && c->stride[1] == 1;
    k.r = k.exchanged ? c->o : c->c;
    k.v = k.exchanged ? c->c : c->o;
    for (int d = 0; d < 2; d++) {
        const int64_t reach = (c->kernel[d] - 1) * c->dilation[d];

        k.taps[d] = c->kernel[d];
        k.step[d] = c->stride[d];
        k.grid[d] = k.exchanged ? c->in[d] : c->out[d];
        k.first[d] = k.exchanged ? c->padding[d] : -c->padding[d];
        k.tap_step[d] = k.exchanged ? -c->dilation[d] : c->dilation[d];
        low[d] = k.first[d] - (k.exchanged ? reach : 0);
        high[d] = k.first[d] + (k.grid[d] - 1) * k.step[d] + (k.exchanged ? 0 : reach);
    }
    k.frame = ug_frame_of(k.exchanged ? c->out : c->in, low, high);
    k.chunk = ug_max(1, ug_min(c->batch, CHUNK / ug_max(1, k.grid[0] * k.grid[1])));
    k.rows = k.r * k.taps[0] * k.taps[1];
    k.tiles = ug_ceil_div(k.rows, k.tile->rows);
    k.panels = ug_ceil_div(k.v, k.tile->cols);
    return k;
}

static size_t framed_size(const struct correlation *k)
{
    return ug_frame_is_tight(&k->frame)
               ? 0
               : ug_block_bytes(k->chunk * k->groups * k->r * ug_frame_area(&k->frame),
                                sizeof(float));
}

static size_t vectors_size(const struct correlation *k)
{
    return ug_block_bytes(
        k->groups * k->panels * k->chunk * k->grid[0] * k->grid[1] * k->tile->cols, sizeof(float));
}

static size_t sums_size(const struct correlation *k, const struct ug_conv *c)
{
    if (k->chunk >= c->batch)
        return 0;
    return ug_block_bytes(k->groups * k->panels * k->tiles * k->tile->rows * k->tile->cols,
                          sizeof(float));
}

static size_t offset_size(const struct correlation *k)
{
    return ug_block_bytes(k->tiles * k->tile->rows, sizeof(int64_t));
}

size_t ug_panels_weight_scratch(const struct ug_conv *c)
{
    const struct correlation k = correlation_of(c);

    return framed_size(&k) + vectors_size(&k) + sums_size(&k, c) + offset_size(&k);
}

static void lay_out(struct correlation *k, const struct ug_conv *c, void *scratch)
{
    char *at = scratch;

    k->framed = (float *)at;
    at += framed_size(k);
    k->vectors = (float *)at;
    at += vectors_size(k);
    k->sums = (float *)at;
    at += sums_size(k, c);
    k->offset = (int64_t *)at;
}

static void fill_offsets(const struct correlation *k)
{
    const int64_t line = k->frame.size[1], plane = ug_frame_area(&k->frame);
    const int64_t area = k->taps[0] * k->taps[1];

    for (int64_t r = 0; r < k->tiles * k->tile->rows; r++) {
        const int64_t known = ug_min(r, k->rows - 1); /* spare rows repeat the last */
        const int64_t c = known / area, s = known % area / k->taps[1], t = known % k->taps[1];

        k->offset[r] = c * plane + (k->frame.before[0] + k->first[0] + s * k->tap_step[0]) * line +
                       k->frame.before[1] + k->first[1] + t * k->tap_step[1];
    }
}

/* `length` positions of `width` channels, `area` apart, into [position][col]; spare columns are 0.
 */
static void turn_line(const float *x, int64_t area, int64_t width, int64_t length, int64_t cols,
                      float *to)
{
    for (int64_t j = 0; j < width; j++)
        for (int64_t q = 0; q < length; q++)
            to[q * cols + j] = x[j * area + q];
    for (int64_t q = 0; width < cols && q < length; q++)
        memset(to + q * cols + width, 0, (size_t)(cols - width) * sizeof *to);
}

/* Turns [channel][position] of `n` pictures into panels of [position][col], spare columns being 0.
 */
static void turn(const struct correlation *k, int64_t n, const float *from)
{
    const int64_t area = k->grid[0] * k->grid[1], cols = k->tile->cols;

#pragma omp parallel for collapse(3) schedule(static)
    for (int64_t group = 0; group < k->groups; group++)
        for (int64_t panel = 0; panel < k->panels; panel++)
            for (int64_t i = 0; i < n; i++) {
                const int64_t width = ug_min(cols, k->v - panel * cols);
                const float *x = from + ((i * k->groups + group) * k->v + panel * cols) * area;
                float *to = k->vectors + ((group * k->panels + panel) * k->chunk + i) * area * cols;

                for (int64_t q = 0; q < area; q += LINE)
                    turn_line(x + q, area, width, ug_min(LINE, area - q), cols, to + q * cols);
            }
}

/* From sums [row][col] of the tiles of a piece to dw [o][c][tap]. */
static void hand_out(const struct correlation *k, const struct piece *piece, const float *sums,
                     float *dw)
{
    const int64_t cols = k->tile->cols, area = k->taps[0] * k->taps[1];
    const int64_t outs = k->exchanged ? k->r : k->v, ins = k->exchanged ? k->v : k->r;
    const int64_t first = piece->tile * k->tile->rows;
    const int64_t end = ug_min(first + piece->n_tiles * k->tile->rows, k->rows);

    for (int64_t j = 0; j < ug_min(cols, k->v - piece->panel * cols); j++)
        for (int64_t r = first; r < end; r++) {
            const int64_t v = piece->panel * cols + j;
            const int64_t o = k->exchanged ? r / area : v;
            const int64_t rest = k->exchanged ? v * area + r % area : r;

            float *to = &dw[(piece->group * outs + o) * ins * area + rest];
            const float sum = sums[(r - first) * cols + j];

            *to = k->adds ? *to + sum : sum;
        }
}

/* The sums of a piece over all positions of `n` pictures.  A block is some lines of a picture or,
 * where pictures are small, some pictures. */
static void add_up(const struct correlation *k, const struct piece *piece, int64_t n,
                   const float *read, float *sums)
{
    const int64_t cols = k->tile->cols, rows = k->tile->rows;
    const int64_t area = k->grid[0] * k->grid[1], plane = ug_frame_area(&k->frame);
    const int64_t pictures = ug_max(1, BLOCK / area);
    const int64_t lines = pictures > 1 ? k->grid[0] : ug_max(1, BLOCK / k->grid[1]);
    const float *v =
        k->vectors + (piece->group * k->panels + piece->panel) * k->chunk * area * cols;
    struct ug_terms terms = {.length = k->grid[1],
                             .step = k->step[1],
                             .x_line = k->step[0] * k->frame.size[1],
                             .x_picture = k->groups * k->r * plane};

    for (int64_t i = 0; i < n; i += pictures)
        for (int64_t line = 0; line < k->grid[0]; line += lines) {
            const float *from =
                read + (i * k->groups + piece->group) * k->r * plane + line * terms.x_line;

            terms.pictures = ug_min(pictures, n - i);
            terms.lines = ug_min(lines, k->grid[0] - line);
            for (int64_t tile = 0; tile < piece->n_tiles; tile++) {
                const float *x[UG_TILE_MAX_ROWS];

                for (int64_t r = 0; r < rows; r++)
                    x[r] = from + k->offset[(piece->tile + tile) * rows + r];
                k->tile->correlate(&terms, x, v + (i * area + line * k->grid[1]) * cols,
                                   sums + tile * rows * cols);
            }
        }
}

/* One chunk of `n` pictures.  The sums wait in memory only where there are several. */
static void run_piece(const struct correlation *k, const struct piece *piece, int64_t n,
                      bool first_chunk, bool last_chunk, const float *read, float *dw)
{
    const int64_t size = k->tile->rows * k->tile->cols;
    float local[TILES * UG_TILE_MAX_ROWS * UG_TILE_MAX_COLS] __attribute__((aligned(64)));
    float *sums =
        first_chunk && last_chunk
            ? local
            : k->sums + ((piece->group * k->panels + piece->panel) * k->tiles + piece->tile) * size;

    if (first_chunk)
        memset(sums, 0, (size_t)(piece->n_tiles * size) * sizeof *sums);
    add_up(k, piece, n, read, sums);
    if (last_chunk)
        hand_out(k, piece, sums, dw);
}

static void run_chunk(const struct correlation *k, int64_t n, bool first, bool last,
                      const float *read, float *dw)
{
    const int64_t wanted = 4 * omp_get_max_threads();
    const int64_t per = ug_max(1, ug_min(TILES, k->groups * k->panels * k->tiles / wanted));

#pragma omp parallel for collapse(3) schedule(dynamic)
    for (int64_t group = 0; group < k->groups; group++)
        for (int64_t panel = 0; panel < k->panels; panel++)
            for (int64_t tile = 0; tile < k->tiles; tile += per)
                run_piece(k, &(struct piece){group, panel, tile, ug_min(per, k->tiles - tile)}, n,
                          first, last, read, dw);
}

void ug_panels_weight(const struct ug_conv *c, const float *x, const float *dy, float *dw,
                      void *scratch)
{
    struct correlation k = correlation_of(c);
    const float *read = k.exchanged ? dy : x, *turned = k.exchanged ? x : dy;
    const int64_t planes = k.groups * k.r, turned_size = k.groups * k.v * k.grid[0] * k.grid[1];

    if (c->batch * k.grid[0] * k.grid[1] == 0) {
        if (!c->adds)
            memset(dw, 0, (size_t)(k.groups * k.v * k.rows) * sizeof *dw);
        return;
    }
    lay_out(&k, c, scratch);
    fill_offsets(&k);
    for (int64_t i = 0; i < c->batch; i += k.chunk) {
        const int64_t n = ug_min(k.chunk, c->batch - i);
        const float *from = read + i * planes * k.frame.in[0] * k.frame.in[1];

        if (!ug_frame_is_tight(&k.frame)) {
            ug_frame_copy(&k.frame, n * planes, from, k.framed);
            from = k.framed;
        }
        turn(&k, n, turned + i * turned_size);
        run_chunk(&k, n, i == 0, i + n == c->batch, from, dw);
    }
}
