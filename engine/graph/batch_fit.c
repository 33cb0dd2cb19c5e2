/* batch_fit.c -- which nodes can run as one, and in which order they stand. */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/batch_finder.h"
#include "engine/graph/node.h"

bool ug_batch_has_samples(const struct ug_node *n, int input)
{
    const struct ug_shape *in = &n->in[input]->type.shape;

    if (n->op->map)
        return in->rank == n->type.shape.rank && in->dim[0] == n->type.shape.dim[0];
    return in->rank && (n->op->sums_samples >> input & 1 || ug_node_per_sample(n, input));
}

bool ug_batch_may_join(const struct ug_node *n)
{
    return n->n_in && n->n_in <= UG_BATCH_MAX_INPUTS && n->type.shape.rank && !n->op->state_input &&
           (n->op->map || n->op->sums_samples || ug_node_samples(n));
}

static enum ug_feed feed_of(const struct ug_batch_finder *f, const int *ids, int n, int input)
{
    const struct ug_batch_sets *s = &f->sets;
    const int first = ug_batch_node(f, ids[0])->in[input]->id;
    bool same = true, part = s->set[first] != UG_ALONE && !s->items[s->set[first]].summed;

    for (int i = 1; i < n; i++) {
        const int in = ug_batch_node(f, ids[i])->in[input]->id;

        same &= in == first;
        part &= s->set[in] == s->set[first] && s->index[in] == s->index[first] + i;
    }
    return same ? UG_FEED_SAME : part ? UG_FEED_PART : UG_FEED_JOIN;
}

/* Whether the op has settings for all samples at once, and finds that they fit. */
static bool infers(const struct ug_node *n, const enum ug_feed *feeds, int members)
{
    struct ug_type in[UG_BATCH_MAX_INPUTS], out = n->type;
    char error[UG_ERROR_TEXT];
    void *attrs = ug_xcalloc(1, n->op->attrs_size);
    struct ug_inference t = {.n_in = n->n_in, .in = in, .attrs = attrs, .error = error};
    bool good = true;

    for (int i = 0; i < n->n_in; i++) {
        in[i] = n->in[i]->type;
        if (feeds[i] != UG_FEED_SAME)
            in[i].shape.dim[0] *= members;
    }
    if (!n->op->sums_samples)
        out.shape.dim[0] *= members;
    if (n->op->attrs_size)
        memcpy(attrs, n->attrs, n->op->attrs_size);
    if (n->op->widen)
        good = n->op->widen(attrs, members);
    if (good && n->op->infer)
        good = n->op->infer(&t) && ug_shape_equal(&t.out.shape, &out.shape);
    free(attrs);
    return good && ug_shape_valid(&out.shape);
}

bool ug_batch_feeds(const struct ug_batch_finder *f, const int *ids, int n, enum ug_feed *feeds)
{
    const struct ug_node *first = ug_batch_node(f, ids[0]);

    for (int i = 0; i < first->n_in; i++) {
        feeds[i] = feed_of(f, ids, n, i);
        if ((feeds[i] == UG_FEED_SAME) == ug_batch_has_samples(first, i))
            return false;
    }
    return infers(first, feeds, n);
}

/* ---- Order among nodes ---- */

static int compare_types(const struct ug_type *a, const struct ug_type *b)
{
    int order = ug_compare_ints(a->dtype, b->dtype);

    if (!order)
        order = ug_compare_ints(a->shape.rank, b->shape.rank);
    for (int i = 0; !order && i < a->shape.rank; i++)
        order = ug_compare_ints(a->shape.dim[i], b->shape.dim[i]);
    return order;
}

int ug_batch_compare_work(const struct ug_batch_finder *f, const struct ug_node *a,
                          const struct ug_node *b)
{
    int order = strcmp(a->op->name, b->op->name);

    if (!order)
        order = ug_compare_ints(a->n_in, b->n_in);
    if (!order)
        order = ug_compare_ints(a->backward != 0, b->backward != 0);
    if (!order)
        order = ug_compare_ints(f->phase[a->id], f->phase[b->id]);
    if (!order)
        order = compare_types(&a->type, &b->type);
    if (!order && a->op->attrs_size)
        order = memcmp(a->attrs, b->attrs, a->op->attrs_size);
    for (int i = 0; !order && i < a->n_in; i++)
        order = compare_types(&a->in[i]->type, &b->in[i]->type);
    return order;
}

