/* winograd_tiles.h -- the linear maps of Winograd's convolution, for the widest vectors of this
 * processor. */
#ifndef UG_WINOGRAD_TILES_H
#define UG_WINOGRAD_TILES_H

#include <stdint.h>

/* Applies a two-dimensional transform to tiles 0 … n - 1 at once: member k of tile q is in[in_at[k]
 * + q], members counted along rows.  Reads and writes whole vectors: up to UG_WINOGRAD_SLACK floats
 * past the last tile. */
typedef void ug_winograd_transform(int64_t n, const float *in, const int64_t *in_at, float *out,
                                   const int64_t *out_at);
enum { UG_WINOGRAD_SLACK = 16, UG_WINOGRAD_MAX_POINTS = 36 };

struct ug_winograd_transforms {
    int taps, points; /* of the filter and of the tile, along an axis: points = taps + 3 */
    ug_winograd_transform *input;       /* [points][points] -> the same */
    ug_winograd_transform *input_back;  /* its adjoint; adds to `out` */
    ug_winograd_transform *output;      /* [points][points] -> [4][4] */
    ug_winograd_transform *output_back; /* its adjoint */
    ug_winograd_transform *weight;      /* [taps][taps] -> [points][points] */
    ug_winograd_transform *weight_back; /* its adjoint */
};

/* For filters of 3x3 or 2x2 taps. */
const struct ug_winograd_transforms *ug_winograd_best(int taps);

#endif
