/* call.c -- a call of an op: its arguments against the op's description, then its nodes.
 *
 * Arguments are matched by position and name, evaluated, taken apart where they are lists (the op
 * is applied to each member), converted to the op's settings, and handed to its `build`.
 */
#include "engine/graph/call.h"

#include <stdlib.h>
#include <string.h>

#include "engine/model/call_parts.h"

static struct ug_diags *diags_of(const struct ug_op_call *c)
{
    return c->here->u->b.diags;
}

/* ---- Matching: which argument of the text is which of the op ---- */

static void report_unknown(const struct ug_op_call *c, struct ug_pos pos, const char *keyword)
{
    const char **names = ug_arena_array(c->here->u->arena, (size_t)c->n_args, sizeof *names);

    for (int i = 0; i < c->n_args; i++)
        names[i] = c->op->args[i].name;
    ug_suggest(ug_error(diags_of(c), pos, "'%s' takes no argument '%s'", c->op->name, keyword),
               keyword, "arguments", names, (size_t)c->n_args);
}

static void report_extra(const struct ug_op_call *c, struct ug_pos pos)
{
    const char *names = "";
    struct ug_diag *diag;

    for (int i = 0; i < c->n_args; i++)
        names = ug_arena_format(c->here->u->arena, "%s%s%s%s", names, i ? ", " : "",
                                c->op->args[i].name, c->op->args[i].keyword ? "=" : "");
    diag = ug_error(diags_of(c), pos, "too many arguments for '%s': it takes (%s)", c->op->name,
                    names);
    if (c->op->extra_hint)
        ug_note(diag, UG_NOWHERE, "%s", c->op->extra_hint);
}

/* The next argument by position from *next on; NULL after an error. */
static struct ug_slot *next_slot(struct ug_op_call *c, int *next, struct ug_pos pos)
{
    while (*next < c->n_args && c->op->args[*next].keyword)
        ++*next;
    if (*next == c->n_args) {
        report_extra(c, pos);
        return NULL;
    }
    if (c->op->args[*next].type != UG_TENSORS)
        return &c->slots[(*next)++];
    UG_PUSH(c->here->u->arena, c->rest, c->n_rest, c->rest_capacity, (struct ug_slot){0});
    c->slots[*next].given = true;
    return &c->rest[c->n_rest - 1];
}

static struct ug_slot *named_slot(struct ug_op_call *c, const char *keyword, struct ug_pos pos)
{
    for (int i = 0; i < c->n_args; i++) {
        if (strcmp(c->op->args[i].name, keyword) != 0 || c->op->args[i].type == UG_TENSORS)
            continue;
        if (!c->slots[i].given)
            return &c->slots[i];
        ug_error(diags_of(c), pos, "argument '%s' of '%s' is given twice", keyword, c->op->name);
        return NULL;
    }
    report_unknown(c, pos, keyword);
    return NULL;
}

static bool match(struct ug_op_call *c, const struct ug_quantity *flowing)
{
    const struct ug_expr *x = c->text;
    struct ug_slot *slot;
    int next = 0;
    bool fine = true;

    if (flowing && (slot = next_slot(c, &next, x->pos)))
        *slot = (struct ug_slot){.value = *flowing, .has_value = true, .given = true};
    for (int i = 1; x->kind == UG_EXPR_CALL && i < x->n_args; i++) {
        slot = x->keywords[i] ? named_slot(c, x->keywords[i], x->keyword_pos[i])
                              : next_slot(c, &next, x->args[i]->pos);
        if (!slot) {
            fine = false;
            continue;
        }
        *slot = (struct ug_slot){.expr = x->args[i], .given = true};
        if (c->values) {
            slot->value = c->values[i - 1];
            slot->has_value = true;
        }
    }
    return fine;
}

/* ---- Evaluating, and what is not given ---- */

/* Where a tensor or a number is wanted, an unknown name is a slip and no word. */
static bool may_be_word(enum ug_arg_type type)
{
    return type == UG_WORD || type == UG_BOOL || type == UG_MODE || type == UG_BIAS ||
           type == UG_INIT;
}

static bool evaluate_slot(struct ug_op_call *c, enum ug_arg_type type, struct ug_slot *s)
{
    if (s->has_value || !s->expr)
        return true;
    s->has_value = (may_be_word(type) ? ug_evaluate_argument_here
                                      : ug_evaluate_here)(c->here, s->expr, &s->value);
    return s->has_value;
}

