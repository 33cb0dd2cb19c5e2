/* tensors.c -- expressions in which tensors may occur: names, operators and slices make nodes. */
#include <stddef.h>
#include <string.h>

#include "engine/model/unfold.h"

void ug_stand(struct ug_unfolding *u, struct ug_at at, struct ug_pos pos, const void *site)
{
    u->b.scope = at.scope;
    u->b.place = at.place;
    u->b.no_layers = at.no_layers;
    u->b.pos = pos;
    u->b.site = site;
    u->b.draws = 0;
}

static bool exhaust(struct ug_unfolding *u, struct ug_diag *diag, const char *hint)
{
    ug_note(diag, UG_NOWHERE, "%s", hint);
    u->exhausted = true;
    return false;
}

bool ug_spend(struct ug_unfolding *u, struct ug_pos pos)
{
    static const char hint[] = "look for a 'repeat' whose count is too large";
    const ptrdiff_t stack = u->stack - (const char *)__builtin_frame_address(0);

    if (u->exhausted)
        return false;
    if (++u->steps > UG_MAX_STEPS)
        return exhaust(u,
                       ug_error(u->b.diags, pos,
                                "this file unfolds to more than %d calls and steps", UG_MAX_STEPS),
                       hint);
    if (u->b.graph->n > UG_MAX_NODES)
        return exhaust(
            u, ug_error(u->b.diags, pos, "the graph would have more than %d nodes", UG_MAX_NODES),
            hint);
    if (stack > UG_MAX_STACK || -stack > UG_MAX_STACK)
        return exhaust(u, ug_error(u->b.diags, pos, "calls are nested too deeply here"),
                       "give parts of it names of their own");
    return true;
}

bool ug_descend(struct ug_unfolding *u, struct ug_pos pos, const char *name)
{
    if (!ug_spend(u, pos))
        return false;
    if (++u->depth <= UG_MAX_DEPTH)
        return true;
    return exhaust(u,
                   ug_error(u->b.diags, pos, "more than %d values and modules wait for '%s'",
                            UG_MAX_DEPTH, name),
                   "does a module call itself without end?");
}

bool ug_as_tensor(struct ug_unfolding *u, struct ug_pos pos, const char *what,
                  const struct ug_quantity *q, struct ug_node **out)
{
    char text[UG_QUANTITY_TEXT];
    struct ug_diag *diag;

    if (q->kind == UG_Q_TENSOR || q->kind == UG_Q_INT || q->kind == UG_Q_REAL) {
        *out = q->kind == UG_Q_TENSOR ? q->node : ug_constant(&u->b, ug_number(q));
        return *out;
    }
    diag = ug_error(u->b.diags, pos, "%s is a tensor or a number, not %s", what,
                    ug_quantity_describe(q, text));
    if (q->kind == UG_Q_BUNDLE && q->n)
        ug_note(diag, UG_NOWHERE, "name one of its values, as in '.%s'", q->names[0]);
    return false;
}

/* ---- The scope of expressions ---- */

static enum ug_found lookup(void *context, const struct ug_expr *name, struct ug_quantity *out)
{
    struct ug_here *here = context;

    return ug_env_lookup(here->u, here->env, name->pos, name->text, out);
}

static bool is_file_value(const struct ug_unfolding *u, const char *name)
{
    const struct ug_graph_decl *g = &u->language->declared.graph;

    for (int i = 0; i < u->program->n_inputs; i++)
        if (!strcmp(u->program->inputs[i].name, name))
            return true;
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->values[i].n_targets; k++)
            if (!strcmp(g->values[i].targets[k].name, name))
                return true;
    return false;
}

static void suggest(void *context, const char *name, struct ug_diag *diag)
{
    struct ug_here *here = context;
    const struct ug_declarations *d = &here->u->language->declared;
    const char **names;
    size_t n;

    if (ug_declared_network(d, name) >= 0)
        ug_note(diag, UG_NOWHERE, "'%s' is a network: call it, as in %s(x)", name, name);
    else if (is_file_value(here->u, name))
        ug_note(diag, UG_NOWHERE,
                "a module sees 'vars' but no values of the file: make it an input");
    else {
        names = ug_env_names(here->u, here->env, &n);
        ug_suggest(diag, name, "names", names, n);
    }
}

