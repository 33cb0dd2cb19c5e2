/* call.c -- what an op's `build` asks of the call it works from. */
#include "engine/graph/call.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"

static int arg_index(const struct ug_call *c, const char *arg)
{
    for (int i = 0; c->op->args[i].name; i++)
        if (!strcmp(c->op->args[i].name, arg))
            return i;
    assert(!"an argument that the op does not have");
    return 0;
}

struct ug_node *ug_call_tensor(const struct ug_call *c, const char *arg)
{
    return c->tensors[arg_index(c, arg)];
}

bool ug_call_given(const struct ug_call *c, const char *arg)
{
    return c->given[arg_index(c, arg)];
}

struct ug_node *ug_call_fail(struct ug_call *c, const char *format, ...)
{
    va_list args;
    char *why;

    va_start(args, format);
    why = ug_arena_vformat(c->b->graph->arena, format, args);
    va_end(args);
    ug_error(c->b->diags, c->b->pos, "%s: %s", c->op->name, why);
    return NULL;
}

static struct ug_node *own_tensor(struct ug_call *c, const char *role, enum ug_param_kind kind,
                                  struct ug_type type, struct ug_init init)
{
    struct ug_builder *b = c->b;
    const char *name;

    if (!b->scope || b->no_layers)
        return ug_call_fail(c,
                            "a layer with %s may not stand in %s: make it in 'graph' and "
                            "use its value here",
                            kind == UG_TRAINED ? "parameters" : "state of its own",
                            b->no_layers ? b->no_layers : "this place");
    if (!ug_shape_valid(&type.shape))
        return ug_call_fail(c, "its %s would have more than 2^40 elements", role);
    name = *role ? ug_arena_format(b->graph->arena, "%s.%s", b->scope, role) : b->scope;
    return ug_param_node(b, ug_params_get(b->graph->params, b->diags, name, role, c->op->name, kind,
                                          type, init, b->pos, b->site));
}

struct ug_node *ug_call_parameter(struct ug_call *c, const char *role, struct ug_shape shape,
                                  struct ug_init init)
{
    return own_tensor(c, role, UG_TRAINED, (struct ug_type){UG_F32, shape}, init);
}

struct ug_node *ug_call_state(struct ug_call *c, const char *role, struct ug_type type,
                              struct ug_init init)
{
    return own_tensor(c, role, UG_STATE, type, init);
}

void ug_call_update(struct ug_call *c, struct ug_node *state, struct ug_node *next)
{
    struct ug_builder *b = c->b;

    if (!state || !next)
        return;
    assert(state->op == &ug_op_param && next->op->state_input);
    UG_PUSH(b->graph->arena, b->updated, b->n_updated, b->updated_capacity,
            ((const struct ug_param_attrs *)state->attrs)->param);
    UG_PUSH(b->graph->arena, b->updates, b->n_updates, b->updates_capacity, next);
}

uint64_t ug_call_stream(struct ug_call *c)
{
    const char *place = c->b->place ? c->b->place : "";
    char *name = ug_arena_format(c->b->graph->arena, "%s/%s/%d", place, c->op->name, c->b->draws++);

    return ug_random_stream(name);
}
