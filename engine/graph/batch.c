/* batch.c -- nodes that do the same work with the same weights on different batches become one node
 * on all of their samples: batch_sets.c says which. */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/batch_sets.h"
#include "engine/graph/passes.h"
#include "engine/graph/batch_ops.h"

struct batching {
    struct ug_copying c; /* c.map: NULL also for a node whose value is part of a sum only */
    struct ug_batch_sets sets;
    struct ug_graph *into;
    struct ug_node **whole; /* by set: all of its samples as one value; NULL: not made yet */
    bool *done;             /* by id */
};

/* The set that a node runs with, or NULL. */
static const struct ug_batch_set *set_of(const struct batching *b, int id)
{
    const int set = b->sets.set[id];

    return set == UG_ALONE || !b->sets.items[set].feeds ? NULL : &b->sets.items[set];
}

/* ---- Values ---- */

static struct ug_node *join(struct batching *b, struct ug_node **in, int n)
{
    struct ug_node like = *in[0];

    like.op = &ug_op_joined;
    like.attrs = NULL;
    like.in = in;
    like.n_in = n;
    like.type.shape.dim[0] *= n;
    return ug_graph_add(b->into, &like);
}

/* The samples of n members of a set, from `first` on, where `like_node` is one of these. */
static struct ug_node *part_of(struct batching *b, int set, int first, int n,
                               const struct ug_node *like_node)
{
    const struct ug_batch_set *s = &b->sets.items[set];
    const int64_t each = like_node->type.shape.dim[0];
    const struct ug_part_attrs part = {first * each, n * each};
    struct ug_node like = *like_node;

    if (!b->whole[set]) {
        struct ug_node **in = ug_xcalloc((size_t)s->n, sizeof(*in));

        for (int i = 0; i < s->n; i++)
            in[i] = b->c.map[s->ids[i]];
        b->whole[set] = join(b, in, s->n);
        free(in);
    }
    if (n == s->n)
        return b->whole[set];
    like.op = &ug_op_part;
    like.attrs = &part;
    like.in = &b->whole[set];
    like.n_in = 1;
    like.type.shape.dim[0] = part.n;
    return ug_graph_add(b->into, &like);
}

/* The counterpart of an old node that is done. */
static struct ug_node *value_of(struct batching *b, const struct ug_node *n)
{
    const struct ug_batch_set *set = set_of(b, n->id);

    if (!b->c.map[n->id] && set && !set->summed)
        b->c.map[n->id] = part_of(b, b->sets.set[n->id], b->sets.index[n->id], 1, n);
    return b->c.map[n->id];
}

static struct ug_node *feed(struct batching *b, const struct ug_batch_set *set, int input)
{
    const struct ug_node *first = b->c.old[set->ids[0]]->in[input];
    struct ug_node **in, *joined;

    if (set->feeds[input] == UG_FEED_SAME)
        return value_of(b, first);
    if (set->feeds[input] == UG_FEED_PART)
        return part_of(b, b->sets.set[first->id], b->sets.index[first->id], set->n, first);
    in = ug_xcalloc((size_t)set->n, sizeof(*in));
    for (int i = 0; i < set->n; i++)
        in[i] = value_of(b, b->c.old[set->ids[i]]->in[input]);
    joined = join(b, in, set->n);
    free(in);
    return joined;
}

/* ---- Nodes ---- */

