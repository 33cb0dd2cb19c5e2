/* shape.c -- the same elements under another shape: reshape, flatten, permute, transpose, expand.
 */
#include <assert.h>
#include <string.h>

#include "engine/graph/call.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "ops/kernels/permute.h"
#include "ops/settings.h"

#define X_ARG                                                                                      \
    {                                                                                              \
        .name = "x", .doc = "any shape", .type = UG_TENSOR                                         \
    }

/* ---- reshape ---- */

/* Puts what is left in the place of -1. */
static bool resolve_shape(struct ug_inference *t, const struct ug_ints *wanted,
                          struct ug_shape *shape)
{
    const int64_t n = ug_shape_count(&t->in[0].shape);
    int64_t known = 1;
    int open = -1;

    *shape = (struct ug_shape){.rank = wanted->n};
    for (int i = 0; i < wanted->n; i++) {
        const int64_t d = wanted->v[i];

        if (d < -1)
            return ug_reject(t, "%lld is no extent", (long long)d);
        if (d == -1 && open >= 0)
            return ug_reject(t, "only one extent may be -1");
        if (d == -1)
            open = i;
        else if (__builtin_mul_overflow(known, d, &known) || known > UG_MAX_ELEMENTS)
            return ug_reject(t, "the new shape has more than 2^40 elements");
        shape->dim[i] = d;
    }
    if (open >= 0 && (known == 0 || n % known))
        return ug_reject(t,
                         "%lld elements do not divide by the other extents, whose product is %lld",
                         (long long)n, (long long)known);
    if (open >= 0)
        shape->dim[open] = n / known;
    else if (known != n)
        return ug_reject(t, "%lld elements do not make a shape of %lld", (long long)n,
                         (long long)known);
    return true;
}

static bool reshape_infer(struct ug_inference *t)
{
    const struct ug_reshape_attrs *a = t->attrs;

    t->out.dtype = t->in[0].dtype;
    return resolve_shape(t, &a->shape, &t->out.shape);
}

/* Whatever the shape: what lies in memory one after the other still does. */
static bool reshape_widen(void *attrs, int64_t n)
{
    struct ug_reshape_attrs *a = attrs;

    if (a->shape.n && a->shape.v[0] > 0)
        a->shape.v[0] *= n;
    return a->shape.n > 0;
}

static void reshape_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_reshape(b, dy, y->in[0]->type.shape);
}

static const struct ug_arg reshape_args[] = {
    X_ARG,
    {.name = "shape",
     .doc = "the new extents; one may be -1 and is then what is left",
     .type = UG_INTS,
     .offset = offsetof(struct ug_reshape_attrs, shape)},
    {.name = NULL},
};

static const struct ug_op reshape = {
    .name = "reshape",
    .summary = "The same elements in the same order under another shape.",
    .formula = "y = x, row by row",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: \"reshape(x, [2, -1])\"}\n",
    .args = reshape_args,
    .extra_hint = "the shape is one list: reshape(x, [2, -1])",
    .attrs_size = sizeof(struct ug_reshape_attrs),
    .infer = reshape_infer,
    .gradient = reshape_gradient,
    .per_sample = 1,
    .widen = reshape_widen,
    .flops = ug_no_flops,
    .is_view = true,
};

/* ---- flatten ---- */

struct flatten_attrs {
    int64_t start_dim, end_dim;
};

static struct ug_node *flatten_build(struct ug_call *c)
{
    const struct flatten_attrs *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    const struct ug_shape from = x->type.shape;
    struct ug_shape to = {.rank = 0};

    if (from.rank == 0)
        return ug_reshape(c->b, x, UG_SHAPE(1));
    const int start = ug_call_axis(c, a->start_dim, from.rank);
    const int end = start < 0 ? -1 : ug_call_axis(c, a->end_dim, from.rank);

    if (start < 0 || end < 0)
        return NULL;
    if (start > end)
        return ug_call_fail(c, "start_dim %d comes after end_dim %d", start, end);
    for (int i = 0; i < from.rank; i++)
        if (i <= start || i > end)
            to.dim[to.rank++] = i == start ? ug_shape_span(&from, start, end + 1) : from.dim[i];
    return ug_reshape(c->b, x, to);
}

