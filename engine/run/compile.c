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

typedef struct ug_graph *pass(const struct ug_graph *g, struct ug_node **roots, int n_roots);

/* The graph after a pass takes the place of the one before. */
static struct ug_graph *run_pass(struct ug_graph *take, pass *run, struct ug_node **roots,
                                 int n_roots)
{
    struct ug_graph *g = run(take, roots, n_roots);

    ug_graph_free(take);
    return g;
}

static struct ug_graph *lower(struct ug_compile_request *r)
{
    struct ug_node **roots = roots_of(r);
    struct ug_graph *g = ug_simplify(r->graph, roots, r->n_goals + r->n_links), *chained;
    int n = r->n_goals;

    store_roots(r, roots);
    chained = ug_chain_states(g, r->links, &r->n_links, roots, n);
    ug_graph_free(g);
    for (int i = 0; i < r->n_links; i++)
        roots[n++] = r->links[i].next;
    g = run_pass(chained, ug_recompute, roots, n);
    g = run_pass(g, ug_fuse, roots, n);
    store_roots(r, roots);
    free(roots);
    return g;
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
