/* batch_sets.c -- an agenda that finds nodes to run as one.
 *
 * Nodes are taken as if they ran, each when its inputs are there; those that are ready at one time
 * do not depend on one another, so that sets of them never close a cycle (G. Neubig, Y. Goldberg
 * and C. Dyer, "On-the-fly Operation Batching in Dynamic Computation Graphs", 2017).
 *
 * Sets begin at heavy nodes, whose weights are so large that reading them once pays for putting
 * samples together.  Those with the same weights that do not depend on one another make a group,
 * and wait until all of it is ready; if groups wait for one another crosswise, the one that most
 * depends on goes with what is ready.  What follows a set runs as one where that costs nothing,
 * because its inputs lie side by side: such nodes are ready at the same moment.  Gradients are
 * grouped last, by the sets of the forward values that they will meet, and in their order.
 */
#include "engine/graph/batch_sets.h"

#include <stdlib.h>
#include <string.h>

#include "engine/graph/batch_finder.h"

enum { MOST_HEAVY = 4096 }; /* more are not looked at: what depends on what takes a bit for each */

/* ---- Sets ---- */

/* feeds NULL: the members run by themselves. */
static void add_set(struct ug_batch_finder *f, const int *ids, int n, const enum ug_feed *feeds)
{
    const struct ug_node *first = ug_batch_node(f, ids[0]);
    struct ug_batch_set set = {.n = n, .summed = feeds && first->op->sums_samples};

    set.ids = ug_arena_array(f->arena, (size_t)n, sizeof *set.ids);
    memcpy(set.ids, ids, (size_t)n * sizeof *set.ids);
    if (feeds) {
        set.feeds = ug_arena_array(f->arena, (size_t)first->n_in, sizeof *set.feeds);
        memcpy(set.feeds, feeds, (size_t)first->n_in * sizeof *set.feeds);
    }
    for (int i = 0; i < n; i++) {
        f->sets.set[ids[i]] = f->sets.n;
        f->sets.index[ids[i]] = i;
    }
    UG_PUSH(f->arena, f->sets.items, f->sets.n, f->sets.capacity, set);
}

/* Inputs that are put together once are together for all that use them later; not those that are
 * in a set already, or twice among these. */
static enum ug_feed put_together(struct ug_batch_finder *f, const int *ids, int n, int input)
{
    int in[UG_BATCH_MAX_MEMBERS];

    for (int i = 0; i < n; i++) {
        in[i] = ug_batch_node(f, ids[i])->in[input]->id;
        for (int j = 0; j < i; j++)
            if (in[j] == in[i])
                return UG_FEED_JOIN;
        if (f->sets.set[in[i]] != UG_ALONE)
            return UG_FEED_JOIN;
    }
    add_set(f, in, n, NULL);
    return UG_FEED_PART;
}

/* ---- The agenda ---- */

/* All inputs are there. */
static void become_ready(struct ug_batch_finder *f, int id)
{
    const int group = f->group[id];

    if (group >= 0) {
        if (++f->groups[group].n_ready == f->groups[group].n)
            f->complete[f->n_complete++] = group;
    } else if (group == UG_BATCH_NONE) {
        if (ug_batch_node(f, id)->op->sums_samples)
            f->sums[f->n_sums++] = id;
        else
            f->ready[f->n_ready++] = id;
    }
}

/* A node is taken: its users wait for one input less. */
static void release(struct ug_batch_finder *f, int id)
{
    for (int i = 0; i < f->n_users[id]; i++)
        if (--f->waits_for[f->users[id][i]] == 0)
            become_ready(f, f->users[id][i]);
}

/* Whether nodes that are ready can run as one without copying. */
static bool is_free(const struct ug_batch_finder *f, const int *ids, int n, enum ug_feed *feeds)
{
    const struct ug_node *first = ug_batch_node(f, ids[0]), *last = ug_batch_node(f, ids[n - 1]);

    if (n > UG_BATCH_MAX_MEMBERS || !ug_batch_may_join(first) ||
        ug_batch_compare_work(f, first, last) || first->backward != last->backward ||
        (first->op->sums_samples && !ug_batch_sums_up(f, ids, n)) ||
        !ug_batch_feeds(f, ids, n, feeds))
        return false;
    for (int i = 0; i < first->n_in; i++)
        if (feeds[i] == UG_FEED_JOIN)
            return false;
    return true;
}