static const struct ug_arg flatten_args[] = {
    X_ARG,
    {.name = "start_dim",
     .doc = "the first axis of those that become one",
     .type = UG_INT,
     .offset = offsetof(struct flatten_attrs, start_dim),
     .initial = "1"},
    {.name = "end_dim",
     .doc = "the last of them",
     .type = UG_INT,
     .offset = offsetof(struct flatten_attrs, end_dim),
     .initial = "-1"},
    {.name = NULL},
};

static const struct ug_op flatten = {
    .name = "flatten",
    .summary = "Several axes as one: each sample as a row, by default.",
    .formula = "[N, C, H, W] becomes [N, C*H*W]",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: flatten(x)}\n",
    .args = flatten_args,
    .attrs_size = sizeof(struct flatten_attrs),
    .build = flatten_build,
};

/* ---- permute, transpose ---- */

static bool permute_infer(struct ug_inference *t)
{
    const struct ug_permute_attrs *a = t->attrs;
    const struct ug_shape *x = &t->in[0].shape;
    struct ug_axes axes;

    if (a->dims.n != x->rank)
        return ug_reject(t, "%d axes cannot stand in an order of %d", x->rank, a->dims.n);
    if (!ug_axes_of(&a->dims, x->rank, &axes, t))
        return false;
    t->out = t->in[0];
    for (int i = 0; i < x->rank; i++)
        t->out.shape.dim[i] = x->dim[ug_axis_of(a->dims.v[i], x->rank, NULL)];
    return true;
}

static void permute_run(const struct ug_kernel *k)
{
    const struct ug_permute_attrs *a = k->attrs;
    const int rank = k->in[0].shape.rank;
    int order[UG_MAX_RANK];

    for (int i = 0; i < rank; i++)
        order[i] = ug_axis_of(a->dims.v[i], rank, NULL);
    ug_permute_run(&k->in[0], order, k->out.data);
}

static void permute_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    const struct ug_permute_attrs *a = y->attrs;
    const int rank = y->type.shape.rank;
    struct ug_ints back = {.n = rank};

    (void)wanted;
    for (int i = 0; i < rank; i++)
        back.v[ug_axis_of(a->dims.v[i], rank, NULL)] = i;
    dx[0] = ug_permute(b, dy, back);
}

/* Moving axes of extent 1 moves no element. */
static bool moves_nothing(const struct ug_ints *order, const struct ug_shape *x)
{
    int last = -1;

    for (int i = 0; i < x->rank; i++) {
        const int axis = ug_axis_of(order->v[i], x->rank, NULL);

        if (x->dim[axis] == 1)
            continue;
        if (axis < last)
            return false;
        last = axis;
    }
    return true;
}

/* Two permutations in a row are one; one that moves nothing is a view. */
static struct ug_node *permute_simplify(struct ug_builder *b, const struct ug_node *y)
{
    const struct ug_permute_attrs *outer = y->attrs;
    struct ug_node *x = y->in[0];
    const bool nested = x->op == y->op;
    struct ug_ints order = outer->dims;

    if (nested) {
        const struct ug_permute_attrs *inner = x->attrs;

        for (int i = 0; i < order.n; i++)
            order.v[i] = inner->dims.v[ug_axis_of(outer->dims.v[i], order.n, NULL)];
        x = x->in[0];
    }
    if (moves_nothing(&order, &x->type.shape))
        return ug_reshape(b, x, y->type.shape);
    return nested ? ug_permute(b, x, order) : NULL;
}

static const struct ug_arg permute_args[] = {
    X_ARG,
    {.name = "dims",
     .doc = "for each axis of the result, the axis of x that it is",
     .type = UG_INTS,
     .offset = offsetof(struct ug_permute_attrs, dims)},
    {.name = NULL},
};

static bool permute_mixes(const void *attrs, const struct ug_type *in)
{
    const struct ug_permute_attrs *a = attrs;

    return in->shape.rank < 1 || ug_axis_of(a->dims.v[0], in->shape.rank, NULL) != 0;
}

