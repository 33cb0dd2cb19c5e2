/* function.c -- the functions on quantities. */
#include <math.h>
#include <string.h>

#include "engine/model/quantity.h"

enum { LONGEST_RANGE = 100000 };

enum function { ABS, FLOOR, CEIL, ROUND, SQRT, LOG, EXP, INT, MIN, MAX, LEN, RANGE };

static const char *const names[] = {"abs", "floor", "ceil", "round", "sqrt", "log",
                                    "exp", "int",   "min",  "max",   "len",  "range"};
enum { N_FUNCTIONS = sizeof names / sizeof *names };

static int find(const char *name)
{
    for (int i = 0; i < N_FUNCTIONS; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

bool ug_is_function(const char *name)
{
    return find(name) >= 0;
}

const char *const *ug_function_names(int *n)
{
    *n = N_FUNCTIONS;
    return names;
}

static bool refuse(const struct ug_eval *e, struct ug_pos pos, enum function f, const char *wanted,
                   const struct ug_quantity *q)
{
    char text[UG_QUANTITY_TEXT];

    return ug_eval_fail(e, pos, "'%s' takes %s, not %s", names[f], wanted,
                        ug_quantity_describe(q, text));
}

/* ---- Of one number ---- */

/* What these functions make is whole: an INT where it fits. */
static struct ug_quantity whole(double x)
{
    const struct ug_quantity real = ug_quantity_real(x);
    int64_t exact;

    return ug_whole(&real, &exact) ? ug_quantity_int(exact) : real;
}

static bool apply_to_number(struct ug_eval *e, struct ug_pos pos, enum function f,
                            const struct ug_quantity *q, struct ug_quantity *out)
{
    const double x = ug_number(q);

    *out = *q;
    out->kind = q->kind == UG_Q_REAL ? UG_Q_REAL : UG_Q_INT;
    switch (f) {
    case ABS:
        if (q->kind == UG_Q_REAL || q->integer == INT64_MIN)
            *out = ug_quantity_real(fabs(x));
        else if (q->integer < 0)
            out->integer = -q->integer;
        return true;
    case SQRT:
        *out = ug_quantity_real(sqrt(x));
        return x >= 0.0 || ug_eval_fail(e, pos, "the square root of %g is not a number", x);
    case LOG:
        *out = ug_quantity_real(log(x));
        return x > 0.0 || ug_eval_fail(e, pos, "the logarithm of %g is not a number", x);
    case EXP:
        *out = ug_quantity_real(exp(x));
        return isfinite(out->real) || !isfinite(x) ||
               ug_eval_fail(e, pos, "exp(%g) overflows: numbers go up to 1.8e308", x);
    default: /* whole already, or made so; halves are rounded to even, as in Python */
        if (q->kind == UG_Q_REAL)
            *out = whole(f == FLOOR   ? floor(x)
                         : f == CEIL  ? ceil(x)
                         : f == ROUND ? nearbyint(x)
                                      : trunc(x));
        return true;
    }
}

/* To a number, or to each member of a list. */
static bool apply_to_each(struct ug_eval *e, struct ug_pos pos, enum function f,
                          const struct ug_quantity *q, struct ug_quantity *out)
{
    if (ug_is_number(q))
        return apply_to_number(e, pos, f, q, out);
    if (q->kind != UG_Q_LIST)
        return refuse(e, pos, f, "a number", q);
    struct ug_quantity *items = ug_eval_list(e, pos, q->n);
    if (!items)
        return false;
    for (int i = 0; i < q->n; i++)
        if (!apply_to_each(e, pos, f, &q->items[i], &items[i]))
            return false;
    *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = q->n, .items = items};
    return true;
}

/* ---- Of several ---- */

static bool extreme(struct ug_eval *e, const struct ug_expr *call, enum function f,
                    const struct ug_quantity *values, int n, struct ug_quantity *out)
{
    const bool of_list = n == 1 && values[0].kind == UG_Q_LIST;
    const struct ug_quantity *items = of_list ? values[0].items : values;
    const int n_items = of_list ? values[0].n : n;

    if (!n_items)
        return ug_eval_fail(e, call->pos, "'%s' of nothing", names[f]);
    for (int i = 0; i < n_items; i++) {
        if (!ug_is_number(&items[i]))
            return refuse(e, call->args[of_list ? 1 : 1 + i]->pos, f, "numbers", &items[i]);
        const double x = ug_number(&items[i]), best = i ? ug_number(out) : x;
        if (!i || (f == MIN ? x < best : x > best))
            *out = items[i];
    }
    return true;
}

/* range(to), range(from, to), range(from, to, step), as in Python. */
static bool make_range(struct ug_eval *e, const struct ug_expr *call,
                       const struct ug_quantity *values, int n, struct ug_quantity *out)
{
    int64_t v[3] = {0, 0, 1};

    for (int i = 0; i < n; i++)
        if (!ug_want_int(e->diags, call->args[1 + i]->pos, "an argument of 'range'", &values[i],
                         -(INT64_C(1) << 60), INT64_C(1) << 60, &v[n == 1 ? 1 : i]))
            return false;
    if (v[2] == 0)
        return ug_eval_fail(e, call->args[3]->pos, "the step of 'range' must not be 0");
    const int64_t span = v[2] > 0 ? v[1] - v[0] : v[0] - v[1], step = v[2] > 0 ? v[2] : -v[2];
    const int64_t count = span <= 0 ? 0 : (span - 1) / step + 1;
    if (count > LONGEST_RANGE)
        return ug_eval_fail(e, call->pos, "a range may have at most %d members", LONGEST_RANGE);
    struct ug_quantity *items = ug_eval_list(e, call->pos, (int)count);
    if (!items)
        return false;
    for (int64_t i = 0; i < count; i++)
        items[i] = ug_quantity_int(v[0] + i * v[2]);
    *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = (int)count, .items = items};
    return true;
}

