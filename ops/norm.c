/* norm.c -- instance_norm, batch_norm, layer_norm and group_norm.
 *
 * All of them bring groups of values to mean 0 and variance 1 (normalize.h) and differ in what a
 * group is; then each channel is scaled and shifted by weight and bias [C], if there are any.
 */
#include <string.h>

#include "ops/emit.h"
#include "ops/layer.h"
#include "ops/normalize.h"

struct norm {
    double eps, momentum;
    int64_t num_groups;
    bool affine, training;
};

/* Arguments that several of them have. */
#define X_ARG(shape)                                                                               \
    {                                                                                              \
        .name = "x", .doc = shape, .type = UG_TENSOR                                               \
    }
#define AFFINE_ARG(by_default)                                                                     \
    {                                                                                              \
        .name = "affine", .doc = "learns weight and bias [C], which start as ones and zeros",      \
        .type = UG_BOOL, .offset = offsetof(struct norm, affine), .initial = by_default            \
    }
#define EPS_ARG                                                                                    \
    {                                                                                              \
        .name = "eps", .doc = "added to the variance", .type = UG_FLOAT,                           \
        .offset = offsetof(struct norm, eps), .initial = "1e-5", .min = 0, .max = 1e6              \
    }
#define WEIGHT_ARG                                                                                 \
    {                                                                                              \
        .name = "weight", .doc = "a tensor [C] to scale by, in place of the layer's own",          \
        .type = UG_TENSOR, .initial = "none", .keyword = true                                      \
    }
#define BIAS_ARG                                                                                   \
    {                                                                                              \
        .name = "bias", .doc = "a tensor [C] to shift by, in place of the layer's own",            \
        .type = UG_TENSOR, .initial = "none", .keyword = true                                      \
    }
#define LAST_ARG                                                                                   \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* x, float32 with at least `rank` axes and none but the batch empty; NULL, after an error, if it is
 * not. */
static struct ug_node *checked_input(struct ug_call *c, int rank)
{
    struct ug_node *x = ug_call_tensor(c, "x");
    char shape[UG_SHAPE_TEXT];

    if (!x)
        return NULL;
    if (x->type.dtype != UG_F32 || x->type.shape.rank < rank ||
        ug_shape_span(&x->type.shape, 1, x->type.shape.rank) == 0)
        return ug_call_fail(c,
                            "the input must be float32 [N, C, ...] with at least %d axes, "
                            "not %s %s",
                            rank, ug_dtype_name(x->type.dtype),
                            ug_shape_text(&x->type.shape, shape));
    return x;
}

/* [C] as [C, 1, …], to broadcast along axis 1 of `rank` axes. */
static struct ug_node *by_channel(struct ug_builder *b, struct ug_node *v, int rank)
{
    struct ug_shape shape = {.rank = rank - 1};

    if (!v)
        return NULL;
    shape.dim[0] = v->type.shape.dim[0];
    for (int i = 1; i < shape.rank; i++)
        shape.dim[i] = 1;
    return ug_reshape(b, v, shape);
}

/* The weight or bias of the call: the tensor given, or the layer's own.  *none: there is none. */
static struct ug_node *channel_vector(struct ug_call *c, const char *role, bool own, double start,
                                      int64_t channels, bool *none)
{
    struct ug_node *given = ug_call_tensor(c, role);
    const struct ug_shape shape = UG_SHAPE(channels);
    char text[UG_SHAPE_TEXT];

    *none = !own && !ug_call_given(c, role);
    if (given && (given->type.dtype != UG_F32 || !ug_shape_equal(&given->type.shape, &shape)))
        return ug_call_fail(c, "the %s must be float32 [%lld], not %s %s", role,
                            (long long)channels, ug_dtype_name(given->type.dtype),
                            ug_shape_text(&given->type.shape, text));
    if (given || !own)
        return given;
    return ug_call_parameter(c, role, shape,
                             (struct ug_init){.kind = UG_INIT_CONSTANT, .a = start});
}

/* y * weight + bias. */
static struct ug_node *apply_affine(struct ug_call *c, struct ug_node *y)
{
    const struct norm *s = c->attrs;
    const bool own = s->affine && !ug_call_given(c, "weight");
    struct ug_node *weight, *bias;
    bool no_weight, no_bias;
    int rank;

    if (!y)
        return NULL;
    rank = y->type.shape.rank;
    weight = channel_vector(c, "weight", own, 1, y->type.shape.dim[1], &no_weight);
    bias = channel_vector(c, "bias", own && !ug_call_given(c, "bias"), 0, y->type.shape.dim[1],
                          &no_bias);
    if (!no_weight)
        y = ug_mul(c->b, y, by_channel(c->b, weight, rank));
    if (!no_bias)
        y = ug_add(c->b, y, by_channel(c->b, bias, rank));
    return y;
}

