/* arithmetic.c -- what the operators of an expression mean: - * / ** and comparisons.
 *
 * Operands broadcast; a gradient is emitted in the broadcast shape and the engine sums it.
 */
#include <math.h>

#include "ops/emit.h"
#include "ops/kernels/map.h"

UG_MAP2(sub_map, x - y)
UG_MAP2(mul_map, x *y)
UG_MAP2(div_map, x / y)
UG_MAP1(neg_map, -x)

static void sub_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)y;
    dx[0] = dy;
    if (wanted[1])
        dx[1] = ug_neg(b, dy);
}

/* The left operand, if the right one is the number that changes nothing. */
static struct ug_node *left_unless(struct ug_builder *b, const struct ug_node *n, double neutral)
{
    return ug_is_scalar_constant(n->in[1], neutral) ? ug_expand_to(b, n->in[0], n->type.shape)
                                                    : NULL;
}

static struct ug_node *sub_simplify(struct ug_builder *b, const struct ug_node *n)
{
    return left_unless(b, n, 0);
}

static const struct ug_op sub = {
    .name = "sub",
    .summary = "The difference of two tensors: what - means.",
    .formula = "y = a - b",
    .internal = true,
    .map = sub_map,
    .gradient = sub_gradient,
    .simplify = sub_simplify,
    .in_place = 3,
};

static void mul_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    if (wanted[0])
        dx[0] = ug_mul(b, dy, y->in[1]);
    if (wanted[1])
        dx[1] = ug_mul(b, dy, y->in[0]);
}

/* Not x * 0: that is not 0 where x is not finite. */
static struct ug_node *mul_simplify(struct ug_builder *b, const struct ug_node *n)
{
    if (ug_is_scalar_constant(n->in[0], 1))
        return ug_expand_to(b, n->in[1], n->type.shape);
    return left_unless(b, n, 1);
}

static const struct ug_op mul = {
    .name = "mul",
    .summary = "The product, element by element: what * means.",
    .formula = "y = a * b",
    .internal = true,
    .is_product = true,
    .map = mul_map,
    .gradient = mul_gradient,
    .simplify = mul_simplify,
    .in_place = 3,
};

/* da = dy / b, db = -da * y. */
static void div_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    struct ug_node *da = ug_div(b, dy, y->in[1]);

    dx[0] = da;
    if (wanted[1])
        dx[1] = ug_neg(b, ug_mul(b, da, y));
}

static struct ug_node *div_simplify(struct ug_builder *b, const struct ug_node *n)
{
    return left_unless(b, n, 1);
}

static const struct ug_op divide = {
    .name = "div",
    .summary = "The quotient, element by element: what / means.",
    .formula = "y = a / b",
    .internal = true,
    .map = div_map,
    .gradient = div_gradient,
    .simplify = div_simplify,
    .in_place = 3,
};

static void neg_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)y, (void)wanted;
    dx[0] = ug_neg(b, dy);
}

static struct ug_node *neg_simplify(struct ug_builder *b, const struct ug_node *n)
{
    (void)b;
    return n->in[0]->op == n->op ? n->in[0]->in[0] : NULL;
}

static const struct ug_op neg = {
    .name = "neg",
    .summary = "The negative: what - in front of a value means.",
    .formula = "y = -x",
    .internal = true,
    .map = neg_map,
    .gradient = neg_gradient,
    .simplify = neg_simplify,
    .in_place = 1,
};

/* ---- Powers ---- */

UG_MAP1(square_map, x *x)
UG_MAP1(cube_map, x *x *x)
UG_MAP1(root_map, sqrtf(x))
UG_MAP1(reciprocal_map, 1.0f / x)
UG_MAP1(reciprocal_root_map, 1.0f / sqrtf(x))

/* The exponents that formulas use; each is at least as exact as powf. */
static const struct {
    float exponent;
    ug_map *map;
} easy_powers[] = {
    {2.0f, square_map},           {3.0f, cube_map}, {0.5f, root_map}, {-1.0f, reciprocal_map},
    {-0.5f, reciprocal_root_map},
};

UG_WIDEST static bool all_equal(const float *x, int64_t n)
{
    int others = 0;

    for (int64_t i = 1; i < n; i++)
        others |= x[i] != x[0];
    return !others;
}

static ug_map *easy_power(const float *exponents, int64_t n)
{
    if (n == 0 || !all_equal(exponents, n))
        return NULL;
    for (size_t i = 0; i < sizeof easy_powers / sizeof easy_powers[0]; i++)
        if (easy_powers[i].exponent == exponents[0])
            return easy_powers[i].map;
    return NULL;
}

