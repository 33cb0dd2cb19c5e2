/* apply.c -- what a name that is called stands for: a network, a module, an op, or a function on
 * quantities; and calls with lists, which are calls with each member.
 */
#include <string.h>

#include "engine/model/unfold.h"

const char *ug_called_name(const struct ug_env *env, const struct ug_expr *call)
{
    const char *name = call->kind == UG_EXPR_CALL ? call->args[0]->text : call->text;
    const char *word = ug_env_word(env, name);

    return word ? word : name;
}

int ug_lists_in_step(struct ug_diags *diags, struct ug_pos pos, const char *called,
                     const struct ug_quantity *const *values, int n)
{
    int length = -1;

    for (int i = 0; i < n; i++) {
        if (!values[i])
            continue;
        if (length >= 0 && values[i]->n != length) {
            ug_error(diags, pos, "'%s' is applied to a list of %d and a list of %d", called, length,
                     values[i]->n);
            return -2;
        }
        length = values[i]->n;
    }
    return length;
}

/* ---- Modules and networks ---- */

static struct ug_binding binding(struct ug_here *here, const struct ug_module *m, const char *kind,
                                 const char *name, enum ug_bind_what what)
{
    return (struct ug_binding){.arena = here->u->arena,
                               .diags = here->u->b.diags,
                               .vars = here->u->program->vars,
                               .module = m,
                               .called = ug_arena_format(here->u->arena, "%s '%s'", kind, name),
                               .what = what,
                               .by = ug_evaluator_of(here)};
}

static bool apply_module(struct ug_here *here, const struct ug_module *m,
                         const struct ug_expr *text, const struct ug_quantity *flowing,
                         struct ug_quantity *out)
{
    struct ug_binding b = binding(here, m, "module", m->name, UG_BIND_ALL);

    return !m->broken && ug_bind(&b, text, flowing) &&
           ug_run_module(here->u, m, b.inputs, b.settings, ug_at_call(here, text, m->name),
                         text->pos, out);
}

static bool run_network(struct ug_unfolding *u, struct ug_network_state *net,
                        const struct ug_env *inputs, struct ug_at at, struct ug_pos pos,
                        struct ug_quantity *out)
{
    const struct ug_quantity **lists = ug_arena_array(u->arena, (size_t)inputs->n, sizeof *lists);

    for (int i = 0; i < inputs->n; i++)
        lists[i] = inputs->bound[i].value.kind == UG_Q_LIST ? &inputs->bound[i].value : NULL;
    const int n = ug_lists_in_step(u->b.diags, pos, at.scope, lists, inputs->n);
    if (n == -1) {
        if (!ug_run_module(u, net->module, *inputs, net->settings, at, pos, out))
            return false;
        net->complete = true;
        return true;
    }
    if (n < 0)
        return false;
    *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = n};
    out->items = ug_arena_array(u->arena, (size_t)n, sizeof *out->items);
    for (int k = 0; k < n; k++) {
        struct ug_env member = *inputs;

        member.bound = ug_arena_grow(u->arena, inputs->bound, (size_t)inputs->n, (size_t)inputs->n,
                                     sizeof *inputs->bound);
        for (int i = 0; i < inputs->n; i++)
            if (lists[i])
                member.bound[i].value = lists[i]->items[k];
        if (!run_network(u, net, &member, ug_at_member(u, at, k), pos, &out->items[k]))
            return false;
    }
    return true;
}

static bool apply_network(struct ug_here *here, int index, const struct ug_expr *text,
                          const struct ug_quantity *flowing, struct ug_quantity *out)
{
    struct ug_network_state *net = &here->u->language->networks[index];
    const char *name = here->u->language->declared.networks[index].name;
    struct ug_binding b;

    if (net->broken)
        return false;
    b = binding(here, net->module, "network", name, UG_BIND_INPUTS);
    return ug_bind(&b, text, flowing) &&
           run_network(here->u, net, &b.inputs, ug_at_network(here, text, name), text->pos, out);
}

