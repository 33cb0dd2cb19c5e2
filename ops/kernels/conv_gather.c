/* conv_gather.c -- the products of a gather, panel by panel.
 *
 * A worker copies a few panels of columns, some terms deep, that stay in its second-level cache while
 * all rows of the weights, packed in panels before, run over them (K. Goto and R. van de Geijn,
 * "Anatomy of High-Performance Matrix Multiplication", 2008).
 */
#include "ops/kernels/conv_gather.h"

#include <omp.h>
#include <string.h>

/* A piece of work: up to PANELS panels and ROWS rows, DEPTH terms at a time.  Columns, weights and
 * sums of that are 256 KiB each. */
enum { DEPTH = 256, PANELS = 8, ROWS = 256 };

/* Results of one row that stand side by side in a panel: columns at, … of it. */
struct run {
    const float *x; /* where the first one's term of offset 0 is */
    float *y;       /* the first one, in channel 0 of its group */
    int64_t at, length;
};

struct panel {
    bool straight; /* results of the whole panel stand side by side */
    bool in_place; /* columns are read where they stand: they do so for every term */
    int n;
    struct run run[UG_TILE_MAX_COLS];
};

struct piece {
    int64_t group, panel, n_panels, row, n_rows;
};

/* ---- Columns ---- */

/* Whether the runs make up `cols` results in one line of memory. */
static bool is_whole_line(const struct panel *p, int64_t cols)
{
    for (int r = 0; r < p->n; r++)
        if (p->run[r].y != p->run[0].y + p->run[r].at)
            return false;
    return p->run[p->n - 1].at + p->run[p->n - 1].length == cols;
}

/* Cuts the results of panel `index` into runs. */
static void find_runs(const struct ug_gather *g, const struct ug_tile *tile, int64_t group,
                      int64_t index, struct panel *p)
{
    const struct ug_gather_axis *row = &g->axis[0], *col = &g->axis[1];
    const int64_t area = row->count * col->count;
    const int64_t end = ug_min((index + 1) * tile->cols, g->batch * area);
    int64_t length;

    p->n = 0;
    for (int64_t q = index * tile->cols, at = 0; q < end; q += length, at += length) {
        const int64_t n = q / area, i = q % area / col->count, j = q % col->count;

        length = ug_min(col->count - j, end - q);
        p->run[p->n++] = (struct run){
            .x = g->x + (n * g->groups + group) * g->c * g->x_plane +
                 (row->first + i * row->step) * g->x_line + col->first + j * col->step,
            .y = g->y + (n * g->groups + group) * g->m * g->y_plane +
                 (row->to + i * row->to_step) * g->y_line + col->to + j * col->to_step,
            .at = at,
            .length = length,
        };
    }
    p->straight = row->to_step == 1 && col->to_step == 1 && is_whole_line(p, tile->cols);
    p->in_place = g->m <= tile->rows / 2 && col->step == 1 && p->run[0].length == tile->cols;
}

/* One row of a run: `length` values `step` apart.  The lengths of whole tiles are known to the
 * compiler. */
static inline void copy_line(const float *from, int64_t step, int64_t length, float *to)
{
    if (step == 1 && length == 32)
        memcpy(to, from, 32 * sizeof *to);
    else if (step == 1 && length == 16)
        memcpy(to, from, 16 * sizeof *to);
    else if (step == 1 && length == 8)
        memcpy(to, from, 8 * sizeof *to);
    else if (step == 2)
        for (int64_t j = 0; j < length; j++)
            to[j] = from[2 * j];
    else
        for (int64_t j = 0; j < length; j++)
            to[j] = from[j * step];
}

/* Its counterpart: `length` values to places `step` apart. */
static inline void spread_line(const float *from, int64_t step, int64_t length, float *to)
{
    if (step == 1)
        memcpy(to, from, (size_t)length * sizeof *to);
    else if (step == 2)
        for (int64_t j = 0; j < length; j++)
            to[2 * j] = from[j];
    else
        for (int64_t j = 0; j < length; j++)
            to[j * step] = from[j];
}

/* Columns of the matrix: b[k][j] for `depth` terms. */
static void pack_panel(const struct ug_gather *g, int64_t cols, const struct panel *p,
                       const int64_t *offset, int64_t depth, float *b)
{
    const int64_t step = g->axis[1].step;
    const struct run *last = &p->run[p->n - 1];
    const int64_t used = last->at + last->length;

    for (const struct run *r = p->run; r <= last; r++)
        for (int64_t k = 0; k < depth; k++)
            copy_line(r->x + offset[k], step, r->length, b + k * cols + r->at);
    for (int64_t k = 0; used < cols && k < depth; k++)
        memset(b + k * cols + used, 0, (size_t)(cols - used) * sizeof *b);
}