static void pow_map(const void *attrs, int64_t n, const float *const *in, float *out)
{
    ug_map *easy = easy_power(in[1], n);

    if (easy) {
        easy(attrs, n, in, out);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        out[i] = powf(in[0][i], in[1][i]);
}

/* For a number c: dx = dy c x^(c-1), which needs no logarithm and is right at x = 0. */
static struct ug_node *constant_power_gradient(struct ug_builder *b, struct ug_node *x, double c,
                                               struct ug_node *dy)
{
    if (c == 0)
        return NULL;
    return c == 1 ? dy : ug_mul(b, dy, ug_scale(b, ug_power(b, x, c - 1), c));
}

/* dx = dy e x^(e-1), and 0 where e = 0, even if x = 0 there: the exponent is raised to 0 for them.
 */
static struct ug_node *base_gradient(struct ug_builder *b, struct ug_node *x, struct ug_node *e,
                                     struct ug_node *dy)
{
    struct ug_node *zero = ug_eq(b, e, ug_constant(b, 0));
    struct ug_node *less = ug_add(b, ug_shift(b, e, -1), zero);

    return ug_mul(b, dy, ug_mul(b, e, ug_pow(b, x, less)));
}

/* de = dy y log x, and 0 where x = 0, whose y is 0 or does not depend on e: log 1 stands in for it.
 */
static struct ug_node *exponent_gradient(struct ug_builder *b, struct ug_node *y,
                                         struct ug_node *dy)
{
    struct ug_node *x = y->in[0];
    struct ug_node *positive = ug_add(b, x, ug_eq(b, x, ug_constant(b, 0)));

    return ug_mul(b, dy, ug_mul(b, y, ug_log(b, positive)));
}

static void pow_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    struct ug_node *x = y->in[0], *e = y->in[1];

    if (e->op == &ug_op_constant) {
        const struct ug_constant_attrs *c = e->attrs;

        dx[0] = constant_power_gradient(b, x, c->value, dy);
        return;
    }
    if (wanted[0])
        dx[0] = base_gradient(b, x, e, dy);
    if (wanted[1])
        dx[1] = exponent_gradient(b, y, dy);
}

/* x ** 2 and x ** 0.5 have ops of their own, which do not look at exponents as they run. */
static struct ug_node *pow_simplify(struct ug_builder *b, const struct ug_node *n)
{
    if (ug_is_scalar_constant(n->in[1], 2))
        return ug_square(b, n->in[0]);
    if (ug_is_scalar_constant(n->in[1], 0.5))
        return ug_sqrt(b, n->in[0]);
    return left_unless(b, n, 1);
}

static const struct ug_op power = {
    .name = "pow",
    .summary = "A power, element by element: what ** means.",
    .formula = "y = a ** b",
    .internal = true,
    .map = pow_map,
    .gradient = pow_gradient,
    .simplify = pow_simplify,
    .in_place = 1,
};

/* ---- Whole quotients and remainders, which round down as Python's do ---- */

UG_MAP2(floordiv_map, floorf(x / y))
UG_MAP2(mod_map, x - y * floorf(x / y))

static const struct ug_op floordiv = {
    .name = "floordiv",
    .summary = "The quotient rounded down, element by element: what // means.",
    .formula = "y = floor(a / b)",
    .internal = true,
    .map = floordiv_map,
    .why_no_gradient = "it is flat wherever it has a slope",
    .in_place = 3,
};

/* da = dy, db = -dy floor(a / b). */
static void mod_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    dx[0] = dy;
    if (wanted[1])
        dx[1] = ug_neg(b, ug_mul(b, dy, ug_emit(b, &floordiv, NULL, y->in, 2)));
}

static const struct ug_op mod = {
    .name = "mod",
    .summary = "The remainder, with the sign of the divisor: what % means.",
    .formula = "y = a - b floor(a / b)",
    .internal = true,
    .map = mod_map,
    .gradient = mod_gradient,
    .in_place = 3,
};

/* ---- Comparisons ---- */

UG_MAP2(eq_map, (float)(x == y))
UG_MAP2(ne_map, (float)(x != y))
UG_MAP2(lt_map, (float)(x < y))
UG_MAP2(le_map, (float)(x <= y))
UG_MAP2(gt_map, (float)(x > y))
UG_MAP2(ge_map, (float)(x >= y))

#define COMPARISON(op_name, sign)                                                                  \
    static const struct ug_op op_name = {                                                          \
        .name = #op_name,                                                                          \
        .summary = "1 where a " sign " b, 0 elsewhere: what " sign " means.",                      \
        .formula = "y = 1 if a " sign " b else 0",                                                 \
        .internal = true,                                                                          \
        .map = op_name##_map,                                                                      \
        .why_no_gradient = "a comparison is flat wherever it has a slope",                         \
        .in_place = 3,                                                                             \
    }

COMPARISON(eq, "==");
COMPARISON(ne, "!=");
COMPARISON(lt, "<");
COMPARISON(le, "<=");
COMPARISON(gt, ">");
COMPARISON(ge, ">=");

static const struct ug_op *const ops[] = {&ug_op_add, &sub,      &mul, &divide, &neg,
                                          &power,     &floordiv, &mod, &eq,     &ne,
                                          &lt,        &le,       &gt,  &ge,     NULL};

const struct ug_op_family ug_family_arithmetic = {"arithmetic", ops};
