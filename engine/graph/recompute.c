/* recompute.c -- activations that are cheaper to compute again than to keep.
 *
 * A rectified value is needed twice: by the layer after it, and long after, backward, by that
 * layer's weight gradient.  What it was made from is mostly kept as well (the normalised value, for
 * the normalisation's gradient).  Then the backward pass gets a copy of the node, which runs just
 * before it is used, and the value is gone in between (Chen et al. 2016, with elementwise ops
 * only).
 */
#include <stdlib.h>

#include "engine/graph/copy.h"
#include "engine/graph/passes.h"

enum {
    LEAST_ELEMENTS = 4096, /* smaller values are not worth a call */
    MUCH_SMALLER = 16      /* what is this much smaller than a value is kept to make it from */
};

struct recomputing {
    struct ug_copying c;
    bool *forward_use;       /* by id: something forward, or a root, needs it */
    int *last_backward;      /* by id: the last backward node that needs it; -1: none */
    bool *again;             /* by id: backward nodes use a copy */
    struct ug_node **copies; /* by id */
};

static void find_uses(struct recomputing *r, struct ug_node *const *roots, int n_roots)
{
    for (int i = 0; i < r->c.n; i++)
        r->last_backward[i] = -1;
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            r->forward_use[roots[i]->id] = true;
    for (int i = 0; i < r->c.n; i++) {
        const struct ug_node *n = r->c.old[i];

        for (int j = 0; n && j < n->n_in; j++) {
            if (n->backward)
                r->last_backward[n->in[j]->id] = i;
            else
                r->forward_use[n->in[j]->id] = true;
        }
    }
}

/* Whether the input is there anyway when the last backward user of n runs, or costs little then. */
static bool is_kept(const struct recomputing *r, const struct ug_node *in, const struct ug_node *n)
{
    return ug_is_leaf(in) ||
           MUCH_SMALLER * ug_shape_count(&in->type.shape) < ug_shape_count(&n->type.shape) ||
           (!r->again[in->id] && !in->op->is_view &&
            r->last_backward[in->id] > r->last_backward[n->id]);
}

static bool pays(const struct recomputing *r, const struct ug_node *n)
{
    if (!n->op->map || n->backward || !n->n_in || !r->forward_use[n->id] ||
        r->last_backward[n->id] < 0 || ug_shape_count(&n->type.shape) < LEAST_ELEMENTS)
        return false;
    for (int i = 0; i < n->n_in; i++)
        if (!is_kept(r, n->in[i], n))
            return false;
    return true;
}

/* The node's copy for the backward pass, made for the first who asks. */
static struct ug_node *copy_again(struct recomputing *r, struct ug_graph *into,
                                  const struct ug_node *n)
{
    struct ug_node like = *n;

    if (!r->copies[n->id]) {
        like.backward = true;
        like.recomputed = true;
        r->copies[n->id] = ug_copying_copy(&r->c, into, &like);
    }
    return r->copies[n->id];
}

static struct ug_node *copy_node(struct recomputing *r, struct ug_graph *into,
                                 const struct ug_node *n)
{
    struct ug_node **in = ug_xcalloc((size_t)n->n_in, sizeof(*in)), *copy;

    for (int i = 0; i < n->n_in; i++)
        in[i] = n->backward && r->again[n->in[i]->id] ? copy_again(r, into, n->in[i])
                                                      : r->c.map[n->in[i]->id];
    copy = ug_copying_copy_with(into, n, in);
    free(in);
    return copy;
}

struct ug_graph *ug_recompute(const struct ug_graph *g, struct ug_node **roots, int n_roots)
{
    struct ug_graph *into = ug_graph_new(g->params);
    struct recomputing r = {.c = ug_copying_start(roots, n_roots)};
    const size_t n = (size_t)r.c.n;

    r.forward_use = ug_xcalloc(n, sizeof *r.forward_use);
    r.last_backward = ug_xcalloc(n, sizeof *r.last_backward);
    r.again = ug_xcalloc(n, sizeof *r.again);
    r.copies = ug_xcalloc(n, sizeof(*r.copies));
    find_uses(&r, roots, n_roots);
    for (int i = 0; i < r.c.n; i++)
        r.again[i] = r.c.old[i] && pays(&r, r.c.old[i]);
    for (int i = 0; i < r.c.n; i++)
        if (r.c.old[i])
            r.c.map[i] = copy_node(&r, into, r.c.old[i]);
    ug_copying_end(&r.c, roots, n_roots);
    free(r.forward_use);
    free(r.last_backward);
    free(r.again);
    free(r.copies);
    return into;
}
