/* emit.h -- making nodes by name of the mathematics, for those who write ops.
 *
 * A gradient rule or a `build` reads as the formula it stands for:
 *     dx[0] = ug_mul(b, dy, ug_scale(b, x, 2));
 * Every helper takes NULL inputs and hands back NULL (see build.h); operands broadcast as in NumPy.
 * Settings that come from an op's own code and do not fit are bugs, reported like a user's error.
 * ug_add, ug_sum_to, ug_expand_to and ug_constant are the engine's own (build.h).
 */
#ifndef UG_OPS_EMIT_H
#define UG_OPS_EMIT_H

#include "engine/graph/build.h"

/* ---- Elementwise ---- */

struct ug_node *ug_sub(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_mul(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_div(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_pow(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_maximum(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_minimum(struct ug_builder *b, struct ug_node *x, struct ug_node *y);

struct ug_node *ug_neg(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_exp(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_log(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_sqrt(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_abs(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_square(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_sign(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_tanh(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_sigmoid(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_relu(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_softplus(struct ug_builder *b, struct ug_node *x);
struct ug_node *ug_log_softmax(struct ug_builder *b, struct ug_node *x, int axis);

/* Comparisons: 1 where it holds, else 0; no gradient. */
struct ug_node *ug_eq(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_gt(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_ge(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_lt(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
struct ug_node *ug_le(struct ug_builder *b, struct ug_node *x, struct ug_node *y);

/* dy where x > 0, slope * dy elsewhere: what passes back through a rectifier. */
struct ug_node *ug_gate(struct ug_builder *b, struct ug_node *dy, struct ug_node *x, double slope);

/* c * x, x + c, x ** c for a number c. */
struct ug_node *ug_scale(struct ug_builder *b, struct ug_node *x, double c);
struct ug_node *ug_shift(struct ug_builder *b, struct ug_node *x, double c);
struct ug_node *ug_power(struct ug_builder *b, struct ug_node *x, double c);

/* A value of the given shape, every element c; no memory until something needs it. */
struct ug_node *ug_filled(struct ug_builder *b, struct ug_shape shape, double c);

/* ---- Reductions ---- */

/* A list of axes: UG_AXES(2, 3). Negative ones count from the end; UG_ALL_AXES reduces everything.
 */
#define UG_AXES(...)                                                                               \
    ((struct ug_ints){(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})
#define UG_ALL_AXES ((struct ug_ints){.n = -1})

/* Over the axes; keepdim: they stay, with extent 1. */
struct ug_node *ug_sum(struct ug_builder *b, struct ug_node *x, struct ug_ints axes, bool keepdim);
struct ug_node *ug_mean(struct ug_builder *b, struct ug_node *x, struct ug_ints axes, bool keepdim);

/* ---- Shape ---- */

/* The same elements in the same order in another shape, which is complete. */
struct ug_node *ug_reshape(struct ug_builder *b, struct ug_node *x, struct ug_shape shape);
/* Axis i of the result is axis order.v[i] of x. */
struct ug_node *ug_permute(struct ug_builder *b, struct ug_node *x, struct ug_ints order);
struct ug_node *ug_transpose(struct ug_builder *b, struct ug_node *x, int axis0, int axis1);
/* The elements start <= k < stop of one axis; all others whole. */
struct ug_node *ug_slice(struct ug_builder *b, struct ug_node *x, int axis, int64_t start,
                         int64_t stop);
struct ug_node *ug_cat(struct ug_builder *b, struct ug_node *const *x, int n, int axis);

/* before[i] and after[i] more elements on axis i; negative numbers take away. */
enum ug_pad_mode { UG_PAD_CONSTANT, UG_PAD_REFLECT, UG_PAD_REPLICATE };
struct ug_padding {
    int64_t before[UG_MAX_RANK], after[UG_MAX_RANK];
};
struct ug_node *ug_pad(struct ug_builder *b, struct ug_node *x, const struct ug_padding *p,
                       enum ug_pad_mode mode, double value);

/* ---- Linear algebra ---- */

/* x [..., M, K] times y [..., K, N], of which either may be given transposed; batches broadcast. */
struct ug_node *ug_matmul(struct ug_builder *b, struct ug_node *x, struct ug_node *y,
                          bool transpose_x, bool transpose_y);

#endif
