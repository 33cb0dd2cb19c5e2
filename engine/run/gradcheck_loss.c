/* gradcheck_loss.c -- compiles a loss three times: with gradients, alone, and with held values as
 * inputs. */
#include "engine/run/gradcheck_loss.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- What no gradient goes through ---- */

/* Values that count as constants in the gradient though they may depend on the parameters: detached
 * ones, comparisons, positions of maxima, singular vectors, draws. */
static bool is_held(const struct ug_node *n)
{
    return !ug_is_leaf(n) && !n->op->gradient;
}

/* Marks what the loss is computed from, but not what only held values are computed from. */
static void mark_needed(const struct ug_graph *g, const struct ug_node *loss, bool *needed)
{
    needed[loss->id] = true;
    for (int i = loss->id; i >= 0; i--)
        for (int k = 0; needed[i] && !is_held(g->nodes[i]) && k < g->nodes[i]->n_in; k++)
            needed[g->nodes[i]->in[k]->id] = true;
}

static struct ug_node **find_held(struct ug_loss *l, struct ug_node *loss)
{
    const struct ug_graph *g = l->setting->unfolded->graph;
    struct ug_node **held = ug_arena_array(l->arena, (size_t)loss->id + 1, sizeof(*held));
    bool *needed = ug_xcalloc((size_t)loss->id + 1, sizeof *needed);

    mark_needed(g, loss, needed);
    for (int i = 0; i <= loss->id; i++)
        if (needed[i] && is_held(g->nodes[i]))
            held[l->n_held++] = g->nodes[i];
    free(needed);
    l->held = ug_arena_array(l->arena, (size_t)l->n_held, sizeof *l->held);
    for (int i = 0; i < l->n_held; i++)
        l->held[i] = ug_xcalloc(ug_type_bytes(&held[i]->type) + 1, 1);
    return held;
}

static const char *held_name(const struct ug_loss *l, int i)
{
    return ug_arena_format(l->arena, "held.%d", i);
}

/* ---- Compiling ---- */

static bool compile(struct ug_loss *l, struct ug_compiled *c, const struct ug_graph *g,
                    struct ug_goal *goals, int n, bool states)
{
    struct ug_state_link *links = ug_links_of(l->setting->unfolded);
    struct ug_compile_request r = {
        .graph = g,
        .goals = goals,
        .n_goals = n,
        .n_phases = 1,
        .links = links,
        .n_links = states ? l->setting->unfolded->n_updates : 0,
        .store = l->setting->store,
    };
    const bool made = ug_compile(c, &r, l->setting->diags);

    free(links);
    return made;
}

/* The loss, its gradients and what is held, from one graph as training has it. */
static bool compile_gradient(struct ug_loss *l, struct ug_node *loss,
                             struct ug_param *const *params, struct ug_node *const *held)
{
    const size_t n = (size_t)l->n_params;
    struct ug_node **x = ug_arena_array(l->arena, n, sizeof(*x));
    struct ug_node **dx = ug_arena_array(l->arena, n, sizeof(*dx));
    struct ug_builder b = {.graph = l->setting->unfolded->graph,
                           .diags = l->setting->diags,
                           .training = true,
                           .pos = loss->pos,
                           .backward = true};
    int at = 0;

    for (size_t i = 0; i < n; i++)
        x[i] = ug_param_node(&b, params[i]);
    if (!ug_differentiate(&b, loss, x, l->n_params, dx))
        return false;
    l->goals = ug_arena_array(l->arena, 1 + n + (size_t)l->n_held, sizeof *l->goals);
    l->gradient_goal = ug_arena_array(l->arena, n, sizeof *l->gradient_goal);
    l->goals[at++].node = loss;
    for (int i = 0; i < l->n_held; i++)
        l->goals[at++].node = held[i];
    for (size_t i = 0; i < n; i++) {
        l->gradient_goal[i] = dx[i] ? at : -1;
        if (dx[i])
            l->goals[at++].node = dx[i];
    }
    return compile(l, &l->gradient, b.graph, l->goals, at, true);
}

static bool compile_moving(struct ug_loss *l, struct ug_node *loss)
{
    l->loss[0].node = loss;
    return compile(l, &l->moving, l->setting->unfolded->graph, &l->loss[0], 1, true);
}

