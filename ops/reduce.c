/* reduce.c -- sums, means and variances over axes; extreme.c has the largest and the smallest.
 *
 * Sums are float64 and do not depend on the number of threads: see engine/graph/sum.h.
 */
#include <math.h>
#include <string.h>

#include "engine/graph/call.h"
#include "engine/graph/sum.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "ops/reduced.h"

/* ---- sum, mean ---- */

static size_t sum_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const struct ug_reduced r = ug_reduced_of(attrs, &in[0].shape);

    (void)out;
    return ug_sum_scratch(&in[0].shape, &r.kept);
}

static void sum_run(const struct ug_kernel *k)
{
    const struct ug_reduced r = ug_reduced_of(k->attrs, &k->in[0].shape);

    ug_sum_run(k->in[0].data, &k->in[0].shape, &r.kept, 1.0, false, k->scratch, k->out.data);
}

static void sum_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_expand_to(b, ug_under(b, dy, y), y->in[0]->type.shape);
}

static const struct ug_op sum = {
    .name = "sum",
    .summary = "The sum over some axes, or over all elements.",
    .formula = "y = sum of x over dim",
    .example = UG_REDUCE_EXAMPLE("sum(x, dim=[0, -1])"),
    .args = ug_reduce_args,
    .extra_hint = "axes are given by name: sum(x, dim=1)",
    .attrs_size = sizeof(struct ug_reduce_attrs),
    .infer = ug_reduce_infer,
    .run = sum_run,
    .scratch = sum_scratch,
    .gradient = sum_gradient,
    .simplify = ug_reduce_simplify,
    .flops = ug_reduce_flops,
    .per_sample = 1,
    .mixes = ug_reduce_mixes,
};

static void mean_run(const struct ug_kernel *k)
{
    const struct ug_reduced r = ug_reduced_of(k->attrs, &k->in[0].shape);
    const double scale = r.n ? 1.0 / (double)r.n : NAN;

    ug_sum_run(k->in[0].data, &k->in[0].shape, &r.kept, scale, false, k->scratch, k->out.data);
}

static void mean_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    const struct ug_shape x = y->in[0]->type.shape;
    const struct ug_reduced r = ug_reduced_of(y->attrs, &x);

    (void)wanted;
    dx[0] = ug_expand_to(b, ug_scale(b, ug_under(b, dy, y), r.n ? 1.0 / (double)r.n : 0.0), x);
}

static const struct ug_op mean = {
    .name = "mean",
    .summary = "The mean over some axes, or over all elements; NaN where there are none.",
    .formula = "y = mean of x over dim",
    .example = UG_REDUCE_EXAMPLE("mean(x, dim=1, keepdim=true)"),
    .args = ug_reduce_args,
    .extra_hint = "axes are given by name: mean(x, dim=1)",
    .attrs_size = sizeof(struct ug_reduce_attrs),
    .infer = ug_reduce_infer,
    .run = mean_run,
    .scratch = sum_scratch,
    .gradient = mean_gradient,
    .simplify = ug_reduce_simplify,
    .flops = ug_reduce_flops,
    .per_sample = 1,
    .mixes = ug_reduce_mixes,
};

/* ---- var ---- */

struct var_attrs {
    struct ug_reduce_attrs axes;
    bool unbiased;
};

/* In two passes, mean first: the sum of squares less the square of the sum would cancel. */
static struct ug_node *var_build(struct ug_call *c)
{
    const struct var_attrs *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    struct ug_node *mu = ug_mean(c->b, x, a->axes.dim, true);

    if (!mu) /* the axes do not fit; that has been said */
        return NULL;
    const int64_t n = ug_reduced_of(&a->axes, &x->type.shape).n, degrees = n - a->unbiased;
    struct ug_node *squares = ug_square(c->b, ug_sub(c->b, x, mu));

    return ug_scale(c->b, ug_sum(c->b, squares, a->axes.dim, a->axes.keepdim),
                    degrees > 0 ? 1.0 / (double)degrees : NAN);
}

static const struct ug_arg var_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    {.name = "unbiased",
     .doc = "divide by n - 1 rather than n",
     .type = UG_BOOL,
     .offset = offsetof(struct var_attrs, unbiased),
     .initial = "true"},
    UG_REDUCE_DIM,
    UG_REDUCE_KEEPDIM,
    {.name = NULL},
};

static const struct ug_op var = {
    .name = "var",
    .summary = "The variance over some axes, or over all elements; NaN where there are too few.",
    .formula = "y = sum of (x - mean(x))^2 / (n - 1), or / n if not unbiased",
    .example = UG_REDUCE_EXAMPLE("var(x, unbiased=false, dim=[1, 2])"),
    .args = var_args,
    .extra_hint = "axes are given by name: var(x, dim=1)",
    .attrs_size = sizeof(struct var_attrs),
    .build = var_build,
};

static const struct ug_op *const ops[] = {&sum, &mean, &var, NULL};

const struct ug_op_family ug_family_reduce = {"reductions", ops};
