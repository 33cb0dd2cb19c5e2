/* exec_watch.c -- a run of which every value is looked at as it is made. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/graph/fuse.h"
#include "engine/run/elementwise.h"
#include "engine/run/exec_parts.h"

struct watch {
    struct ug_exec *exec;
    ug_exec_look *look;
    void *context;
    bool *seen;   /* by node id: leaves that were shown */
    void *beside; /* room for the largest value of the phase */
};

static bool show_leaves(const struct watch *w, int c)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;

    for (int i = 0; i < n->n_in; i++) {
        const struct ug_node *leaf = n->in[i];

        while (leaf->op->is_view)
            leaf = leaf->in[0];
        if (!ug_is_leaf(leaf) || w->seen[leaf->id])
            continue;
        w->seen[leaf->id] = true;
        if (!w->look(w->context, leaf, ug_exec_value(w->exec, leaf)))
            return false;
    }
    return true;
}

/* Of nodes that run as one, first each with its own samples. */
static bool show(const struct watch *w, const struct ug_node *n, struct ug_tensor value)
{
    struct ug_tensor part = value;

    for (int i = 0; i < n->n_members; i++) {
        part.shape = n->members[i]->type.shape;
        if (!w->look(w->context, n->members[i], part))
            return false;
        part.data = (unsigned char *)part.data + ug_type_bytes(&n->members[i]->type);
    }
    return w->look(w->context, n, value);
}

/* A fused node that ends early gives the value of the member that it ends with. */
static bool show_members(const struct watch *w, int c)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;
    struct ug_fused part = *(const struct ug_fused *)n->attrs;
    const int n_members = part.n;
    struct ug_kernel k = w->exec->kernels[c];

    k.attrs = &part;
    k.out.data = w->beside;
    for (int i = 0; i < n_members; i++) {
        part.n = i + 1;
        ug_map_run(n->op->map, &k);
        if (!show(w, part.steps[i].node, k.out))
            return false;
    }
    return true;
}

/* What call c reads through. */
static bool show_through(const struct watch *w, int c)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;
    bool go_on = true;

    for (int i = 0; n->through && i < n->n_in && go_on; i++) {
        const struct ug_node *made = n->through[i];
        const struct ug_kernel *k = &w->exec->kernels[c];

        if (!made)
            continue;
        ug_map_run(made->op->map,
                   &(struct ug_kernel){.attrs = made->attrs,
                                       .n_in = 1,
                                       .in = &k->in[i],
                                       .out = {made->type.dtype, made->type.shape, w->beside}});
        go_on = show(w, made, (struct ug_tensor){made->type.dtype, made->type.shape, w->beside});
    }
    return go_on;
}

/* Runs call c beside its place, so that inputs that it would overwrite can still be looked at. */
static bool run_and_show(const struct watch *w, int c, uint64_t seed, uint64_t step)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;
    struct ug_tensor *out = &w->exec->kernels[c].out;
    void *place = out->data;

    if (!show_leaves(w, c) || (n->op == &ug_op_fused && !show_members(w, c)) || !show_through(w, c))
        return false;
    out->data = w->beside;
    if (w->exec->kernels[c].adds)
        memcpy(w->beside, place, ug_type_bytes(&n->type));
    ug_exec_run_call(w->exec, c, seed, step);
    const bool go_on = show(w, n, *out);
    out->data = place;
    memcpy(place, w->beside, ug_type_bytes(&n->type));
    return go_on;
}

/* Bytes of the largest value that the calls make, or read through. */
static size_t largest_value(const struct ug_exec *e, int from, int to)
{
    size_t largest = 1;

    for (int c = from; c < to; c++) {
        const struct ug_node *n = e->plan->calls[c].node;

        if (ug_type_bytes(&n->type) > largest)
            largest = ug_type_bytes(&n->type);
        for (int i = 0; n->through && i < n->n_in; i++)
            if (n->through[i] && ug_type_bytes(&n->through[i]->type) > largest)
                largest = ug_type_bytes(&n->through[i]->type);
    }
    return largest;
}

bool ug_exec_watch(struct ug_exec *e, int phase, uint64_t seed, uint64_t step, ug_exec_look *look,
                   void *context)
{
    const int from = ug_phase_start(e->plan, phase), to = e->plan->phase_end[phase];
    struct watch w = {.exec = e, .look = look, .context = context};
    bool go_on = true;

    ug_exec_prepare(e);
    w.seen = ug_xcalloc((size_t)e->plan->graph->n, sizeof *w.seen);
    w.beside = ug_xrealloc(NULL, largest_value(e, from, to));
    for (int c = from; c < to && go_on; c++)
        go_on = run_and_show(&w, c, seed, step);
    free(w.seen);
    free(w.beside);
    if (go_on)
        ug_exec_make_copies(e, phase);
    return go_on;
}

/* ---- Looking for what is not finite ---- */

static bool is_finite(const struct ug_tensor *t)
{
    const int64_t n = t->dtype == UG_F32 ? ug_shape_count(&t->shape) : 0;
    const float *x = t->data;

    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static bool look_for_fault(void *context, const struct ug_node *n, struct ug_tensor value)
{
    const struct ug_node **fault = context;

    if (is_finite(&value))
        return true;
    *fault = n;
    return false;
}

const struct ug_node *ug_exec_find_fault(struct ug_exec *e, int phase, uint64_t seed, uint64_t step)
{
    const struct ug_node *fault = NULL;

    ug_exec_watch(e, phase, seed, step, look_for_fault, &fault);
    return fault;
}