/* What is held becomes an input. */
static bool compile_still(struct ug_loss *l, struct ug_node *loss, struct ug_node *const *held)
{
    struct ug_graph *g = ug_graph_new(l->setting->program->params);
    struct ug_builder b = {.graph = g, .diags = l->setting->diags, .training = true};
    struct ug_node **inputs = ug_arena_array(l->arena, (size_t)l->n_held, sizeof(*inputs));

    for (int i = 0; i < l->n_held; i++)
        inputs[i] = ug_input(&b, held_name(l, i), held[i]->type);
    l->loss[1].node = loss;
    ug_substitute(g, held, inputs, l->n_held, &l->loss[1].node, 1);
    const bool made = compile(l, &l->still, g, &l->loss[1], 1, false);
    ug_graph_free(g);
    return made;
}

bool ug_loss_open(struct ug_loss *l, const struct ug_loss_setting *s, struct ug_node *loss,
                  struct ug_param *const *params, int n_params)
{
    *l = (struct ug_loss){.setting = s, .arena = ug_arena_new(), .n_params = n_params};
    l->grads = ug_arena_array(l->arena, (size_t)n_params, sizeof *l->grads);
    struct ug_node **held = find_held(l, loss);
    return compile_gradient(l, loss, params, held) && compile_moving(l, loss) &&
           compile_still(l, loss, held);
}

void ug_loss_close(struct ug_loss *l)
{
    ug_compiled_free(&l->gradient);
    ug_compiled_free(&l->moving);
    ug_compiled_free(&l->still);
    for (int i = 0; i < l->n_held && l->held; i++)
        free(l->held[i]);
    ug_arena_free(l->arena);
}

/* ---- Running ---- */

static void bind(const struct ug_loss *l, struct ug_exec *e)
{
    const struct ug_batch *batch = l->setting->batch;
    const struct ug_moment *now = &l->setting->now;

    for (int i = 0; i < batch->n; i++)
        ug_exec_bind(e, batch->names[i], batch->tensors[i].data);
    ug_exec_count(e, now->step, now->steps, now->epoch, now->epochs);
}

static void run(const struct ug_loss *l, struct ug_exec *e)
{
    bind(l, e);
    ug_exec_run(e, 0, l->setting->now.seed, (uint64_t)l->setting->now.step);
}

static double scalar(struct ug_exec *e, const struct ug_node *n)
{
    return (double)*(const float *)ug_exec_value(e, n).data;
}

double ug_loss_gradient(struct ug_loss *l)
{
    struct ug_exec *e = l->gradient.exec;

    run(l, e);
    for (int i = 0; i < l->n_held; i++) {
        const struct ug_tensor t = ug_exec_value(e, l->goals[1 + i].node);
        memcpy(l->held[i], t.data, ug_type_bytes(&(struct ug_type){t.dtype, t.shape}));
    }
    for (int i = 0; i < l->n_params; i++)
        if (l->gradient_goal[i] >= 0)
            l->grads[i] = ug_exec_value(e, l->goals[l->gradient_goal[i]].node).data;
    return scalar(e, l->goals[0].node);
}

bool ug_loss_gradients_finite(const struct ug_loss *l)
{
    for (int i = 0; i < l->n_params; i++) {
        if (l->gradient_goal[i] < 0)
            continue;
        const struct ug_tensor t =
            ug_exec_value(l->gradient.exec, l->goals[l->gradient_goal[i]].node);
        for (int64_t k = 0; k < ug_shape_count(&t.shape); k++)
            if (!isfinite(l->grads[i][k]))
                return false;
    }
    return true;
}

const struct ug_node *ug_loss_fault(struct ug_loss *l)
{
    const struct ug_moment *now = &l->setting->now;

    bind(l, l->gradient.exec);
    const struct ug_node *fault =
        ug_exec_find_fault(l->gradient.exec, 0, now->seed, (uint64_t)now->step);
    ug_loss_gradient(l); /* looking ended halfway */
    return fault;
}

double ug_loss_value(struct ug_loss *l, bool still)
{
    struct ug_exec *e = still ? l->still.exec : l->moving.exec;

    for (int i = 0; still && i < l->n_held; i++)
        ug_exec_bind(e, held_name(l, i), l->held[i]);
    run(l, e);
    return scalar(e, l->loss[still].node);
}