/* Takes all that is ready, or all sums: as sets the longest runs that are free. */
static void take_all(struct ug_batch_finder *f, int *list, int *n_list)
{
    const int n = *n_list;
    int *ids = ug_arena_array(f->own, (size_t)n, sizeof *ids);

    memcpy(ids, list, (size_t)n * sizeof *ids);
    *n_list = 0;
    qsort_r(ids, (size_t)n, sizeof *ids, ug_batch_compare_ready, f);
    for (int from = 0, to; from < n; from = to) {
        enum ug_feed feeds[UG_BATCH_MAX_INPUTS], longer[UG_BATCH_MAX_INPUTS];

        for (to = from + 1; to < n && is_free(f, ids + from, to + 1 - from, longer); to++)
            memcpy(feeds, longer, sizeof feeds);
        if (to - from > 1)
            add_set(f, ids + from, to - from, feeds);
    }
    for (int i = 0; i < n; i++)
        release(f, ids[i]);
}

static void take_group(struct ug_batch_finder *f, int *ids, int n)
{
    const int n_in = ug_batch_node(f, ids[0])->n_in;
    enum ug_feed feeds[UG_BATCH_MAX_INPUTS];

    qsort_r(ids, (size_t)n, sizeof *ids, ug_batch_compare_members, f);
    if (n > 1 && ug_batch_feeds(f, ids, n, feeds)) {
        for (int i = 0; i < n_in; i++)
            if (feeds[i] == UG_FEED_JOIN)
                feeds[i] = put_together(f, ids, n, i);
        add_set(f, ids, n, feeds);
    }
    for (int i = 0; i < n; i++)
        release(f, ids[i]);
}

/* How many nodes wait for members of the group that are ready. */
static int count_wanting(const struct ug_batch_finder *f, const struct ug_batch_group *group)
{
    int n = 0;

    for (int i = 0; i < group->n; i++)
        n += f->waits_for[group->ids[i]] ? 0 : f->wanted[group->ids[i]];
    return n;
}

/* Groups wait for one another crosswise: of the one that most wait for, those that are ready go
 * without the others.  False: no group waits. */
static bool split_group(struct ug_batch_finder *f)
{
    struct ug_batch_group *best = NULL;
    int most = -1, n = 0;

    for (int i = 0; i < f->n_groups; i++)
        if (f->groups[i].n_ready && count_wanting(f, &f->groups[i]) > most) {
            best = &f->groups[i];
            most = count_wanting(f, best);
        }
    if (!best)
        return false;
    for (int i = 0; i < best->n; i++) {
        const int id = best->ids[i];

        if (!f->waits_for[id]) {
            best->ids[i] = best->ids[n];
            best->ids[n++] = id;
        }
    }
    best->ids += n;
    best->n -= n;
    best->n_ready = 0;
    take_group(f, best->ids - n, n);
    return true;
}

/* When all sets of forward nodes are known.  False: it is done already. */
static bool group_gradients(struct ug_batch_finder *f)
{
    int *heavy = ug_arena_array(f->own, MOST_HEAVY, sizeof *heavy), n = 0;

    if (f->grouped_gradients)
        return false;
    f->grouped_gradients = true;
    for (int i = 0; i < f->c->n; i++)
        if (f->group[i] == UG_BATCH_LATER)
            heavy[n++] = i;
    ug_batch_find_groups(f, heavy, n);
    for (int i = 0; i < n; i++)
        if (!f->waits_for[heavy[i]])
            become_ready(f, heavy[i]);
    return true;
}

/* Sums over samples, mostly gradients of weights, see last what has come together. */
static void work_off(struct ug_batch_finder *f)
{
    for (;;) {
        if (f->n_ready) {
            take_all(f, f->ready, &f->n_ready);
        } else if (f->n_complete) {
            struct ug_batch_group *group = &f->groups[f->complete[--f->n_complete]];

            group->n_ready = 0;
            take_group(f, group->ids, group->n);
        } else if (!split_group(f) && !group_gradients(f)) {
            if (!f->n_sums)
                return;
            take_all(f, f->sums, &f->n_sums);
        }
    }
}

/* ---- Starting ---- */

static int *fill(struct ug_batch_finder *f, int value)
{
    int *list = ug_arena_array(f->own, (size_t)f->c->n, sizeof *list);

    for (int i = 0; i < f->c->n; i++)
        list[i] = value;
    return list;
}

