/* winograd.c -- pictures cut into tiles, tiles transformed, products of matrices at each point, and
 * back.
 *
 * A tile is 4x4 results and the (taps + 3)^2 inputs that they see.  At each of the (taps + 3)^2
 * points p of the transformed tiles the convolution is a product of matrices: forward:        M[p]
 * [o x tiles] = U[p] [o x c]  V[p] [c x tiles]     V = tiles of x to the input:  dV[p] [c x tiles]
 * = U[p]'[c x o] dM[p] [o x tiles]     dM = tiles of dy, spread by A to the weights: dU[p] [o x c]
 * = dM[p] [o x tiles] V[p]' [tiles x c] and every transform's gradient is its transpose, so that
 * the gradients need no filter of another shape, and padding of any kind is only a matter of which
 * pixel a tile reads, or adds to.
 *
 * Work goes in strips of tile rows, or several small pictures at once, so that V and M stay within
 * the cache.
 */
#include <omp.h>
#include <string.h>

#include "ops/kernels/cut.h"
#include "ops/kernels/tile.h"
#include "ops/kernels/winograd.h"
#include "ops/kernels/winograd_tiles.h"

enum {
    RESULTS = 4,      /* of a tile, along an axis */
    MOST_TILES = 512, /* worked on at a time, unless one row of tiles has more */
    SKEW = 48,        /* floats between the planes of two points: they must not share cache sets */
    SLACK = UG_WINOGRAD_SLACK,
    MAX_POINTS = UG_WINOGRAD_MAX_POINTS
};

struct work {
    const struct ug_conv *g;
    const struct ug_tile *tile;
    const struct ug_winograd_transforms *t;
    int64_t step, depth;     /* stride; channels of the unit-stride convolution: c * step^2 */
    int64_t points;          /* of a tile: t->points^2 */
    int64_t down, across;    /* tiles of a picture */
    int64_t lines, pictures; /* rows of tiles, and pictures, worked on at a time */
    int64_t tiles, padded;   /* the most at a time; the same rounded up to whole panels */
    int64_t row, plane;      /* of a picture's phases (struct space): floats between rows of tiles,
                                between phases */
    int64_t spread;          /* floats of one point of one picture's tiles, in rows `row` apart */
};

/* What is worked on at a time: `pictures` pictures from n on, `lines` rows of tiles from `line` on.
 */
struct strip {
    int64_t n, pictures, line, lines;
    int64_t tiles, each; /* in all; of each picture */
};

/* A worker's own memory.  A strip of a picture lies in 16 phases: pixel (r, k), counted from the
 * strip's first input, is phase (r % 4, k % 4) at (r / 4, k / 4), so that member (i, j) of all
 * tiles is a run of memory. */
struct space {
    float *phases; /* [4][4][lines + 1][across + 1] */
    float *tiles;  /* [points][lines][across + 1], of the last column nothing is used */
    float *line;   /* of pixels */
};

static struct work work_of(const struct ug_conv *g)
{
    struct work w = {.g = g, .tile = ug_tile_best(), .step = g->stride[0]};

    w.t = ug_winograd_best((int)(g->kernel[0] / w.step));
    w.depth = g->c * w.step * w.step;
    w.points = (int64_t)w.t->points * w.t->points;
    w.down = ug_ceil_div(g->out[0], RESULTS);
    w.across = ug_ceil_div(g->out[1], RESULTS);
    w.lines = ug_min(w.down, ug_max(1, MOST_TILES / w.across));
    w.pictures = ug_min(g->batch, ug_max(1, MOST_TILES / (w.down * w.across)));
    w.tiles = w.pictures * w.lines * w.across;
    w.padded = ug_ceil_div(w.tiles, w.tile->cols) * w.tile->cols;
    w.row = w.across + 1;
    w.plane = (w.lines + 1) * w.row + SLACK;
    w.spread = w.lines * w.row + SLACK;
    return w;
}

bool ug_winograd_fits(const struct ug_conv *g)
{
    const int64_t k = g->kernel[0], s = g->stride[0];

    return g->groups == 1 && g->dilation[0] == 1 && g->dilation[1] == 1 && g->kernel[1] == k &&
           g->stride[1] == s && ((k == 3 && s == 1) || (k == 4 && s == 2));
}