/* From sums [row][col] to where the results of a panel lie. */
static void scatter(const struct ug_gather *g, int64_t cols, const struct panel *p, int64_t m,
                    int64_t rows, const float *sums)
{
    for (int64_t i = 0; i < rows; i++)
        for (int r = 0; r < p->n; r++)
            spread_line(sums + i * cols + p->run[r].at, g->axis[1].to_step, p->run[r].length,
                        p->run[r].y + (m + i) * g->y_plane);
}

/* ---- Products ---- */

/* Adds the products of the weights from row m on with one panel of columns, over `depth` terms from
 * term k on, to the sums c: with b, the columns packed or, if it is NULL, with the columns where
 * they stand. */
static void multiply(const struct ug_gather *g, const struct ug_tile *tile, int64_t group,
                     int64_t m, const struct panel *p, int64_t k, int64_t depth, const float *b,
                     float *c, int64_t ldc)
{
    const int64_t left = ug_min(g->m - m, tile->rows);
    const float *a = ug_gather_packed(g, tile, group, m, k), *lines[UG_TILE_MAX_ROWS];

    if (!b) {
        tile->slide_narrow(depth, a, p->run[0].x, g->offset + k, c, ldc, k > 0);
    } else if (g->rows) {
        for (int64_t i = 0; i < tile->rows; i++) /* spare rows repeat the last */
            lines[i] = g->rows + group * g->w_group + (m + ug_min(i, left - 1)) * g->w_m + k;
        tile->product_rows(depth, lines, b, c, ldc, k > 0);
    } else if (ug_gather_panel_rows(tile, left) == tile->rows) {
        tile->product(depth, a, b, c, ldc, k > 0);
    } else {
        tile->product_narrow(depth, a, b, c, ldc, k > 0);
    }
}

/* Where the sums of a tile are collected: in the results, if all of the tile lies there in lines.
 */
static float *sums_at(const struct ug_gather *g, const struct ug_tile *tile, const struct panel *p,
                      int64_t m, float *own, int64_t *ldc)
{
    const int64_t left = g->m - m;
    const bool whole = left >= tile->rows || (left == tile->rows / 2 && !g->rows);

    *ldc = p->straight && whole ? g->y_plane : tile->cols;
    return p->straight && whole ? p->run[0].y + m * g->y_plane : own;
}

static void run_piece(const struct ug_gather *g, const struct ug_tile *tile,
                      const struct piece *piece)
{
    float b[PANELS][DEPTH * UG_TILE_MAX_COLS] __attribute__((aligned(64)));
    float sums[PANELS][ROWS * UG_TILE_MAX_COLS] __attribute__((aligned(64)));
    const int64_t end = piece->row + piece->n_rows;
    struct panel panel[PANELS];
    float *c;
    int64_t ldc;

    for (int p = 0; p < piece->n_panels; p++)
        find_runs(g, tile, piece->group, piece->panel + p, &panel[p]);
    for (int64_t k = 0; k == 0 || k < g->n_terms; k += DEPTH) { /* no terms: the sums are 0 */
        const int64_t depth = ug_min(DEPTH, g->n_terms - k);

        for (int p = 0; p < piece->n_panels; p++)
            if (!panel[p].in_place)
                pack_panel(g, tile->cols, &panel[p], g->offset + k, depth, b[p]);
        for (int p = 0; p < piece->n_panels; p++)
            for (int64_t m = piece->row; m < end; m += tile->rows) {
                c = sums_at(g, tile, &panel[p], m, sums[p] + (m - piece->row) * tile->cols, &ldc);
                multiply(g, tile, piece->group, m, &panel[p], k, depth,
                         panel[p].in_place ? NULL : b[p], c, ldc);
            }
    }
    for (int p = 0; p < piece->n_panels; p++)
        for (int64_t m = piece->row; m < end; m += tile->rows) {
            float *own = sums[p] + (m - piece->row) * tile->cols;

            if (sums_at(g, tile, &panel[p], m, own, &ldc) == own)
                scatter(g, tile->cols, &panel[p], m, ug_min(g->m - m, tile->rows), own);
        }
}

