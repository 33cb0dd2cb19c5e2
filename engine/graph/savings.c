/* savings.c -- a step in less memory, for more time.
 *
 * The backward pass needs what the forward pass made, and while it waits for it, memory is full.
 * Any of these values can be dropped and computed again when it is needed, from something that is
 * still there (Griewank 1992; Chen et al. 2016, arXiv:1604.06174, who keep every so many layers of
 * a chain).  Here a graph is given, not a chain, and no layers: so values are dropped one by one.
 * At the moment when most is alive, each value that waits there for the backward pass has a price,
 * the seconds of the calls that would make it again from what is there, and a worth, the bytes
 * gained at that moment.  The best worth for the price is taken, the step is rehearsed, and so on
 * at its new fullest moment.
 */
#include "engine/graph/savings.h"

#include <stdlib.h>
#include <string.h>

#include "engine/graph/copy.h"
#include "engine/graph/node.h"
#include "engine/graph/rehearsal.h"

enum {
    LEAST_PART = 2000, /* values smaller than this part of the peak are not worth a choice */
    CANDIDATES = 12,   /* that are rehearsed before one of them is chosen */
    MUCH_SMALLER = 16  /* what is this much smaller than a value is kept to make it from */
};

/* A value that could be dropped. */
struct candidate {
    const struct ug_node *node;
    double worth;
};

struct search {
    const struct ug_graph *graph;
    struct ug_rehearsal r;
    int64_t target;
    bool *possible; /* by id: may be made again */
    bool *refused;  /* by id: dropping it has been tried, and made the peak no lower */
    bool *listed;   /* by id: in `list` */
    int *list;      /* of ids: what dropping one value takes */
    int n_list;
    struct candidate candidates[CANDIDATES];
    int n_candidates;
};

/* ---- What may be made again ---- */

/* Roughly, on one core: only which of two calls is cheaper matters. */
static double seconds_of(const struct ug_node *n)
{
    static const double flops_rate = 100e9, bytes_rate = 8e9;
    double bytes = (double)ug_type_bytes(&n->type);

    for (int i = 0; i < n->n_in; i++)
        bytes += (double)ug_type_bytes(&n->in[i]->type);
    return 1e-6 + (n->op->flops ? ug_node_flops(n) / flops_rate : 0) + bytes / bytes_rate;
}

/* States are updated once; a value that crosses phases is kept, for what it was made from may have
 * been updated in between. */
static void find_possible(struct search *s)
{
    const struct ug_needs *needs = s->r.needs;
    const struct ug_graph *g = needs->graph;

    for (int i = 0; i < g->n; i++) {
        const struct ug_node *n = g->nodes[i];

        s->possible[i] = ug_is_call(needs, n) && !n->backward && !n->op->state_input;
    }
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->nodes[i]->n_in && needs->phase[i] != UG_NOT_NEEDED; j++) {
            const struct ug_node *source = ug_view_source(g->nodes[i]->in[j]);

            if (needs->phase[source->id] != needs->phase[i])
                s->possible[source->id] = false;
        }
}

/* ---- One value ---- */

static bool is_alive(const struct ug_rehearsal *r, const struct ug_node *n, int moment)
{
    return r->made[UG_FIRST][n->id] <= moment && r->last[UG_FIRST][n->id] >= moment;
}

/* Lists the call that makes n again, and those that make what it needs of what will be gone. Adds
 * to *bytes what is to be kept longer for that.  False if it cannot be made again. */
static bool list_calls(struct search *s, const struct ug_node *n, int64_t *bytes)
{
    const struct ug_rehearsal *r = &s->r;
    const int moment = r->first_backward[n->id];
    const size_t small = ug_type_bytes(&n->type) / MUCH_SMALLER;
    bool fine = true;

    s->n_list = 0;
    s->list[s->n_list++] = n->id;
    s->listed[n->id] = true;
    for (int i = 0; i < s->n_list && fine; i++) {
        const struct ug_node *made = s->graph->nodes[s->list[i]];

        for (int j = 0; j < made->n_in && fine; j++) {
            const struct ug_node *in = ug_view_source(made->in[j]);

            if (ug_is_leaf(in) || r->again[in->id] || s->listed[in->id] || is_alive(r, in, moment))
                continue;
            if (ug_type_bytes(&in->type) <= small) {
                *bytes += is_alive(r, in, r->peak) ? 0 : (int64_t)ug_type_bytes(&in->type);
            } else {
                fine = s->possible[in->id];
                s->listed[in->id] = true;
                s->list[s->n_list++] = in->id;
            }
        }
    }
    for (int i = 0; i < s->n_list; i++)
        s->listed[s->list[i]] = false;
    return fine;
}

