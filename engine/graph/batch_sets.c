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

enum { NONE = -1, SEVERAL = -2, LATER = -3 };
enum {
    MAX_MEMBERS = 256,
    MAX_INPUTS = 16,
    MOST_HEAVY = 4096, /* more are not looked at: what depends on what takes a bit for each */
    LARGE = 2          /* weights, against samples in and out, of a heavy node */
};

/* Heavy nodes that are to run as one. */
struct group {
    int *ids;
    int n, n_ready; /* members not taken yet; of these, how many are ready */
};

struct finder {
    const struct ug_copying *c;
    struct ug_arena *arena, *own; /* of the sets; for the time of finding them */
    struct ug_batch_sets sets;
    int *phase;     /* by id: the phase before which it cannot run */
    int *beside;    /* by id, of backward nodes: see find_companions; or NONE */
    int *user;      /* by id: the only user; NONE, SEVERAL */
    int **users;    /* by id, each mention counted */
    int *n_users;   /* by id */
    int *waits_for; /* by id: inputs to come, each mention counted */
    int *group;     /* by id: an index of groups; NONE; LATER: not known yet */
    int *wanted;    /* by id: how many heavy nodes cannot run before this heavy node */
    struct group *groups;
    int n_groups;
    int *ready, *sums, *complete; /* ids; ids; indices of groups: to be taken in this order */
    int n_ready, n_sums, n_complete;
    bool grouped_gradients;
};

static const struct ug_node *node_of(const struct finder *f, int id)
{
    return f->c->old[id];
}

/* ---- Whether nodes can run as one ---- */

/* Whether an input holds samples, each for one sample of the output. */
static bool has_samples(const struct ug_node *n, int input)
{
    const struct ug_shape *in = &n->in[input]->type.shape;

    if (n->op->map)
        return in->rank == n->type.shape.rank && in->dim[0] == n->type.shape.dim[0];
    return in->rank && (n->op->per_sample | n->op->sums_samples) >> input & 1;
}

static bool may_join(const struct ug_node *n)
{
    return n->n_in && n->n_in <= MAX_INPUTS && n->type.shape.rank && !n->op->state_input &&
           (n->op->map || n->op->per_sample || n->op->sums_samples);
}

static enum ug_feed feed_of(const struct finder *f, const int *ids, int n, int input)
{
    const struct ug_batch_sets *s = &f->sets;
    const int first = node_of(f, ids[0])->in[input]->id;
    bool same = true, part = s->set[first] != UG_ALONE && !s->items[s->set[first]].summed;

    for (int i = 1; i < n; i++) {
        const int in = node_of(f, ids[i])->in[input]->id;

        same &= in == first;
        part &= s->set[in] == s->set[first] && s->index[in] == s->index[first] + i;
    }
    return same ? UG_FEED_SAME : part ? UG_FEED_PART : UG_FEED_JOIN;
}

