/* call.c -- a call of an op: its arguments against the op's description, then its nodes.
 *
 * Arguments are matched by position and name, evaluated, taken apart where they are lists (the op
 * is applied to each member), converted to the op's settings, and handed to its `build`.
 */
#include "engine/graph/call.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/unfold.h"

/* What one argument of the op's description got. */
struct slot {
    const struct ug_expr *expr; /* NULL: the value that flows through a chain, or a default */
    struct ug_quantity value;
    bool has_value; /* else absent, as its default says */
    bool given;     /* the user wrote it */
};

struct op_call {
    struct ug_here *here;
    const struct ug_op *op;
    const struct ug_expr *text;
    const struct ug_quantity *values; /* the arguments of `text`, if they are known already */
    int n_args;
    struct slot *slots; /* parallel to op->args */
    struct slot *rest;  /* of the argument that takes all tensors */
    int n_rest, rest_capacity;
};

static struct ug_diags *diags_of(const struct op_call *c)
{
    return c->here->u->b.diags;
}

static struct ug_pos slot_pos(const struct op_call *c, const struct slot *s)
{
    return s->expr ? s->expr->pos : c->text->pos;
}

static const char *slot_name(const struct op_call *c, int i)
{
    return ug_arena_format(c->here->u->arena, "argument '%s' of '%s'", c->op->args[i].name,
                           c->op->name);
}

/* ---- Matching: which argument of the text is which of the op ---- */

static void report_unknown(const struct op_call *c, struct ug_pos pos, const char *keyword)
{
    const char **names = ug_arena_array(c->here->u->arena, (size_t)c->n_args, sizeof *names);

    for (int i = 0; i < c->n_args; i++)
        names[i] = c->op->args[i].name;
    ug_suggest(ug_error(diags_of(c), pos, "'%s' takes no argument '%s'", c->op->name, keyword),
               keyword, "arguments", names, (size_t)c->n_args);
}

static void report_extra(const struct op_call *c, struct ug_pos pos)
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
static struct slot *next_slot(struct op_call *c, int *next, struct ug_pos pos)
{
    while (*next < c->n_args && c->op->args[*next].keyword)
        ++*next;
    if (*next == c->n_args) {
        report_extra(c, pos);
        return NULL;
    }
    if (c->op->args[*next].type != UG_TENSORS)
        return &c->slots[(*next)++];
    UG_PUSH(c->here->u->arena, c->rest, c->n_rest, c->rest_capacity, (struct slot){0});
    c->slots[*next].given = true;
    return &c->rest[c->n_rest - 1];
}

static struct slot *named_slot(struct op_call *c, const char *keyword, struct ug_pos pos)
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

