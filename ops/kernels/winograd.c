/* winograd.c -- convolution as products of matrices at each point of transformed tiles.
 *
 * A tile is 4x4 results and the (taps + 3)^2 inputs that they see.  At each of the (taps + 3)^2
 * points p of the transformed tiles the convolution is a product of matrices:
 *
 *     forward:         M[p] [o x tiles] = U[p]  [o x c]      V[p]  [c x tiles]
 *     to the input:   dV[p] [c x tiles] = U[p]' [c x o]     dM[p]  [o x tiles]
 *     to the weights: dU[p] [o x c]     = dM[p] [o x tiles]  V[p]' [tiles x c]
 *
 * V being the transformed tiles of x, dM those of dy, spread by A, and U the transformed weights.
 *
 * Every transform's gradient is its transpose, so that the gradients need no filter of another
 * shape, and padding of any kind is only a matter of which pixel a tile reads, or adds to.
 *
 * Work goes in strips of tile rows, or several small pictures at once, so that V and M stay within
 * the cache.
 */
#include "ops/kernels/winograd.h"

#include "ops/kernels/cut.h"
#include "ops/kernels/winograd_phases.h"

enum { MAX_POINTS = UG_WINOGRAD_MAX_POINTS, SLACK = UG_WINOGRAD_SLACK };

bool ug_winograd_fits(const struct ug_conv *g)
{
    const int64_t k = g->kernel[0], s = g->stride[0];

    return g->groups == 1 && g->dilation[0] == 1 && g->dilation[1] == 1 && g->kernel[1] == k &&
           g->stride[1] == s && ((k == 3 && s == 1) || (k == 4 && s == 2));
}

/* ---- Matrices ---- */

/* Columns t … of row `k` of a matrix that is packed in panels of `cols` columns, `depth` rows deep.
 */
static void put_in_panels(float *panels, int64_t cols, int64_t depth, int64_t k, int64_t t,
                          int64_t n, const float *from)
{
    for (int64_t length; n > 0; n -= length, t += length, from += length) {
        length = ug_min(n, cols - t % cols);
        ug_copy_floats(panels + (t / cols * depth + k) * cols + t % cols, from, length);
    }
}

static void zero_in_panels(float *panels, int64_t cols, int64_t depth, int64_t k, int64_t t)
{
    if (t % cols)
        memset(panels + (t / cols * depth + k) * cols + t % cols, 0,
               (size_t)(cols - t % cols) * sizeof *panels);
}

/* The tiles in own->tiles, rows `row` apart, become row k of the panels at each point. */
static void put_tiles(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                      const struct ug_winograd_space *own, int64_t row, int64_t picture, int64_t k,
                      int64_t depth, float *panels, int64_t apart)
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
static void products(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                     int64_t rows, int64_t depth, const float *a, const float *b, float *c)
{
    const struct ug_tile *tile = w->tile;
    const int64_t a_apart = ug_winograd_panels_size(rows, tile->rows, depth);
    const int64_t b_apart = ug_winograd_panels_size(w->padded, tile->cols, depth);
    const int64_t c_apart = ug_winograd_panels_size(rows, tile->rows, w->padded);
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
    const struct ug_winograd_work w = ug_winograd_work_of(g);

    return (size_t)(w.points * (back ? ug_winograd_panels_size(w.depth, w.tile->rows, g->o)
                                     : ug_winograd_panels_size(g->o, w.tile->rows, w.depth)));
}

/* Where tap (i, j) of the unit-stride filter from channel k (a channel and a phase) to channel o
 * begins in w. */
static int64_t weight_at(const struct ug_winograd_work *w, int64_t o, int64_t k, int64_t i,
                         int64_t j)
{
    const int64_t phases = w->step * w->step, phase = k % phases, size = w->g->kernel[0];

    return ((o * w->g->c + k / phases) * size + w->step * i + phase / w->step) * size +
           w->step * j + phase % w->step;
}