static struct ug_norm_attrs layout(const struct ug_call *c, int64_t outer, int64_t rows,
                                   int64_t inner)
{
    return (struct ug_norm_attrs){outer, rows, inner, ((const struct norm *)c->attrs)->eps};
}

/* Rows of mean 0 and variance 1; their statistics in *stats. */
static struct ug_node *normalize(struct ug_builder *b, struct ug_norm_attrs a, struct ug_node *x,
                                 struct ug_node **stats)
{
    *stats = ug_emit(b, &ug_op_norm_stats, &a, &x, 1);
    return ug_emit(b, &ug_op_normalize, &a, (struct ug_node *[]){x, *stats}, 2);
}

static int64_t pixels(const struct ug_node *x)
{
    return ug_shape_span(&x->type.shape, 2, x->type.shape.rank);
}

/* ---- instance_norm, layer_norm, group_norm: rows within one sample ---- */

/* Each sample is cut into so many rows. */
static struct ug_node *normalize_samples(struct ug_call *c, struct ug_node *x, int64_t rows)
{
    const int64_t n = x->type.shape.dim[0];
    const int64_t size = ug_shape_span(&x->type.shape, 1, x->type.shape.rank);
    struct ug_node *stats;

    return apply_affine(c, normalize(c->b, layout(c, 1, n * rows, size / rows), x, &stats));
}

static struct ug_node *instance_norm_build(struct ug_call *c)
{
    struct ug_node *x = checked_input(c, 3);

    return x ? normalize_samples(c, x, x->type.shape.dim[1]) : NULL;
}

static struct ug_node *layer_norm_build(struct ug_call *c)
{
    struct ug_node *x = checked_input(c, 2);

    return x ? normalize_samples(c, x, 1) : NULL;
}

static struct ug_node *group_norm_build(struct ug_call *c)
{
    const struct norm *s = c->attrs;
    struct ug_node *x = checked_input(c, 2);

    if (!x)
        return NULL;
    if (x->type.shape.dim[1] % s->num_groups)
        return ug_call_fail(c, "%lld channels cannot be divided into %lld groups",
                            (long long)x->type.shape.dim[1], (long long)s->num_groups);
    return normalize_samples(c, x, s->num_groups);
}

static const struct ug_arg instance_norm_args[] = {
    X_ARG("[N, C, ...] with at least three axes"),
    AFFINE_ARG("false"),
    EPS_ARG,
    WEIGHT_ARG,
    BIAS_ARG,
    LAST_ARG,
};

static const struct ug_op instance_norm = {
    .name = "instance_norm",
    .summary = "Brings every channel of every sample to mean 0 and variance 1.",
    .formula =
        "y = (x - mean) / sqrt(var + eps) * weight + bias, mean and (biased) variance over H, W "
        "(Ulyanov et al. 2016); a picture of one pixel gives 0 * weight + bias",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 4, 5]}\ngraph: {y: instance_norm(x)}\n",
    .args = instance_norm_args,
    .attrs_size = sizeof(struct norm),
    .has_parameters = true,
    .build = instance_norm_build,
};

static const struct ug_arg layer_norm_args[] = {
    X_ARG("[N, C, ...] with at least two axes"),
    AFFINE_ARG("true"),
    EPS_ARG,
    WEIGHT_ARG,
    BIAS_ARG,
    LAST_ARG,
};

static const struct ug_op layer_norm = {
    .name = "layer_norm",
    .summary = "Brings every sample, all its channels together, to mean 0 and variance 1.",
    .formula = "y = (x - mean) / sqrt(var + eps) * weight + bias, mean and (biased) variance over "
               "C, H, W; "
               "weight and bias are of a channel",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 2, 2]}\ngraph: {y: layer_norm(x)}\n",
    .args = layer_norm_args,
    .attrs_size = sizeof(struct norm),
    .has_parameters = true,
    .build = layer_norm_build,
};

static const struct ug_arg group_norm_args[] = {
    X_ARG("[N, C, ...] with at least two axes"),
    {.name = "num_groups",
     .doc = "groups of neighbouring channels; divides C",
     .type = UG_INT,
     .offset = offsetof(struct norm, num_groups),
     .min = 1,
     .max = 1 << 30},
    AFFINE_ARG("true"),
    EPS_ARG,
    WEIGHT_ARG,
    BIAS_ARG,
    LAST_ARG,
};

