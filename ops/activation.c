/* activation.c -- what stands between layers, element by element; softmax.c has those that do not.
 *
 * Where the slope is a function of the output, the gradient uses the output, so that the input need
 * not be kept.  At kinks the slopes are PyTorch's: that of the negative side.
 */
#include <math.h>

#include "engine/graph/call.h"
#include "ops/activation.h"
#include "ops/emit.h"
#include "ops/kernels/gate.h"
#include "ops/kernels/map.h"
#include "engine/base/vmath.h"
#include "ops/settings.h"

#define X_ARG                                                                                      \
    {                                                                                              \
        .name = "x", .doc = "any shape", .type = UG_TENSOR                                         \
    }

static const struct ug_arg one_tensor[] = {X_ARG, {.name = NULL}};

#define EXAMPLE(expression) "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: " expression "}\n"

/* ---- Rectifiers ---- */

UG_MAP2_WITH(gate_map, ug_gate_attrs, ug_gated(x, y, (float)s.slope))

static void gate_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    const struct ug_gate_attrs *a = y->attrs;

    if (wanted[0])
        dx[0] = ug_gate(b, dy, y->in[1], a->slope);
}

static const struct ug_op gate = {
    .name = "gate",
    .summary = "What passes back through a rectifier.",
    .formula = "y = a where b > 0, slope * a elsewhere",
    .internal = true,
    .attrs_size = sizeof(struct ug_gate_attrs),
    .map = gate_map,
    .gradient = gate_gradient,
    .in_place = 3,
};

/* NaN passes: a fault must not vanish. */
UG_MAP1(relu_map, x < 0.0f ? 0.0f : x)

static void relu_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_gate(b, dy, y, 0);
}

static const struct ug_op relu = {
    .name = "relu",
    .summary = "Passes what is positive, makes the rest 0.",
    .formula = "y = max(x, 0)",
    .example = EXAMPLE("relu(x)"),
    .args = one_tensor,
    .map = relu_map,
    .gradient = relu_gradient,
    .in_place = 1,
};

struct leaky_relu_attrs {
    double negative_slope;
};

UG_MAP1_WITH(leaky_relu_map, leaky_relu_attrs, x > 0.0f ? x : (float)s.negative_slope * x)

/* The output has the input's sign unless the slope is negative. */
static void leaky_relu_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                                const bool *wanted, struct ug_node **dx)
{
    const struct leaky_relu_attrs *a = y->attrs;

    (void)wanted;
    dx[0] = ug_gate(b, dy, a->negative_slope >= 0 ? y : y->in[0], a->negative_slope);
}

static const struct ug_arg leaky_relu_args[] = {
    X_ARG,
    {.name = "negative_slope",
     .doc = "gain for negative values",
     .type = UG_FLOAT,
     .offset = offsetof(struct leaky_relu_attrs, negative_slope),
     .initial = "0.01"},
    {.name = NULL},
};

static const struct ug_op leaky_relu = {
    .name = "leaky_relu",
    .summary = "Passes what is positive, shrinks what is negative.",
    .formula = "y = x if x > 0 else negative_slope * x",
    .example = EXAMPLE("\"leaky_relu(x, 0.2)\""),
    .args = leaky_relu_args,
    .attrs_size = sizeof(struct leaky_relu_attrs),
    .map = leaky_relu_map,
    .gradient = leaky_relu_gradient,
    .in_place = 1,
};

/* Whether y is positive where x is. */
static bool is_rectified(const struct ug_node *y, const struct ug_node *x)
{
    if (y->op == &leaky_relu && ((const struct leaky_relu_attrs *)y->attrs)->negative_slope < 0)
        return false;
    return (y->op == &relu || y->op == &leaky_relu) && y->in[0] == x;
}

struct ug_node *ug_let_through(const struct ug_node *n, const struct ug_node *x, double *slope)
{
    if (n->op != &gate || (n->in[1] != x && !is_rectified(n->in[1], x)))
        return NULL;
    *slope = ((const struct ug_gate_attrs *)n->attrs)->slope;
    return n->in[0];
}

/* ---- Exponential units ---- */

struct elu_attrs {
    double alpha;
};