static enum ug_found report_term(struct ug_here *here, const struct ug_expr *x)
{
    size_t n;
    const char **names = ug_env_names(here->u, here->env, &n);
    const char *term = ug_arena_format(here->u->arena, "%s.%s", x->args[0]->text, x->text);

    ug_suggest(ug_error(here->u->b.diags, x->pos, "the loss '%s' has no term '%s'",
                        x->args[0]->text, x->text),
               term, "losses", names, n);
    return UG_BROKEN;
}

/* `G.rec_1`, a term of a loss, where losses can be named and `G` means nothing nearer. */
static enum ug_found member(void *context, const struct ug_expr *x, struct ug_quantity *out)
{
    struct ug_here *here = context;
    struct ug_unfolding *u = here->u;
    struct ug_quantity nearer;
    enum ug_found found;

    if (x->args[0]->kind != UG_EXPR_NAME)
        return UG_UNKNOWN;
    for (const struct ug_env *env = here->env; env; env = env->up) {
        if (env->kind != UG_ENV_LOSSES) {
            if (ug_layer_lookup(u, env, x->pos, x->args[0]->text, &nearer) != UG_UNKNOWN)
                break;
            continue;
        }
        found = ug_make_loss(u, ug_arena_format(u->arena, "%s.%s", x->args[0]->text, x->text), out);
        return found == UG_UNKNOWN && ug_is_loss(u, x->args[0]->text) ? report_term(here, x)
                                                                      : found;
    }
    return UG_UNKNOWN;
}

static bool call(void *context, const struct ug_expr *text, struct ug_quantity *out)
{
    return ug_apply(context, text, NULL, out);
}

/* The op that an operator stands for where it meets a tensor. */
static const char *operator_op(enum ug_expr_op op)
{
    static const char *const names[] = {[UG_OP_EQ] = "eq",
                                        [UG_OP_NE] = "ne",
                                        [UG_OP_LT] = "lt",
                                        [UG_OP_LE] = "le",
                                        [UG_OP_GT] = "gt",
                                        [UG_OP_GE] = "ge",
                                        [UG_OP_ADD] = "add",
                                        [UG_OP_SUB] = "sub",
                                        [UG_OP_MUL] = "mul",
                                        [UG_OP_DIV] = "div",
                                        [UG_OP_NEG] = "neg",
                                        [UG_OP_POW] = "pow",
                                        [UG_OP_FLOORDIV] = "floordiv",
                                        [UG_OP_MOD] = "mod"};

    return op < sizeof names / sizeof *names ? names[op] : NULL;
}

static bool emit_operator(struct ug_here *here, const struct ug_expr *at,
                          const struct ug_quantity *a, const struct ug_quantity *b,
                          struct ug_quantity *out)
{
    struct ug_unfolding *u = here->u;
    const struct ug_op *op = operator_op(at->op) ? ug_op_find(operator_op(at->op)) : NULL;
    const char *what = ug_arena_format(u->arena, "a side of '%s'", ug_expr_op_text(at->op));
    struct ug_node *in[2];

    if (!op) {
        ug_error(u->b.diags, at->pos, "'%s' takes quantities, not tensors",
                 ug_expr_op_text(at->op));
        return false;
    }
    ug_stand(u, here->at, at->pos, at);
    if (!ug_as_tensor(u, at->args[0]->pos, what, a, &in[0]) ||
        (b && !ug_as_tensor(u, at->args[1]->pos, what, b, &in[1])))
        return false;
    struct ug_node *node = ug_emit(&u->b, op, NULL, in, b ? 2 : 1);
    if (node)
        *out = ug_quantity_tensor(node);
    return node;
}

static bool operate(void *context, const struct ug_expr *at, const struct ug_quantity *a,
                    const struct ug_quantity *b, struct ug_quantity *out)
{
    struct ug_here *here = context;

    return ug_spend(here->u, at->pos) && emit_operator(here, at, a, b, out);
}

/* One axis of x[…]: `[i]` drops it, `[i:j]` keeps it; ends beyond the extent are cut, as in Python.
 */
static bool slice_axis(struct ug_here *here, const struct ug_expr *at,
                       const struct ug_subscript *span, int axis, int64_t extent,
                       struct ug_slice_attrs *s)
{
    int64_t from = span->has_from ? span->from : 0, to = span->has_to ? span->to : extent;

