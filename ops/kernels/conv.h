/* conv.h -- the three sums over (n, c, row, column) that convolution and its gradients are.
 *
 * With y[n, o, i, j] = sum over c, s, t of x[n, c, i*stride - padding + s*dilation, ...] w[o, c, s,
 * t]: forward gives y from (x, w), input gives x's gradient from (dy, w), weight gives w's from (x,
 * dy). Channels stand in `groups` that do not mix.  Bits do not depend on the number of threads:
 * each result is one chain of blocks whatever piece it falls into.
 */
#ifndef UG_CONV_H
#define UG_CONV_H

#include <stdbool.h>

#include "engine/graph/op.h"
#include "ops/kernels/tile.h"

/* What stands around a picture: zeros, the picture mirrored, or its border repeated. */
enum ug_edges { UG_EDGES_ZERO, UG_EDGES_REFLECT, UG_EDGES_REPLICATE };

/* One convolution: x is [batch, groups * c, in[0], in[1]], y is [batch, groups * o, out[0],
 * out[1]], w is [groups * o, c, kernel[0], kernel[1]].  All of it is checked by the caller: in
 * particular, every (out, kernel) pair may read outside of the picture, where `edges` says what
 * x is. */
struct ug_conv {
    int64_t batch, groups, c, o;
    int64_t in[2], out[2], kernel[2];
    int64_t stride[2], padding[2], dilation[2];
    enum ug_edges edges;
    bool adds;    /* the result is added to what lies there: where ug_conv_can_add */
    bool doubled; /* every pixel of x first becomes 2x2 (nearest upsampling); `in` is x before it */
    const struct ug_tile *tile;       /* the inner loops to use; tests try them all */
    struct ug_reading read_x, read_y; /* what is done to x, to y or dy, as it is read, by algorithms
                                         that ug_conv_reads says do it */
};

/* The pixel that stands at i of an axis of n pixels with `padding` around them; -1: none, a zero. */
static inline int64_t ug_conv_source(int64_t i, int64_t n, int64_t padding, enum ug_edges edges)
{
    if (i >= 0 && i < n)
        return i;
    if (edges == UG_EDGES_ZERO || i < -padding || i >= n + padding)
        return -1;
    if (edges == UG_EDGES_REPLICATE)
        return i < 0 ? 0 : n - 1;
    return i < 0 ? -i : 2 * (n - 1) - i;
}

/* Which of the three is wanted: y from (x, w), dx from (dy, w), or dw from (x, dy). */
enum ug_conv_side { UG_CONV_FORWARD, UG_CONV_INPUT, UG_CONV_WEIGHT, UG_N_CONV_SIDES };

enum ug_conv_algorithm {
    UG_CONV_PANELS,        /* products of matrices, packed panel by panel: conv_panels.h */
    UG_CONV_WINOGRAD,      /* a quarter of the multiplications: winograd.h */
    UG_CONV_WINOGRAD_WIDE, /* a fifth, with a larger error */
    UG_CONV_COLUMNS, /* the side to the input alone, with weights as they lie: conv_columns.h */
    UG_CONV_TAPS,    /* tap by tap, to few channels: conv_taps.h */
    UG_CONV_DOUBLED, /* after nearest upsampling, without the large picture: conv_doubled.h */
    UG_N_CONV_ALGORITHMS
};

const char *ug_conv_algorithm_name(enum ug_conv_algorithm a);

/* Whether an algorithm serves one side of this convolution, and the seconds that one core should take
 * for it: the costs it rests on are ug_conv_costs. */
bool ug_conv_fits(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a);
double ug_conv_seconds(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a);

/* Whether it does to what it reads what `read_x` and `read_y` say. */
bool ug_conv_reads(enum ug_conv_algorithm a);

/* The one that should be fastest. */
enum ug_conv_algorithm ug_conv_choose(const struct ug_conv *g, enum ug_conv_side side);

/* Whether it can add its result to what lies there (g->adds), to the bits of a sum of its own. */
bool ug_conv_can_add(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a);

/* Runs one that fits: `first` and `second` as the side's pair above says. */
size_t ug_conv_scratch(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a);
void ug_conv_run(const struct ug_conv *g, enum ug_conv_side side, enum ug_conv_algorithm a,
                 const float *first, const float *second, float *result, void *scratch);

/* What the predictions rest on, as measured by `unitgraph bench --kernels`. */
extern const struct ug_cost ug_conv_costs[];

#endif