/* The set that a gradient's companion is of; what is forward has none. */
static int set_beside(const struct ug_batch_finder *f, const struct ug_node *n)
{
    return f->beside[n->id] == UG_BATCH_NONE ? UG_ALONE : f->sets.set[f->beside[n->id]];
}

int ug_batch_compare_heavy(const void *x, const void *y, void *context)
{
    const struct ug_batch_finder *f = context;
    const struct ug_node *a = ug_batch_node(f, *(const int *)x),
                         *b = ug_batch_node(f, *(const int *)y);
    int order = ug_batch_compare_work(f, a, b);

    for (int i = 0; !order && i < a->n_in; i++)
        if (!ug_batch_has_samples(a, i))
            order = ug_compare_ints(a->in[i]->id, b->in[i]->id);
    return order ? order : ug_compare_ints(set_beside(f, a), set_beside(f, b));
}

/* Two values by the sets they are of; two of one set by their places in it. */
static int compare_places(const struct ug_batch_finder *f, int a, int b)
{
    const struct ug_batch_sets *s = &f->sets;
    const int order = ug_compare_ints(s->set[a], s->set[b]);

    return order || s->set[a] == UG_ALONE ? order : ug_compare_ints(s->index[a], s->index[b]);
}

/* First by the sets of all inputs.  Gradients of two losses stay apart, for in each there are others
 * that belong to them. */
int ug_batch_compare_ready(const void *x, const void *y, void *context)
{
    const struct ug_batch_finder *f = context;
    const struct ug_node *a = ug_batch_node(f, *(const int *)x),
                         *b = ug_batch_node(f, *(const int *)y);
    int order = ug_batch_compare_work(f, a, b);

    if (!order)
        order = ug_compare_ints(a->backward, b->backward);
    for (int i = 0; !order && i < a->n_in; i++)
        order = ug_compare_ints(f->sets.set[a->in[i]->id], f->sets.set[b->in[i]->id]);
    for (int i = 0; !order && i < a->n_in; i++)
        order = compare_places(f, a->in[i]->id, b->in[i]->id);
    return order ? order : ug_compare_ints(a->id, b->id);
}

/* Samples stand as in the sets they are from; else gradients of one loss stand together, each as
 * the value that it will meet; else as in the graph. */
int ug_batch_compare_members(const void *x, const void *y, void *context)
{
    const struct ug_batch_finder *f = context;
    const struct ug_node *a = ug_batch_node(f, *(const int *)x),
                         *b = ug_batch_node(f, *(const int *)y);
    int order = 0;

    for (int i = 0; !order && i < a->n_in; i++)
        if (ug_batch_has_samples(a, i))
            order = compare_places(f, a->in[i]->id, b->in[i]->id);
    if (!order)
        order = ug_compare_ints(a->backward, b->backward);
    if (!order && f->beside[a->id] != UG_BATCH_NONE && f->beside[b->id] != UG_BATCH_NONE)
        order = compare_places(f, f->beside[a->id], f->beside[b->id]);
    return order ? order : ug_compare_ints(a->id, b->id);
}

/* ---- Sums over samples ---- */

static bool adds_equals(const struct ug_node *n)
{
    return n->op == &ug_op_add && ug_shape_equal(&n->in[0]->type.shape, &n->in[1]->type.shape);
}

/* The last of the sums that the value goes into, if nothing but sums and views see it before. */
static int sum_of(const struct ug_batch_finder *f, int id)
{
    int sum = id;

    for (int user = f->user[id]; user >= 0; user = f->user[user]) {
        if (adds_equals(ug_batch_node(f, user)))
            sum = user;
        else if (!ug_batch_node(f, user)->op->is_view)
            break;
    }
    return sum;
}

bool ug_batch_sums_up(const struct ug_batch_finder *f, const int *ids, int n)
{
    const int sum = sum_of(f, ids[0]);
    bool all = sum != ids[0];

    for (int i = 1; i < n; i++)
        all &= sum_of(f, ids[i]) == sum;
    return all;
}
