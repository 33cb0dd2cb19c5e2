/* simplify.c -- one walk over the graph, inputs first: each node is made simpler, then looked up
 * among those that are there already. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/graph/copy.h"
#include "engine/graph/passes.h"

enum { MAX_INPUTS = 64 }; /* rules that rewrite a list of inputs leave longer ones alone */

struct simplifier {
    struct ug_copying c;
    struct ug_builder b;    /* of the new graph */
    struct ug_node **table; /* open addressing, a power of two in size, at most half full */
    size_t size, used;
};

/* ---- Equal nodes ---- */

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_node(const struct ug_node *n)
{
    uint64_t h = hash_bytes(0xcbf29ce484222325u, &n->op, sizeof n->op);

    h = hash_bytes(h, n->attrs, n->attrs ? n->op->attrs_size : 0);
    for (int i = 0; i < n->n_in; i++)
        h = hash_bytes(h, &n->in[i]->id, sizeof n->in[i]->id);
    return h ^ h >> 29;
}

static bool same_place(const struct ug_node *a, const struct ug_node *b)
{
    return a->place == b->place || (a->place && b->place && !strcmp(a->place, b->place));
}

static bool equal_nodes(const struct ug_node *a, const struct ug_node *b)
{
    return a->op == b->op && a->n_in == b->n_in && a->type.dtype == b->type.dtype &&
           ug_shape_equal(&a->type.shape, &b->type.shape) &&
           (!a->op->attrs_size || !memcmp(a->attrs, b->attrs, a->op->attrs_size)) &&
           (!a->n_in || !memcmp(a->in, b->in, (size_t)a->n_in * sizeof *a->in)) &&
           (!a->op->state_input || same_place(a, b));
}

static struct ug_node **find_slot(const struct simplifier *s, const struct ug_node *n)
{
    size_t i = (size_t)hash_node(n) & (s->size - 1);

    while (s->table[i] && !equal_nodes(s->table[i], n))
        i = (i + 1) & (s->size - 1);
    return &s->table[i];
}

static void make_room(struct simplifier *s)
{
    struct simplifier larger = *s;

    if (2 * (s->used + 1) <= s->size)
        return;
    larger.size = s->size ? 2 * s->size : 1024;
    larger.table = ug_xcalloc(larger.size, sizeof *larger.table);
    for (size_t i = 0; i < s->size; i++)
        if (s->table[i])
            *find_slot(&larger, s->table[i]) = s->table[i];
    free(s->table);
    *s = larger;
}

/* The node of the new graph that is equal to `like`, made if there is none. */
static struct ug_node *merge(struct simplifier *s, const struct ug_node *like)
{
    struct ug_node **slot;

    make_room(s);
    slot = find_slot(s, like);
    if (!*slot) {
        *slot = ug_is_leaf(like) ? ug_graph_leaf(s->b.graph, like) : ug_graph_add(s->b.graph, like);
        s->used++;
    }
    return *slot;
}

/* What `made` is worth after a rule has emitted the nodes from id `first` on: each of them is
 * replaced by one that was there before, if there is one. */
static struct ug_node *merge_made(struct simplifier *s, struct ug_node *made, int first)
{
    struct ug_graph *g = s->b.graph;
    const int n = g->n - first;
    struct ug_node **merged = ug_xcalloc((size_t)n, sizeof(*merged)), *result = made;

    for (int k = 0; k < n; k++) {
        struct ug_node *in[MAX_INPUTS], like = *g->nodes[first + k];

        assert(like.n_in <= MAX_INPUTS);
        for (int i = 0; i < like.n_in; i++)
            in[i] = like.in[i]->id < first ? like.in[i] : merged[like.in[i]->id - first];
        like.in = in;
        merged[k] = merge(s, &like);
    }
    if (made->id >= first)
        result = merged[made->id - first];
    free(merged);
    return result;
}

/* ---- Rules ---- */

/* A view of a number repeated is that number repeated; a view of a view is one of what that views; a
 * view under the same shape is nothing at all. */
static struct ug_node *simplify_view(struct simplifier *s, struct ug_node *like)
{
    const struct ug_node *of = like->in[0];

    if (of->op == &ug_op_expand_to && !of->in[0]->type.shape.rank)
        return ug_expand_to(&s->b, of->in[0], like->type.shape);
    while (like->in[0]->op->is_view && !like->in[0]->op->view_at)
        like->in[0] = like->in[0]->in[0];
    return ug_type_equal(&like->in[0]->type, &like->type) ? like->in[0] : NULL;
}

/* Whether input `i` of an elementwise op may be `x` instead: the others still give the shape. */
static bool broadcasts_without(const struct ug_node *n, int i, const struct ug_node *x)
{
    struct ug_shape shape = x->type.shape;

    for (int j = 0; j < n->n_in; j++)
        if (j != i && !ug_shape_broadcast(&shape, &n->in[j]->type.shape, &shape))
            return false;
    return ug_shape_equal(&shape, &n->type.shape);
}

