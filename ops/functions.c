/* functions.c -- functions of single elements: exp log sqrt abs square sign clamp maximum minimum.
 */
#include <math.h>

#include "engine/graph/call.h"
#include "ops/emit.h"
#include "ops/kernels/map.h"
#include "engine/base/vmath.h"

static const struct ug_arg one_tensor[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    {.name = NULL},
};

#define EXAMPLE(expression) "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: " expression "}\n"

/* ---- exp, log, sqrt ---- */

UG_MAP1(exp_map, ug_expf(x))

static void exp_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, y);
}

static const struct ug_op exponential = {
    .name = "exp",
    .summary = "The exponential function.",
    .formula = "y = e^x",
    .example = EXAMPLE("exp(x)"),
    .args = one_tensor,
    .map = exp_map,
    .gradient = exp_gradient,
    .in_place = 1,
};

UG_MAP1(log_map, ug_logf(x))

static void log_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_div(b, dy, y->in[0]);
}

static const struct ug_op logarithm = {
    .name = "log",
    .summary = "The natural logarithm; -inf at 0, NaN below.",
    .formula = "y = ln x",
    .example = EXAMPLE("log(x ** 2 + 1)"),
    .args = one_tensor,
    .map = log_map,
    .gradient = log_gradient,
    .in_place = 1,
};

UG_MAP1(sqrt_map, sqrtf(x))

/* dx = dy / 2y: infinite at x = 0, as the slope is. */
static void sqrt_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                          const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_div(b, dy, ug_scale(b, y, 2));
}

static const struct ug_op square_root = {
    .name = "sqrt",
    .summary = "The square root; NaN below 0.",
    .formula = "y = x^(1/2)",
    .example = EXAMPLE("sqrt(x ** 2 + 1)"),
    .args = one_tensor,
    .map = sqrt_map,
    .gradient = sqrt_gradient,
    .in_place = 1,
};

/* ---- abs, square, sign ---- */

UG_MAP1(abs_map, fabsf(x))

static void abs_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_sign(b, y->in[0]));
}

static const struct ug_op absolute = {
    .name = "abs",
    .summary = "The absolute value; its gradient at 0 is 0.",
    .formula = "y = |x|",
    .example = EXAMPLE("abs(x)"),
    .args = one_tensor,
    .map = abs_map,
    .gradient = abs_gradient,
    .in_place = 1,
};

UG_MAP1(square_map, x *x)

static void square_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                            const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_scale(b, y->in[0], 2));
}

static const struct ug_op square = {
    .name = "square",
    .summary = "The square.",
    .formula = "y = x^2",
    .example = EXAMPLE("square(x)"),
    .args = one_tensor,
    .map = square_map,
    .gradient = square_gradient,
    .in_place = 1,
};

/* NaN stays NaN: a fault must not vanish. */
UG_MAP1(sign_map, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x)

static const struct ug_op sign = {
    .name = "sign",
    .summary = "1 for positive elements, -1 for negative ones, 0 for 0.",
    .formula = "y = x / |x|, 0 at 0",
    .example = EXAMPLE("sign(x) * x"),
    .args = one_tensor,
    .map = sign_map,
    .why_no_gradient = "it is flat wherever it has a slope",
    .in_place = 1,
};

/* ---- maximum, minimum ---- */

/* x is taken if it is NaN; y is if x is no greater, or y is NaN. */
UG_MAP2(maximum_map, x > y || x != x ? x : y)
UG_MAP2(minimum_map, x < y || x != x ? x : y)

/* Emits dy where `wins` says so, half of it where `wins` and `ties` are at odds: a tie is split.
 * (ge + gt) / 2 is 1, 1/2 or 0. */
static struct ug_node *share(struct ug_builder *b, struct ug_node *dy, struct ug_node *wins,
                             struct ug_node *ties_too)
{
    return ug_mul(b, dy, ug_scale(b, ug_add(b, wins, ties_too), 0.5));
}

static void maximum_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    struct ug_node *p = y->in[0], *q = y->in[1];

    if (wanted[0])
        dx[0] = share(b, dy, ug_gt(b, p, q), ug_ge(b, p, q));
    if (wanted[1])
        dx[1] = share(b, dy, ug_lt(b, p, q), ug_le(b, p, q));
}

