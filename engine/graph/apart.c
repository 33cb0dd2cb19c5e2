/* apart.c -- walks two graphs that were built alike, node by node. */
#include "engine/graph/apart.h"

#include <stdlib.h>
#include <string.h>

#include "engine/graph/node.h"

/* A node in both graphs. */
struct pair {
    const struct ug_node *one, *many;
    int64_t n;
};

static bool is_widened(const struct pair *p)
{
    struct ug_type type = p->one->type;

    type.shape.dim[0] *= p->n;
    return type.shape.rank && type.dtype == p->many->type.dtype &&
           ug_shape_equal(&type.shape, &p->many->type.shape);
}

static bool is_same(const struct pair *p)
{
    return p->one->type.dtype == p->many->type.dtype &&
           ug_shape_equal(&p->one->type.shape, &p->many->type.shape);
}

/* Equal settings, or those that the op says are the same for more samples. */
static bool settings_fit(const struct pair *p, bool samples)
{
    const struct ug_op *op = p->one->op;
    const size_t bytes = op->attrs_size;
    bool fit = true;

    if (!bytes)
        return true;
    void *attrs = ug_xcalloc(1, bytes);
    memcpy(attrs, p->one->attrs, bytes);
    if (samples && op->widen)
        fit = op->widen(attrs, p->n);
    fit = fit && !memcmp(attrs, p->many->attrs, bytes);
    free(attrs);
    return fit;
}

/* Whether each sample of a node that reads samples is computed from its own sample alone. */
static bool keeps_apart(const struct ug_node *n, const bool *samples)
{
    const struct ug_shape *out = &n->type.shape;

    for (int i = 0; i < n->n_in; i++) {
        const struct ug_shape *in = &n->in[i]->type.shape;
        if (!samples[n->in[i]->id])
            continue;
        if (n->op->map ? in->rank != out->rank || in->dim[0] != out->dim[0]
                       : !ug_node_per_sample(n, i))
            return false;
    }
    return true;
}

static bool reads_samples(const struct ug_node *n, const bool *samples)
{
    for (int i = 0; i < n->n_in; i++)
        if (samples[n->in[i]->id])
            return true;
    return false;
}

static bool have_same_inputs(const struct pair *p)
{
    bool same = p->one->op == p->many->op && p->one->n_in == p->many->n_in;

    for (int i = 0; same && i < p->one->n_in; i++)
        same = p->one->in[i]->id == p->many->in[i]->id;
    return same;
}

/* A node holds samples if it is computed from samples; each must then meet only its own.  What has
 * no inputs and is no leaf draws random numbers: a sample's depend on where it stands. */
static bool node_fits(const struct pair *p, bool *samples)
{
    const struct ug_node *one = p->one;

    if (!have_same_inputs(p) || (!one->n_in && !ug_is_leaf(one)))
        return false;
    samples[one->id] = one->op == &ug_op_input ? !is_same(p) : reads_samples(one, samples);
    return samples[one->id] ? is_widened(p) && keeps_apart(one, samples) && settings_fit(p, true)
                            : is_same(p) && settings_fit(p, false);
}

bool ug_graph_keeps_apart(const struct ug_graph *one, const struct ug_graph *many, int64_t n,
                          const struct ug_node *result)
{
    bool *samples = ug_xcalloc((size_t)one->n, sizeof *samples), apart = one->n == many->n;

    for (int i = 0; apart && i < one->n; i++)
        apart = node_fits(&(struct pair){one->nodes[i], many->nodes[i], n}, samples);
    apart = apart && samples[result->id];
    free(samples);
    return apart;
}
