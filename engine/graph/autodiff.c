/* autodiff.c -- reverse-mode differentiation, graph to graph.
 *
 * Only nodes on a path from some x to y are touched.  Op rules know nothing of fan-out (gradients
 * of one value are added up here, those of later users first) or of broadcasting (a gradient of a
 * larger shape is summed to the input's).
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/graph/build.h"

struct differentiation {
    struct ug_builder *b;
    struct ug_node *y;
    bool *on_path;       /* by id, up to y: depends on some x */
    struct ug_node **dy; /* by id: the gradient of y with respect to it, so far */
};

/* Whether a gradient of the node's output can go on to its inputs. */
static bool passes_gradient(struct differentiation *d, const struct ug_node *n)
{
    struct ug_diag *diag;

    if (n->op->gradient || !n->op->refuses_gradient)
        return n->op->gradient != NULL;
    diag = ug_error(d->b->diags, d->b->pos, "the gradient through '%s' is not known: %s",
                    n->op->name, n->op->why_no_gradient);
    ug_note(diag, n->pos, "it is computed here");
    return false;
}

static void mark_paths(struct differentiation *d, struct ug_node *const *x, int n)
{
    const struct ug_graph *g = d->b->graph;
    bool *leads_to_y = ug_xcalloc((size_t)d->y->id + 1, sizeof *leads_to_y);

    leads_to_y[d->y->id] = true;
    for (int i = d->y->id; i >= 0; i--)
        for (int j = 0; leads_to_y[i] && j < g->nodes[i]->n_in; j++)
            leads_to_y[g->nodes[i]->in[j]->id] = true;
    for (int i = 0; i < n; i++)
        if (x[i] && x[i]->id <= d->y->id && x[i]->type.dtype == UG_F32)
            d->on_path[x[i]->id] = true;
    for (int i = 0; i <= d->y->id; i++) {
        const struct ug_node *node = g->nodes[i];
        bool depends = false;

        for (int j = 0; leads_to_y[i] && j < node->n_in; j++)
            depends |= d->on_path[node->in[j]->id];
        if (depends && node->type.dtype == UG_F32 && passes_gradient(d, node))
            d->on_path[i] = true;
    }
    free(leads_to_y);
}

/* One more use of `n` contributes dx. */
static void contribute(struct differentiation *d, const struct ug_node *n, struct ug_node *dx)
{
    struct ug_node **sum = &d->dy[n->id];

    dx = ug_sum_to(d->b, dx, n->type.shape);
    *sum = *sum ? ug_add(d->b, *sum, dx) : dx;
}

/* Hands the gradient of a node's output on to those inputs that lie on a path. */
static void pass_back(struct differentiation *d, struct ug_node *node)
{
    bool *wanted = ug_xcalloc((size_t)node->n_in, sizeof *wanted);
    struct ug_node **dx = ug_xcalloc((size_t)node->n_in, sizeof *dx);
    bool any = false;

    for (int i = 0; i < node->n_in; i++)
        any |= wanted[i] = d->on_path[node->in[i]->id];
    if (any && node->op->gradient) {
        d->b->pos = node->pos;
        d->b->place = node->place;
        d->b->scope = node->scope;
        d->b->called = node->called;
        node->op->gradient(d->b, node, d->dy[node->id], wanted, dx);
        for (int i = 0; i < node->n_in; i++)
            if (wanted[i] && dx[i])
                contribute(d, node->in[i], dx[i]);
    }
    free(wanted);
    free(dx);
}

static void run_backwards(struct differentiation *d)
{
    const struct ug_builder before = *d->b;

    d->b->backward = d->b->graph->n; /* another one each time */
    d->b->pos = d->y->pos;
    d->b->place = d->y->place;
    d->b->scope = d->y->scope;
    d->dy[d->y->id] = ug_expand_to(d->b, ug_constant(d->b, 1.0), d->y->type.shape);
    for (int i = d->y->id; i >= 0; i--)
        if (d->on_path[i] && d->dy[i])
            pass_back(d, d->b->graph->nodes[i]);
    d->b->backward = before.backward;
    d->b->pos = before.pos;
    d->b->place = before.place;
    d->b->scope = before.scope;
    d->b->called = before.called;
}

bool ug_differentiate(struct ug_builder *b, struct ug_node *y, struct ug_node *const *x, int n,
                      struct ug_node **dx)
{
    struct differentiation d = {.b = b, .y = y};
    const size_t errors = ug_diags_errors(b->diags);
    char shape[UG_SHAPE_TEXT];

    for (int i = 0; i < n; i++)
        dx[i] = NULL;
    if (!y)
        return false;
    if (y->type.dtype != UG_F32 || ug_shape_count(&y->type.shape) != 1) {
        struct ug_diag *diag =
            ug_error(b->diags, b->pos, "a gradient is that of one number, not of %s %s",
                     ug_dtype_name(y->type.dtype), ug_shape_text(&y->type.shape, shape));

        ug_note(diag, UG_NOWHERE, "take its mean or sum first");
        return false;
    }
    d.on_path = ug_xcalloc((size_t)y->id + 1, sizeof *d.on_path);
    d.dy = ug_xcalloc((size_t)y->id + 1, sizeof *d.dy);
    mark_paths(&d, x, n);
    if (d.on_path[y->id] && ug_diags_errors(b->diags) == errors)
        run_backwards(&d);
    for (int i = 0; i < n; i++)
        if (x[i] && x[i]->id <= y->id)
            dx[i] = d.dy[x[i]->id];
    free(d.on_path);
    free(d.dy);
    return ug_diags_errors(b->diags) == errors;
}