static void minimum_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    struct ug_node *p = y->in[0], *q = y->in[1];

    if (wanted[0])
        dx[0] = share(b, dy, ug_lt(b, p, q), ug_le(b, p, q));
    if (wanted[1])
        dx[1] = share(b, dy, ug_gt(b, p, q), ug_ge(b, p, q));
}

static const struct ug_arg two_tensors[] = {
    {.name = "a", .doc = "any shape, or a number", .type = UG_TENSOR},
    {.name = "b", .doc = "any shape that broadcasts with a, or a number", .type = UG_TENSOR},
    {.name = NULL},
};

static const struct ug_op maximum = {
    .name = "maximum",
    .summary = "The larger of two, element by element; equal ones share the gradient by halves.",
    .formula = "y = a if a > b else b",
    .example = "unitgraph: 1\ninputs: {a: [2, 3], b: [3]}\ngraph: {y: \"maximum(a, b)\"}\n",
    .args = two_tensors,
    .map = maximum_map,
    .gradient = maximum_gradient,
    .in_place = 3,
};

static const struct ug_op minimum = {
    .name = "minimum",
    .summary = "The smaller of two, element by element; equal ones share the gradient by halves.",
    .formula = "y = a if a < b else b",
    .example = "unitgraph: 1\ninputs: {a: [2, 3], b: [3]}\ngraph: {y: \"minimum(a, b)\"}\n",
    .args = two_tensors,
    .map = minimum_map,
    .gradient = minimum_gradient,
    .in_place = 3,
};

/* ---- clamp ---- */

/* An absent limit is infinite. */
struct clamp_attrs {
    double min, max;
};

/* Where min > max the result is max, as in PyTorch. */
static inline float clamped(float x, float low, float high)
{
    const float y = x < low ? low : x;

    return y > high ? high : y;
}
UG_MAP1_WITH(clamp_map, clamp_attrs, clamped(x, (float)s.min, (float)s.max))

/* dx = dy within the limits and on them, 0 outside. */
static void clamp_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                           const bool *wanted, struct ug_node **dx)
{
    const struct clamp_attrs *a = y->attrs;
    struct ug_node *x = y->in[0];

    (void)wanted;
    dx[0] = dy;
    if (isfinite(a->min))
        dx[0] = ug_mul(b, dx[0], ug_ge(b, x, ug_constant(b, a->min)));
    if (isfinite(a->max))
        dx[0] = ug_mul(b, dx[0], ug_le(b, x, ug_constant(b, a->max)));
}

static struct ug_node *clamp_build(struct ug_call *c)
{
    struct clamp_attrs a = *(const struct clamp_attrs *)c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");

    if (!ug_call_given(c, "min") && !ug_call_given(c, "max"))
        return ug_call_fail(c, "needs 'min', 'max' or both");
    if (!ug_call_given(c, "min"))
        a.min = -INFINITY;
    if (!ug_call_given(c, "max"))
        a.max = INFINITY;
    return ug_emit(c->b, c->op, &a, &x, 1);
}

static const struct ug_arg clamp_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    {.name = "min",
     .doc = "what is smaller becomes this; may be left out if max is given",
     .type = UG_FLOAT,
     .offset = offsetof(struct clamp_attrs, min),
     .initial = "none"},
    {.name = "max",
     .doc = "what is larger becomes this; may be left out if min is given",
     .type = UG_FLOAT,
     .offset = offsetof(struct clamp_attrs, max),
     .initial = "none"},
    {.name = NULL},
};

static const struct ug_op clamp = {
    .name = "clamp",
    .summary = "Every element brought between two limits.",
    .formula = "y = min(max(x, min), max)",
    .example = EXAMPLE("\"clamp(x, -0.5, max=0.5)\""),
    .args = clamp_args,
    .attrs_size = sizeof(struct clamp_attrs),
    .build = clamp_build,
    .map = clamp_map,
    .gradient = clamp_gradient,
    .in_place = 1,
};

static const struct ug_op *const ops[] = {&exponential, &logarithm, &square_root, &absolute,
                                          &square,      &sign,      &clamp,       &maximum,
                                          &minimum,     NULL};

const struct ug_op_family ug_family_functions = {"arithmetic", ops};