/* A default as its descriptor writes it: a number, true, false, or a word. */
static struct ug_quantity literal(const char *text)
{
    char *end;
    const double number = strtod(text, &end);

    if (!strcmp(text, "true") || !strcmp(text, "false"))
        return ug_quantity_bool(*text == 't');
    if (end == text || *end)
        return ug_quantity_text(text);
    return strpbrk(text, ".eE") ? ug_quantity_real(number) : ug_quantity_int((int64_t)number);
}

static bool take_default(struct ug_op_call *c, int i)
{
    const char *initial = c->op->args[i].initial;
    struct ug_slot *s = &c->slots[i];

    if (!initial) {
        ug_error(diags_of(c), c->text->pos, "'%s' needs '%s'", c->op->name, c->op->args[i].name);
        return false;
    }
    for (int k = 0; k < i; k++)
        if (!strcmp(c->op->args[k].name, initial)) {
            *s = c->slots[k];
            s->given = false;
            return true;
        }
    s->has_value = strcmp(initial, "none") != 0;
    if (s->has_value)
        s->value = literal(initial);
    return true;
}

static bool fill_slots(struct ug_op_call *c)
{
    bool fine = true;

    for (int i = 0; i < c->n_rest; i++)
        fine &= evaluate_slot(c, UG_TENSORS, &c->rest[i]);
    for (int i = 0; i < c->n_args; i++) {
        if (c->op->args[i].type == UG_TENSORS && c->slots[i].given)
            continue;
        if (c->slots[i].given && c->op->args[i].type != UG_INIT)
            fine &= evaluate_slot(c, c->op->args[i].type, &c->slots[i]);
        else if (!c->slots[i].given)
            fine &= take_default(c, i);
    }
    return fine;
}

/* ---- Lists: the op is applied to each member ---- */

static bool holds_list(const struct ug_quantity *q)
{
    for (int i = 0; i < q->n; i++)
        if (q->items[i].kind == UG_Q_LIST)
            return true;
    return false;
}

/* Is this argument a list that is to be taken apart?  A list of extents, or one list of tensors to
 * join, is not. */
static bool is_stepped(const struct ug_op_call *c, enum ug_arg_type type, const struct ug_slot *s)
{
    if (!s->has_value || s->value.kind != UG_Q_LIST)
        return false;
    switch (type) {
    case UG_TENSOR:
    case UG_BIAS:
        return true;
    case UG_LIKE:
        return !ug_is_quantity(&s->value) || holds_list(&s->value);
    case UG_TENSORS:
        return c->n_rest > 1 || holds_list(&s->value);
    default:
        return false;
    }
}

/* The arguments of `type` that are lists to be taken apart, NULL where not. */
static const struct ug_quantity **stepped_lists(const struct ug_op_call *c, int *n)
{
    const struct ug_quantity **lists;

    *n = c->n_args + c->n_rest;
    lists = ug_arena_array(c->here->u->arena, (size_t)*n, sizeof *lists);
    for (int i = 0; i < c->n_args; i++)
        if (is_stepped(c, c->op->args[i].type, &c->slots[i]))
            lists[i] = &c->slots[i].value;
    for (int i = 0; i < c->n_rest; i++)
        if (is_stepped(c, UG_TENSORS, &c->rest[i]))
            lists[c->n_args + i] = &c->rest[i].value;
    return lists;
}

static bool call_once(const struct ug_op_call *c, struct ug_at at, struct ug_quantity *out);

static bool call_member(const struct ug_op_call *c, const struct ug_quantity *const *lists, int k,
                        struct ug_at at, struct ug_quantity *out)
{
    struct ug_arena *arena = c->here->u->arena;
    struct ug_op_call member = *c;

    member.slots =
        ug_arena_grow(arena, c->slots, (size_t)c->n_args, (size_t)c->n_args, sizeof *c->slots);
    member.rest =
        ug_arena_grow(arena, c->rest, (size_t)c->n_rest, (size_t)c->n_rest, sizeof *c->rest);
    for (int i = 0; i < c->n_args; i++)
        if (lists[i])
            member.slots[i].value = lists[i]->items[k];
    for (int i = 0; i < c->n_rest; i++)
        if (lists[c->n_args + i])
            member.rest[i].value = lists[c->n_args + i]->items[k];
    return call_once(&member, ug_at_member(c->here->u, at, k), out);
}