static void look_at_inputs(struct ug_batch_finder *f)
{
    for (int i = 0; i < f->c->n; i++) {
        const struct ug_node *n = ug_batch_node(f, i);

        if (!n)
            continue;
        if (n->op == &ug_op_param)
            f->phase[i] = ((const struct ug_param_attrs *)n->attrs)->version;
        f->waits_for[i] = n->n_in;
        for (int j = 0; j < n->n_in; j++) {
            const int in = n->in[j]->id;

            f->phase[i] = f->phase[in] > f->phase[i] ? f->phase[in] : f->phase[i];
            f->user[in] = f->n_users[in]++ ? UG_BATCH_SEVERAL : i;
        }
    }
}

static void link_users(struct ug_batch_finder *f)
{
    int *filled = fill(f, 0);

    for (int i = 0; i < f->c->n; i++)
        f->users[i] = ug_arena_array(f->own, (size_t)f->n_users[i], sizeof(int));
    for (int i = 0; i < f->c->n; i++)
        for (int j = 0; ug_batch_node(f, i) && j < ug_batch_node(f, i)->n_in; j++) {
            const int in = ug_batch_node(f, i)->in[j]->id;

            f->users[in][filled[in]++] = i;
        }
}

/* A gradient will be used together with a forward value of the same samples, by its user or by one
 * behind that: a normalisation's gradient reads what the normalisation gave. */
static void find_companions(struct ug_batch_finder *f)
{
    for (int i = f->c->n - 1; i >= 0; i--) {
        const struct ug_node *n = ug_batch_node(f, i);
        int companion = f->beside[i];

        for (int j = 0; n && n->backward && j < n->n_in; j++)
            if (!n->in[j]->backward && ug_batch_may_join(n) && ug_batch_has_samples(n, j))
                companion = n->in[j]->id;
        for (int j = 0; n && companion != UG_BATCH_NONE && j < n->n_in; j++)
            if (n->in[j]->backward)
                f->beside[n->in[j]->id] = companion;
    }
}

static void group_forward(struct ug_batch_finder *f)
{
    int *heavy = ug_arena_array(f->own, MOST_HEAVY, sizeof *heavy), n = 0, all = 0;

    for (int i = 0; i < f->c->n && all < MOST_HEAVY; i++)
        if (ug_batch_node(f, i) && ug_batch_is_heavy(ug_batch_node(f, i))) {
            all++;
            if (ug_batch_node(f, i)->backward)
                f->group[i] = UG_BATCH_LATER;
            else
                heavy[n++] = i;
        }
    f->groups = ug_arena_array(f->own, (size_t)all, sizeof *f->groups);
    f->complete = ug_arena_array(f->own, (size_t)all, sizeof *f->complete);
    ug_batch_find_groups(f, heavy, n);
}

static struct ug_batch_finder start(struct ug_arena *arena, const struct ug_copying *c,
                                    struct ug_node *const *roots, int n_roots)
{
    struct ug_batch_finder f = {.c = c, .arena = arena, .own = ug_arena_new()};

    f.sets.set = ug_arena_array(arena, (size_t)c->n, sizeof *f.sets.set);
    f.sets.index = ug_arena_array(arena, (size_t)c->n, sizeof *f.sets.index);
    for (int i = 0; i < c->n; i++)
        f.sets.set[i] = UG_ALONE;
    f.phase = fill(&f, 0);
    f.beside = fill(&f, UG_BATCH_NONE);
    f.user = fill(&f, UG_BATCH_NONE);
    f.waits_for = fill(&f, 0);
    f.n_users = fill(&f, 0);
    f.group = fill(&f, UG_BATCH_NONE);
    f.wanted = fill(&f, 0);
    f.ready = fill(&f, 0);
    f.sums = fill(&f, 0);
    f.users = ug_arena_array(f.own, (size_t)c->n, sizeof *f.users);
    look_at_inputs(&f);
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            f.user[roots[i]->id] = UG_BATCH_SEVERAL;
    link_users(&f);
    find_companions(&f);
    group_forward(&f);
    return f;
}

struct ug_batch_sets ug_find_sets(struct ug_arena *arena, const struct ug_copying *c,
                                  struct ug_node *const *roots, int n_roots)
{
    struct ug_batch_finder f = start(arena, c, roots, n_roots);

    for (int i = 0; i < c->n; i++)
        if (c->old[i] && !f.waits_for[i])
            f.ready[f.n_ready++] = i;
    work_off(&f);
    ug_arena_free(f.own);
    return f.sets;
}
