/* layer.c -- linear, prelu and parameter, and what all layers with a weight and a bias share. */
#include "ops/layer.h"

#include <math.h>

#include "ops/convolve.h"
#include "ops/emit.h"
#include "ops/spectral.h"

/* ---- Weight and bias ---- */

bool ug_layer_sized(struct ug_call *c, const char *const *sizes)
{
    const bool has_weight = ug_call_tensor(c, "weight");

    for (; *sizes; sizes++) {
        if (has_weight && ug_call_given(c, *sizes))
            return ug_call_fail(c, "leave '%s' out: the size is that of the weight given", *sizes);
        if (!has_weight && !ug_call_given(c, *sizes))
            return ug_call_fail(c, "needs '%s' (or a weight=)", *sizes);
    }
    return true;
}

struct ug_node *ug_layer_weight(struct ug_call *c, struct ug_shape shape)
{
    struct ug_node *given = ug_call_tensor(c, "weight");

    if (given || ug_call_given(c, "weight")) /* given and NULL: failed before */
        return given;
    return ug_call_parameter(c, "weight", shape,
                             (struct ug_init){.kind = UG_INIT_KAIMING_UNIFORM, .a = sqrt(5.0)});
}

/* [C] as [1, C, 1, 1]: along `axis` of `rank`. */
static struct ug_node *along(struct ug_builder *b, struct ug_node *v, int axis, int rank)
{
    struct ug_shape shape = {.rank = rank - axis};

    if (!v)
        return NULL;
    shape.dim[0] = v->type.shape.dim[0];
    for (int i = 1; i < shape.rank; i++)
        shape.dim[i] = 1;
    return ug_reshape(b, v, shape);
}

static struct ug_node *bias_vector(struct ug_call *c, bool own, const struct ug_node *weight,
                                   int64_t channels)
{
    const struct ug_shape *w = &weight->type.shape;
    const double bound = 1.0 / sqrt((double)ug_shape_span(w, 1, w->rank));
    struct ug_node *given = ug_call_tensor(c, "bias");
    char shape[UG_SHAPE_TEXT];

    if (!given && own)
        return ug_call_parameter(
            c, "bias", UG_SHAPE(channels),
            (struct ug_init){.kind = UG_INIT_UNIFORM, .a = -bound, .b = bound});
    if (given && (given->type.dtype != UG_F32 || given->type.shape.rank != 1 ||
                  given->type.shape.dim[0] != channels))
        return ug_call_fail(c, "the bias must be float32 [%lld], not %s %s", (long long)channels,
                            ug_dtype_name(given->type.dtype),
                            ug_shape_text(&given->type.shape, shape));
    return given;
}

struct ug_node *ug_layer_bias(struct ug_call *c, struct ug_node *y, int axis, bool own,
                              const struct ug_node *weight)
{
    if (!y)
        return NULL;
    if (!ug_call_given(c, "bias") && ug_call_given(c, "weight"))
        return y;
    if (!own && !ug_call_tensor(c, "bias"))
        return y;
    return ug_add(c->b, y,
                  along(c->b, bias_vector(c, own, weight, y->type.shape.dim[axis]), axis,
                        y->type.shape.rank));
}

/* ---- linear ---- */

struct linear {
    int64_t out_features;
    bool bias, spectral_norm;
};

static const struct ug_arg linear_args[] = {
    {.name = "x", .doc = "[..., in]: any number of axes before the last", .type = UG_TENSOR},
    {.name = "out_features",
     .doc = "extent of the last axis of the result",
     .type = UG_INT,
     .offset = offsetof(struct linear, out_features),
     .initial = "none",
     .min = 1,
     .max = 1 << 30},
    {.name = "bias",
     .doc = "adds a vector: true, false, or the tensor [out_features] to use",
     .type = UG_BIAS,
     .offset = offsetof(struct linear, bias),
     .initial = "true"},
    {.name = "weight",
     .doc = "a tensor [out, in] in place of the layer's own weight",
     .type = UG_TENSOR,
     .initial = "none",
     .keyword = true},
    UG_SPECTRAL_NORM_ARG(offsetof(struct linear, spectral_norm)),
    {.name = NULL},
};

/* x [..., in] times the transposed weight [out, in]: one product of matrices [rows, in] and [in,
 * out]. */
static struct ug_node *multiply(struct ug_call *c, struct ug_node *x, struct ug_node *w)
{
    const struct ug_shape *s = &x->type.shape;
    const int64_t in = s->dim[s->rank - 1];
    struct ug_shape y = *s;
    char shape[UG_SHAPE_TEXT];

    if (w->type.dtype != UG_F32 || w->type.shape.rank != 2 || w->type.shape.dim[1] != in)
        return ug_call_fail(c, "the weight must be float32 [out, %lld], not %s %s", (long long)in,
                            ug_dtype_name(w->type.dtype), ug_shape_text(&w->type.shape, shape));
    y.dim[y.rank - 1] = w->type.shape.dim[0];
    x = ug_reshape(c->b, x, UG_SHAPE(ug_shape_span(s, 0, s->rank - 1), in));
    return ug_reshape(c->b, ug_matmul(c->b, x, w, false, true), y);
}

static struct ug_node *linear_build(struct ug_call *c)
{
    const struct linear *s = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x"), *w;
    int rank;