/* Whether the value of n lies at the peak for the backward pass only. */
static bool is_waiting(const struct search *s, const struct ug_node *n)
{
    const struct ug_rehearsal *r = &s->r;

    return s->possible[n->id] && !r->again[n->id] && !s->refused[n->id] &&
           r->made[UG_FIRST][n->id] < r->peak && r->last_forward[n->id] < r->peak &&
           r->first_backward[n->id] > r->peak &&
           (int64_t)ug_type_bytes(&n->type) > r->alive[r->peak] / LEAST_PART;
}

/* Bytes gained at the peak for a second of computing again; 0: none. */
static double worth_of(struct search *s, const struct ug_node *n)
{
    int64_t kept = 0;
    double seconds = 0;

    if (!is_waiting(s, n) || !list_calls(s, n, &kept) || kept >= (int64_t)ug_type_bytes(&n->type))
        return 0;
    for (int i = 0; i < s->n_list; i++)
        seconds += seconds_of(s->graph->nodes[s->list[i]]);
    return (double)((int64_t)ug_type_bytes(&n->type) - kept) / seconds;
}

/* ---- Choosing ---- */

static void list_candidate(struct search *s, struct candidate c)
{
    int at = s->n_candidates;

    if (at < CANDIDATES)
        s->n_candidates++;
    else if (s->candidates[at = CANDIDATES - 1].worth >= c.worth)
        return;
    for (; at > 0 && s->candidates[at - 1].worth < c.worth; at--)
        s->candidates[at] = s->candidates[at - 1];
    s->candidates[at] = c;
}

/* Those of most worth, best first. */
static void find_candidates(struct search *s)
{
    s->n_candidates = 0;
    for (int i = 0; i < s->graph->n; i++) {
        const struct candidate c = {s->graph->nodes[i], worth_of(s, s->graph->nodes[i])};

        if (c.worth > 0)
            list_candidate(s, c);
    }
}

/* How much too much is alive, and for how many calls. */
static double excess(const struct ug_rehearsal *r, int64_t target)
{
    double sum = 0;

    for (int c = 0; c < r->n; c++)
        sum += r->alive[c] > target ? (double)(r->alive[c] - target) : 0;
    return sum;
}

/* Drops what is listed, or takes it back; the seconds that it costs. */
static double set_dropped(struct search *s, bool dropped)
{
    double seconds = 0;

    for (int i = 0; i < s->n_list; i++) {
        s->r.again[s->list[i]] = dropped;
        seconds += seconds_of(s->graph->nodes[s->list[i]]);
    }
    return seconds;
}

/* How much less is alive too much without n, for a second of computing again. */
static double rehearse_without(struct search *s, const struct ug_node *n, double before)
{
    int64_t kept = 0;
    double seconds, after;

    list_calls(s, n, &kept);
    seconds = set_dropped(s, true);
    ug_rehearse(&s->r);
    after = excess(&s->r, s->target);
    set_dropped(s, false);
    ug_rehearse(&s->r);
    return (before - after) / seconds;
}

/* Drops the candidate that helps most; what does not help at all is not tried again. */
static void drop_best(struct search *s)
{
    const double before = excess(&s->r, s->target);
    const struct ug_node *best = NULL;
    double best_gain = 0;
    int64_t kept = 0;

    for (int i = 0; i < s->n_candidates; i++) {
        const double gain = rehearse_without(s, s->candidates[i].node, before);

        if (gain > best_gain) {
            best = s->candidates[i].node;
            best_gain = gain;
        } else if (gain <= 0) {
            s->refused[s->candidates[i].node->id] = true;
        }
    }
    if (!best)
        return;
    list_calls(s, best, &kept);
    set_dropped(s, true);
    ug_rehearse(&s->r);
}