static bool length(struct ug_eval *e, const struct ug_expr *call, const struct ug_quantity *q,
                   struct ug_quantity *out)
{
    if (q->kind != UG_Q_LIST)
        return refuse(e, call->args[1]->pos, LEN, "a list", q);
    *out = ug_quantity_int(q->n);
    return true;
}

/* ---- Calls ---- */

static bool check_arguments(const struct ug_eval *e, const struct ug_expr *call, enum function f)
{
    const int n = call->n_args - 1, most = f == RANGE ? 3 : f == MIN || f == MAX ? n : 1;

    for (int i = 1; i < call->n_args; i++)
        if (call->keywords[i])
            return ug_eval_fail(e, call->keyword_pos[i], "the arguments of '%s' have no names",
                                names[f]);
    if (n < 1)
        return ug_eval_fail(e, call->pos, "'%s' needs %s", names[f],
                            f < MIN ? "a number" : "an argument");
    if (n > most)
        return ug_eval_fail(e, call->args[1 + most]->pos, "'%s' takes %s", names[f],
                            most == 1 ? "one argument" : "up to three arguments");
    return true;
}

bool ug_apply_function(struct ug_eval *e, const struct ug_expr *call,
                       const struct ug_quantity *values, struct ug_quantity *out)
{
    const enum function f = (enum function)find(call->args[0]->text);
    const int n = call->n_args - 1;

    if (!check_arguments(e, call, f))
        return false;
    switch (f) {
    case MIN:
    case MAX:
        return extreme(e, call, f, values, n, out);
    case LEN:
        return length(e, call, &values[0], out);
    case RANGE:
        return make_range(e, call, values, n, out);
    default:
        return apply_to_each(e, call->args[1]->pos, f, &values[0], out);
    }
}

bool ug_call_function(struct ug_eval *e, const struct ug_expr *call, struct ug_quantity *out)
{
    const struct ug_expr *callee = call->args[0];
    const int n = call->n_args - 1;
    bool good = true;

    if (callee->kind != UG_EXPR_NAME || !ug_is_function(callee->text)) {
        if (e->diags)
            ug_suggest(ug_error(e->diags, callee->pos, "'%s' cannot be called here", callee->text),
                       callee->text, "functions on quantities", names, N_FUNCTIONS);
        return false;
    }
    struct ug_quantity *values = ug_eval_list(e, call->pos, n);
    for (int i = 0; values && i < n; i++)
        good &= ug_evaluate(e, call->args[1 + i], &values[i]);
    return values && good && ug_apply_function(e, call, values, out);
}
