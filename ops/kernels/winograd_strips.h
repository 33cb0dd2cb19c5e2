/* winograd_strips.h -- how a convolution is cut for Winograd's algorithm, and how its matrices lie.
 *
 * Tiles are worked on in strips: rows of tiles of a picture, or several small pictures at once, so
 * that the matrices stay within the cache.  A matrix has a row for each tile and a column for each
 * channel; columns stand together in vectors of `lanes`, and the unit-stride convolution has a
 * vector of input channels for each phase of the stride:
 *
 *     results:  [points][vectors of channels][padded][lanes]
 *     inputs:   [points][vectors of channels][phases][padded][lanes]
 */
#ifndef UG_WINOGRAD_STRIPS_H
#define UG_WINOGRAD_STRIPS_H

#include <stdbool.h>

#include "ops/kernels/conv.h"
#include "ops/kernels/winograd_kernels.h"

struct ug_winograd_work {
    const struct ug_conv *g;
    const struct ug_winograd_kernels *kernels;
    int64_t step, phases;        /* stride, and its square */
    int64_t tall, wide;          /* results of a tile, down and across */
    int64_t points;              /* of a tile: all of kernels->points */
    int64_t down, across;        /* tiles of a picture */
    int64_t lines, pictures;     /* rows of tiles, and pictures, of a strip */
    int64_t padded;              /* the most tiles of a strip, rounded up to whole products */
    int64_t in_blocks, blocks;   /* vectors of channels: of a phase of x, of all its phases */
    int64_t out_blocks;          /* of y */
    int64_t block_depth;         /* of a block of weights: vectors of rows, a multiple of phases */
    int64_t block_apart;         /* floats from one point to the next */
    int64_t band;                /* rows of tiles whose pixels are held at a time */
    int64_t in_width, out_width; /* pixels in a row of a frame around the inputs, the results */
    int64_t frame;               /* floats of a frame, or of a square of weights */
};

/* What is worked on at a time: `pictures` pictures from n on, `lines` rows of tiles from `line` on.
 */
struct ug_winograd_strip {
    int64_t n, pictures, line, lines;
    int64_t tiles, each; /* in all; of each picture */
};

/* For tiles of 4 x across results. */
struct ug_winograd_work ug_winograd_work_of(const struct ug_conv *g, int across);

struct ug_winograd_strip ug_winograd_first_strip(const struct ug_winograd_work *w);
/* Makes `s` the strip after it; false at the end. */
bool ug_winograd_next_strip(const struct ug_winograd_work *w, struct ug_winograd_strip *s);

/* Floats from one point of a matrix of tiles to the next, for `columns` vectors of columns.  Products
 * take columns in pairs, so that there is room for an even number. */
int64_t ug_winograd_tiles_apart(const struct ug_winograd_work *w, int64_t columns);

/* Bytes for `apart` floats at each point, and a space for each thread behind them. */
size_t ug_winograd_scratch_size(const struct ug_winograd_work *w, int64_t apart);
/* The calling thread's own memory: a frame of pixels, and a block of weights behind it.  `base` is
 * where the spaces begin. */
float *ug_winograd_space_at(const struct ug_winograd_work *w, float *base);

#endif