static bool call_in_step(const struct ug_op_call *c, struct ug_at at, struct ug_quantity *out)
{
    int n_lists;
    const struct ug_quantity **lists = stepped_lists(c, &n_lists);
    const int n = ug_lists_in_step(diags_of(c), c->text->pos, c->op->name, lists, n_lists);

    if (n < -1)
        return false;
    *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = n};
    out->items = ug_arena_array(c->here->u->arena, (size_t)n, sizeof *out->items);
    for (int k = 0; k < n; k++)
        if (!ug_spend(c->here->u, c->text->pos) || !call_member(c, lists, k, at, &out->items[k]))
            return false;
    return true;
}

/* ---- Building ---- */

static bool give(const struct ug_call *call, struct ug_node *node, struct ug_quantity *out)
{
    if (!call->op->returns_list) {
        if (node)
            *out = ug_quantity_tensor(node);
        return node;
    }
    if (!call->list)
        return false;
    *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = call->n_list};
    out->items = ug_arena_array(call->b->graph->arena, (size_t)call->n_list, sizeof *out->items);
    for (int i = 0; i < call->n_list; i++) {
        if (!call->list[i])
            return false;
        out->items[i] = ug_quantity_tensor(call->list[i]);
    }
    return true;
}

/* An op without `build` is one node; its inputs are the tensors in the order of its arguments. */
static struct ug_node *emit(const struct ug_converted *v)
{
    const struct ug_op_call *c = v->c;
    struct ug_node **in = ug_arena_array(c->here->u->arena, (size_t)(c->n_args + v->n_rest),
                                         sizeof(struct ug_node *));
    int n = 0;

    for (int i = 0; i < c->n_args; i++)
        if (v->tensors[i])
            in[n++] = v->tensors[i];
    for (int i = 0; i < v->n_rest; i++)
        in[n++] = v->rest[i];
    return ug_emit(&c->here->u->b, c->op, v->attrs, in, n);
}

static bool build(const struct ug_converted *v, struct ug_quantity *out)
{
    const struct ug_op_call *c = v->c;
    bool *given = ug_arena_array(c->here->u->arena, (size_t)c->n_args, sizeof *given);
    struct ug_call call = {.b = &c->here->u->b,
                           .op = c->op,
                           .attrs = v->attrs,
                           .tensors = v->tensors,
                           .given = given,
                           .rest = v->rest,
                           .n_rest = v->n_rest};

    for (int i = 0; i < c->n_args; i++)
        given[i] = c->slots[i].given;
    call.b->called = c->op;
    struct ug_node *node = c->op->build ? c->op->build(&call) : emit(v);
    call.b->called = NULL;
    return give(&call, node, out);
}

/* With the builder standing at this call: numbers that become constants belong to it too. */
static bool call_once(const struct ug_op_call *c, struct ug_at at, struct ug_quantity *out)
{
    struct ug_arena *arena = c->here->u->arena;
    struct ug_converted v = {
        .c = c,
        .attrs = ug_arena_alloc(arena, c->op->attrs_size),
        .tensors = ug_arena_array(arena, (size_t)c->n_args, sizeof *v.tensors),
    };
    int n_lists;
    const struct ug_quantity **lists = stepped_lists(c, &n_lists);

    for (int i = 0; i < n_lists; i++)
        if (lists[i])
            return call_in_step(c, at, out);
    ug_stand(c->here->u, at, c->text->pos, c->text);
    return ug_convert(&v) && build(&v, out);
}

bool ug_call_op(struct ug_here *here, const struct ug_op *op, const struct ug_expr *text,
                const struct ug_quantity *flowing, const struct ug_quantity *values,
                struct ug_at at, struct ug_quantity *out)
{
    struct ug_op_call c = {.here = here, .op = op, .text = text, .values = values};
    bool fine;

    while (op->args && op->args[c.n_args].name)
        c.n_args++;
    c.slots = ug_arena_array(here->u->arena, (size_t)c.n_args, sizeof *c.slots);
    fine = match(&c, flowing);
    return fill_slots(&c) && fine && call_once(&c, at, out);
}