/* ---- Strips ---- */

static struct strip first_strip(const struct work *w)
{
    struct strip s = {.pictures = w->pictures, .lines = w->lines};

    s.each = s.lines * w->across;
    s.tiles = s.pictures * s.each;
    return s;
}

/* The strip after `s`; false at the end. */
static bool next_strip(const struct work *w, struct strip *s)
{
    s->line += s->lines;
    if (s->line == w->down) {
        s->line = 0;
        s->n += s->pictures;
    }
    if (s->n == w->g->batch)
        return false;
    s->lines = ug_min(w->lines, w->down - s->line);
    s->pictures = ug_min(w->pictures, w->g->batch - s->n);
    s->each = s->lines * w->across;
    s->tiles = s->pictures * s->each;
    return true;
}

/* ---- Scratch memory ---- */

static int64_t space_size(const struct work *w)
{
    return ug_ceil_div(16 * w->plane + w->points * w->spread + 4 * w->row + SLACK, 16) * 16;
}

static struct space space_at(const struct work *w, float *base)
{
    float *p = base + omp_get_thread_num() * space_size(w);

    return (struct space){
        .phases = p, .tiles = p + 16 * w->plane, .line = p + 16 * w->plane + w->points * w->spread};
}

/* Floats of one point of a matrix that is read or written in whole panels. */
static int64_t panels_size(int64_t rows, int64_t panel, int64_t depth)
{
    return ug_ceil_div(rows, panel) * panel * depth + SKEW;
}

static size_t scratch_size(const struct work *w, int64_t matrices)
{
    return (size_t)(w->points * matrices + omp_get_max_threads() * space_size(w)) * sizeof(float);
}

/* ---- Pixels and phases ---- */

/* The pixel that stands at i of an axis of n pixels with `padding` around them; -1: none, a zero.
 */
static int64_t source(int64_t i, int64_t n, int64_t padding, enum ug_edges edges)
{
    if (i >= 0 && i < n)
        return i;
    if (edges == UG_EDGES_ZERO || i < -padding || i >= n + padding)
        return -1;
    if (edges == UG_EDGES_REPLICATE)
        return i < 0 ? 0 : n - 1;
    return i < 0 ? -i : 2 * (n - 1) - i;
}

/* Of a framed line that begins at pixel `first` and takes every step-th: the part [*from, *to) that
 * lies within the picture. */
static void inner_part(const struct work *w, int64_t first, int64_t *from, int64_t *to)
{
    const int64_t count = 4 * w->row, n = w->g->in[1];

    *from = ug_min(count, first >= 0 ? 0 : ug_ceil_div(-first, w->step));
    *to = n <= first ? *from : ug_max(*from, ug_min(count, ug_ceil_div(n - first, w->step)));
}

static void read_line(const struct work *w, const float *x, int64_t first, float *line)
{
    const int64_t n = w->g->in[1], padding = w->g->padding[1];
    int64_t from, to;

    inner_part(w, first, &from, &to);
    for (int64_t k = 0; k < 4 * w->row; k++) {
        if (k == from)
            k = to;
        if (k < 4 * w->row) {
            const int64_t i = source(first + k * w->step, n, padding, w->g->edges);
            line[k] = i < 0 ? 0.0f : x[i];
        }
    }
    if (w->step == 1)
        memcpy(line + from, x + first + from, (size_t)(to - from) * sizeof *line);
    else
        for (int64_t k = from; k < to; k++)
            line[k] = x[first + k * 2];
}

static void add_line(const struct work *w, const float *line, int64_t first, float *x)
{
    const int64_t n = w->g->in[1], padding = w->g->padding[1];
    int64_t from, to;

    inner_part(w, first, &from, &to);
    for (int64_t k = 0; k < 4 * w->row; k++) {
        if (k == from)
            k = to;
        const int64_t i =
            k < 4 * w->row ? source(first + k * w->step, n, padding, w->g->edges) : -1;
        if (i >= 0)
            x[i] += line[k];
    }
    if (w->step == 1)
        for (int64_t k = from; k < to; k++)
            x[first + k] += line[k];
    else
        for (int64_t k = from; k < to; k++)
            x[first + k * 2] += line[k];
}