void ug_winograd_weights(const struct ug_conv *g, bool back, const float *from, float *u)
{
    enum { BLOCK = 16, MAX_BLOCK = BLOCK * UG_TILE_MAX_ROWS };
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const int64_t rows = w.tile->rows, taps = w.t->taps;
    const int64_t height = back ? w.depth : g->o, depth = back ? g->o : w.depth;
    const int64_t apart = ug_winograd_panels_size(height, rows, depth);
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
            ug_winograd_evenly(taps * taps, MAX_BLOCK + SLACK, from_at);
            ug_winograd_evenly(w.points, MAX_BLOCK + SLACK, to_at);
            w.t->weight(n * rows, taken[0], from_at, made[0], to_at);
            for (int64_t p = 0; p < w.points; p++)
                memcpy(u + p * apart + (panel * depth + first) * rows, made[p],
                       (size_t)(n * rows) * sizeof *u);
        }
}

/* ---- Forward ---- */

size_t ug_winograd_forward_scratch(const struct ug_conv *g)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);

    return ug_winograd_scratch_size(&w, ug_winograd_panels_size(w.padded, w.tile->cols, w.depth) +
                                            ug_winograd_panels_size(g->o, w.tile->rows, w.padded));
}

void ug_winograd_forward(const struct ug_conv *g, const float *x, const float *u, float *y,
                         void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const int64_t v_apart = ug_winograd_panels_size(w.padded, w.tile->cols, w.depth);
    const int64_t m_apart = ug_winograd_panels_size(g->o, w.tile->rows, w.padded);
    const int64_t in_area = g->in[0] * g->in[1], out_area = g->out[0] * g->out[1];
    const int64_t phases = w.step * w.step;
    float *v = scratch, *m = v + w.points * v_apart, *spaces = m + w.points * m_apart;
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    do {
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t k = 0; k < w.depth; k++) {
                const struct ug_winograd_space own = ug_winograd_space_at(&w, spaces);

                ug_winograd_take_inputs(&w, &s, x + ((s.n + n) * g->c + k / phases) * in_area,
                                        k % phases, &own);
                put_tiles(&w, &s, &own, w.row, n, k, w.depth, v, v_apart);
            }
        products(&w, &s, g->o, w.depth, u, v, m);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t o = 0; o < g->o; o++) {
                const struct ug_winograd_space own = ug_winograd_space_at(&w, spaces);

                ug_winograd_write_results(&w, &s, m + o * w.padded + n * s.each, m_apart, &own,
                                          y + ((s.n + n) * g->o + o) * out_area);
            }
    } while (ug_winograd_next_strip(&w, &s));
}

/* ---- Gradient to the input ---- */

size_t ug_winograd_input_scratch(const struct ug_conv *g)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);

    return ug_winograd_scratch_size(&w,
                                    ug_winograd_panels_size(w.padded, w.tile->cols, g->o) +
                                        ug_winograd_panels_size(w.depth, w.tile->rows, w.padded));
}

void ug_winograd_input(const struct ug_conv *g, const float *dy, const float *u, float *dx,
                       void *scratch)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const int64_t m_apart = ug_winograd_panels_size(w.padded, w.tile->cols, g->o);
    const int64_t v_apart = ug_winograd_panels_size(w.depth, w.tile->rows, w.padded);
    const int64_t in_area = g->in[0] * g->in[1], out_area = g->out[0] * g->out[1];
    const int64_t phases = w.step * w.step;
    float *dm = scratch, *dv = dm + w.points * m_apart, *spaces = dv + w.points * v_apart;
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    do {
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t o = 0; o < g->o; o++) {
                const struct ug_winograd_space own = ug_winograd_space_at(&w, spaces);

                ug_winograd_take_results(&w, &s, dy + ((s.n + n) * g->o + o) * out_area, &own);
                put_tiles(&w, &s, &own, w.across, n, o, g->o, dm, m_apart);
            }
        products(&w, &s, w.depth, g->o, u, dm, dv);
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t c = 0; c < g->c; c++) {
                const struct ug_winograd_space own = ug_winograd_space_at(&w, spaces);
                float *plane = dx + ((s.n + n) * g->c + c) * in_area;

                if (s.line == 0)
                    memset(plane, 0, (size_t)in_area * sizeof *plane);
                for (int64_t phase = 0; phase < phases; phase++)
                    ug_winograd_add_inputs(&w, &s,
                                           dv + (c * phases + phase) * w.padded + n * s.each,
                                           v_apart, phase, &own, plane);
            }
    } while (ug_winograd_next_strip(&w, &s));
}