    if (!x || !ug_layer_sized(c, (const char *const[]){"out_features", NULL}))
        return NULL;
    rank = x->type.shape.rank;
    if (rank < 1 || x->type.dtype != UG_F32)
        return ug_call_fail(c, "the input must be float32 with at least one axis");
    if (x->type.shape.dim[rank - 1] < 1)
        return ug_call_fail(c, "the last axis of the input is empty");
    w = ug_layer_weight(c, UG_SHAPE(s->out_features, x->type.shape.dim[rank - 1]));
    if (w && s->spectral_norm)
        w = ug_spectral_norm(c, w);
    if (!w)
        return NULL;
    return ug_layer_bias(c, multiply(c, x, w), rank - 1, s->bias, w);
}

static const struct ug_op linear = {
    .name = "linear",
    .summary = "A learnt linear map of the last axis.",
    .formula = "y = x * transpose(weight) + bias; weight [out, in]: uniform in +-1/sqrt(in) at "
               "first, as in "
               "PyTorch, and bias too",
    .example = "unitgraph: 1\ninputs: {x: [2, 5]}\ngraph: {y: 'linear(x, 3)'}\n",
    .args = linear_args,
    .attrs_size = sizeof(struct linear),
    .has_parameters = true,
    .plain_init = true,
    .build = linear_build,
};

/* ---- prelu ---- */

static const struct ug_arg prelu_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    {.name = "weight",
     .doc = "a tensor of slopes in place of the layer's own: [1], or [C] along axis 1",
     .type = UG_TENSOR,
     .initial = "none",
     .keyword = true},
    {.name = NULL},
};

/* The slopes as they meet x: one number for all values, or [C] along axis 1. */
static struct ug_node *prelu_slopes(struct ug_call *c, const struct ug_shape *x)
{
    struct ug_node *w = ug_call_tensor(c, "weight");
    char shape[UG_SHAPE_TEXT];

    if (!ug_call_given(c, "weight"))
        w = ug_call_parameter(c, "weight", UG_SHAPE(1),
                              (struct ug_init){.kind = UG_INIT_CONSTANT, .a = 0.25});
    if (!w)
        return NULL;
    if (w->type.dtype == UG_F32 && w->type.shape.rank == 1) {
        if (w->type.shape.dim[0] == 1)
            return x->rank == 0 ? ug_reshape(c->b, w, ug_shape_scalar()) : w;
        if (x->rank > 1 && w->type.shape.dim[0] == x->dim[1])
            return along(c->b, w, 1, x->rank);
    }
    return ug_call_fail(c, "the weight must be float32 [1], or [C] for C channels, not %s %s",
                        ug_dtype_name(w->type.dtype), ug_shape_text(&w->type.shape, shape));
}

/* y = x * (p + weight * (1 - p)) with p = 1 where x > 0: at x = 0 the slope is the weight, as in
 * PyTorch. */
static struct ug_node *prelu_build(struct ug_call *c)
{
    struct ug_builder *b = c->b;
    struct ug_node *x = ug_call_tensor(c, "x"), *w, *p, *n;

    if (!x)
        return NULL;
    if (x->type.dtype != UG_F32)
        return ug_call_fail(c, "needs float32 values, not int64");
    w = prelu_slopes(c, &x->type.shape);
    p = ug_gt(b, x, ug_constant(b, 0));
    n = ug_le(b, x, ug_constant(b, 0));
    return ug_mul(b, x, ug_add(b, p, ug_mul(b, w, n)));
}

static const struct ug_op prelu = {
    .name = "prelu",
    .summary =
        "A leaky rectifier whose slope for negative values is learnt: one number, 0.25 at first.",
    .formula = "y = x where x > 0, weight * x elsewhere (He et al. 2015)",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: prelu(x)}\n",
    .args = prelu_args,
    .has_parameters = true,
    .build = prelu_build,
};

/* ---- parameter ---- */

struct parameter {
    struct ug_ints shape;
    struct ug_init init;
};

static const struct ug_arg parameter_args[] = {
    {.name = "shape",
     .doc = "extents, outermost first; [] is a scalar",
     .type = UG_INTS,
     .offset = offsetof(struct parameter, shape)},
    {.name = "init",
     .doc = "how it starts",
     .type = UG_INIT,
     .offset = offsetof(struct parameter, init),
     .initial = "zeros"},
    {.name = NULL},
};

/* Its scope is its name: `gamma: parameter([8])` is the parameter gamma. */
static struct ug_node *parameter_build(struct ug_call *c)
{
    const struct parameter *s = c->attrs;
    const struct ug_shape shape = ug_shape_of(s->shape.n, s->shape.v);

    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] < 1)
            return ug_call_fail(c, "extents of a parameter must be at least 1, not %lld",
                                (long long)shape.dim[i]);
    return ug_call_parameter(c, "", shape, s->init);
}

static const struct ug_op parameter = {
    .name = "parameter",
    .summary = "A learnt tensor of its own, for what no layer has.",
    .formula = "y is the parameter",
    .example = "unitgraph: 1\ninputs: {x: [1, 2, 3, 3]}\n"
               "graph: {gamma: 'parameter([2, 1, 1], init=ones)', y: x * gamma}\n",
    .args = parameter_args,
    .attrs_size = sizeof(struct parameter),
    .has_parameters = true,
    .build = parameter_build,
};

static const struct ug_op *const ops[] = {&linear, &prelu, &parameter, NULL};

const struct ug_op_family ug_family_layer = {"layers", ops};