static const struct ug_op permute = {
    .name = "permute",
    .summary = "The axes in another order.",
    .formula = "axis i of y is axis dims[i] of x",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: \"permute(x, [2, 0, 1])\"}\n",
    .args = permute_args,
    .extra_hint = "the order is one list: permute(x, [0, 2, 1])",
    .attrs_size = sizeof(struct ug_permute_attrs),
    .infer = permute_infer,
    .run = permute_run,
    .gradient = permute_gradient,
    .simplify = permute_simplify,
    .flops = ug_no_flops,
    .per_sample = 1,
    .mixes = permute_mixes,
};

struct transpose_attrs {
    int64_t dim0, dim1;
};

static struct ug_node *transpose_build(struct ug_call *c)
{
    const struct transpose_attrs *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    const int axis0 = ug_call_axis(c, a->dim0, x->type.shape.rank);
    const int axis1 = axis0 < 0 ? -1 : ug_call_axis(c, a->dim1, x->type.shape.rank);

    return axis1 < 0 ? NULL : ug_transpose(c->b, x, axis0, axis1);
}

static const struct ug_arg transpose_args[] = {
    X_ARG,
    {.name = "dim0",
     .doc = "an axis",
     .type = UG_INT,
     .offset = offsetof(struct transpose_attrs, dim0)},
    {.name = "dim1",
     .doc = "the axis that it changes places with",
     .type = UG_INT,
     .offset = offsetof(struct transpose_attrs, dim1)},
    {.name = NULL},
};

static const struct ug_op transpose = {
    .name = "transpose",
    .summary = "Two axes in each other's place.",
    .formula = "y[.., i, .., j, ..] = x[.., j, .., i, ..]",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: \"transpose(x, 0, -1)\"}\n",
    .args = transpose_args,
    .attrs_size = sizeof(struct transpose_attrs),
    .build = transpose_build,
};

/* ---- expand ---- */

struct expand_attrs {
    struct ug_ints shape;
};

static struct ug_node *expand_build(struct ug_call *c)
{
    const struct expand_attrs *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    const struct ug_shape *from = &x->type.shape;
    struct ug_shape to = {.rank = a->shape.n};
    const int more = to.rank - from->rank;

    if (more < 0)
        return ug_call_fail(c, "%d axes do not fit into %d", from->rank, to.rank);
    for (int i = 0; i < to.rank; i++) {
        const int64_t here = i < more ? -1 : from->dim[i - more], wanted = a->shape.v[i];

        to.dim[i] = wanted == -1 ? here : wanted;
        if (to.dim[i] < 0)
            return ug_call_fail(c, "axis %d is new: it needs an extent, not %lld", i,
                                (long long)wanted);
        if (here >= 0 && here != 1 && here != to.dim[i])
            return ug_call_fail(c, "axis %d has extent %lld: only 1 can become %lld", i,
                                (long long)here, (long long)to.dim[i]);
    }
    if (!ug_shape_valid(&to))
        return ug_call_fail(c, "the result would have more than 2^40 elements");
    return ug_expand_to(c->b, x, to);
}

static const struct ug_arg expand_args[] = {
    X_ARG,
    {.name = "shape",
     .doc = "the new extents: those that were 1 may grow, new ones may come in front; -1 keeps one",
     .type = UG_INTS,
     .offset = offsetof(struct expand_attrs, shape)},
    {.name = NULL},
};

static const struct ug_op expand = {
    .name = "expand",
    .summary = "The value repeated along axes of extent 1.",
    .formula = "y[i, j] = x[0, j]",
    .example = "unitgraph: 1\ninputs: {x: [2, 1, 3]}\ngraph: {y: \"expand(x, [-1, 4, 3])\"}\n",
    .args = expand_args,
    .extra_hint = "the shape is one list: expand(x, [2, -1])",
    .attrs_size = sizeof(struct expand_attrs),
    .build = expand_build,
};

static const struct ug_op *const ops[] = {&reshape, &flatten, &permute, &transpose, &expand, NULL};

const struct ug_op_family ug_family_shape = {"shape", ops};