/* Calls for the framed rows of a strip: the phases of row r, and the pixel row it is (-1: zeros).
 */
static float *phases_of_row(const struct work *w, const struct space *s, int64_t r)
{
    return s->phases + (r % 4) * 4 * w->plane + (r / 4) * w->row;
}

static int64_t pixel_row(const struct work *w, int64_t line, int64_t r, int64_t phase)
{
    return source(w->step * (4 * line + r) + phase - w->g->padding[0], w->g->in[0],
                  w->g->padding[0], w->g->edges);
}

/* One phase (of the stride) of a plane of x into the 16 phases of tiles. */
static void read_phases(const struct work *w, const struct strip *s, const float *x, int64_t phase,
                        const struct space *own)
{
    for (int64_t r = 0; r < 4 * s->lines + w->t->taps - 1; r++) {
        const int64_t i = pixel_row(w, s->line, r, phase / w->step);
        float *to = phases_of_row(w, own, r);

        if (i < 0) {
            for (int j = 0; j < 4; j++)
                memset(to + j * w->plane, 0, (size_t)w->row * sizeof *to);
            continue;
        }
        read_line(w, x + i * w->g->in[1], phase % w->step - w->g->padding[1], own->line);
        for (int64_t k = 0; k < w->row; k++)
            for (int j = 0; j < 4; j++)
                to[j * w->plane + k] = own->line[4 * k + j];
    }
}

/* The transpose: adds the 16 phases to the plane of dx. */
static void add_phases(const struct work *w, const struct strip *s, const struct space *own,
                       int64_t phase, float *dx)
{
    for (int64_t r = 0; r < 4 * s->lines + w->t->taps - 1; r++) {
        const int64_t i = pixel_row(w, s->line, r, phase / w->step);
        const float *from = phases_of_row(w, own, r);

        if (i < 0)
            continue;
        for (int64_t k = 0; k < w->row; k++)
            for (int j = 0; j < 4; j++)
                own->line[4 * k + j] = from[j * w->plane + k];
        add_line(w, own->line, phase % w->step - w->g->padding[1], dx + i * w->g->in[1]);
    }
}

/* Where member (i, j) of the tiles of inputs lies in the phases. */
static void input_members(const struct work *w, int64_t at[MAX_POINTS])
{
    const int n = w->t->points;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            at[i * n + j] = ((i % 4) * 4 + j % 4) * w->plane + (i / 4) * w->row + j / 4;
}

static void evenly(int64_t n, int64_t apart, int64_t at[MAX_POINTS])
{
    for (int64_t i = 0; i < n; i++)
        at[i] = i * apart;
}

/* own->tiles = the transformed tiles of one phase of a plane of x. */
static void transform_input(const struct work *w, const struct strip *s, const float *x,
                            int64_t phase, const struct space *own)
{
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    input_members(w, from);
    evenly(w->points, w->spread, to);
    read_phases(w, s, x, phase, own);
    w->t->input(s->lines * w->row, own->phases, from, own->tiles, to);
}

/* own->tiles = the spread tiles of a plane of dy, in rows `across` long. */
static void transform_results_back(const struct work *w, const struct strip *s, const float *dy,
                                   const struct space *own)
{
    const int64_t height = w->g->out[0], width = w->g->out[1];
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    for (int64_t r = 0; r < 4 * s->lines; r++) {
        const int64_t i = 4 * s->line + r;
        const int64_t n = i < height ? width : 0;
        float *phases = own->phases + (r % 4) * 4 * w->plane + (r / 4) * w->across;

        if (n)
            memcpy(own->line, dy + i * width, (size_t)n * sizeof *dy);
        memset(own->line + n, 0, (size_t)(4 * w->across - n) * sizeof *dy);
        for (int64_t k = 0; k < w->across; k++)
            for (int j = 0; j < 4; j++)
                phases[j * w->plane + k] = own->line[4 * k + j];
    }
    evenly(16, w->plane, from);
    evenly(w->points, w->spread, to);
    w->t->output_back(s->each, own->phases, from, own->tiles, to);
}

