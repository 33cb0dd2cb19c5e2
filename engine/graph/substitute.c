/* substitute.c -- some nodes in the place of others: what reads them is copied, the rest stays. */
#include "engine/graph/copy.h"
#include "engine/graph/passes.h"

static bool is_in(const struct ug_graph *g, const struct ug_node *n)
{
    return n->id < g->n && g->nodes[n->id] == n;
}

static bool keeps_inputs(const struct ug_copying *c, const struct ug_node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (c->map[n->in[i]->id] != n->in[i])
            return false;
    return true;
}

void ug_substitute(struct ug_graph *into, struct ug_node *const *from, struct ug_node *const *to,
                   int n, struct ug_node **roots, int n_roots)
{
    struct ug_copying c = ug_copying_start(roots, n_roots);

    for (int i = 0; i < n; i++)
        if (from[i]->id < c.n)
            c.map[from[i]->id] = to[i];
    for (int i = 0; i < c.n; i++) {
        if (!c.old[i] || c.map[i])
            continue;
        c.map[i] = is_in(into, c.old[i]) && keeps_inputs(&c, c.old[i])
                       ? c.old[i]
                       : ug_copying_copy(&c, into, c.old[i]);
    }
    ug_copying_end(&c, roots, n_roots);
}
