/* evaluate.c -- the evaluator: walks an expression, computes quantities, hands tensors to the
 * scope. */
#include <string.h>

#include "engine/model/quantity.h"

/* ---- Errors and lists ---- */

bool ug_eval_fail(const struct ug_eval *e, struct ug_pos pos, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (e->diags)
        ug_verror(e->diags, pos, format, args);
    va_end(args);
    return false;
}

struct ug_quantity *ug_eval_list(struct ug_eval *e, struct ug_pos pos, int n)
{
    if (!e->pool)
        return ug_arena_array(e->arena, (size_t)n, sizeof(struct ug_quantity));
    if (n > e->pool_size - e->pool_used) {
        ug_eval_fail(e, pos, "lists here may have no more than %d members in all", e->pool_size);
        return NULL;
    }
    e->pool_used += n;
    return e->pool + e->pool_used - n;
}

/* ---- Operators ---- */

static bool evaluate_condition(struct ug_eval *e, const struct ug_expr *x, bool *out)
{
    struct ug_quantity q;

    return ug_evaluate(e, x, &q) && ug_want_condition(e->diags, x->pos, &q, out);
}

/* `and` and `or` look at their right side only where it matters. */
static bool evaluate_logic(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out)
{
    bool value;

    if (!evaluate_condition(e, x->args[0], &value))
        return false;
    if (value == (x->op == UG_OP_AND) && !evaluate_condition(e, x->args[1], &value))
        return false;
    *out = ug_quantity_bool(value);
    return true;
}

static bool evaluate_operator(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out)
{
    struct ug_quantity a, b;
    bool value;

    if (x->op == UG_OP_AND || x->op == UG_OP_OR)
        return evaluate_logic(e, x, out);
    if (x->op == UG_OP_NOT) {
        if (!evaluate_condition(e, x->args[0], &value))
            return false;
        *out = ug_quantity_bool(!value);
        return true;
    }
    if (x->kind == UG_EXPR_UNARY)
        return ug_evaluate(e, x->args[0], &a) && ug_apply_operator(e, x, &a, NULL, out);
    /* Both sides are looked at even if one is wrong: each may have an error to report. */
    const bool left = ug_evaluate(e, x->args[0], &a), right = ug_evaluate(e, x->args[1], &b);
    return left && right && ug_apply_operator(e, x, &a, &b, out);
}

/* ---- Names, members, indices ---- */

static bool evaluate_name(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out,
                          bool could_be_word)
{
    const enum ug_found found = e->scope->lookup(e->context, x, out);

    if (found == UG_UNKNOWN && e->diags) {
        struct ug_diag *d = ug_error(e->diags, x->pos, "unknown name '%s'", x->text);
        if (e->scope->suggest)
            e->scope->suggest(e->context, x->text, d);
        if (could_be_word)
            ug_note(d, UG_NOWHERE, "if the word itself is meant, quote it: \"%s\"", x->text);
    }
    return found == UG_FOUND;
}

static bool no_member(struct ug_eval *e, const struct ug_expr *x, const char *const *names, int n)
{
    if (e->diags)
        ug_suggest(ug_error(e->diags, x->pos, "there is no '%s' in this", x->text), x->text,
                   "members", names, (size_t)n);
    return false;
}

static bool evaluate_member(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out)
{
    const enum ug_found found =
        e->scope->member ? e->scope->member(e->context, x, out) : UG_UNKNOWN;
    char text[UG_QUANTITY_TEXT];
    struct ug_quantity base;

    if (found != UG_UNKNOWN)
        return found == UG_FOUND;
    const struct ug_expr *left = x->args[0];
    if (!(left->kind == UG_EXPR_NAME ? evaluate_name(e, left, &base, false)
                                     : ug_evaluate(e, left, &base)))
        return false;
    if (base.kind == UG_Q_MAP) {
        const enum ug_found member = ug_vars_member(base.var, x->text, out);
        if (member == UG_UNKNOWN) {
            int n;
            const char *const *names = ug_vars_member_names(base.var, &n);
            return no_member(e, x, names, n);
        }
        return member == UG_FOUND;
    }
    for (int i = 0; base.kind == UG_Q_BUNDLE && i < base.n; i++)
        if (!strcmp(base.names[i], x->text)) {
            *out = base.items[i];
            return true;
        }
    if (base.kind == UG_Q_BUNDLE)
        return no_member(e, x, base.names, base.n);
    return ug_eval_fail(e, x->pos, "%s has no member '%s'", ug_quantity_describe(&base, text),
                        x->text);
}

static bool evaluate_bound(struct ug_eval *e, const struct ug_expr *x, bool *has, int64_t *out)
{
    struct ug_quantity q;

    *has = x != NULL;
    return !x || (ug_evaluate(e, x, &q) &&
                  ug_want_int(e->diags, x->pos, "an index", &q, INT64_MIN, INT64_MAX, out));
}