/* ---- Matrices ---- */

/* Runs are short here: a call of memcpy for each would take longer than the copying. */
static inline void copy_floats(float *to, const float *from, int64_t n)
{
    for (; n >= 8; n -= 8, to += 8, from += 8)
        memcpy(to, from, 8 * sizeof *to);
    if (n & 4) {
        memcpy(to, from, 4 * sizeof *to);
        to += 4;
        from += 4;
    }
    for (int64_t i = 0; i < (n & 3); i++)
        to[i] = from[i];
}

/* Columns t … of row `k` of a matrix that is packed in panels of `cols` columns, `depth` rows deep.
 */
static void put_in_panels(float *panels, int64_t cols, int64_t depth, int64_t k, int64_t t,
                          int64_t n, const float *from)
{
    for (int64_t length; n > 0; n -= length, t += length, from += length) {
        length = ug_min(n, cols - t % cols);
        copy_floats(panels + (t / cols * depth + k) * cols + t % cols, from, length);
    }
}

static void zero_in_panels(float *panels, int64_t cols, int64_t depth, int64_t k, int64_t t)
{
    if (t % cols)
        memset(panels + (t / cols * depth + k) * cols + t % cols, 0,
               (size_t)(cols - t % cols) * sizeof *panels);
}

/* The tiles in own->tiles, rows `row` apart, become row k of the panels at each point. */
static void put_tiles(const struct work *w, const struct strip *s, const struct space *own,
                      int64_t row, int64_t picture, int64_t k, int64_t depth, float *panels,
                      int64_t apart)
{
    const int64_t cols = w->tile->cols, first = picture * s->each;
    const int64_t length = row == w->across ? s->each : w->across;

    for (int64_t p = 0; p < w->points; p++) {
        const float *from = own->tiles + p * w->spread;

        for (int64_t at = 0; at < s->each; at += length, from += row)
            put_in_panels(panels + p * apart, cols, depth, k, first + at, length, from);
        if (picture == s->pictures - 1)
            zero_in_panels(panels + p * apart, cols, depth, k, s->tiles);
    }
}

/* c[p] [rows x tiles] = a[p] [rows x depth] b[p] [depth x tiles], a and b in panels. */
static void products(const struct work *w, const struct strip *s, int64_t rows, int64_t depth,
                     const float *a, const float *b, float *c)
{
    const struct ug_tile *tile = w->tile;
    const int64_t a_apart = panels_size(rows, tile->rows, depth);
    const int64_t b_apart = panels_size(w->padded, tile->cols, depth);
    const int64_t c_apart = panels_size(rows, tile->rows, w->padded);
    const int64_t a_panels = ug_ceil_div(rows, tile->rows),
                  b_panels = ug_ceil_div(s->tiles, tile->cols);
    const int64_t block = 8, blocks = ug_ceil_div(a_panels, block);

#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t p = 0; p < w->points; p++)
        for (int64_t at = 0; at < blocks; at++) {
            const int64_t end = ug_min(a_panels, (at + 1) * block);

            for (int64_t j = 0; j < b_panels; j++)
                for (int64_t i = at * block; i < end; i++)
                    tile->product(depth, a + p * a_apart + i * depth * tile->rows,
                                  b + p * b_apart + j * depth * tile->cols,
                                  c + p * c_apart + i * tile->rows * w->padded + j * tile->cols,
                                  w->padded, false);
        }
}

/* ---- Weights ---- */

size_t ug_winograd_weights_size(const struct ug_conv *g, bool back)
{
    const struct work w = work_of(g);

    return (size_t)(w.points * (back ? panels_size(w.depth, w.tile->rows, g->o)
                                     : panels_size(g->o, w.tile->rows, w.depth)));
}

/* Where tap (i, j) of the unit-stride filter from channel k (a channel and a phase) to channel o
 * begins in w. */
