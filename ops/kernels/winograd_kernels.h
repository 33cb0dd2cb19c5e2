/* winograd_kernels.h -- the inner loops of Winograd's convolution, for each width of vectors.
 *
 * Everything here lies in vectors of `lanes` channels: a pixel, a member of a tile or a point of a
 * transformed tile is one vector, so that no loop over pixels or tiles leaves a remainder.
 */
#ifndef UG_WINOGRAD_KERNELS_H
#define UG_WINOGRAD_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/kernels/tile.h"

/* Where the members of tiles lie: floats between two rows of members, between two members of a
 * row, and between two tiles. */
struct ug_winograd_members {
    int64_t row, member, tile;
};

/* Applies a two-dimensional transform to n tiles. */
typedef void ug_winograd_transform(int64_t n, const float *in, struct ug_winograd_members from,
                                   float *out, struct ug_winograd_members to);

struct ug_winograd_kernels {
    int taps;                          /* of a filter along each axis */
    int results[2], points[2];         /* of a tile, down and across: points = results + taps - 1 */
    int lanes, rows;                   /* floats of a vector; tiles in a product's registers */
    ug_winograd_transform *input;      /* [points][points] -> the same */
    ug_winograd_transform *input_back; /* its adjoint; adds to `out` */
    ug_winograd_transform *output;     /* [points][points] -> [results][results] */
    ug_winograd_transform *output_back; /* its adjoint */
    ug_winograd_transform *weight;      /* [taps][taps] -> [points][points] */
    ug_winograd_transform *weight_back; /* its adjoint */

    /* vectors[i * lanes + c] = planes[c * apart + i] for i < n and c < channels; 0 for the other c.
     * May read up to a vector past the i-th float of each plane, but nothing from `end` on. */
    void (*gather)(int64_t n, int64_t channels, const float *planes, int64_t apart,
                   const float *end, float *vectors);
    /* The transpose: writes planes, or adds to them. */
    void (*scatter)(int64_t n, int64_t channels, const float *vectors, float *planes, int64_t apart,
                    bool add);

    /* Two columns of vectors of a product, `depth` vectors deep, for n tiles:
     *     c[j][i] = sum over k of a[k / lanes][i][k % lanes] b[k][j],  j = 0 and 1,
     * columns of a and c being a_apart and c_apart floats apart; added to c if `add`.
     * Computes up to n rounded up to `rows`. */
    void (*product)(int64_t n, int64_t depth, const float *a, int64_t a_apart, const float *b,
                    float *c, int64_t c_apart, bool add);
    /* c[i][j] = sum over t < n of a[i / lanes][t][i % lanes] b[j][t],  j = 0 and 1, for `height`
     * vectors of i; columns of a and b being a_apart and b_apart floats apart; and `add` as above.
     */
    void (*correlate)(int64_t n, int64_t height, const float *a, int64_t a_apart, const float *b,
                      int64_t b_apart, float *c, bool add);
};

enum { UG_WINOGRAD_MAX_LANES = 16 };

/* For tiles of 4x4 results of filters of 3x3 or 2x2 taps, or 4x8 (`across` = 8) of 3x3, with
 * vectors as wide as those of `tile`. */
const struct ug_winograd_kernels *ug_winograd_kernels_of(const struct ug_tile *tile, int across,
                                                         int taps);

#endif
