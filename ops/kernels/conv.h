/* conv.h -- the three sums over (n, c, row, column) that convolution and its gradients are.
 *
 * With y[n, o, i, j] = sum over c, s, t of x[n, c, i*stride - padding + s*dilation, ...] w[o, c, s,
 * t]: forward gives y from (x, w), input gives x's gradient from (dy, w), weight gives w's from (x,
 * dy). Channels stand in `groups` that do not mix.  Bits do not depend on the number of threads:
 * each result is one chain of blocks whatever piece it falls into.
 */
#ifndef UG_CONV_H
#define UG_CONV_H

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
    const struct ug_tile *tile; /* the inner loops to use; tests try them all */
};

/* y from x and w. */
size_t ug_conv_forward_scratch(const struct ug_conv *g);
void ug_conv_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                     void *scratch);

/* dx from dy and w. */
size_t ug_conv_input_scratch(const struct ug_conv *g);
void ug_conv_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                   void *scratch);

/* dw from x and dy. */
size_t ug_conv_weight_scratch(const struct ug_conv *g);
void ug_conv_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                    void *scratch);

#endif