static int64_t weight_at(const struct work *w, int64_t o, int64_t k, int64_t i, int64_t j)
{
    const int64_t phases = w->step * w->step, phase = k % phases, size = w->g->kernel[0];

    return ((o * w->g->c + k / phases) * size + w->step * i + phase / w->step) * size +
           w->step * j + phase % w->step;
}

void ug_winograd_weights(const struct ug_conv *g, bool back, const float *from, float *u)
{
    enum { BLOCK = 16, MAX_BLOCK = BLOCK * UG_TILE_MAX_ROWS };
    const struct work w = work_of(g);
    const int64_t rows = w.tile->rows, taps = w.t->taps;
    const int64_t height = back ? w.depth : g->o, depth = back ? g->o : w.depth;
    const int64_t apart = panels_size(height, rows, depth);
    int64_t tap_at[9];

    for (int64_t t = 0; t < taps * taps; t++)
        tap_at[t] = weight_at(&w, 0, 0, t / taps, t % taps);

#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t panel = 0; panel < ug_ceil_div(height, rows); panel++)
        for (int64_t first = 0; first < depth; first += BLOCK) {
            const int64_t n = ug_min(BLOCK, depth - first);
            float taken[9][MAX_BLOCK + SLACK] = {{0}}, made[MAX_POINTS][MAX_BLOCK + SLACK];
            int64_t from_at[MAX_POINTS], to_at[MAX_POINTS];

            for (int64_t i = 0; i < rows && panel * rows + i < height; i++)
                for (int64_t k = 0; k < n; k++) {
                    const int64_t a = panel * rows + i, b = first + k;
                    const float *tap = from + weight_at(&w, back ? b : a, back ? a : b, 0, 0);

                    for (int64_t t = 0; t < taps * taps; t++)
                        taken[t][k * rows + i] = tap[tap_at[t]];
                }
            evenly(taps * taps, MAX_BLOCK + SLACK, from_at);
            evenly(w.points, MAX_BLOCK + SLACK, to_at);
            w.t->weight(n * rows, taken[0], from_at, made[0], to_at);
            for (int64_t p = 0; p < w.points; p++)
                memcpy(u + p * apart + (panel * depth + first) * rows, made[p],
                       (size_t)(n * rows) * sizeof *u);
        }
}

/* ---- Forward ---- */

size_t ug_winograd_forward_scratch(const struct ug_conv *g)
{
    const struct work w = work_of(g);

    return scratch_size(&w, panels_size(w.padded, w.tile->cols, w.depth) +
                                panels_size(g->o, w.tile->rows, w.padded));
}

/* Writes the results of one plane of y from its tiles at each point of m. */
static void write_results(const struct work *w, const struct strip *s, const float *m,
                          int64_t apart, const struct space *own, float *y)
{
    const int64_t height = w->g->out[0], width = w->g->out[1];
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    evenly(w->points, apart, from);
    evenly(16, w->plane, to);
    w->t->output(s->each, m, from, own->phases, to);
    for (int64_t r = 0; r < 4 * s->lines && 4 * s->line + r < height; r++) {
        const float *phases = own->phases + (r % 4) * 4 * w->plane + (r / 4) * w->across;
        float *to_line = width % 4 ? own->line : y + (4 * s->line + r) * width;

        for (int64_t k = 0; k < w->across; k++)
            for (int j = 0; j < 4; j++)
                to_line[4 * k + j] = phases[j * w->plane + k];
        if (width % 4)
            memcpy(y + (4 * s->line + r) * width, own->line, (size_t)width * sizeof *y);
    }
}

void ug_winograd_forward(const struct ug_conv *g, const float *x, const float *u, float *y,
                         void *scratch)
{
    const struct work w = work_of(g);
    const int64_t v_apart = panels_size(w.padded, w.tile->cols, w.depth);
    const int64_t m_apart = panels_size(g->o, w.tile->rows, w.padded);
    const int64_t in_area = g->in[0] * g->in[1], out_area = g->out[0] * g->out[1];
    const int64_t phases = w.step * w.step;
    float *v = scratch, *m = v + w.points * v_apart, *spaces = m + w.points * m_apart;
    struct strip s = first_strip(&w);

    do {
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t k = 0; k < w.depth; k++) {
                const struct space own = space_at(&w, spaces);

                transform_input(&w, &s, x + ((s.n + n) * g->c + k / phases) * in_area, k % phases,
                                &own);
                put_tiles(&w, &s, &own, w.row, n, k, w.depth, v, v_apart);
            }
        products(&w, &s, g->o, w.depth, u, v, m);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t o = 0; o < g->o; o++) {
                const struct space own = space_at(&w, spaces);

                write_results(&w, &s, m + o * w.padded + n * s.each, m_apart, &own,
                              y + ((s.n + n) * g->o + o) * out_area);
            }
    } while (next_strip(&w, &s));
}

