#include "engine/run/compile.h"

#include <stdlib.h>

#include "engine/graph/fuse.h"

/* The nodes of goals, then those of links. */
static struct ug_node **roots_of(const struct ug_compile_request *r)
{
    struct ug_node **roots = ug_xcalloc((size_t)(r->n_goals + r->n_links), sizeof(*roots));

    for (int i = 0; i < r->n_goals; i++)
        roots[i] = r->goals[i].node;
    for (int i = 0; i < r->n_links; i++)
        roots[r->n_goals + i] = r->links[i].next;
    return roots;
}

static void store_roots(struct ug_compile_request *r, struct ug_node *const *roots)
{
    for (int i = 0; i < r->n_goals; i++)
        r->goals[i].node = roots[i];
    for (int i = 0; i < r->n_links; i++)
        r->links[i].next = roots[r->n_goals + i];
}

/* Passes from `graph` on; each one takes the place of the graph before it. */
static struct ug_graph *lower(struct ug_compile_request *r)
{
    struct ug_node **roots = roots_of(r);
    struct ug_graph *simple = ug_simplify(r->graph, roots, r->n_goals + r->n_links);
    struct ug_graph *chained, *lean, *fused;

    store_roots(r, roots);
    chained = ug_chain_states(simple, r->links, &r->n_links, roots, r->n_goals);
    for (int i = 0; i < r->n_links; i++)
        roots[r->n_goals + i] = r->links[i].next;
    lean = ug_recompute(chained, roots, r->n_goals + r->n_links);
    fused = ug_fuse(lean, roots, r->n_goals + r->n_links);
    store_roots(r, roots);
    ug_graph_free(simple);
    ug_graph_free(chained);
    ug_graph_free(lean);
    free(roots);
    return fused;
}

bool ug_compile(struct ug_compiled *c, struct ug_compile_request *r, struct ug_diags *diags)
{
    const int n_states = r->keep_states ? r->n_links : 0;
    struct ug_goal *goals = ug_xcalloc((size_t)(r->n_goals + n_states), sizeof *goals);
    int n = 0;

    *c = (struct ug_compiled){.graph = lower(r)};
    for (int i = 0; i < r->n_goals; i++)
        goals[n++] = r->goals[i];
    for (int i = 0; r->keep_states && i < r->n_links; i++)
        goals[n++] = (struct ug_goal){.node = r->links[i].next, .phase = r->n_phases - 1};
    c->exec = ug_exec_new(ug_plan_new(c->graph, goals, n, r->n_phases), r->store, r->share, diags);
    free(goals);
    if (!c->exec)
        ug_compiled_free(c);
    return c->exec != NULL;
}

void ug_compiled_free(struct ug_compiled *c)
{
    ug_exec_free(c->exec);
    ug_graph_free(c->graph);
    *c = (struct ug_compiled){0};
}

struct ug_state_link *ug_links_of(const struct ug_unfolded *u)
{
    struct ug_state_link *links = ug_xcalloc((size_t)u->n_updates, sizeof *links);

    for (int i = 0; i < u->n_updates; i++)
        links[i] = (struct ug_state_link){u->updates[i].param, u->updates[i].next};
    return links;
}
