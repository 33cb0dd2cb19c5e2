/* operators.c -- operators applied to quantities that have been evaluated: numbers as in Python, lists
 * member by member, tensors by the scope. */
#include <math.h>
#include <string.h>

#include "engine/model/quantity.h"

/* ---- Arithmetic of numbers ---- */

/* As in Python: the quotient goes down, the remainder has the sign of b. */
static double floor_divide(double a, double b, double *remainder)
{
    double mod = fmod(a, b), div = (a - mod) / b;

    if (mod != 0.0 && (b < 0.0) != (mod < 0.0)) {
        mod += b;
        div -= 1.0;
    }
    *remainder = mod;
    const double down = floor(div);
    return div - down > 0.5 ? down + 1.0 : down;
}

static bool int_power(int64_t base, int64_t exponent, int64_t *out)
{
    int64_t y = 1;

    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 && __builtin_mul_overflow(y, base, &y))
            return false;
        if (exponent > 1 && __builtin_mul_overflow(base, base, &base))
            return false;
    }
    *out = y;
    return true;
}

/* Exact; false where the result is not whole or does not fit: then it is computed in doubles. b is
 * not 0 in a division. */
static bool compute_ints(enum ug_expr_op op, int64_t a, int64_t b, int64_t *out)
{
    const bool divides = op == UG_OP_DIV || op == UG_OP_FLOORDIV || op == UG_OP_MOD;

    if (divides && a == INT64_MIN && b == -1)
        return false;
    switch (op) {
    case UG_OP_ADD:
        return !__builtin_add_overflow(a, b, out);
    case UG_OP_SUB:
        return !__builtin_sub_overflow(a, b, out);
    case UG_OP_MUL:
        return !__builtin_mul_overflow(a, b, out);
    case UG_OP_DIV:
        *out = a / b;
        return a % b == 0;
    case UG_OP_FLOORDIV:
        *out = a / b - (a % b != 0 && (a < 0) != (b < 0));
        return true;
    case UG_OP_MOD:
        *out = a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0);
        return true;
    default:
        return b >= 0 && int_power(a, b, out);
    }
}

static double compute_reals(enum ug_expr_op op, double a, double b)
{
    double quotient, remainder = 0.0;

    switch (op) {
    case UG_OP_ADD:
        return a + b;
    case UG_OP_SUB:
        return a - b;
    case UG_OP_MUL:
        return a * b;
    case UG_OP_DIV:
        return a / b;
    case UG_OP_FLOORDIV:
    case UG_OP_MOD:
        quotient = floor_divide(a, b, &remainder);
        return op == UG_OP_MOD ? remainder : quotient;
    default:
        return pow(a, b);
    }
}

static bool compute(struct ug_eval *e, const struct ug_expr *at, const struct ug_quantity *a,
                    const struct ug_quantity *b, struct ug_quantity *out)
{
    const double x = ug_number(a), y = ug_number(b);
    const bool divides = at->op == UG_OP_DIV || at->op == UG_OP_FLOORDIV || at->op == UG_OP_MOD;
    int64_t exact;

    if ((divides && y == 0.0) || (at->op == UG_OP_POW && x == 0.0 && y < 0.0))
        return ug_eval_fail(e, at->args[1]->pos, "division by zero");
    if (a->kind != UG_Q_REAL && b->kind != UG_Q_REAL &&
        compute_ints(at->op, a->integer, b->integer, &exact)) {
        *out = ug_quantity_int(exact);
        return true;
    }
    const double result = compute_reals(at->op, x, y);
    if (isnan(result))
        return ug_eval_fail(e, at->pos, "%g %s %g is not a number", x, ug_expr_op_text(at->op), y);
    if (isinf(result) && isfinite(x) && isfinite(y))
        return ug_eval_fail(e, at->pos, "%g %s %g overflows: numbers go up to 1.8e308", x,
                            ug_expr_op_text(at->op), y);
    *out = ug_quantity_real(result);
    return true;
}

/* -1, 0 or 1; long double holds every int64_t. */
static int order(const struct ug_quantity *a, const struct ug_quantity *b)
{
    const long double x = a->kind == UG_Q_REAL ? (long double)a->real : (long double)a->integer;
    const long double y = b->kind == UG_Q_REAL ? (long double)b->real : (long double)b->integer;

    return (x > y) - (x < y);
}