static void make_set(struct batching *b, const struct ug_batch_set *set)
{
    const struct ug_node *n = b->c.old[set->ids[0]];
    struct ug_node like = *n, **in = ug_xcalloc((size_t)n->n_in, sizeof(*in)), *made;
    struct ug_node **members = ug_xcalloc((size_t)set->n, sizeof(*members));
    void *attrs = ug_xcalloc(1, n->op->attrs_size);

    for (int i = 0; i < n->n_in; i++)
        in[i] = feed(b, set, i);
    for (int i = 0; i < set->n; i++)
        members[i] = b->c.old[set->ids[i]];
    if (n->op->attrs_size)
        memcpy(attrs, n->attrs, n->op->attrs_size);
    if (n->op->widen)
        n->op->widen(attrs, set->n);
    if (!set->summed)
        like.type.shape.dim[0] *= set->n;
    like.attrs = attrs;
    like.in = in;
    like.members = members;
    like.n_members = set->summed ? 0 : set->n;
    made = ug_graph_add(b->into, &like);
    if (set->summed)
        b->c.map[set->ids[0]] = made;
    b->whole[b->sets.set[n->id]] = made;
    for (int i = 0; i < set->n; i++)
        b->done[set->ids[i]] = true;
    free(members);
    free(attrs);
    free(in);
}

/* Of a sum, the first member is all of it, and the others are not there. */
static void make_single(struct batching *b, const struct ug_node *n)
{
    struct ug_node **in = ug_xcalloc((size_t)n->n_in, sizeof(*in)), *there = NULL;
    bool all = true;

    for (int i = 0; i < n->n_in; i++) {
        in[i] = value_of(b, n->in[i]);
        there = in[i] ? in[i] : there;
        all &= in[i] != NULL;
    }
    if (all)
        b->c.map[n->id] = ug_copying_copy_with(b->into, n, in);
    else if (n->op == &ug_op_add)
        b->c.map[n->id] = there;
    b->done[n->id] = true;
    free(in);
}

/* What is still to be made before the node, or before the set it runs with; -1: nothing. */
static int find_missing(const struct batching *b, const struct ug_node *n)
{
    const struct ug_batch_set *set = set_of(b, n->id);
    const int *ids = set ? set->ids : &n->id, members = set ? set->n : 1;

    for (int m = 0; m < members; m++)
        for (int i = 0; i < n->n_in; i++)
            if (!b->done[b->c.old[ids[m]]->in[i]->id])
                return b->c.old[ids[m]]->in[i]->id;
    for (int i = 0; set && i < n->n_in; i++) { /* what is put together for others: all of it */
        const struct ug_batch_set *whole = &b->sets.items[b->sets.set[n->in[i]->id]];

        for (int m = 0; set->feeds[i] == UG_FEED_PART && m < whole->n; m++)
            if (!b->done[whole->ids[m]])
                return whole->ids[m];
    }
    return -1;
}

/* Makes a node after all that it needs; a stack instead of recursion. */
static void make(struct batching *b, int id, int *stack)
{
    int depth = 0;

    stack[depth++] = id;
    while (depth) {
        const struct ug_node *n = b->c.old[stack[depth - 1]];
        const int missing = b->done[n->id] ? -1 : find_missing(b, n);

        if (missing >= 0) {
            stack[depth++] = missing;
            continue;
        }
        depth--;
        if (!b->done[n->id]) {
            if (set_of(b, n->id))
                make_set(b, set_of(b, n->id));
            else
                make_single(b, n);
        }
    }
}

struct ug_graph *ug_batch(const struct ug_graph *g, struct ug_node **roots, int n_roots)
{
    struct ug_arena *arena = ug_arena_new();
    struct batching b = {.c = ug_copying_start(roots, n_roots), .into = ug_graph_new(g->params)};
    const size_t n = (size_t)b.c.n;
    int *stack = ug_arena_array(arena, n + 1, sizeof *stack);

    b.sets = ug_find_sets(arena, &b.c, roots, n_roots);
    b.whole = ug_arena_array(arena, (size_t)b.sets.n, sizeof(*b.whole));
    b.done = ug_arena_array(arena, n, sizeof *b.done);
    for (int i = 0; i < b.c.n; i++)
        if (b.c.old[i])
            make(&b, i, stack);
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            value_of(&b, roots[i]);
    ug_copying_end(&b.c, roots, n_roots);
    ug_arena_free(arena);
    return b.into;
}