/* ---- Gradient to the input ---- */

size_t ug_winograd_input_scratch(const struct ug_conv *g)
{
    const struct work w = work_of(g);

    return scratch_size(&w, panels_size(w.padded, w.tile->cols, g->o) +
                                panels_size(w.depth, w.tile->rows, w.padded));
}

/* Adds one phase of a plane of dx from its tiles at each point of dv. */
static void add_inputs(const struct work *w, const struct strip *s, const float *dv, int64_t apart,
                       int64_t phase, const struct space *own, float *dx)
{
    int64_t from[MAX_POINTS], to[MAX_POINTS];

    for (int64_t p = 0; p < w->points; p++) {
        float *tiles = own->tiles + p * w->spread;

        for (int64_t line = 0; line < s->lines; line++) {
            copy_floats(tiles + line * w->row, dv + p * apart + line * w->across, w->across);
            tiles[line * w->row + w->across] = 0.0f;
        }
        memset(tiles + s->lines * w->row, 0, SLACK * sizeof *tiles);
    }
    memset(own->phases, 0, (size_t)(16 * w->plane) * sizeof *dv);
    evenly(w->points, w->spread, from);
    input_members(w, to);
    w->t->input_back(s->lines * w->row, own->tiles, from, own->phases, to);
    add_phases(w, s, own, phase, dx);
}

void ug_winograd_input(const struct ug_conv *g, const float *dy, const float *u, float *dx,
                       void *scratch)
{
    const struct work w = work_of(g);
    const int64_t m_apart = panels_size(w.padded, w.tile->cols, g->o);
    const int64_t v_apart = panels_size(w.depth, w.tile->rows, w.padded);
    const int64_t in_area = g->in[0] * g->in[1], out_area = g->out[0] * g->out[1];
    const int64_t phases = w.step * w.step;
    float *dm = scratch, *dv = dm + w.points * m_apart, *spaces = dv + w.points * v_apart;
    struct strip s = first_strip(&w);

    do {
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t o = 0; o < g->o; o++) {
                const struct space own = space_at(&w, spaces);

                transform_results_back(&w, &s, dy + ((s.n + n) * g->o + o) * out_area, &own);
                put_tiles(&w, &s, &own, w.across, n, o, g->o, dm, m_apart);
            }
        products(&w, &s, w.depth, g->o, u, dm, dv);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t c = 0; c < g->c; c++) {
                const struct space own = space_at(&w, spaces);
                float *plane = dx + ((s.n + n) * g->c + c) * in_area;

                if (s.line == 0)
                    memset(plane, 0, (size_t)in_area * sizeof *plane);
                for (int64_t phase = 0; phase < phases; phase++)
                    add_inputs(&w, &s, dv + (c * phases + phase) * w.padded + n * s.each, v_apart,
                               phase, &own, plane);
            }
    } while (next_strip(&w, &s));
}

/* ---- Gradient to the weights ---- */

size_t ug_winograd_weight_scratch(const struct ug_conv *g)
{
    const struct work w = work_of(g);

    return scratch_size(&w, panels_size(w.depth, w.tile->cols, w.tiles) +
                                panels_size(g->o, w.tile->rows, w.padded));
}

