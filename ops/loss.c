/* loss.c -- losses: means over all elements, written as the formulas they are.
 *
 * They emit elementary nodes, which the engine runs in one pass over the data where it can, so that
 * a loss needs no kernel and no gradient rule of its own.  What PyTorch only warns about is
 * refused: a target of another shape, which broadcasting would turn into a mean over all pairs.
 */
#include <math.h>

#include "engine/graph/call.h"
#include "ops/emit.h"
#include "ops/loss_classes.h"

static struct ug_node *mean_of(struct ug_call *c, struct ug_node *x)
{
    return ug_mean(c->b, x, UG_ALL_AXES, false);
}

static bool is_number(const struct ug_node *x)
{
    return x->type.shape.rank == 0;
}

/* Pictures that differ in height or width by a part of it, as those do that were halved and doubled
 * again: what would have come back as it was; else "". */
static const char *size_that_fits(struct ug_call *c, const struct ug_shape *x,
                                  const struct ug_shape *target)
{
    if (x->rank != 4 || target->rank != 4 || x->dim[0] != target->dim[0] ||
        x->dim[1] != target->dim[1])
        return "";
    for (int i = 2; i < 4; i++) {
        const int64_t off = x->dim[i] - target->dim[i];
        if (x->dim[i] < 1 || 3 * (off < 0 ? -off : off) > target->dim[i])
            return "";
    }
    return ug_arena_format(c->b->graph->arena,
                           "; halved and doubled again, a size is rounded: pictures of %lldx%lld "
                           "would come back as they were",
                           (long long)x->dim[2], (long long)x->dim[3]);
}

/* The two tensors of a loss, which must have one shape, unless the second is a number. */
static bool take_pair(struct ug_call *c, struct ug_node **x, struct ug_node **target)
{
    const char *first = c->op->args[0].name, *second = c->op->args[1].name;
    char a[UG_SHAPE_TEXT], b[UG_SHAPE_TEXT];

    *x = ug_call_tensor(c, first);
    *target = ug_call_tensor(c, second);
    if (!*x || !*target)
        return false;
    if (is_number(*target) || ug_shape_equal(&(*x)->type.shape, &(*target)->type.shape))
        return true;
    ug_call_fail(c, "%s is %s and %s is %s: the shapes must be equal, or %s a number%s", first,
                 ug_shape_text(&(*x)->type.shape, a), second,
                 ug_shape_text(&(*target)->type.shape, b), second,
                 size_that_fits(c, &(*x)->type.shape, &(*target)->type.shape));
    return false;
}

#define EXAMPLE_PAIR(expression)                                                                   \
    "unitgraph: 1\ninputs: {x: [2, 3], target: [2, 3]}\ngraph: {y: '" expression "'}\n"

#define X_AND_TARGET(x_doc)                                                                        \
    {.name = "x", .doc = x_doc, .type = UG_TENSOR},                                                \
    {                                                                                              \
        .name = "target", .doc = "a tensor of x's shape, or a number", .type = UG_TENSOR           \
    }

static const struct ug_arg pair_args[] = {
    X_AND_TARGET("any shape"),
    {.name = NULL},
};

/* ---- Distances ---- */

static struct ug_node *mse_build(struct ug_call *c)
{
    struct ug_node *x, *target;

    if (!take_pair(c, &x, &target))
        return NULL;
    return mean_of(c, ug_square(c->b, ug_sub(c->b, x, target)));
}

static const struct ug_op mse_loss = {
    .name = "mse_loss",
    .summary = "Mean squared difference.",
    .formula = "mean((x - target)^2)",
    .example = EXAMPLE_PAIR("mse_loss(x, target) + mse_loss(x, 1)"),
    .args = pair_args,
    .build = mse_build,
};

static struct ug_node *l1_build(struct ug_call *c)
{
    struct ug_node *x, *target;

    if (!take_pair(c, &x, &target))
        return NULL;
    return mean_of(c, ug_abs(c->b, ug_sub(c->b, x, target)));
}

