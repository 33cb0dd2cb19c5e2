/* winograd_strips.c -- strips of tiles, and the memory that working on them takes. */
#include "ops/kernels/winograd_strips.h"

#include <omp.h>

#include "ops/kernels/cut.h"

enum {
    RESULTS = 4,      /* of a tile, along an axis */
    MOST_TILES = 512, /* worked on at a time, unless one row of tiles has more */
    SKEW = 48         /* floats between the planes of two points: they must not share cache sets */
};

struct ug_winograd_work ug_winograd_work_of(const struct ug_conv *g)
{
    struct ug_winograd_work w = {.g = g, .tile = ug_tile_best(), .step = g->stride[0]};

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
    w.plane = (w.lines + 1) * w.row + UG_WINOGRAD_SLACK;
    w.spread = w.lines * w.row + UG_WINOGRAD_SLACK;
    return w;
}

/* ---- Strips ---- */

struct ug_winograd_strip ug_winograd_first_strip(const struct ug_winograd_work *w)
{
    struct ug_winograd_strip s = {.pictures = w->pictures, .lines = w->lines};

    s.each = s.lines * w->across;
    s.tiles = s.pictures * s.each;
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
    s->each = s->lines * w->across;
    s->tiles = s->pictures * s->each;
    return true;
}

/* ---- Scratch memory ---- */

static int64_t space_size(const struct ug_winograd_work *w)
{
    return ug_ceil_div(16 * w->plane + w->points * w->spread + 4 * w->row + UG_WINOGRAD_SLACK, 16) *
           16;
}

struct ug_winograd_space ug_winograd_space_at(const struct ug_winograd_work *w, float *base)
{
    float *p = base + omp_get_thread_num() * space_size(w);

    return (struct ug_winograd_space){
        .phases = p, .tiles = p + 16 * w->plane, .line = p + 16 * w->plane + w->points * w->spread};
}

int64_t ug_winograd_panels_size(int64_t rows, int64_t panel, int64_t depth)
{
    return ug_ceil_div(rows, panel) * panel * depth + SKEW;
}

size_t ug_winograd_scratch_size(const struct ug_winograd_work *w, int64_t matrices)
{
    return (size_t)(w->points * matrices + omp_get_max_threads() * space_size(w)) * sizeof(float);
}
