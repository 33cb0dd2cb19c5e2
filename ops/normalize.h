/* normalize.h -- the internal ops that instance, batch, layer and group norm are made of.
 *
 * All of them read a value as [outer, rows, inner] and bring each row to mean 0 and variance 1:
 *     stats = norm_stats(x)                [rows, 2]: mean and (biased) variance of each
 *     y = normalize(x, stats)              (x - mean) / sqrt(var + eps)
 *     dx = normalize_backward(dy, y, stats)
 * `normalize` takes its statistics to be those of x, so that the gradient to x accounts for them
 * and none goes to the input `stats`.
 */
#ifndef UG_OPS_NORMALIZE_H
#define UG_OPS_NORMALIZE_H

#include "engine/graph/build.h"

struct ug_norm_attrs {
    int64_t outer, rows, inner;
    double eps;
};

/* Of normalize_backward, if y went on through a rectifier: its slope where y is not positive.  1: none
 * is in between. */
struct ug_norm_backward_attrs {
    struct ug_norm_attrs norm;
    double slope;
};

extern const struct ug_op ug_op_norm_stats, ug_op_normalize, ug_op_normalize_backward;

/* A running statistic: next = (1 - momentum) * old + momentum * scale * stats[:, which]. */
struct ug_track_attrs {
    double momentum, scale;
    int64_t which; /* 0: the mean, 1: the variance */
};

/* Inputs: old [rows], the state; stats [rows, 2]; perhaps what is still to be added to the mean, a
 * number for each row. */
extern const struct ug_op ug_op_track_stats;

/* Rules for simplifying: normalize_rules.c. */
struct ug_node *ug_normalize_simplify(struct ug_builder *b, const struct ug_node *n);
struct ug_node *ug_normalize_backward_simplify(struct ug_builder *b, const struct ug_node *n);
struct ug_node *ug_normalize_backward_sum(struct ug_builder *b, const struct ug_node *n,
                                          const struct ug_shape *to);
struct ug_node *ug_track_stats_simplify(struct ug_builder *b, const struct ug_node *n);

#endif