int64_t ug_gather_panels(const struct ug_gather *g, const struct ug_tile *tile)
{
    return ug_ceil_div(g->batch * g->axis[0].count * g->axis[1].count, tile->cols);
}

/* Pieces are some panels by all rows; where that makes too few of them, fewer panels or rows each.
 */
static void run_gather(const struct ug_gather *g, const struct ug_tile *tile)
{
    const int64_t wanted = 4 * omp_get_max_threads();
    const int64_t panels = ug_gather_panels(g, tile);
    const int64_t per = ug_max(1, ug_min(PANELS, panels * g->groups / wanted));
    const int64_t across = ug_ceil_div(panels, per);
    const int64_t tiles = ug_ceil_div(g->m, tile->rows);
    const int64_t cuts =
        ug_min(tiles, across * g->groups < wanted / 2 ? wanted / (across * g->groups) : 1);
    const int64_t rows = ug_min(ug_ceil_div(tiles, cuts), ROWS / tile->rows) * tile->rows;
    const int64_t down = ug_ceil_div(g->m, rows);

#pragma omp parallel for collapse(3) schedule(dynamic)
    for (int64_t group = 0; group < g->groups; group++)
        for (int64_t i = 0; i < across; i++)
            for (int64_t j = 0; j < down; j++)
                run_piece(g, tile,
                          &(struct piece){.group = group,
                                          .panel = i * per,
                                          .n_panels = ug_min(per, panels - i * per),
                                          .row = j * rows,
                                          .n_rows = ug_min(rows, g->m - j * rows)});
}

/* ---- Scratch: packed weights, offsets of terms, framed pictures ---- */

size_t ug_gather_scratch(const struct ug_conv *conv, int64_t m, int64_t c,
                         const struct ug_frame *frame)
{
    const int64_t terms = c * conv->kernel[0] * conv->kernel[1];
    const int64_t rows = conv->groups * ug_gather_packed_rows(conv->tile, m);
    const int64_t framed = ug_frame_is_tight(frame) ? 0 : ug_frame_area(frame);

    return ug_block_bytes(rows * terms, sizeof(float)) + ug_block_bytes(terms, sizeof(int64_t)) +
           ug_block_bytes(conv->batch * conv->groups * c * framed, sizeof(float));
}

void ug_gather_lay_out(struct ug_gather *g, const struct ug_conv *conv,
                       const struct ug_frame *frame, const float *x, void *scratch)
{
    const int64_t terms = g->c * conv->kernel[0] * conv->kernel[1];
    const int64_t rows = conv->groups * ug_gather_packed_rows(conv->tile, g->m);
    char *at = scratch;

    g->batch = conv->batch;
    g->groups = conv->groups;
    g->all_terms = terms;
    g->w_line = conv->kernel[1];
    g->w_group = conv->o * conv->c * conv->kernel[0] * conv->kernel[1];
    g->x_line = frame->size[1];
    g->x_plane = ug_frame_area(frame);
    g->packed = (float *)at;
    at += ug_block_bytes(rows * terms, sizeof(float));
    g->offset = (int64_t *)at;
    at += ug_block_bytes(terms, sizeof(int64_t));
    g->x = x;
    if (!ug_frame_is_tight(frame)) {
        ug_frame_copy(frame, g->batch * g->groups * g->c, x, (float *)at);
        g->x = (float *)at;
    }
}

/* ---- Phases ---- */

static void fill_offsets(const struct ug_gather *g)
{
    const struct ug_gather_axis *row = &g->axis[0], *col = &g->axis[1];
    int64_t *to = g->offset;

    for (int64_t c = 0; c < g->c; c++)
        for (int64_t s = 0; s < row->taps; s++)
            for (int64_t t = 0; t < col->taps; t++)
                *to++ = c * g->x_plane + s * row->tap_step * g->x_line + t * col->tap_step;
}

void ug_gather_run(struct ug_gather *phases, int n, const struct ug_tile *tile, const float *w)
{
    int64_t terms = 0;

    for (struct ug_gather *g = phases; g < phases + n; g++) {
        g->n_terms = g->c * g->axis[0].taps * g->axis[1].taps;
        g->terms_before = terms;
        terms += g->n_terms;
    }
    if (!phases->rows)
        ug_gather_pack_weights(phases, n, tile, w);
    for (const struct ug_gather *g = phases; g < phases + n; g++) {
        fill_offsets(g);
        run_gather(g, tile);
    }
}