/* Elementwise ops repeat their inputs themselves; so does expand_to. */
static void drop_expansions(struct ug_node *like)
{
    const bool broadcasts = like->op->map && !like->op->infer;

    for (int i = 0; i < like->n_in; i++)
        while (like->in[i]->op == &ug_op_expand_to &&
               (like->op == &ug_op_expand_to ||
                (broadcasts && broadcasts_without(like, i, like->in[i]->in[0]))))
            like->in[i] = like->in[i]->in[0];
}

/* An elementwise op of numbers is a number. */
static struct ug_node *fold(struct simplifier *s, const struct ug_node *like)
{
    float values[MAX_INPUTS], result;
    const float *in[MAX_INPUTS];

    if (!like->op->map || like->type.shape.rank || !like->n_in)
        return NULL;
    for (int i = 0; i < like->n_in; i++) {
        if (like->in[i]->op != &ug_op_constant)
            return NULL;
        values[i] = (float)((const struct ug_constant_attrs *)like->in[i]->attrs)->value;
        in[i] = &values[i];
    }
    like->op->map(like->attrs, 1, in, &result);
    return ug_constant(&s->b, (double)result);
}

static struct ug_node *apply_rules(struct simplifier *s, struct ug_node *like)
{
    struct ug_node *simpler = NULL;

    if (like->op->is_view)
        simpler = simplify_view(s, like);
    else
        drop_expansions(like);
    if (!simpler)
        simpler = fold(s, like);
    if (!simpler && like->op->simplify)
        simpler = like->op->simplify(&s->b, like);
    return simpler;
}

static struct ug_node *simplify_node(struct simplifier *s, const struct ug_node *n)
{
    struct ug_node *in[MAX_INPUTS], like = *n, *simpler;
    const int first = s->b.graph->n;

    like.in = in;
    for (int i = 0; i < n->n_in; i++)
        in[i] = s->c.map[n->in[i]->id];
    s->b.pos = n->pos;
    s->b.place = n->place;
    s->b.scope = n->scope;
    s->b.called = n->called;
    s->b.backward = n->backward;
    simpler = apply_rules(s, &like);
    if (!simpler)
        return merge(s, &like);
    assert(ug_type_equal(&simpler->type, &n->type));
    return merge_made(s, simpler, first);
}

/* The graph without what no root needs any more; frees the old one. */
static struct ug_graph *sweep(struct ug_graph *take, struct ug_node **roots, int n_roots)
{
    struct ug_graph *g = ug_graph_new(take->params);
    struct ug_copying c = ug_copying_start(roots, n_roots);

    for (int i = 0; i < c.n; i++)
        if (c.old[i])
            c.map[i] = ug_copying_copy(&c, g, c.old[i]);
    ug_copying_end(&c, roots, n_roots);
    ug_graph_free(take);
    return g;
}

struct ug_graph *ug_merge(const struct ug_graph *g, struct ug_node **roots, int n_roots)
{
    struct simplifier s = {.c = ug_copying_start(roots, n_roots)};

    s.b.graph = ug_graph_new(g->params);
    for (int i = 0; i < s.c.n; i++) {
        struct ug_node *in[MAX_INPUTS], like;

        if (!s.c.old[i])
            continue;
        like = *s.c.old[i];
        if (like.n_in > MAX_INPUTS) {
            s.c.map[i] = ug_copying_copy(&s.c, s.b.graph, s.c.old[i]);
            continue;
        }
        for (int k = 0; k < like.n_in; k++)
            in[k] = s.c.map[like.in[k]->id];
        like.in = in;
        s.c.map[i] = merge(&s, &like);
    }
    ug_copying_end(&s.c, roots, n_roots);
    free(s.table);
    return s.b.graph;
}

struct ug_graph *ug_simplify(const struct ug_graph *g, struct ug_node **roots, int n_roots)
{
    struct simplifier s = {.c = ug_copying_start(roots, n_roots)};

    s.b.graph = ug_graph_new(g->params);
    s.b.diags = ug_diags_new();
    for (int i = 0; i < s.c.n; i++) {
        const struct ug_node *n = s.c.old[i];

        if (n)
            s.c.map[i] =
                n->n_in <= MAX_INPUTS ? simplify_node(&s, n) : ug_copying_copy(&s.c, s.b.graph, n);
    }
    assert(!ug_diags_errors(s.b.diags) && "a rule that emits what does not fit");
    ug_copying_end(&s.c, roots, n_roots);
    ug_diags_free(s.b.diags);
    free(s.table);
    return sweep(s.b.graph, roots, n_roots);
}