/* ---- Functions on quantities ---- */

static bool evaluate_all(struct ug_here *here, const struct ug_expr *text,
                         struct ug_quantity *values)
{
    bool fine = true;

    for (int i = 1; i < text->n_args; i++)
        fine &= ug_evaluate_here(here, text->args[i], &values[i - 1]);
    return fine;
}

/* size(x, dim), of a list for each member. */
static bool extent(struct ug_here *here, const struct ug_expr *text, const struct ug_quantity *x,
                   const struct ug_quantity *dim, struct ug_quantity *out)
{
    char described[UG_QUANTITY_TEXT];
    int64_t axis;

    if (x->kind == UG_Q_LIST) {
        *out = (struct ug_quantity){.kind = UG_Q_LIST, .n = x->n};
        out->items = ug_arena_array(here->u->arena, (size_t)x->n, sizeof *out->items);
        for (int i = 0; i < x->n; i++)
            if (!extent(here, text, &x->items[i], dim, &out->items[i]))
                return false;
        return true;
    }
    if (x->kind != UG_Q_TENSOR) {
        ug_error(here->u->b.diags, text->args[1]->pos, "'size' is of a tensor, not of %s",
                 ug_quantity_describe(x, described));
        return false;
    }
    const int rank = x->node->type.shape.rank;
    if (!ug_want_int(here->u->b.diags, text->args[2]->pos, "argument 'dim' of 'size'", dim, -rank,
                     rank - 1, &axis))
        return false;
    *out = ug_quantity_int(x->node->type.shape.dim[axis < 0 ? axis + rank : axis]);
    return true;
}

static bool apply_size(struct ug_here *here, const struct ug_expr *text, struct ug_quantity *out)
{
    struct ug_quantity values[2];

    if (text->kind != UG_EXPR_CALL || text->n_args != 3 || text->keywords[1] ||
        (text->keywords[2] && strcmp(text->keywords[2], "dim") != 0)) {
        ug_error(here->u->b.diags, text->pos, "'size' takes a tensor and the number of an axis");
        return false;
    }
    return evaluate_all(here, text, values) && extent(here, text, &values[0], &values[1], out);
}

/* `max(a, b)` of quantities is known now.  Of tensors it is an op, which *values are then for. */
static bool apply_function(struct ug_here *here, const char *name, const struct ug_expr *text,
                           struct ug_quantity **values, struct ug_quantity *out)
{
    struct ug_arena *arena = here->u->arena;
    struct ug_eval e = {.arena = arena, .diags = here->u->b.diags};
    const int n = text->n_args - 1;

    *values = ug_arena_array(arena, (size_t)n, sizeof **values);
    if (!evaluate_all(here, text, *values)) {
        *values = NULL;
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!ug_is_quantity(&(*values)[i]) && strcmp(name, "len") != 0)
            return false;
    const bool fine = ug_apply_function(&e, text, *values, out);
    *values = NULL;
    return fine;
}

/* total(list) adds up everything that is in a list, lists in it too. */
static bool add_up(struct ug_here *here, const struct ug_expr *text, const struct ug_quantity *q,
                   struct ug_node **sum)
{
    struct ug_node *node;

    if (q->kind == UG_Q_LIST) {
        for (int i = 0; i < q->n; i++)
            if (!add_up(here, text, &q->items[i], sum))
                return false;
        return true;
    }
    if (!ug_as_tensor(here->u, text->args[1]->pos, "what 'total' adds up", q, &node))
        return false;
    *sum = *sum ? ug_add(&here->u->b, *sum, node) : node;
    return *sum;
}

