/* reduce.c -- sums, means and extremes over axes. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/graph/call.h"
#include "engine/graph/sum.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "ops/settings.h"

/* ---- The axes ---- */

/* The shape of the result with the reduced axes kept as 1, and without them unless keepdim. */
struct reduced {
    struct ug_shape kept, out;
    int64_t n; /* elements that make one output */
};

static struct reduced reduce_shape(const struct ug_reduce_attrs *a, const struct ug_shape *x,
                                   const struct ug_axes *axes)
{
    struct reduced r = {.kept = *x, .n = 1};

    for (int i = 0; i < x->rank; i++) {
        if (axes->in[i]) {
            r.kept.dim[i] = 1;
            r.n *= x->dim[i];
        }
        if (!axes->in[i] || a->keepdim)
            r.out.dim[r.out.rank++] = r.kept.dim[i];
    }
    return r;
}

/* For kernels and gradients, where the axes are known to be right. */
static struct reduced reduced_shape(const struct ug_reduce_attrs *a, const struct ug_shape *x)
{
    struct ug_axes axes;
    const bool right = ug_axes_of(&a->dim, x->rank, &axes, NULL);

    assert(right);
    return reduce_shape(a, x, &axes);
}

static bool reduce_infer(struct ug_inference *t)
{
    const struct ug_reduce_attrs *a = t->attrs;
    struct ug_axes axes;

    if (!ug_require_float(t) || !ug_axes_of(&a->dim, t->in[0].shape.rank, &axes, t))
        return false;
    t->out = (struct ug_type){UG_F32, reduce_shape(a, &t->in[0].shape, &axes).out};
    return true;
}

static double reduce_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return (double)ug_shape_count(&in[0].shape);
}

/* v, a value of the reduced shape, as it meets x. */
static struct ug_node *under(struct ug_builder *b, struct ug_node *v, const struct ug_node *y)
{
    return ug_reshape(b, v, reduced_shape(y->attrs, &y->in[0]->type.shape).kept);
}

#define REDUCE_ARGS                                                                                \
    {.name = "dim",                                                                                \
     .doc = "the axis or axes to reduce, negative ones counted from the end; all by default",      \
     .type = UG_INTS,                                                                              \
     .offset = offsetof(struct ug_reduce_attrs, dim),                                              \
     .initial = "none",                                                                            \
     .keyword = true},                                                                             \
    {                                                                                              \
        .name = "keepdim", .doc = "leave the reduced axes in the shape, with extent 1",            \
        .type = UG_BOOL, .offset = offsetof(struct ug_reduce_attrs, keepdim), .initial = "false",  \
        .keyword = true                                                                            \
    }

static const struct ug_arg reduce_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    REDUCE_ARGS,
    {.name = NULL},
};

#define EXAMPLE(expression) "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: \"" expression "\"}\n"

/* ---- sum, mean ---- */

static size_t sum_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const struct reduced r = reduced_shape(attrs, &in[0].shape);

    (void)out;
    return ug_sum_scratch(&in[0].shape, &r.kept);
}

static void sum_run(const struct ug_kernel *k)
{
    const struct reduced r = reduced_shape(k->attrs, &k->in[0].shape);

    ug_sum_run(k->in[0].data, &k->in[0].shape, &r.kept, 1.0, k->scratch, k->out.data);
}

static void sum_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_expand_to(b, under(b, dy, y), y->in[0]->type.shape);
}

static const struct ug_op sum = {
    .name = "sum",
    .summary = "The sum over some axes, or over all elements.",
    .formula = "y = sum of x over dim",
    .example = EXAMPLE("sum(x, dim=[0, -1])"),
    .args = reduce_args,
    .attrs_size = sizeof(struct ug_reduce_attrs),
    .infer = reduce_infer,
    .run = sum_run,
    .scratch = sum_scratch,
    .gradient = sum_gradient,
    .flops = reduce_flops,
};

static void mean_run(const struct ug_kernel *k)
{
    const struct reduced r = reduced_shape(k->attrs, &k->in[0].shape);
    const double scale = r.n ? 1.0 / (double)r.n : NAN;

    ug_sum_run(k->in[0].data, &k->in[0].shape, &r.kept, scale, k->scratch, k->out.data);
}

static void mean_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    const struct ug_shape x = y->in[0]->type.shape;
    const struct reduced r = reduced_shape(y->attrs, &x);

    (void)wanted;
    if (r.n)
        dx[0] = ug_expand_to(b, ug_scale(b, under(b, dy, y), 1.0 / (double)r.n), x);
}

static const struct ug_op mean = {
    .name = "mean",
    .summary = "The mean over some axes, or over all elements; NaN where there are none.",
    .formula = "y = mean of x over dim",
    .example = EXAMPLE("mean(x, dim=1, keepdim=true)"),
    .args = reduce_args,
    .attrs_size = sizeof(struct ug_reduce_attrs),
    .infer = reduce_infer,
    .run = mean_run,
    .scratch = sum_scratch,
    .gradient = mean_gradient,
    .flops = reduce_flops,
};

static const struct ug_op *const ops[] = {&sum, &mean, NULL};

const struct ug_op_family ug_family_reduce = {"reductions", ops};
