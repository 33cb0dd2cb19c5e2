/* convolve.h -- the three internal ops that convolution layers are made of.
 *
 * y = convolve(x, w), dx = convolve_input(dy, w) and dw = convolve_weight(x, dy) are one trilinear
 * form seen from its three sides, so that the gradients of each are the other two, to any order.
 * With groups, x is [N, C, H, W], w is [O, C / groups, kh, kw] and y is [N, O, h, w].
 */
#ifndef UG_OPS_CONVOLVE_H
#define UG_OPS_CONVOLVE_H

#include "engine/graph/build.h"
#include "ops/kernels/conv.h"

/* `size` is of the result: rows and columns of y, of x (several may lead to one y), or of the
 * kernel.  Nodes with `doubled` are made by simplifying alone. */
struct ug_convolve_attrs {
    int64_t stride[2], padding[2], dilation[2], size[2];
    int64_t groups;
    int64_t edges;   /* enum ug_edges: what the padding holds */
    int64_t doubled; /* 1: x is upsampled by two first, to the nearest pixel */
};

/* Numbers of a layer that the user gives may not be larger: products of them stay far from 2^63. */
enum { UG_CONVOLVE_LIMIT = 1 << 20 };

extern const struct ug_op ug_op_convolve, ug_op_convolve_input, ug_op_convolve_weight;

/* The adjoint of nearest upsampling by two after `n`, a convolve_input: one node for both, if there is
 * a kernel for it, or NULL. */
struct ug_node *ug_convolve_input_doubled(struct ug_builder *b, const struct ug_node *n);

/* The algorithms that each of them may take, by side: for `bench --kernels`. */
extern const struct ug_ways ug_convolve_ways[UG_N_CONV_SIDES];

/* What the kernels see of one of them. */
struct ug_conv ug_convolve_conv(enum ug_conv_side side, const void *attrs, const struct ug_type *in,
                                const struct ug_type *out);

/* The size of y for a picture, by the usual rule; below 1 where the kernel does not fit. */
int64_t ug_convolve_size(const struct ug_convolve_attrs *a, int axis, int64_t picture,
                         int64_t kernel);

/* Why x and w do not fit together, into `error` (UG_ERROR_TEXT bytes); false if so. */
bool ug_convolve_fits(const struct ug_convolve_attrs *a, const struct ug_type *x,
                      const struct ug_type *w, char *error);

#endif