/* Whether the op has settings for all samples at once, and finds that they fit. */
static bool infers(const struct ug_node *n, const enum ug_feed *feeds, int members)
{
    struct ug_type in[MAX_INPUTS], out = n->type;
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

/* Whether nodes of one kind can run as one in this order, and how: sets feeds. */
static bool find_feeds(const struct finder *f, const int *ids, int n, enum ug_feed *feeds)
{
    const struct ug_node *first = node_of(f, ids[0]);

    for (int i = 0; i < first->n_in; i++) {
        feeds[i] = feed_of(f, ids, n, i);
        if ((feeds[i] == UG_FEED_SAME) == has_samples(first, i))
            return false;
    }
    return infers(first, feeds, n);
}

/* ---- Order among nodes ---- */

static int compare_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_types(const struct ug_type *a, const struct ug_type *b)
{
    int order = compare_ints(a->dtype, b->dtype);

    if (!order)
        order = compare_ints(a->shape.rank, b->shape.rank);
    for (int i = 0; !order && i < a->shape.rank; i++)
        order = compare_ints(a->shape.dim[i], b->shape.dim[i]);
    return order;
}

/* 0: they do the same with inputs of the same types. */
static int compare_work(const struct finder *f, const struct ug_node *a, const struct ug_node *b)
{
    int order = strcmp(a->op->name, b->op->name);

    if (!order)
        order = compare_ints(a->n_in, b->n_in);
    if (!order)
        order = compare_ints(a->backward != 0, b->backward != 0);
    if (!order)
        order = compare_ints(f->phase[a->id], f->phase[b->id]);
    if (!order)
        order = compare_types(&a->type, &b->type);
    if (!order && a->op->attrs_size)
        order = memcmp(a->attrs, b->attrs, a->op->attrs_size);
    for (int i = 0; !order && i < a->n_in; i++)
        order = compare_types(&a->in[i]->type, &b->in[i]->type);
    return order;
}

/* The set that a gradient's companion is of; what is forward has none. */
static int set_beside(const struct finder *f, const struct ug_node *n)
{
    return f->beside[n->id] == NONE ? UG_ALONE : f->sets.set[f->beside[n->id]];
}

/* 0: they read the same weights too, and meet the same set. */
static int compare_heavy(const void *x, const void *y, void *context)
{
    const struct finder *f = context;
    const struct ug_node *a = node_of(f, *(const int *)x), *b = node_of(f, *(const int *)y);
    int order = compare_work(f, a, b);

    for (int i = 0; !order && i < a->n_in; i++)
        if (!has_samples(a, i))
            order = compare_ints(a->in[i]->id, b->in[i]->id);
    return order ? order : compare_ints(set_beside(f, a), set_beside(f, b));
}

/* Two values by the sets they are of; two of one set by their places in it. */
static int compare_places(const struct finder *f, int a, int b)
{
    const struct ug_batch_sets *s = &f->sets;
    const int order = compare_ints(s->set[a], s->set[b]);

    return order || s->set[a] == UG_ALONE ? order : compare_ints(s->index[a], s->index[b]);
}

/* What can run as one for nothing stands together, in order: first by the sets of all inputs.
 * Gradients of two losses stay apart, for in each there are others that belong to them. */
static int compare_ready(const void *x, const void *y, void *context)
{
    const struct finder *f = context;
    const struct ug_node *a = node_of(f, *(const int *)x), *b = node_of(f, *(const int *)y);
    int order = compare_work(f, a, b);

    if (!order)
        order = compare_ints(a->backward, b->backward);
    for (int i = 0; !order && i < a->n_in; i++)
        order = compare_ints(f->sets.set[a->in[i]->id], f->sets.set[b->in[i]->id]);
    for (int i = 0; !order && i < a->n_in; i++)
        order = compare_places(f, a->in[i]->id, b->in[i]->id);
    return order ? order : compare_ints(a->id, b->id);
}

/* Samples stand as in the sets they are from; else gradients of one loss stand together, each as
 * the value that it will meet; else as in the graph. */
static int compare_members(const void *x, const void *y, void *context)
{
    const struct finder *f = context;
    const struct ug_node *a = node_of(f, *(const int *)x), *b = node_of(f, *(const int *)y);
    int order = 0;

    for (int i = 0; !order && i < a->n_in; i++)
        if (has_samples(a, i))
            order = compare_places(f, a->in[i]->id, b->in[i]->id);
    if (!order)
        order = compare_ints(a->backward, b->backward);
    if (!order && f->beside[a->id] != NONE && f->beside[b->id] != NONE)
        order = compare_places(f, f->beside[a->id], f->beside[b->id]);
    return order ? order : compare_ints(a->id, b->id);
}

/* ---- Sums over samples ---- */

static bool adds_equals(const struct ug_node *n)
{
    return n->op == &ug_op_add && ug_shape_equal(&n->in[0]->type.shape, &n->in[1]->type.shape);
}

/* The last of the sums that the value goes into, if nothing but sums and views see it before. */
static int sum_of(const struct finder *f, int id)
{
    int sum = id;

    for (int user = f->user[id]; user >= 0; user = f->user[user]) {
        if (adds_equals(node_of(f, user)))
            sum = user;
        else if (!node_of(f, user)->op->is_view)
            break;
    }
    return sum;
}

/* Whether what the members give goes into one sum. */
static bool sums_up(const struct finder *f, const int *ids, int n)
{
    const int sum = sum_of(f, ids[0]);
    bool all = sum != ids[0];

    for (int i = 1; i < n; i++)
        all &= sum_of(f, ids[i]) == sum;
    return all;
}

/* ---- Sets ---- */

/* feeds NULL: the members run by themselves. */
static void add_set(struct finder *f, const int *ids, int n, const enum ug_feed *feeds)
{
    const struct ug_node *first = node_of(f, ids[0]);
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
static enum ug_feed put_together(struct finder *f, const int *ids, int n, int input)
{
    int in[MAX_MEMBERS];

    for (int i = 0; i < n; i++) {
        in[i] = node_of(f, ids[i])->in[input]->id;
        for (int j = 0; j < i; j++)
            if (in[j] == in[i])
                return UG_FEED_JOIN;
        if (f->sets.set[in[i]] != UG_ALONE)
            return UG_FEED_JOIN;
    }
    add_set(f, in, n, NULL);
    return UG_FEED_PART;
}

/* ---- Groups ---- */

/* Whether the inputs without samples are so large that a run with the samples is mostly reading
 * them. */
static bool is_heavy(const struct ug_node *n)
{
    double weights = 0, samples = (double)ug_type_bytes(&n->type);

    if (!n->op->per_sample || !may_join(n))
        return false;
    for (int i = 0; i < n->n_in; i++)
        *(has_samples(n, i) ? &samples : &weights) += (double)ug_type_bytes(&n->in[i]->type);
    return weights > LARGE * samples;
}

/* What depends on what, as far as heavy nodes go. */
struct needs {
    int *number;    /* by id: of a heavy node, or NONE */
    uint64_t *bits; /* by id, `words` each: the heavy nodes that it cannot run before */
    size_t words;
};

static bool depends(const struct needs *needs, int id, int other)
{
    const int number = needs->number[other];

    return needs->bits[(size_t)id * needs->words + (size_t)number / 64] >> number % 64 & 1;
}

static void add_needs(const struct needs *needs, int id, int in)
{
    uint64_t *to = needs->bits + (size_t)id * needs->words;
    const uint64_t *from = needs->bits + (size_t)in * needs->words;
    const int number = needs->number[in];

    for (size_t i = 0; i < needs->words; i++)
        to[i] |= from[i];
    if (number != NONE)
        to[number / 64] |= (uint64_t)1 << number % 64;
}

static struct needs find_needs(const struct finder *f, const int *heavy, int n)
{
    struct needs needs = {.words = (size_t)(n + 63) / 64};

    needs.bits = ug_arena_array(f->own, (size_t)f->c->n * needs.words, sizeof *needs.bits);
    needs.number = ug_arena_array(f->own, (size_t)f->c->n, sizeof *needs.number);
    for (int i = 0; i < f->c->n; i++)
        needs.number[i] = NONE;
    for (int i = 0; i < n; i++)
        needs.number[heavy[i]] = i;
    for (int i = 0; i < f->c->n; i++)
        for (int j = 0; node_of(f, i) && j < node_of(f, i)->n_in; j++)
            add_needs(&needs, i, node_of(f, i)->in[j]->id);
    return needs;
}

/* Brings those to the front that the first does not depend on, nor do these on one another; how
 * many they are. */
static int pick_independent(const struct needs *needs, int *ids, int n)
{
    int picked = 1;

    for (int i = 1; i < n && picked < MAX_MEMBERS; i++) {
        const int id = ids[i];
        bool independent = true;

        for (int j = 0; j < picked; j++)
            independent &= !depends(needs, id, ids[j]) && !depends(needs, ids[j], id);
        if (!independent)
            continue;
        memmove(ids + picked + 1, ids + picked, (size_t)(i - picked) * sizeof *ids);
        ids[picked++] = id;
    }
    return picked;
}

static int compare_ids(const void *x, const void *y)
{
    return compare_ints(*(const int *)x, *(const int *)y);
}

/* Each goes with the first in the graph that it does not depend on. */
static void group_kind(struct finder *f, const struct needs *needs, int *ids, int n)
{
    qsort(ids, (size_t)n, sizeof *ids, compare_ids);
    for (int picked; n; ids += picked, n -= picked) {
        picked = pick_independent(needs, ids, n);
        if (picked == 1)
            continue;
        for (int i = 0; i < picked; i++)
            f->group[ids[i]] = f->n_groups;
        f->groups[f->n_groups++] = (struct group){.ids = ids, .n = picked};
    }
}

/* Of n heavy nodes, all forward or all gradients. */
static void find_groups(struct finder *f, int *heavy, int n)
{
    const struct needs needs = find_needs(f, heavy, n);

    for (int i = 0; i < n; i++) {
        f->group[heavy[i]] = NONE;
        for (int j = 0; j < i; j++)
            f->wanted[heavy[j]] += depends(&needs, heavy[i], heavy[j]);
    }
    qsort_r(heavy, (size_t)n, sizeof *heavy, compare_heavy, f);
    for (int from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && !compare_heavy(&heavy[from], &heavy[to], f);)
            to++;
        group_kind(f, &needs, heavy + from, to - from);
    }
}

/* ---- The agenda ---- */

/* All inputs are there. */
static void become_ready(struct finder *f, int id)
{
    const int group = f->group[id];

    if (group >= 0) {
        if (++f->groups[group].n_ready == f->groups[group].n)
            f->complete[f->n_complete++] = group;
    } else if (group == NONE) {
        if (node_of(f, id)->op->sums_samples)
            f->sums[f->n_sums++] = id;
        else
            f->ready[f->n_ready++] = id;
    }
}

/* A node is taken: its users wait for one input less. */
static void release(struct finder *f, int id)
{
    for (int i = 0; i < f->n_users[id]; i++)
        if (--f->waits_for[f->users[id][i]] == 0)
            become_ready(f, f->users[id][i]);
}

/* Whether nodes that are ready can run as one without copying. */
static bool is_free(const struct finder *f, const int *ids, int n, enum ug_feed *feeds)
{
    const struct ug_node *first = node_of(f, ids[0]), *last = node_of(f, ids[n - 1]);

    if (n > MAX_MEMBERS || !may_join(first) || compare_work(f, first, last) ||
        first->backward != last->backward || (first->op->sums_samples && !sums_up(f, ids, n)) ||
        !find_feeds(f, ids, n, feeds))
        return false;
    for (int i = 0; i < first->n_in; i++)
        if (feeds[i] == UG_FEED_JOIN)
            return false;
    return true;
}

/* Takes all that is ready, or all sums: as sets the longest runs that are free. */
static void take_all(struct finder *f, int *list, int *n_list)
{
    const int n = *n_list;
    int *ids = ug_arena_array(f->own, (size_t)n, sizeof *ids);

    memcpy(ids, list, (size_t)n * sizeof *ids);
    *n_list = 0;
    qsort_r(ids, (size_t)n, sizeof *ids, compare_ready, f);
    for (int from = 0, to; from < n; from = to) {
        enum ug_feed feeds[MAX_INPUTS], longer[MAX_INPUTS];

        for (to = from + 1; to < n && is_free(f, ids + from, to + 1 - from, longer); to++)
            memcpy(feeds, longer, sizeof feeds);
        if (to - from > 1)
            add_set(f, ids + from, to - from, feeds);
    }
    for (int i = 0; i < n; i++)
        release(f, ids[i]);
}

static void take_group(struct finder *f, int *ids, int n)
{
    const int n_in = node_of(f, ids[0])->n_in;
    enum ug_feed feeds[MAX_INPUTS];

    qsort_r(ids, (size_t)n, sizeof *ids, compare_members, f);
    if (n > 1 && find_feeds(f, ids, n, feeds)) {
        for (int i = 0; i < n_in; i++)
            if (feeds[i] == UG_FEED_JOIN)
                feeds[i] = put_together(f, ids, n, i);
        add_set(f, ids, n, feeds);
    }
    for (int i = 0; i < n; i++)
        release(f, ids[i]);
}

/* How many nodes wait for members of the group that are ready. */
static int count_wanting(const struct finder *f, const struct group *group)
{
    int n = 0;

    for (int i = 0; i < group->n; i++)
        n += f->waits_for[group->ids[i]] ? 0 : f->wanted[group->ids[i]];
    return n;
}

/* Groups wait for one another crosswise: of the one that most wait for, those that are ready go
 * without the others.  False: no group waits. */
static bool split_group(struct finder *f)
{
    struct group *best = NULL;
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
static bool group_gradients(struct finder *f)
{
    int *heavy = ug_arena_array(f->own, MOST_HEAVY, sizeof *heavy), n = 0;

    if (f->grouped_gradients)
        return false;
    f->grouped_gradients = true;
    for (int i = 0; i < f->c->n; i++)
        if (f->group[i] == LATER)
            heavy[n++] = i;
    find_groups(f, heavy, n);
    for (int i = 0; i < n; i++)
        if (!f->waits_for[heavy[i]])
            become_ready(f, heavy[i]);
    return true;
}

/* Sums over samples, mostly gradients of weights, see last what has come together. */
static void work_off(struct finder *f)
{
    for (;;) {
        if (f->n_ready) {
            take_all(f, f->ready, &f->n_ready);
        } else if (f->n_complete) {
            struct group *group = &f->groups[f->complete[--f->n_complete]];

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

static int *fill(struct finder *f, int value)
{
    int *list = ug_arena_array(f->own, (size_t)f->c->n, sizeof *list);

    for (int i = 0; i < f->c->n; i++)
        list[i] = value;
    return list;
}

static void look_at_inputs(struct finder *f)
{
    for (int i = 0; i < f->c->n; i++) {
        const struct ug_node *n = node_of(f, i);

        if (!n)
            continue;
        if (n->op == &ug_op_param)
            f->phase[i] = ((const struct ug_param_attrs *)n->attrs)->version;
        f->waits_for[i] = n->n_in;
        for (int j = 0; j < n->n_in; j++) {
            const int in = n->in[j]->id;

            f->phase[i] = f->phase[in] > f->phase[i] ? f->phase[in] : f->phase[i];
            f->user[in] = f->n_users[in]++ ? SEVERAL : i;
        }
    }
}

static void link_users(struct finder *f)
{
    int *filled = fill(f, 0);

    for (int i = 0; i < f->c->n; i++)
        f->users[i] = ug_arena_array(f->own, (size_t)f->n_users[i], sizeof(int));
    for (int i = 0; i < f->c->n; i++)
        for (int j = 0; node_of(f, i) && j < node_of(f, i)->n_in; j++) {
            const int in = node_of(f, i)->in[j]->id;

            f->users[in][filled[in]++] = i;
        }
}

/* A gradient will be used together with a forward value of the same samples, by its user or by one
 * behind that: a normalisation's gradient reads what the normalisation gave. */
static void find_companions(struct finder *f)
{
    for (int i = f->c->n - 1; i >= 0; i--) {
        const struct ug_node *n = node_of(f, i);
        int companion = f->beside[i];

        for (int j = 0; n && n->backward && j < n->n_in; j++)
            if (!n->in[j]->backward && may_join(n) && has_samples(n, j))
                companion = n->in[j]->id;
        for (int j = 0; n && companion != NONE && j < n->n_in; j++)
            if (n->in[j]->backward)
                f->beside[n->in[j]->id] = companion;
    }
}

static void group_forward(struct finder *f)
{
    int *heavy = ug_arena_array(f->own, MOST_HEAVY, sizeof *heavy), n = 0, all = 0;

    for (int i = 0; i < f->c->n && all < MOST_HEAVY; i++)
        if (node_of(f, i) && is_heavy(node_of(f, i))) {
            all++;
            if (node_of(f, i)->backward)
                f->group[i] = LATER;
            else
                heavy[n++] = i;
        }
    f->groups = ug_arena_array(f->own, (size_t)all, sizeof *f->groups);
    f->complete = ug_arena_array(f->own, (size_t)all, sizeof *f->complete);
    find_groups(f, heavy, n);
}

static struct finder start(struct ug_arena *arena, const struct ug_copying *c,
                           struct ug_node *const *roots, int n_roots)
{
    struct finder f = {.c = c, .arena = arena, .own = ug_arena_new()};

    f.sets.set = ug_arena_array(arena, (size_t)c->n, sizeof *f.sets.set);
    f.sets.index = ug_arena_array(arena, (size_t)c->n, sizeof *f.sets.index);
    for (int i = 0; i < c->n; i++)
        f.sets.set[i] = UG_ALONE;
    f.phase = fill(&f, 0);
    f.beside = fill(&f, NONE);
    f.user = fill(&f, NONE);
    f.waits_for = fill(&f, 0);
    f.n_users = fill(&f, 0);
    f.group = fill(&f, NONE);
    f.wanted = fill(&f, 0);
    f.ready = fill(&f, 0);
    f.sums = fill(&f, 0);
    f.users = ug_arena_array(f.own, (size_t)c->n, sizeof *f.users);
    look_at_inputs(&f);
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            f.user[roots[i]->id] = SEVERAL;
    link_users(&f);
    find_companions(&f);
    group_forward(&f);
    return f;
}

struct ug_batch_sets ug_find_sets(struct ug_arena *arena, const struct ug_copying *c,
                                  struct ug_node *const *roots, int n_roots)
{
    struct finder f = start(arena, c, roots, n_roots);

    for (int i = 0; i < c->n; i++)
        if (c->old[i] && !f.waits_for[i])
            f.ready[f.n_ready++] = i;
    work_off(&f);
    ug_arena_free(f.own);
    return f.sets;
}