/* Things of different kinds are not equal; a list equals one with equal members. */
static bool equal(const struct ug_quantity *a, const struct ug_quantity *b)
{
    if (ug_is_number(a) && ug_is_number(b))
        return order(a, b) == 0;
    if (a->kind != b->kind || a->n != b->n)
        return false;
    if (a->kind == UG_Q_TEXT)
        return !strcmp(a->text, b->text);
    for (int i = 0; a->kind == UG_Q_LIST && i < a->n; i++)
        if (!equal(&a->items[i], &b->items[i]))
            return false;
    return a->kind == UG_Q_LIST;
}

static bool is_comparison(enum ug_expr_op op)
{
    return op >= UG_OP_EQ && op <= UG_OP_GE;
}

static bool compare(enum ug_expr_op op, int sign)
{
    switch (op) {
    case UG_OP_LT:
        return sign < 0;
    case UG_OP_LE:
        return sign <= 0;
    case UG_OP_GT:
        return sign > 0;
    default:
        return sign >= 0;
    }
}

/* ---- Operators ---- */

/* To each member; two lists of one length go in step, anything else is repeated. */
static bool apply_to_lists(struct ug_eval *e, const struct ug_expr *at, const struct ug_quantity *a,
                           const struct ug_quantity *b, struct ug_quantity *out)
{
    const bool left = a->kind == UG_Q_LIST, right = b && b->kind == UG_Q_LIST;
    const int n = left ? a->n : b->n;

    if (left && right && a->n != b->n)
        return ug_eval_fail(e, at->pos, "lists of %d and of %d members cannot go in step in '%s'",
                            a->n, b->n, ug_expr_op_text(at->op));
    struct ug_quantity *items = ug_eval_list(e, at->pos, n);
    if (!items)
        return false;
    for (int i = 0; i < n; i++)
        if (!ug_apply_operator(e, at, left ? &a->items[i] : a, right ? &b->items[i] : b, &items[i]))
            return false;
    *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = n, .items = items};
    return true;
}

/* Why `q` cannot stand beside an operator; `side` is its expression. */
static bool refuse_operand(struct ug_eval *e, const struct ug_expr *at, const struct ug_expr *side,
                           const struct ug_quantity *q)
{
    char text[UG_QUANTITY_TEXT];

    if (q->kind == UG_Q_MAP || q->kind == UG_Q_BUNDLE)
        return ug_eval_fail(e, side->pos, "'%s' cannot take %s: name one of them with '.'",
                            ug_expr_op_text(at->op), ug_quantity_describe(q, text));
    return ug_eval_fail(e, side->pos, "'%s' takes numbers and tensors, not %s",
                        ug_expr_op_text(at->op), ug_quantity_describe(q, text));
}

static bool apply_to_tensors(struct ug_eval *e, const struct ug_expr *at,
                             const struct ug_quantity *a, const struct ug_quantity *b,
                             struct ug_quantity *out)
{
    if (a->kind != UG_Q_TENSOR && !ug_is_number(a))
        return refuse_operand(e, at, at->args[0], a);
    if (b && b->kind != UG_Q_TENSOR && !ug_is_number(b))
        return refuse_operand(e, at, at->args[1], b);
    if (!e->scope->operate)
        return ug_eval_fail(e, at->pos, "a quantity is needed here, not a tensor");
    return e->scope->operate(e->context, at, a, b, out);
}

bool ug_apply_operator(struct ug_eval *e, const struct ug_expr *at, const struct ug_quantity *a,
                       const struct ug_quantity *b, struct ug_quantity *out)
{
    const bool equality = at->op == UG_OP_EQ || at->op == UG_OP_NE;
    const bool lists = a->kind == UG_Q_LIST || (b && b->kind == UG_Q_LIST);

    if (equality && ug_is_quantity(a) && ug_is_quantity(b) && (!lists || a->kind == b->kind) &&
        a->kind != UG_Q_MAP && b->kind != UG_Q_MAP) {
        *out = ug_quantity_bool(equal(a, b) == (at->op == UG_OP_EQ));
        return true;
    }
    if (lists)
        return apply_to_lists(e, at, a, b, out);
    if (a->kind == UG_Q_TENSOR || (b && b->kind == UG_Q_TENSOR))
        return apply_to_tensors(e, at, a, b, out);
    if (!ug_is_number(a))
        return refuse_operand(e, at, at->args[0], a);
    if (!b && a->kind != UG_Q_REAL && a->integer != INT64_MIN) {
        *out = ug_quantity_int(-a->integer);
        return true;
    }
    if (!b) {
        *out = ug_quantity_real(-ug_number(a));
        return true;
    }
    if (!ug_is_number(b))
        return refuse_operand(e, at, at->args[1], b);
    if (!is_comparison(at->op))
        return compute(e, at, a, b, out);
    *out = ug_quantity_bool(compare(at->op, order(a, b)));
    return true;
}
