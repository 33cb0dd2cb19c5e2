/* reduced.h -- what reductions have in common: their axes, their arguments, the shape of the
 * result. */
#ifndef UG_OPS_REDUCED_H
#define UG_OPS_REDUCED_H

#include "engine/graph/build.h"
#include "ops/settings.h"

struct ug_reduced {
    struct ug_shape kept; /* the shape of x with the reduced axes kept as 1 */
    struct ug_shape out;  /* the result's: without them, unless keepdim */
    int64_t n;            /* elements that make one of the result */
};

/* For settings that the shape rule has accepted. */
struct ug_reduced ug_reduced_of(const struct ug_reduce_attrs *a, const struct ug_shape *x);

/* The shape rule. */
bool ug_reduce_infer(struct ug_inference *t);

/* v, which has the shape of y, a reduction's result, as it broadcasts to the input of y. */
struct ug_node *ug_under(struct ug_builder *b, struct ug_node *v, const struct ug_node *y);

/* Where every result is made from one element, it is that element: a view. */
struct ug_node *ug_reduce_simplify(struct ug_builder *b, const struct ug_node *y);

/* Whether axis 0 is among those that are reduced. */
bool ug_reduce_mixes(const void *attrs, const struct ug_type *in);

/* One addition or comparison for each element of the input. */
double ug_reduce_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out);

/* Arguments by name: dim and keepdim of a struct ug_reduce_attrs at the head of the settings. */
#define UG_REDUCE_DIM                                                                              \
    {                                                                                              \
        .name = "dim",                                                                             \
        .doc = "the axis or axes to reduce, negative ones counted from the end; all by default",   \
        .type = UG_INTS, .offset = offsetof(struct ug_reduce_attrs, dim), .initial = "none",       \
        .keyword = true                                                                            \
    }
#define UG_REDUCE_KEEPDIM                                                                          \
    {                                                                                              \
        .name = "keepdim", .doc = "leave the reduced axes in the shape, with extent 1",            \
        .type = UG_BOOL, .offset = offsetof(struct ug_reduce_attrs, keepdim), .initial = "false",  \
        .keyword = true                                                                            \
    }

/* x, dim, keepdim. */
extern const struct ug_arg ug_reduce_args[];

/* The example of a reduction. */
#define UG_REDUCE_EXAMPLE(expression)                                                              \
    "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: \"" expression "\"}\n"

#endif