static bool index_list(struct ug_eval *e, const struct ug_expr *x, const struct ug_quantity *list,
                       const struct ug_subscript *s, struct ug_quantity *out)
{
    if (!s->range) {
        const int64_t i = s->from < 0 ? s->from + list->n : s->from;
        if (i < 0 || i >= list->n)
            return ug_eval_fail(e, x->slices[0].from->pos, "index %lld of a list of %d",
                                (long long)s->from, list->n);
        *out = list->items[i];
        return true;
    }
    int64_t from = s->has_from ? s->from : 0, to = s->has_to ? s->to : list->n;
    from += from < 0 ? list->n : 0, to += to < 0 ? list->n : 0;
    from = from < 0 ? 0 : from > list->n ? list->n : from;
    to = to < from ? from : to > list->n ? list->n : to;
    *out =
        (struct ug_quantity){.kind = UG_Q_LIST, .n = (int)(to - from), .items = list->items + from};
    return true;
}

static bool evaluate_index(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out)
{
    enum { MOST_SLICES = 8 };
    struct ug_subscript spans[MOST_SLICES] = {{0}};
    struct ug_quantity base;
    char text[UG_QUANTITY_TEXT];

    if (!ug_evaluate(e, x->args[0], &base))
        return false;
    if (x->n_slices > MOST_SLICES)
        return ug_eval_fail(e, x->pos, "at most %d indices may stand in [ ]", MOST_SLICES);
    for (int i = 0; i < x->n_slices; i++) {
        spans[i].range = x->slices[i].range;
        if (!evaluate_bound(e, x->slices[i].from, &spans[i].has_from, &spans[i].from) ||
            !evaluate_bound(e, x->slices[i].to, &spans[i].has_to, &spans[i].to))
            return false;
    }
    if (base.kind == UG_Q_LIST && x->n_slices == 1)
        return index_list(e, x, &base, spans, out);
    if (base.kind == UG_Q_LIST)
        return ug_eval_fail(e, x->pos, "a list takes one index");
    if (base.kind == UG_Q_TENSOR && e->scope->index)
        return e->scope->index(e->context, x, &base, spans, x->n_slices, out);
    return ug_eval_fail(e, x->pos, "%s cannot be indexed", ug_quantity_describe(&base, text));
}

/* ---- Expressions ---- */

static bool evaluate_list(struct ug_eval *e, const struct ug_expr *x, bool words,
                          struct ug_quantity *out)
{
    struct ug_quantity *items = ug_eval_list(e, x->pos, x->n_args);
    bool good = items != NULL;

    for (int i = 0; items && i < x->n_args; i++)
        good &= words ? ug_evaluate_argument(e, x->args[i], &items[i])
                      : ug_evaluate(e, x->args[i], &items[i]);
    *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = x->n_args, .items = items};
    return good;
}

static bool evaluate_choice(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out)
{
    bool value;

    return evaluate_condition(e, x->args[1], &value) && ug_evaluate(e, x->args[value ? 0 : 2], out);
}

bool ug_evaluate(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out)
{
    switch (x->kind) {
    case UG_EXPR_NUMBER:
        *out = x->whole ? ug_quantity_int(x->integer) : ug_quantity_real(x->number);
        return true;
    case UG_EXPR_BOOL:
        *out = ug_quantity_bool(x->number != 0.0);
        return true;
    case UG_EXPR_TEXT:
        *out = ug_quantity_text(x->text);
        return true;
    case UG_EXPR_NAME:
        return evaluate_name(e, x, out, true);
    case UG_EXPR_LIST:
        return evaluate_list(e, x, false, out);
    case UG_EXPR_CALL:
        return e->scope->call ? e->scope->call(e->context, x, out) : ug_call_function(e, x, out);
    case UG_EXPR_MEMBER:
        return evaluate_member(e, x, out);
    case UG_EXPR_INDEX:
        return evaluate_index(e, x, out);
    case UG_EXPR_UNARY:
    case UG_EXPR_BINARY:
        return evaluate_operator(e, x, out);
    case UG_EXPR_COND:
        return evaluate_choice(e, x, out);
    }
    return false;
}

bool ug_evaluate_argument(struct ug_eval *e, const struct ug_expr *x, struct ug_quantity *out)
{
    if (x->kind == UG_EXPR_LIST)
        return evaluate_list(e, x, true, out);
    if (x->kind != UG_EXPR_NAME || x->parenthesised)
        return ug_evaluate(e, x, out);
    const enum ug_found found = e->scope->lookup(e->context, x, out);
    if (found == UG_UNKNOWN)
        *out = ug_quantity_text(x->text);
    return found != UG_BROKEN;
}

bool ug_evaluate_yaml(struct ug_eval *e, struct ug_yaml *value, struct ug_quantity *out)
{
    const struct ug_expr *x = ug_expr_parse(e->arena, e->diags, value);

    return x && ug_evaluate_argument(e, x, out);
}