static bool apply_total(struct ug_here *here, const struct ug_expr *text,
                        const struct ug_quantity *flowing, struct ug_quantity *out)
{
    const int n_args = text->kind == UG_EXPR_CALL ? text->n_args - 1 : 0;
    struct ug_node *sum = NULL;
    struct ug_quantity list;

    if (n_args + (flowing != NULL) != 1 || (n_args && text->keywords[1])) {
        ug_error(here->u->b.diags, text->pos, "'total' takes one argument: the list to add up");
        return false;
    }
    if (flowing)
        list = *flowing;
    else if (!evaluate_all(here, text, &list))
        return false;
    ug_stand(here->u, ug_at_call(here, text, "total"), text->pos, text);
    if (!add_up(here, text, &list, &sum))
        return false;
    *out = ug_quantity_tensor(sum ? sum : ug_constant(&here->u->b, 0.0));
    return true;
}

/* ---- Whatever the name means ---- */

static void report_unknown(struct ug_here *here, const struct ug_expr *text, const char *name)
{
    const struct ug_declarations *d = &here->u->language->declared;
    const bool is_word =
        ug_env_word(here->env, text->kind == UG_EXPR_CALL ? text->args[0]->text : text->text);
    struct ug_diag *diag =
        ug_error(here->u->b.diags, text->pos,
                 is_word ? "the parameter holds '%s', which is no op, module or network"
                         : "unknown op, module or network '%s'",
                 name);
    const char **names = NULL;
    size_t n = 0, capacity = 0;

    for (const struct ug_op *op = ug_op_next(NULL); op; op = ug_op_next(op))
        if (!op->internal)
            UG_PUSH(here->u->arena, names, n, capacity, op->name);
    for (int i = 0; i < d->n_modules; i++)
        UG_PUSH(here->u->arena, names, n, capacity, d->modules[i].name);
    for (int i = 0; i < d->n_networks; i++)
        UG_PUSH(here->u->arena, names, n, capacity, d->networks[i].name);
    if (ug_nearest(name, names, n))
        ug_suggest(diag, name, "ops", names, n);
    else
        ug_note(
            diag, UG_NOWHERE,
            "'unitgraph ops' lists the ops; what is none of them is an expression, or a module");
}

/* An op, or one of the functions that belong to the language itself. */
static bool apply_op(struct ug_here *here, const char *name, const struct ug_expr *text,
                     const struct ug_quantity *flowing, struct ug_quantity *out)
{
    const struct ug_op *op = ug_op_find(name);
    struct ug_quantity *values = NULL;

    if (!strcmp(name, "total"))
        return apply_total(here, text, flowing, out);
    if (!strcmp(name, "size") && !flowing)
        return apply_size(here, text, out);
    if (ug_is_function(name) && !flowing && text->kind == UG_EXPR_CALL) {
        const bool fine = apply_function(here, name, text, &values, out);

        if (!values)
            return fine;
    }
    if (op && !op->internal)
        return ug_call_op(here, op, text, flowing, values, ug_at_call(here, text, op->name), out);
    if (ug_is_function(name))
        ug_error(here->u->b.diags, text->pos, "'%s' takes quantities, not tensors", name);
    else
        report_unknown(here, text, name);
    return false;
}

bool ug_apply(struct ug_here *here, const struct ug_expr *text, const struct ug_quantity *flowing,
              struct ug_quantity *out)
{
    const struct ug_declarations *d = &here->u->language->declared;
    const struct ug_module *module;
    const char *name;
    int network;

    if (!ug_spend(here->u, text->pos))
        return false;
    if (text->kind == UG_EXPR_CALL && text->args[0]->kind != UG_EXPR_NAME) {
        ug_error(here->u->b.diags, text->pos, "only a network, a module or an op can be called");
        return false;
    }
    name = ug_called_name(here->env, text);
    if ((network = ug_declared_network(d, name)) >= 0)
        return apply_network(here, network, text, flowing, out);
    if ((module = ug_declared_module(d, name)))
        return apply_module(here, module, text, flowing, out);
    return apply_op(here, name, text, flowing, out);
}