static const struct ug_op l1_loss = {
    .name = "l1_loss",
    .summary = "Mean absolute difference.",
    .formula = "mean(|x - target|)",
    .example = EXAMPLE_PAIR("l1_loss(x, target)"),
    .args = pair_args,
    .build = l1_build,
};

struct smooth_l1 {
    double beta;
};

/* With d = x - target and m = d cut to [-beta, beta]: m (d - m / 2) / beta, which is d^2 / (2 beta)
 * within and |d| - beta / 2 beyond, and keeps its second derivative at d = 0. */
static struct ug_node *smooth_l1_build(struct ug_call *c)
{
    const double beta = ((const struct smooth_l1 *)c->attrs)->beta;
    struct ug_builder *b = c->b;
    struct ug_node *x, *target, *d, *m;

    if (!take_pair(c, &x, &target))
        return NULL;
    d = ug_sub(b, x, target);
    if (beta == 0.0)
        return mean_of(c, ug_abs(b, d));
    m = ug_maximum(b, ug_minimum(b, d, ug_constant(b, beta)), ug_constant(b, -beta));
    return ug_scale(b, mean_of(c, ug_mul(b, m, ug_sub(b, d, ug_scale(b, m, 0.5)))), 1.0 / beta);
}

static const struct ug_arg smooth_l1_args[] = {
    X_AND_TARGET("any shape"),
    {.name = "beta",
     .doc = "where the parabola meets the line",
     .type = UG_FLOAT,
     .offset = offsetof(struct smooth_l1, beta),
     .initial = "1",
     .min = 0,
     .max = 1e30},
    {.name = NULL},
};

static const struct ug_op smooth_l1_loss = {
    .name = "smooth_l1_loss",
    .summary = "Squared difference near 0, absolute difference further out (Girshick 2015).",
    .formula = "mean(d^2 / (2 beta) if d < beta else d - beta / 2), d = |x - target|",
    .example = EXAMPLE_PAIR("smooth_l1_loss(x, target, beta=0.5)"),
    .args = smooth_l1_args,
    .attrs_size = sizeof(struct smooth_l1),
    .build = smooth_l1_build,
};

static struct ug_node *hinge_build(struct ug_call *c)
{
    struct ug_builder *b = c->b;
    struct ug_node *x, *target;

    if (!take_pair(c, &x, &target))
        return NULL;
    return mean_of(c, ug_relu(b, ug_shift(b, ug_neg(b, ug_mul(b, target, x)), 1.0)));
}

static const struct ug_arg hinge_args[] = {
    {.name = "x", .doc = "scores, any shape", .type = UG_TENSOR},
    {.name = "target", .doc = "1 or -1: a tensor of x's shape, or a number", .type = UG_TENSOR},
    {.name = NULL},
};

static const struct ug_op hinge_loss = {
    .name = "hinge_loss",
    .summary = "The hinge of GANs: nothing to gain beyond a margin of 1 (Lim, Ye 2017).",
    .formula = "mean(relu(1 - target x))",
    .example = EXAMPLE_PAIR("hinge_loss(x, 1) + hinge_loss(x, target)"),
    .args = hinge_args,
    .build = hinge_build,
};

/* ---- Probabilities ---- */

static void clamped_log_map(const void *attrs, int64_t n, const float *const *in, float *out)
{
    const float *x = in[0];

    (void)attrs;
    for (int64_t i = 0; i < n; i++) {
        const float y = logf(x[i]);

        out[i] = y < -100.0f ? -100.0f : y;
    }
}

/* dx = dy / max(x, 1e-12): large, but finite where the logarithm is clamped, as in PyTorch. */
static void clamped_log_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                                 const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_div(b, dy, ug_maximum(b, y->in[0], ug_constant(b, 1e-12)));
}

static const struct ug_op clamped_log = {
    .name = "clamped_log",
    .summary = "The logarithm in bce_loss, which stays finite at 0.",
    .formula = "max(log x, -100)",
    .internal = true,
    .map = clamped_log_map,
    .gradient = clamped_log_gradient,
    .in_place = 1,
};

