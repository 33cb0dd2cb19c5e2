/* winograd_strips.c -- strips of tiles, and the memory that working on them takes. */
#include "ops/kernels/winograd_strips.h"

#include <omp.h>

#include "ops/kernels/cut.h"

enum {
    MOST_TILES = 256,   /* worked on at a time, unless one row of tiles has more */
    FRAME = 64 * 1024,  /* floats of a frame, unless one row of tiles takes more: half a L2 cache */
    BLOCK = 160 * 1024, /* floats of a block of weights: it should stay in the second cache */
    CHAIN = 128,        /* channels summed one by one: errors grow with the square root of that */
    SKEW = 48 /* floats between the planes of two points: they must not share cache sets */
};

/* Pictures' channels, tiles and frames. */
static void cut_pictures(struct ug_winograd_work *w)
{
    const struct ug_conv *g = w->g;
    const int64_t lanes = w->kernels->lanes, rows = w->kernels->rows, taps = w->kernels->taps;

    w->in_blocks = ug_ceil_div(g->c, lanes);
    w->blocks = w->phases * w->in_blocks;
    w->out_blocks = ug_ceil_div(g->o, lanes);
    w->down = ug_ceil_div(g->out[0], w->tall);
    w->across = ug_ceil_div(g->out[1], w->wide);
    w->lines = ug_min(w->down, ug_max(1, MOST_TILES / w->across));
    w->pictures = ug_min(g->batch, ug_max(1, MOST_TILES / (w->down * w->across)));
    w->padded = ug_ceil_div(w->pictures * w->lines * w->across, rows) * rows;
    w->in_width = ug_max(w->step * (w->wide * w->across + taps - 1), g->padding[1] + g->in[1]);
    w->out_width = w->wide * w->across;
    w->band = ug_max(1, ug_min(w->lines, FRAME / (w->step * w->tall * w->in_width * lanes)));
}

/* Blocks of weights, two vectors of columns or all phases of one wide. */
static void cut_weights(struct ug_winograd_work *w)
{
    const int64_t lanes = w->kernels->lanes, columns = ug_max(2, w->phases);
    const int64_t all = ug_max(w->blocks, w->out_blocks);
    const int64_t room = BLOCK / (w->points * columns * lanes * lanes);
    const int64_t most = ug_max(1, ug_min(room, CHAIN / lanes));
    const int64_t depth = ug_ceil_div(all, ug_ceil_div(all, most)); /* blocks of the same depth */

    w->block_depth = ug_max(1, depth / w->phases) * w->phases;
    w->block_apart = columns * w->block_depth * lanes * lanes + SKEW;
}

struct ug_winograd_work ug_winograd_work_of(const struct ug_conv *g, int across)
{
    struct ug_winograd_work w = {.g = g, .step = g->stride[0]};
    int64_t rows, area = g->kernel[0] * g->kernel[1];

    w.phases = w.step * w.step;
    w.kernels = ug_winograd_kernels_of(g->tile, across, (int)(g->kernel[0] / w.step));
    w.points = (int64_t)w.kernels->points[0] * w.kernels->points[1];
    w.tall = w.kernels->results[0];
    w.wide = w.kernels->results[1];
    cut_pictures(&w);
    cut_weights(&w);
    rows = w.step * (w.tall * w.band + w.kernels->taps - 1);
    w.frame = ug_max(rows * w.in_width, area * w.kernels->lanes) * w.kernels->lanes;
    return w;
}

/* ---- Strips ---- */

static void count_tiles(const struct ug_winograd_work *w, struct ug_winograd_strip *s)
{
    s->each = s->lines * w->across;
    s->tiles = s->pictures * s->each;
}

struct ug_winograd_strip ug_winograd_first_strip(const struct ug_winograd_work *w)
{
    struct ug_winograd_strip s = {.pictures = w->pictures, .lines = w->lines};

    count_tiles(w, &s);
    return s;
}

bool ug_winograd_next_strip(const struct ug_winograd_work *w, struct ug_winograd_strip *s)
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
    count_tiles(w, s);
    return true;
}

/* ---- Scratch memory ---- */

static int64_t even(int64_t n)
{
    return (n + 1) & ~(int64_t)1;
}

int64_t ug_winograd_tiles_apart(const struct ug_winograd_work *w, int64_t columns)
{
    return even(columns) * w->padded * w->kernels->lanes + SKEW;
}

static int64_t space_size(const struct ug_winograd_work *w)
{
    return ug_ceil_div(w->frame + w->points * w->block_apart, 16) * 16;
}

float *ug_winograd_space_at(const struct ug_winograd_work *w, float *base)
{
    return base + omp_get_thread_num() * space_size(w);
}

size_t ug_winograd_scratch_size(const struct ug_winograd_work *w, int64_t apart)
{
    return (size_t)(w->points * apart + omp_get_max_threads() * space_size(w)) * sizeof(float);
}
