/* copy.c -- walks from the roots, and copies node by node. */
#include "engine/graph/copy.h"

#include <stdlib.h>

static void add_roots(struct ug_copying *c, struct ug_node *const *roots, int n_roots)
{
    struct ug_node **stack = ug_xcalloc((size_t)c->n + (size_t)n_roots, sizeof *stack);
    int depth = 0;

    for (int i = 0; i < n_roots; i++)
        if (roots[i] && !c->old[roots[i]->id]) {
            c->old[roots[i]->id] = roots[i];
            stack[depth++] = roots[i];
        }
    while (depth) {
        const struct ug_node *n = stack[--depth];

        for (int i = 0; i < n->n_in; i++)
            if (!c->old[n->in[i]->id]) {
                c->old[n->in[i]->id] = n->in[i];
                stack[depth++] = n->in[i];
            }
    }
    free(stack);
}

struct ug_copying ug_copying_start(struct ug_node *const *roots, int n_roots)
{
    struct ug_copying c = {.n = 0};

    for (int i = 0; i < n_roots; i++)
        if (roots[i] && roots[i]->id >= c.n)
            c.n = roots[i]->id + 1;
    c.old = ug_xcalloc((size_t)c.n, sizeof *c.old);
    c.map = ug_xcalloc((size_t)c.n, sizeof *c.map);
    add_roots(&c, roots, n_roots);
    return c;
}

struct ug_node *ug_copying_copy_with(struct ug_graph *into, const struct ug_node *n,
                                     struct ug_node **in)
{
    struct ug_node like = *n;

    if (ug_is_leaf(n))
        return ug_graph_leaf(into, n);
    like.in = in;
    return ug_graph_add(into, &like);
}

struct ug_node *ug_copying_copy(const struct ug_copying *c, struct ug_graph *into,
                                const struct ug_node *n)
{
    struct ug_node **in = ug_xcalloc((size_t)n->n_in, sizeof *in);
    struct ug_node *copy;

    for (int i = 0; i < n->n_in; i++)
        in[i] = c->map[n->in[i]->id];
    copy = ug_copying_copy_with(into, n, in);
    free(in);
    return copy;
}

void ug_copying_end(struct ug_copying *c, struct ug_node **roots, int n_roots)
{
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            roots[i] = c->map[roots[i]->id];
    free(c->old);
    free(c->map);
}