static void search(struct ug_arena *own, struct search *s)
{
    const size_t n = (size_t)s->graph->n;

    s->possible = ug_arena_array(own, n, sizeof *s->possible);
    s->refused = ug_arena_array(own, n, sizeof *s->refused);
    s->listed = ug_arena_array(own, n, sizeof *s->listed);
    s->list = ug_arena_array(own, n, sizeof *s->list);
    find_possible(s);
    while (s->r.n && s->r.alive[s->r.peak] > s->target) {
        find_candidates(s);
        if (!s->n_candidates)
            break;
        drop_best(s);
    }
}

/* The calls in the order that needs least memory as long as nothing is computed again. */
static struct ug_rehearsal first_rehearsal(struct ug_arena *own, const struct ug_needs *needs)
{
    struct ug_rehearsal best = {0};

    for (int rule = 0; rule < UG_N_ORDER_RULES; rule++) {
        struct ug_order *order = ug_arena_alloc(own, sizeof *order);
        struct ug_rehearsal r;

        *order = ug_order_calls(own, needs, (enum ug_order_rule)rule);
        r = ug_rehearsal_new(own, needs, order);
        ug_rehearse(&r);
        if (!rule || r.alive[r.peak] < best.alive[best.peak])
            best = r;
    }
    return best;
}

/* ---- The pass ---- */

struct taking {
    struct ug_copying c;
    struct ug_graph *into;
    bool *again;             /* by id */
    struct ug_node **copies; /* by id: what the backward pass reads */
};

/* A copy of n that reads what is made again. */
static struct ug_node *copy_backward(struct taking *t, const struct ug_node *n,
                                     const struct ug_node *like)
{
    struct ug_node **in = ug_xcalloc((size_t)n->n_in, sizeof(*in)), *copy;

    for (int i = 0; i < n->n_in; i++)
        in[i] = t->again[n->in[i]->id] ? t->copies[n->in[i]->id] : t->c.map[n->in[i]->id];
    copy = ug_copying_copy_with(t->into, like, in);
    free(in);
    return copy;
}

static void copy_node(struct taking *t, const struct ug_node *n)
{
    struct ug_node like = *n;

    if (n->op->is_view && t->again[n->in[0]->id])
        t->again[n->id] = true;
    t->c.map[n->id] = n->backward ? copy_backward(t, n, n) : ug_copying_copy(&t->c, t->into, n);
    if (!t->again[n->id])
        return;
    like.backward = true;
    like.recomputed = !n->op->is_view;
    t->copies[n->id] = copy_backward(t, n, &like);
}

static struct ug_graph *take(const struct search *s, struct ug_node **roots, int n_roots)
{
    struct taking t = {.c = ug_copying_start(roots, n_roots),
                       .into = ug_graph_new(s->graph->params)};
    struct ug_graph *into = t.into;

    t.again = ug_xcalloc((size_t)s->graph->n, sizeof *t.again);
    t.copies = ug_xcalloc((size_t)s->graph->n, sizeof(*t.copies));
    memcpy(t.again, s->r.again, (size_t)s->graph->n * sizeof *t.again);
    for (int i = 0; i < t.c.n; i++)
        if (t.c.old[i])
            copy_node(&t, t.c.old[i]);
    ug_copying_end(&t.c, roots, n_roots);
    free(t.again);
    free(t.copies);
    return into;
}

struct ug_graph *ug_save(const struct ug_graph *g, const struct ug_goal *goals, int n_goals,
                         int n_phases, size_t target, struct ug_node **roots, int n_roots)
{
    struct ug_arena *own = ug_arena_new();
    const struct ug_needs needs = ug_needs_of(own, g, goals, n_goals, n_phases);
    struct search s = {.graph = g, .r = first_rehearsal(own, &needs), .target = (int64_t)target};
    struct ug_graph *lean;

    search(own, &s);
    lean = take(&s, roots, n_roots);
    ug_arena_free(own);
    return lean;
}