static bool match(struct op_call *c, const struct ug_quantity *flowing)
{
    const struct ug_expr *x = c->text;
    struct slot *slot;
    int next = 0;
    bool fine = true;

    if (flowing && (slot = next_slot(c, &next, x->pos)))
        *slot = (struct slot){.value = *flowing, .has_value = true, .given = true};
    for (int i = 1; x->kind == UG_EXPR_CALL && i < x->n_args; i++) {
        slot = x->keywords[i] ? named_slot(c, x->keywords[i], x->keyword_pos[i])
                              : next_slot(c, &next, x->args[i]->pos);
        if (!slot) {
            fine = false;
            continue;
        }
        *slot = (struct slot){.expr = x->args[i], .given = true};
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

static bool evaluate_slot(struct op_call *c, enum ug_arg_type type, struct slot *s)
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

static bool take_default(struct op_call *c, int i)
{
    const char *initial = c->op->args[i].initial;
    struct slot *s = &c->slots[i];

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

static bool fill_slots(struct op_call *c)
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
static bool is_stepped(const struct op_call *c, enum ug_arg_type type, const struct slot *s)
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
static const struct ug_quantity **stepped_lists(const struct op_call *c, int *n)
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

static bool call_once(const struct op_call *c, struct ug_at at, struct ug_quantity *out);

static bool call_member(const struct op_call *c, const struct ug_quantity *const *lists, int k,
                        struct ug_at at, struct ug_quantity *out)
{
    struct ug_arena *arena = c->here->u->arena;
    struct op_call member = *c;

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

static bool call_in_step(const struct op_call *c, struct ug_at at, struct ug_quantity *out)
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

/* ---- Converting: from values to the op's settings and inputs ---- */

struct converted {
    const struct op_call *c;
    unsigned char *attrs;
    struct ug_node **tensors; /* by index of the argument */
    struct ug_node **rest;
    int n_rest;
};

static bool has_range(const struct ug_arg *arg)
{
    return arg->min != 0 || arg->max != 0;
}

/* Bounds of a whole number, from the doubles that a descriptor gives. */
static int64_t bound(double limit, int64_t otherwise)
{
    return limit <= -9e18 || limit >= 9e18 ? otherwise : (int64_t)limit;
}

static bool want_whole(const struct converted *v, int i, const struct ug_quantity *q, int64_t *out)
{
    const struct ug_arg *arg = &v->c->op->args[i];
    const bool limited = has_range(arg);

    return ug_want_int(diags_of(v->c), slot_pos(v->c, &v->c->slots[i]), slot_name(v->c, i), q,
                       limited ? bound(arg->min, INT64_MIN) : INT64_MIN,
                       limited ? bound(arg->max, INT64_MAX) : INT64_MAX, out);
}

/* What a gradient is taken with respect to has a name: one of what is written out here would be 0.
 */
static bool check_named(const struct converted *v, int i)
{
    const struct slot *s = &v->c->slots[i];

    if (s->value.kind == UG_Q_TENSOR && ug_is_named(v->c->here->env, s->value.node))
        return true;
    ug_note(ug_error(diags_of(v->c), slot_pos(v->c, s),
                     "%s is the name of a value, an input, v.a or list[i]", slot_name(v->c, i)),
            UG_NOWHERE, "give what stands here a name in the graph, and use it in both places");
    return false;
}

static bool convert_tensor(struct converted *v, int i)
{
    const struct slot *s = &v->c->slots[i];

    return (!v->c->op->args[i].named || check_named(v, i)) &&
           ug_as_tensor(v->c->here->u, slot_pos(v->c, s), slot_name(v->c, i), &s->value,
                        &v->tensors[i]);
}

static bool convert_bias(struct converted *v, int i)
{
    const struct slot *s = &v->c->slots[i];

    if (s->value.kind == UG_Q_TENSOR)
        return convert_tensor(v, i);
    return ug_want_bool(diags_of(v->c), slot_pos(v->c, s), slot_name(v->c, i), &s->value,
                        (bool *)(v->attrs + v->c->op->args[i].offset));
}

static bool convert_float(struct converted *v, int i)
{
    const struct ug_arg *arg = &v->c->op->args[i];
    const bool limited = has_range(arg);

    return ug_want_real(diags_of(v->c), slot_pos(v->c, &v->c->slots[i]), slot_name(v->c, i),
                        &v->c->slots[i].value, limited ? arg->min : -HUGE_VAL,
                        limited ? arg->max : HUGE_VAL, (double *)(v->attrs + arg->offset));
}

static bool convert_int(struct converted *v, int i)
{
    return want_whole(v, i, &v->c->slots[i].value,
                      (int64_t *)(v->attrs + v->c->op->args[i].offset));
}

static bool convert_bool(struct converted *v, int i)
{
    return ug_want_bool(diags_of(v->c), slot_pos(v->c, &v->c->slots[i]), slot_name(v->c, i),
                        &v->c->slots[i].value, (bool *)(v->attrs + v->c->op->args[i].offset));
}

static bool convert_word(struct converted *v, int i)
{
    const struct ug_arg *arg = &v->c->op->args[i];
    const int word = ug_want_word(diags_of(v->c), slot_pos(v->c, &v->c->slots[i]),
                                  slot_name(v->c, i), &v->c->slots[i].value, arg->words);

    *(int *)(v->attrs + arg->offset) = word;
    return word >= 0;
}

static bool convert_mode(struct converted *v, int i)
{
    const struct ug_quantity *q = &v->c->slots[i].value;
    bool *mode = (bool *)(v->attrs + v->c->op->args[i].offset);

    if (q->kind != UG_Q_TEXT)
        return convert_bool(v, i);
    *mode = v->c->here->u->b.training;
    if (!strcmp(q->text, "auto"))
        return true;
    ug_error(diags_of(v->c), slot_pos(v->c, &v->c->slots[i]), "%s is true, false or auto, not '%s'",
             slot_name(v->c, i), q->text);
    return false;
}

static bool convert_pair(struct converted *v, int i)
{
    const struct slot *s = &v->c->slots[i];
    const struct ug_quantity *q = &s->value;
    int64_t *pair = (int64_t *)(v->attrs + v->c->op->args[i].offset);

    if (q->kind != UG_Q_LIST) {
        if (!want_whole(v, i, q, &pair[0]))
            return false;
        pair[1] = pair[0];
        return true;
    }
    if (q->n == 2)
        return want_whole(v, i, &q->items[0], &pair[0]) && want_whole(v, i, &q->items[1], &pair[1]);
    ug_error(diags_of(v->c), slot_pos(v->c, s), "%s is one number or [h, w], not a list of %d",
             slot_name(v->c, i), q->n);
    return false;
}

static bool convert_ints(struct converted *v, int i)
{
    const struct slot *s = &v->c->slots[i];
    const struct ug_quantity *q = &s->value;
    struct ug_ints *ints = (struct ug_ints *)(v->attrs + v->c->op->args[i].offset);

    if (q->kind != UG_Q_LIST) {
        ints->n = 1;
        return want_whole(v, i, q, &ints->v[0]);
    }
    if (q->n > UG_MAX_RANK) {
        ug_error(diags_of(v->c), slot_pos(v->c, s), "%s is a list of %d: at most %d",
                 slot_name(v->c, i), q->n, UG_MAX_RANK);
        return false;
    }
    ints->n = q->n;
    for (int k = 0; k < q->n; k++)
        if (!want_whole(v, i, &q->items[k], &ints->v[k]))
            return false;
    return true;
}

/* The shape of a tensor, or a list of extents. */
static bool convert_like(struct converted *v, int i)
{
    const struct slot *s = &v->c->slots[i];
    struct ug_ints *ints = (struct ug_ints *)(v->attrs + v->c->op->args[i].offset);
    char text[UG_QUANTITY_TEXT];

    if (s->value.kind == UG_Q_TENSOR) {
        const struct ug_shape *shape = &s->value.node->type.shape;

        ints->n = shape->rank;
        memcpy(ints->v, shape->dim, (size_t)shape->rank * sizeof *ints->v);
        return true;
    }
    if (s->value.kind != UG_Q_LIST) {
        ug_error(diags_of(v->c), slot_pos(v->c, s), "%s is a tensor or a list of extents, not %s",
                 slot_name(v->c, i), ug_quantity_describe(&s->value, text));
        return false;
    }
    if (!convert_ints(v, i))
        return false;
    for (int k = 0; k < ints->n; k++)
        if (ints->v[k] < 0) {
            ug_error(diags_of(v->c), slot_pos(v->c, s), "%s has the negative extent %lld",
                     slot_name(v->c, i), (long long)ints->v[k]);
            return false;
        }
    return true;
}

static bool evaluate_number(void *context, const struct ug_expr *x, struct ug_quantity *out)
{
    return ug_evaluate_argument_here(context, x, out);
}

static bool convert_init(struct converted *v, int i)
{
    struct ug_here *here = v->c->here;
    const struct slot *s = &v->c->slots[i];
    const struct ug_expr word = {
        .kind = UG_EXPR_NAME, .text = v->c->op->args[i].initial, .pos = v->c->text->pos};
    struct ug_init *init = (struct ug_init *)(v->attrs + v->c->op->args[i].offset);
    const struct ug_evaluator by = {evaluate_number, NULL, here};

    if (!ug_parse_init(here->u->arena, here->u->b.diags, here->u->program->vars, by,
                       s->expr ? s->expr : &word, init))
        return false;
    if (init->kind != UG_INIT_FILE)
        return true;
    ug_error(diags_of(v->c), s->expr->pos, "'file' stands in 'init', under the scope it is for");
    return false;
}

/* All tensors to be taken together: those given one by one, or the members of one list. */
static bool convert_rest(struct converted *v, int i)
{
    const struct op_call *c = v->c;
    const bool is_list = c->n_rest == 1 && c->rest[0].value.kind == UG_Q_LIST;

    v->n_rest = is_list ? c->rest[0].value.n : c->n_rest;
    v->rest = ug_arena_array(c->here->u->arena, (size_t)v->n_rest, sizeof *v->rest);
    for (int k = 0; k < v->n_rest; k++)
        if (!ug_as_tensor(c->here->u, slot_pos(c, &c->rest[is_list ? 0 : k]), slot_name(c, i),
                          is_list ? &c->rest[0].value.items[k] : &c->rest[k].value, &v->rest[k]))
            return false;
    return true;
}

static bool convert(struct converted *v)
{
    static bool (*const by_type[])(struct converted *, int) = {
        [UG_TENSOR] = convert_tensor, [UG_TENSORS] = convert_rest, [UG_BIAS] = convert_bias,
        [UG_INT] = convert_int,       [UG_FLOAT] = convert_float,  [UG_BOOL] = convert_bool,
        [UG_WORD] = convert_word,     [UG_MODE] = convert_mode,    [UG_PAIR] = convert_pair,
        [UG_INTS] = convert_ints,     [UG_LIKE] = convert_like,    [UG_INIT] = convert_init,
    };
    const struct op_call *c = v->c;
    bool fine = true;

    for (int i = 0; i < c->n_args; i++) {
        const struct ug_arg *arg = &c->op->args[i];
        const bool present = c->slots[i].has_value || c->slots[i].given || arg->type == UG_INIT;

        if (!present && arg->type == UG_INTS)
            ((struct ug_ints *)(v->attrs + arg->offset))->n = -1;
        else if (present && !by_type[arg->type](v, i))
            fine = false;
    }
    return fine;
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
static struct ug_node *emit(const struct converted *v)
{
    const struct op_call *c = v->c;
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

static bool build(const struct converted *v, struct ug_quantity *out)
{
    const struct op_call *c = v->c;
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
static bool call_once(const struct op_call *c, struct ug_at at, struct ug_quantity *out)
{
    struct ug_arena *arena = c->here->u->arena;
    struct converted v = {
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
    return convert(&v) && build(&v, out);
}

bool ug_call_op(struct ug_here *here, const struct ug_op *op, const struct ug_expr *text,
                const struct ug_quantity *flowing, const struct ug_quantity *values,
                struct ug_at at, struct ug_quantity *out)
{
    struct op_call c = {.here = here, .op = op, .text = text, .values = values};
    bool fine;

    while (op->args && op->args[c.n_args].name)
        c.n_args++;
    c.slots = ug_arena_array(here->u->arena, (size_t)c.n_args, sizeof *c.slots);
    fine = match(&c, flowing);
    return fill_slots(&c) && fine && call_once(&c, at, out);
}
