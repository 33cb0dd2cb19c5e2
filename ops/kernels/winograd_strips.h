/* winograd_strips.h -- how a convolution is cut for Winograd's algorithm: into strips of tiles,
 * matrices in panels, and a space of its own for each thread.
 */
#ifndef UG_WINOGRAD_STRIPS_H
#define UG_WINOGRAD_STRIPS_H

#include <stdbool.h>
#include <string.h>

#include "ops/kernels/conv.h"
#include "ops/kernels/tile.h"
#include "ops/kernels/winograd_tiles.h"

struct ug_winograd_work {
    const struct ug_conv *g;
    const struct ug_tile *tile;
    const struct ug_winograd_transforms *t;
    int64_t step, depth;     /* stride; channels of the unit-stride convolution: c * step^2 */
    int64_t points;          /* of a tile: t->points^2 */
    int64_t down, across;    /* tiles of a picture */
    int64_t lines, pictures; /* rows of tiles, and pictures, worked on at a time */
    int64_t tiles, padded;   /* the most at a time; the same rounded up to whole panels */
    int64_t row,
        plane; /* of a picture's phases (struct ug_winograd_space): floats between rows of tiles,
                                between phases */
    int64_t spread; /* floats of one point of one picture's tiles, in rows `row` apart */
};

/* What is worked on at a time: `pictures` pictures from n on, `lines` rows of tiles from `line` on.
 */
struct ug_winograd_strip {
    int64_t n, pictures, line, lines;
    int64_t tiles, each; /* in all; of each picture */
};

/* A worker's own memory.  A strip of a picture lies in 16 phases: pixel (r, k), counted from the
 * strip's first input, is phase (r % 4, k % 4) at (r / 4, k / 4), so that member (i, j) of all
 * tiles is a run of memory. */
struct ug_winograd_space {
    float *phases; /* [4][4][lines + 1][across + 1] */
    float *tiles;  /* [points][lines][across + 1], of the last column nothing is used */
    float *line;   /* of pixels */
};

struct ug_winograd_work ug_winograd_work_of(const struct ug_conv *g);

struct ug_winograd_strip ug_winograd_first_strip(const struct ug_winograd_work *w);
/* Makes `s` the strip after it; false at the end. */
bool ug_winograd_next_strip(const struct ug_winograd_work *w, struct ug_winograd_strip *s);

/* Floats of one point of a matrix that is read or written in whole panels. */
int64_t ug_winograd_panels_size(int64_t rows, int64_t panel, int64_t depth);
/* Bytes for `matrices` floats at each point, and a space for each thread behind them. */
size_t ug_winograd_scratch_size(const struct ug_winograd_work *w, int64_t matrices);
/* The calling thread's space; `base` is where the spaces begin. */
struct ug_winograd_space ug_winograd_space_at(const struct ug_winograd_work *w, float *base);

/* Where n members lie that are `apart` floats from one another, for ug_winograd_transform. */
static inline void ug_winograd_evenly(int64_t n, int64_t apart, int64_t at[UG_WINOGRAD_MAX_POINTS])
{
    for (int64_t i = 0; i < n; i++)
        at[i] = i * apart;
}

/* Runs are short here: a call of memcpy for each would take longer than the copying. */
static inline void ug_copy_floats(float *to, const float *from, int64_t n)
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

#endif