static const struct ug_op group_norm = {
    .name = "group_norm",
    .summary = "Brings every group of channels of every sample to mean 0 and variance 1.",
    .formula =
        "y = (x - mean) / sqrt(var + eps) * weight + bias, mean and (biased) variance over the "
        "channels of a group, H and W (Wu and He 2018)",
    .example = "unitgraph: 1\ninputs: {x: [2, 4, 2, 2]}\ngraph: {y: 'group_norm(x, 2)'}\n",
    .args = group_norm_args,
    .attrs_size = sizeof(struct norm),
    .has_parameters = true,
    .build = group_norm_build,
};

/* ---- batch_norm ---- */

/* The running statistic moves towards that of the batch when the step ends. */
static void track(struct ug_call *c, struct ug_node *running, struct ug_node *stats, int which,
                  double scale)
{
    const struct norm *s = c->attrs;
    const struct ug_track_attrs a = {.momentum = s->momentum, .scale = scale, .which = which};

    ug_call_update(c, running,
                   ug_emit(c->b, &ug_op_track_stats, &a, (struct ug_node *[]){running, stats}, 2));
}

/* (x - mean) / sqrt(var + eps) with statistics that do not depend on x. */
static struct ug_node *normalize_by(struct ug_call *c, struct ug_node *x, struct ug_node *mean,
                                    struct ug_node *var)
{
    const struct norm *s = c->attrs;
    struct ug_builder *b = c->b;
    const int rank = x->type.shape.rank;
    struct ug_node *scale = ug_power(b, ug_shift(b, var, s->eps), -0.5);

    return ug_mul(b, ug_sub(b, x, by_channel(b, mean, rank)), by_channel(b, scale, rank));
}

static struct ug_node *batch_norm_build(struct ug_call *c)
{
    const struct norm *s = c->attrs;
    struct ug_node *x = checked_input(c, 2), *mean, *var, *stats, *y;
    struct ug_type type = {.dtype = UG_F32};
    int64_t n;

    if (!x)
        return NULL;
    type.shape = UG_SHAPE(x->type.shape.dim[1]);
    mean =
        ug_call_state(c, "running_mean", type, (struct ug_init){.kind = UG_INIT_CONSTANT, .a = 0});
    var = ug_call_state(c, "running_var", type, (struct ug_init){.kind = UG_INIT_CONSTANT, .a = 1});
    if (!mean || !var)
        return NULL;
    if (!s->training)
        return apply_affine(c, normalize_by(c, x, mean, var));
    n = x->type.shape.dim[0] * pixels(x);
    y = normalize(c->b, layout(c, x->type.shape.dim[0], x->type.shape.dim[1], pixels(x)), x,
                  &stats);
    track(c, mean, stats, 0, 1);
    track(c, var, stats, 1, n > 1 ? (double)n / (double)(n - 1) : 1);
    return apply_affine(c, y);
}

static const struct ug_arg batch_norm_args[] = {
    X_ARG("[N, C, ...] with at least two axes"),
    AFFINE_ARG("true"),
    {.name = "momentum",
     .doc = "how far the running statistics move towards those of a batch",
     .type = UG_FLOAT,
     .offset = offsetof(struct norm, momentum),
     .initial = "0.1",
     .min = 0,
     .max = 1},
    EPS_ARG,
    {.name = "training",
     .doc =
         "true: statistics of the batch, and the running ones move; false: the running ones; auto: "
         "true in training",
     .type = UG_MODE,
     .offset = offsetof(struct norm, training),
     .initial = "auto"},
    WEIGHT_ARG,
    BIAS_ARG,
    LAST_ARG,
};

static const struct ug_op batch_norm = {
    .name = "batch_norm",
    .summary = "Brings every channel, over all samples of the batch, to mean 0 and variance 1.",
    .formula = "y = (x - mean) / sqrt(var + eps) * weight + bias, mean and (biased) variance over "
               "N, H, W; "
               "state running_mean, running_var += momentum * (the batch's, unbiased - running) "
               "(Ioffe and Szegedy 2015)",
    .example = "unitgraph: 1\ninputs: {x: [3, 2, 2, 2]}\ngraph: {y: batch_norm(x)}\n",
    .args = batch_norm_args,
    .attrs_size = sizeof(struct norm),
    .has_parameters = true,
    .build = batch_norm_build,
};

static const struct ug_op *const ops[] = {
    &instance_norm,
    &batch_norm,
    &layer_norm,
    &group_norm,
    &ug_op_norm_stats,
    &ug_op_normalize,
    &ug_op_normalize_backward,
    &ug_op_track_stats,
    NULL,
};

const struct ug_op_family ug_family_norm = {"layers", ops};