/* ---- Gradient to the weights ---- */

size_t ug_winograd_weight_scratch(const struct ug_conv *g)
{
    const struct ug_winograd_work w = ug_winograd_work_of(g);

    return ug_winograd_scratch_size(&w, ug_winograd_panels_size(w.depth, w.tile->cols, w.tiles) +
                                            ug_winograd_panels_size(g->o, w.tile->rows, w.padded));
}

/* Channels [cols] of panel `panel` become columns of v, the tiles of a picture its rows. */
static void put_columns(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                        const float *x, int64_t n, int64_t panel,
                        const struct ug_winograd_space *own, float *v, int64_t apart)
{
    const int64_t cols = w->tile->cols, phases = w->step * w->step;
    const int64_t area = w->g->in[0] * w->g->in[1];

    for (int64_t lane = 0; lane < cols; lane++) {
        const int64_t k = panel * cols + lane;
        float *to = v + (panel * s->tiles + n * s->each) * cols + lane;

        if (k < w->depth)
            ug_winograd_take_inputs(w, s, x + ((s->n + n) * w->g->c + k / phases) * area,
                                    k % phases, own);
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
static void add_weights(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                        const float *dm, int64_t m_apart, const float *v, int64_t v_apart,
                        int64_t row, int64_t col, float *dw)
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
    ug_winograd_evenly(w->points, BLOCK, from);
    ug_winograd_evenly(taps * taps, BLOCK, to);
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
    const struct ug_winograd_work w = ug_winograd_work_of(g);
    const int64_t v_apart = ug_winograd_panels_size(w.depth, w.tile->cols, w.tiles);
    const int64_t m_apart = ug_winograd_panels_size(g->o, w.tile->rows, w.padded);
    const int64_t rows = w.tile->rows, cols = w.tile->cols, out_area = g->out[0] * g->out[1];
    float *v = scratch, *dm = v + w.points * v_apart, *spaces = dm + w.points * m_apart;
    struct ug_winograd_strip s = ug_winograd_first_strip(&w);

    do {
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t panel = 0; panel < ug_ceil_div(w.depth, cols); panel++) {
                const struct ug_winograd_space own = ug_winograd_space_at(&w, spaces);
                put_columns(&w, &s, x, n, panel, &own, v, v_apart);
            }
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t n = 0; n < s.pictures; n++)
            for (int64_t o = 0; o < g->o; o++) {
                const struct ug_winograd_space own = ug_winograd_space_at(&w, spaces);

                ug_winograd_take_results(&w, &s, dy + ((s.n + n) * g->o + o) * out_area, &own);
                for (int64_t p = 0; p < w.points; p++)
                    memcpy(dm + p * m_apart + o * w.padded + n * s.each, own.tiles + p * w.spread,
                           (size_t)s.each * sizeof *dm);
            }
#pragma omp parallel for collapse(2) schedule(static)
        for (int64_t col = 0; col < w.depth; col += cols)
            for (int64_t row = 0; row < g->o; row += rows)
                add_weights(&w, &s, dm, m_apart, v, v_apart, row, col, dw);
    } while (ug_winograd_next_strip(&w, &s));
}