/* target * p + (1 - target) * q */
static struct ug_node *mix(struct ug_builder *b, struct ug_node *target, struct ug_node *p,
                           struct ug_node *q)
{
    struct ug_node *rest = ug_shift(b, ug_neg(b, target), 1.0);

    return ug_add(b, ug_mul(b, target, p), ug_mul(b, rest, q));
}

static struct ug_node *bce_build(struct ug_call *c)
{
    struct ug_builder *b = c->b;
    struct ug_node *x, *target, *rest;

    if (!take_pair(c, &x, &target))
        return NULL;
    rest = ug_shift(b, ug_neg(b, x), 1.0);
    return ug_neg(b, mean_of(c, mix(b, target, ug_emit(b, &clamped_log, NULL, &x, 1),
                                    ug_emit(b, &clamped_log, NULL, &rest, 1))));
}

static const struct ug_arg bce_args[] = {
    X_AND_TARGET("probabilities, 0 to 1, any shape"),
    {.name = NULL},
};

static const struct ug_op bce_loss = {
    .name = "bce_loss",
    .summary = "Binary cross-entropy of probabilities; prefer bce_with_logits.",
    .formula = "-mean(target log x + (1 - target) log(1 - x)), logarithms no less than -100",
    .example = "unitgraph: 1\n"
               "inputs: {x: [2, 3], target: [2, 3]}\n"
               "graph: {y: 'bce_loss(sigmoid(x), target)'}\n",
    .args = bce_args,
    .build = bce_build,
};

/* log(1 + exp(-x)) is -log sigmoid(x), without loss of digits on either side. */
static struct ug_node *bce_with_logits_build(struct ug_call *c)
{
    struct ug_builder *b = c->b;
    struct ug_node *x, *target;

    if (!take_pair(c, &x, &target))
        return NULL;
    return mean_of(c, mix(b, target, ug_softplus(b, ug_neg(b, x)), ug_softplus(b, x)));
}

static const struct ug_op bce_with_logits = {
    .name = "bce_with_logits",
    .summary = "Binary cross-entropy of sigmoid(x), computed without overflow.",
    .formula = "mean(target softplus(-x) + (1 - target) softplus(x))",
    .example = EXAMPLE_PAIR("bce_with_logits(x, target) + bce_with_logits(x, 0)"),
    .args = pair_args,
    .build = bce_with_logits_build,
};

static struct ug_node *kl_normal_build(struct ug_call *c)
{
    struct ug_builder *b = c->b;
    struct ug_node *mu, *sd, *variance;

    if (!take_pair(c, &mu, &sd))
        return NULL;
    variance = ug_square(b, sd);
    return ug_scale(
        b,
        mean_of(c,
                ug_shift(b, ug_sub(b, ug_add(b, ug_square(b, mu), variance), ug_log(b, variance)),
                         -1.0)),
        0.5);
}

static const struct ug_arg kl_normal_args[] = {
    {.name = "mu", .doc = "means, any shape", .type = UG_TENSOR},
    {.name = "sd",
     .doc = "standard deviations: a tensor of mu's shape, or a number",
     .type = UG_TENSOR},
    {.name = NULL},
};

static const struct ug_op kl_normal = {
    .name = "kl_normal",
    .summary =
        "Divergence of N(mu, sd^2) from N(0, 1), the mean over elements (Kingma, Welling 2014).",
    .formula = "mean(mu^2 + sd^2 - log sd^2 - 1) / 2",
    .example = "unitgraph: 1\n"
               "inputs: {mu: [2, 3], sd: [2, 3]}\n"
               "graph: {y: 'kl_normal(mu, sd)'}\n",
    .args = kl_normal_args,
    .build = kl_normal_build,
};

static const struct ug_op *const ops[] = {
    &mse_loss,
    &l1_loss,
    &smooth_l1_loss,
    &bce_loss,
    &bce_with_logits,
    &ug_op_cross_entropy,
    &ug_op_nll_loss,
    &hinge_loss,
    &kl_normal,
    &clamped_log,
    &ug_op_at_label,
    &ug_op_to_label,
    NULL,
};

const struct ug_op_family ug_family_loss = {"losses", ops};