UG_MAP1_WITH(elu_map, elu_attrs, x > 0.0f ? x : (float)s.alpha * ug_expm1f(x))
UG_MAP1_WITH(elu_slope_map, elu_attrs, x > 0.0f ? 1.0f : x + (float)s.alpha)

/* The slope is 1 for positive outputs and 0 for others. */
static void elu_slope_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                               const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_sub(b, dy, ug_gate(b, dy, y->in[0], 0));
}

static const struct ug_op elu_slope = {
    .name = "elu_slope",
    .summary = "The slope of elu, from its output.",
    .formula = "y = 1 if x > 0 else x + alpha",
    .internal = true,
    .attrs_size = sizeof(struct elu_attrs),
    .map = elu_slope_map,
    .gradient = elu_slope_gradient,
    .in_place = 1,
};

static void elu_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_emit(b, &elu_slope, y->attrs, &y, 1));
}

static const struct ug_arg elu_args[] = {
    X_ARG,
    {.name = "alpha",
     .doc = "how far negative values can go; not negative itself",
     .type = UG_FLOAT,
     .offset = offsetof(struct elu_attrs, alpha),
     .initial = "1",
     .min = 0,
     .max = 1e30},
    {.name = NULL},
};

static const struct ug_op elu = {
    .name = "elu",
    .summary = "Passes what is positive, bends what is negative towards -alpha.",
    .formula = "y = x if x > 0 else alpha * (e^x - 1); Clevert et al. 2016",
    .example = EXAMPLE("\"elu(x, alpha=0.5)\""),
    .args = elu_args,
    .attrs_size = sizeof(struct elu_attrs),
    .map = elu_map,
    .gradient = elu_gradient,
    .in_place = 1,
};

/* The two numbers of Klambauer et al. 2017, for which mean 0 and variance 1 are a fixed point. */
static struct ug_node *selu_build(struct ug_call *c)
{
    const struct elu_attrs a = {.alpha = 1.6732632423543772};
    struct ug_node *x = ug_call_tensor(c, "x");

    return ug_scale(c->b, ug_emit(c->b, &elu, &a, &x, 1), 1.0507009873554805);
}

static const struct ug_op selu = {
    .name = "selu",
    .summary = "A scaled elu that keeps mean 0 and variance 1.",
    .formula = "y = 1.0507 * elu(x, 1.67326); Klambauer et al. 2017",
    .example = EXAMPLE("selu(x)"),
    .args = one_tensor,
    .build = selu_build,
};

/* ---- Smooth ones ---- */

UG_MAP1(tanh_map, ug_tanhf(x))

static struct ug_node *one_minus(struct ug_builder *b, struct ug_node *x)
{
    return ug_sub(b, ug_constant(b, 1), x);
}

static void tanh_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, one_minus(b, ug_square(b, y)));
}

static const struct ug_op hyperbolic_tangent = {
    .name = "tanh",
    .summary = "The hyperbolic tangent: smooth, between -1 and 1.",
    .formula = "y = (e^x - e^-x) / (e^x + e^-x)",
    .example = EXAMPLE("tanh(x)"),
    .args = one_tensor,
    .map = tanh_map,
    .gradient = tanh_gradient,
    .in_place = 1,
};

UG_MAP1(sigmoid_map, ug_sigmoidf(x))

static void sigmoid_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_mul(b, y, one_minus(b, y)));
}

static const struct ug_op sigmoid = {
    .name = "sigmoid",
    .summary = "The logistic function: smooth, between 0 and 1.",
    .formula = "y = 1 / (1 + e^-x)",
    .example = EXAMPLE("sigmoid(x)"),
    .args = one_tensor,
    .map = sigmoid_map,
    .gradient = sigmoid_gradient,
    .in_place = 1,
};

UG_MAP1(silu_map, x *ug_sigmoidf(x))

/* With s = sigmoid(x): dx = dy s (1 + x (1 - s)). */
static void silu_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    struct ug_node *x = y->in[0], *s = ug_sigmoid(b, x);

    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_mul(b, s, ug_shift(b, ug_mul(b, x, one_minus(b, s)), 1)));
}

