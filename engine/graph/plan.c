/* plan.c -- which phase runs a node; and of several orders, the one that needs least memory. */
#include "engine/graph/node.h"
#include "engine/graph/plan_parts.h"

#include <assert.h>
#include <stdlib.h>

bool ug_is_call(const struct ug_needs *needs, const struct ug_node *n)
{
    return needs->phase[n->id] != UG_NOT_NEEDED && !ug_is_leaf(n) && !n->op->is_view;
}

const struct ug_node *ug_view_source(const struct ug_node *n)
{
    while (n->op->is_view)
        n = n->in[0];
    return n;
}

const struct ug_node *ug_call_result(const struct ug_kernel_call *call)
{
    return call->sum ? call->sum : call->node;
}

/* last: by node id, the last phase in which a leaf's memory still stands as the leaf reads it. */
static void find_last_phases(const struct ug_needs *needs, int *last)
{
    const struct ug_graph *g = needs->graph;

    for (int i = 0; i < g->n; i++)
        last[i] = needs->n_phases - 1;
    for (int k = 0; k < needs->n_goals; k++)
        for (int i = 0; needs->goals[k].updates && i < g->n_leaves; i++) {
            const struct ug_node *leaf = g->leaves[i];
            const struct ug_param_attrs *read = leaf->attrs;

            if (leaf->op == &ug_op_param && read->param->owner == needs->goals[k].updates->owner &&
                read->version <= needs->goals[k].phase)
                last[leaf->id] = needs->goals[k].phase;
        }
}

static void find_phases(struct ug_needs *needs)
{
    const struct ug_graph *g = needs->graph;
    int *last = ug_xcalloc((size_t)g->n, sizeof *last);

    find_last_phases(needs, last);
    for (int i = 0; i < g->n; i++)
        needs->phase[i] = UG_NOT_NEEDED;
    for (int i = 0; i < needs->n_goals; i++) {
        int *phase = &needs->phase[needs->goals[i].node->id];

        assert(needs->goals[i].node == g->nodes[needs->goals[i].node->id]);
        if (*phase == UG_NOT_NEEDED || *phase > needs->goals[i].phase)
            *phase = needs->goals[i].phase;
    }
    for (int i = g->n - 1; i >= 0; i--) { /* users before what they use */
        const struct ug_node *n = g->nodes[i];

        if (needs->phase[i] == UG_NOT_NEEDED)
            continue;
        for (int j = 0; j < n->n_in; j++) {
            const int limit = last[ug_view_source(n->in[j])->id];

            if (needs->phase[i] > limit)
                needs->phase[i] = limit;
        }
        for (int j = 0; j < n->n_in; j++) {
            int *phase = &needs->phase[n->in[j]->id];

            if (*phase == UG_NOT_NEEDED || *phase > needs->phase[i])
                *phase = needs->phase[i];
        }
    }
    free(last);
}

int ug_phase_start(const struct ug_plan *p, int phase)
{
    return phase ? p->phase_end[phase - 1] : 0;
}

double ug_call_flops(const struct ug_kernel_call *call)
{
    return ug_node_flops(call->node) + (call->sum ? ug_node_flops(call->sum) : 0);
}

static struct ug_plan *plan_order(const struct ug_needs *needs, enum ug_order_rule rule)
{
    struct ug_plan *plan = ug_xcalloc(1, sizeof *plan);
    struct ug_order order;

    plan->arena = ug_arena_new();
    plan->graph = needs->graph;
    plan->n_phases = needs->n_phases;
    order = ug_order_calls(plan->arena, needs, rule);
    ug_place_values(plan, needs, &order);
    for (int i = 0; i < plan->n_calls; i++)
        plan->flops += ug_call_flops(&plan->calls[i]);
    return plan;
}

struct ug_needs ug_needs_of(struct ug_arena *arena, const struct ug_graph *g,
                            const struct ug_goal *goals, int n_goals, int n_phases)
{
    struct ug_needs needs = {.graph = g, .goals = goals, .n_goals = n_goals, .n_phases = n_phases};

    needs.phase = ug_arena_array(arena, (size_t)g->n, sizeof *needs.phase);
    find_phases(&needs);
    return needs;
}

struct ug_plan *ug_plan_new(const struct ug_graph *g, const struct ug_goal *goals, int n_goals,
                            int n_phases)
{
    struct ug_arena *arena = ug_arena_new();
    const struct ug_needs needs = ug_needs_of(arena, g, goals, n_goals, n_phases);
    struct ug_plan *best = NULL;

    for (int rule = 0; rule < UG_N_ORDER_RULES; rule++) {
        struct ug_plan *plan = plan_order(&needs, rule);

        if (!best || plan->bytes < best->bytes) {
            ug_plan_free(best);
            best = plan;
        } else {
            ug_plan_free(plan);
        }
    }
    ug_arena_free(arena);
    return best;
}

void ug_plan_free(struct ug_plan *p)
{
    if (!p)
        return;
    ug_arena_free(p->arena);
    free(p);
}
