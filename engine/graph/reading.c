/* reading.c -- elementwise ops that others apply to what they read.
 *
 * A rectified value that only convolutions read need not be written: they copy what they read into
 * an order of their own anyway, and rectify it there.
 */
#include <stdlib.h>

#include "engine/graph/copy.h"
#include "engine/graph/node.h"
#include "engine/graph/passes.h"

struct reading {
    struct ug_copying c;
    struct ug_graph *into;
    bool *fits; /* by id: all users can read through it */
};

/* Elementwise, of one input of its shape, and what is 0 stays 0: a kernel may put zeros around what
 * it reads, and treat them alike. */
static bool can_be_read_through(const struct ug_node *n)
{
    const float zero = 0.0f, *in = &zero;
    float result;

    if (!n->op->map || n->n_in != 1 || !(n->op->in_place & 1) ||
        n->in[0]->type.dtype != n->type.dtype ||
        !ug_shape_equal(&n->in[0]->type.shape, &n->type.shape))
        return false;
    n->op->map(n->attrs, 1, &in, &result);
    return result == 0.0f;
}

static void find_fitting(struct reading *r, struct ug_node *const *roots, int n_roots)
{
    for (int i = 0; i < r->c.n; i++)
        r->fits[i] = r->c.old[i] && can_be_read_through(r->c.old[i]);
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            r->fits[roots[i]->id] = false;
    for (int i = 0; i < r->c.n; i++) {
        const struct ug_node *n = r->c.old[i];
        const unsigned read = n ? ug_node_reads(n) : 0;

        for (int j = 0; n && j < n->n_in; j++)
            if (!(read >> j & 1))
                r->fits[n->in[j]->id] = false;
    }
}

/* n, which reads what its inputs are made from where that fits. */
static struct ug_node *copy_node(struct reading *r, const struct ug_node *n)
{
    struct ug_node **in = ug_xcalloc((size_t)n->n_in, sizeof(*in)), like = *n, *copy;
    const struct ug_node **through = ug_xcalloc((size_t)n->n_in, sizeof(*through));

    for (int i = 0; i < n->n_in; i++) {
        const struct ug_node *from = n->in[i];

        if (r->fits[from->id]) {
            through[i] = from;
            like.through = through;
            from = from->in[0];
        }
        in[i] = r->c.map[from->id];
    }
    copy = ug_copying_copy_with(r->into, &like, in);
    free(in);
    free(through);
    return copy;
}

struct ug_graph *ug_read_through(const struct ug_graph *g, struct ug_node **roots, int n_roots)
{
    struct ug_graph *into = ug_graph_new(g->params);
    struct reading r = {.c = ug_copying_start(roots, n_roots), .into = into};

    r.fits = ug_xcalloc((size_t)r.c.n, sizeof *r.fits);
    find_fitting(&r, roots, n_roots);
    for (int i = 0; i < r.c.n; i++)
        if (r.c.old[i] && !r.fits[i])
            r.c.map[i] = copy_node(&r, r.c.old[i]);
    ug_copying_end(&r.c, roots, n_roots);
    free(r.fits);
    return into;
}