static const struct ug_op silu = {
    .name = "silu",
    .summary = "The value times its sigmoid, also called swish.",
    .formula = "y = x / (1 + e^-x)",
    .example = EXAMPLE("silu(x)"),
    .args = one_tensor,
    .map = silu_map,
    .gradient = silu_gradient,
    .in_place = 1,
};

UG_MAP1(normal_cdf_map, ug_normal_cdff(x))

/* The density of the standard normal distribution, e^(-x^2/2) / sqrt(2 pi). */
static struct ug_node *normal_density(struct ug_builder *b, struct ug_node *x)
{
    return ug_scale(b, ug_exp(b, ug_scale(b, ug_square(b, x), -0.5)), 0.3989422804014327);
}

static void normal_cdf_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                                const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, normal_density(b, y->in[0]));
}

static const struct ug_op normal_cdf = {
    .name = "normal_cdf",
    .summary = "The probability that a standard normal variable is smaller.",
    .formula = "y = (1 + erf(x / sqrt(2))) / 2",
    .internal = true,
    .map = normal_cdf_map,
    .gradient = normal_cdf_gradient,
    .in_place = 1,
};

UG_MAP1(gelu_map, x *ug_normal_cdff(x))

/* With P and p the normal distribution and density: dx = dy (P(x) + x p(x)). */
static void gelu_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    struct ug_node *x = y->in[0], *cdf = ug_emit(b, &normal_cdf, NULL, &x, 1);

    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_add(b, cdf, ug_mul(b, x, normal_density(b, x))));
}

static const struct ug_op gelu = {
    .name = "gelu",
    .summary = "The value times the normal probability of smaller ones, by the exact erf.",
    .formula = "y = x * (1 + erf(x / sqrt(2))) / 2; Hendrycks and Gimpel 2016",
    .example = EXAMPLE("gelu(x)"),
    .args = one_tensor,
    .map = gelu_map,
    .gradient = gelu_gradient,
    .in_place = 1,
};

static inline float softplus_of(float x, float beta, float threshold)
{
    const float z = x * beta;
    const float y = ((z > 0.0f ? z : 0.0f) + ug_log1pf(ug_expf(-fabsf(z)))) / beta;

    return z > threshold ? x : y;
}
UG_MAP1_WITH(softplus_map, ug_softplus_attrs, softplus_of(x, (float)s.beta, (float)s.threshold))

/* dx = dy sigmoid(beta x), and dy above the threshold; from 20 on sigmoid is 1 to a float anyway.
 */
static void softplus_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                              const bool *wanted, struct ug_node **dx)
{
    const struct ug_softplus_attrs *a = y->attrs;
    struct ug_node *z = ug_scale(b, y->in[0], a->beta), *slope = ug_sigmoid(b, z);

    (void)wanted;
    if (a->threshold < 20) {
        struct ug_node *straight = ug_gt(b, z, ug_constant(b, a->threshold));

        slope = ug_add(b, straight, ug_mul(b, one_minus(b, straight), slope));
    }
    dx[0] = ug_mul(b, dy, slope);
}

static const struct ug_arg softplus_args[] = {
    X_ARG,
    {.name = "beta",
     .doc = "how sharp the bend is",
     .type = UG_FLOAT,
     .offset = offsetof(struct ug_softplus_attrs, beta),
     .initial = "1",
     .min = 1e-6,
     .max = 1e6},
    {.name = "threshold",
     .doc = "where beta * x is above this the value is x itself",
     .type = UG_FLOAT,
     .offset = offsetof(struct ug_softplus_attrs, threshold),
     .initial = "20"},
    {.name = NULL},
};

static const struct ug_op softplus = {
    .name = "softplus",
    .summary = "A smooth relu.",
    .formula = "y = ln(1 + e^(beta x)) / beta",
    .example = EXAMPLE("softplus(x)"),
    .args = softplus_args,
    .attrs_size = sizeof(struct ug_softplus_attrs),
    .map = softplus_map,
    .gradient = softplus_gradient,
    .in_place = 1,
};

static const struct ug_op *const ops[] = {
    &relu, &leaky_relu,         &elu,        &selu,     &gelu,
    &silu, &hyperbolic_tangent, &sigmoid,    &softplus, &ug_op_identity,
    &gate, &elu_slope,          &normal_cdf, NULL,
};

const struct ug_op_family ug_family_activation = {"activations", ops};