    if (from < 0)
        from += extent;
    if (to < 0)
        to += extent;
    if (!span->range) {
        if (from < 0 || from >= extent) {
            ug_error(here->u->b.diags, at->pos,
                     "index %lld is outside axis %d, which has %lld elements",
                     (long long)span->from, axis, (long long)extent);
            return false;
        }
        to = from + 1;
        s->drop[axis] = true;
    }
    from = from < 0 ? 0 : from > extent ? extent : from;
    to = to > extent ? extent : to;
    s->start[axis] = from;
    s->stop[axis] = to < from ? from : to;
    return true;
}

static bool slice(void *context, const struct ug_expr *at, const struct ug_quantity *x,
                  const struct ug_subscript *spans, int n, struct ug_quantity *out)
{
    struct ug_here *here = context;
    struct ug_node *node = x->node;
    const struct ug_shape *shape = &node->type.shape;
    struct ug_slice_attrs s = {.rank = shape->rank};
    char text[UG_SHAPE_TEXT];

    if (n > shape->rank) {
        ug_error(here->u->b.diags, at->pos, "%d indices for a value of %d axes: it is %s", n,
                 shape->rank, ug_shape_text(shape, text));
        return false;
    }
    for (int i = 0; i < shape->rank; i++) {
        static const struct ug_subscript whole = {.range = true};

        if (!slice_axis(here, at, i < n ? &spans[i] : &whole, i, shape->dim[i], &s))
            return false;
    }
    ug_stand(here->u, here->at, at->pos, at);
    node = ug_emit_named(&here->u->b, "slice", &s, &node, 1);
    if (node)
        *out = ug_quantity_tensor(node);
    return node;
}

static struct ug_eval evaluation(struct ug_here *here)
{
    static const struct ug_scope scope = {.lookup = lookup,
                                          .suggest = suggest,
                                          .member = member,
                                          .call = call,
                                          .operate = operate,
                                          .index = slice};

    return (struct ug_eval){
        .arena = here->u->arena, .diags = here->u->b.diags, .scope = &scope, .context = here};
}

bool ug_evaluate_here(struct ug_here *here, const struct ug_expr *x, struct ug_quantity *out)
{
    struct ug_eval e = evaluation(here);

    return ug_evaluate(&e, x, out);
}

bool ug_evaluate_argument_here(struct ug_here *here, const struct ug_expr *x,
                               struct ug_quantity *out)
{
    struct ug_eval e = evaluation(here);

    return ug_evaluate_argument(&e, x, out);
}

static bool evaluate_argument(void *context, const struct ug_expr *x, struct ug_quantity *out)
{
    return ug_evaluate_argument_here(context, x, out);
}

static bool evaluate_input(void *context, const struct ug_expr *x, struct ug_quantity *out)
{
    return ug_evaluate_here(context, x, out);
}

struct ug_evaluator ug_evaluator_of(struct ug_here *here)
{
    return (struct ug_evaluator){evaluate_argument, evaluate_input, here};
}

/* ---- Sums of values ---- */

bool ug_add_values(struct ug_unfolding *u, const struct ug_quantity *a, const struct ug_quantity *b,
                   struct ug_quantity *out)
{
    const struct ug_quantity *list = a->kind == UG_Q_LIST ? a : b->kind == UG_Q_LIST ? b : NULL;
    const struct ug_quantity *both[] = {a->kind == UG_Q_LIST ? a : NULL,
                                        b->kind == UG_Q_LIST ? b : NULL};
    struct ug_node *x, *y;

    if (!list) {
        if (!ug_as_tensor(u, u->b.pos, "what is added up", a, &x) ||
            !ug_as_tensor(u, u->b.pos, "what is added up", b, &y))
            return false;
        x = ug_add(&u->b, x, y);
        if (x)
            *out = ug_quantity_tensor(x);
        return x;
    }
    const int n = ug_lists_in_step(u->b.diags, u->b.pos, "+", both, 2);
    if (n < 0)
        return false;
    struct ug_quantity sum = {.kind = UG_Q_LIST, .n = n};
    sum.items = ug_arena_array(u->arena, (size_t)n, sizeof *sum.items);
    for (int i = 0; i < n; i++)
        if (!ug_add_values(u, both[0] ? &a->items[i] : a, both[1] ? &b->items[i] : b,
                           &sum.items[i]))
            return false;
    *out = sum;
    return true;
}