/* Channels [cols] of panel `panel` become columns of v, the tiles of a picture its rows. */
static void put_columns(const struct work *w, const struct strip *s, const float *x, int64_t n,
                        int64_t panel, const struct space *own, float *v, int64_t apart)
{
    const int64_t cols = w->tile->cols, phases = w->step * w->step;
    const int64_t area = w->g->in[0] * w->g->in[1];

    for (int64_t lane = 0; lane < cols; lane++) {
        const int64_t k = panel * cols + lane;
        float *to = v + (panel * s->tiles + n * s->each) * cols + lane;

        if (k < w->depth)
            transform_input(w, s, x + ((s->n + n) * w->g->c + k / phases) * area, k % phases, own);
        else
            memset(own->tiles, 0, (size_t)(w->points * w->spread) * sizeof *v);
        for (int64_t p = 0; p < w->points; p++)
            for (int64_t line = 0; line < s->lines; line++)
                for (int64_t t = 0; t < w->across; t++)
                    to[p * apart + (line * w->across + t) * cols] =
                        own->tiles[p * w->spread + line * w->row + t];
    }
}

/* dw of the results of one panel of rows of dm and the channels of one panel of columns of v. */
static void add_weights(const struct work *w, const struct strip *s, const float *dm,
                        int64_t m_apart, const float *v, int64_t v_apart, int64_t row, int64_t col,
                        float *dw)
{
    enum { BLOCK = UG_TILE_MAX_ROWS * UG_TILE_MAX_COLS };
    const int64_t rows = w->tile->rows, cols = w->tile->cols, taps = w->t->taps;
    const struct ug_terms terms = {.pictures = 1, .lines = 1, .length = s->tiles, .step = 1};
    float sums[MAX_POINTS][BLOCK] = {{0}}, made[9][BLOCK];
    int64_t from[MAX_POINTS], to[MAX_POINTS], tap_at[9];

    for (int64_t t = 0; t < taps * taps; t++)
        tap_at[t] = weight_at(w, 0, 0, t / taps, t % taps);
    for (int64_t p = 0; p < w->points; p++) {
        const float *x[UG_TILE_MAX_ROWS];

        for (int64_t i = 0; i < rows; i++)
            x[i] = dm + p * m_apart + ug_min(row + i, w->g->o - 1) * w->padded;
        w->tile->correlate(&terms, x, v + p * v_apart + col * s->tiles, sums[p]);
    }
    evenly(w->points, BLOCK, from);
    evenly(taps * taps, BLOCK, to);
    w->t->weight_back(rows * cols, sums[0], from, made[0], to);
    for (int64_t i = 0; i < rows && row + i < w->g->o; i++)
        for (int64_t j = 0; j < cols && col + j < w->depth; j++) {
            float *d = dw + weight_at(w, row + i, col + j, 0, 0);

            for (int64_t t = 0; t < taps * taps; t++)
                d[tap_at[t]] = (s->n || s->line ? d[tap_at[t]] : 0.0f) + made[t][i * cols + j];
        }
}

void ug_winograd_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                        void *scratch)
{
    const struct work w = work_of(g);
    const int64_t v_apart = panels_size(w.depth, w.tile->cols, w.tiles);
    const int64_t m_apart = panels_size(g->o, w.tile->rows, w.padded);
    const int64_t rows = w.tile->rows, cols = w.tile->cols, out_area = g->out[0] * g->out[1];
    float *v = scratch, *dm = v + w.points * v_apart, *spaces = dm + w.points * m_apart;
    struct strip s = first_strip(&w);

    do {
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t panel = 0; panel < ug_ceil_div(w.depth, cols); panel++) {
                const struct space own = space_at(&w, spaces);
                put_columns(&w, &s, x, n, panel, &own, v, v_apart);
            }
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t o = 0; o < g->o; o++) {
                const struct space own = space_at(&w, spaces);

                transform_results_back(&w, &s, dy + ((s.n + n) * g->o + o) * out_area, &own);
                for (int64_t p = 0; p < w.points; p++)
                    memcpy(dm + p * m_apart + o * w.padded + n * s.each, own.tiles + p * w.spread,
                           (size_t)s.each * sizeof *dm);
            }
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t col = 0; col < w.depth; col += cols)
            for (int64_t row = 0; row < g->o; row += rows)
                add_weights(&w, &s, dm, m_apart, v, v_apart, row, col, dw);
    } while (next_strip(&w, &s));
}
