/* order.c -- an order of calls that keeps few values alive at once.
 *
 * List scheduling: of the calls whose inputs are there, a rule picks the next.  Some calls are not
 * picked, but run just before their first user, because they could run long before and would then
 * wait with their values in memory: those that depend on no input of the graph (transformed
 * weights, random draws, constants of a shape), and copies for the backward pass.
 */
#include <stdlib.h>

#include "engine/graph/plan_parts.h"

struct scheduler {
    const struct ug_needs *needs;
    enum ug_order_rule rule;
    bool *on_demand; /* by id: runs just before its first user */
    bool *queued;    /* by id: its inputs are there, and its users or `ready` know */
    bool *done;      /* by id: it ran; of a view, that what it views did */
    bool *has_home;  /* by id: a goal that is not written to the arena */
    int *waits_for;  /* by id: inputs that are not there yet, each mention counted */
    int *uses_left;  /* by id of what holds a value: mentions by calls to come; a goal counts one */
    int **users;     /* by id: the ids of calls and views that mention it */
    int *n_users;
    int *ready; /* ids of calls to pick from */
    int n_ready;
    int *news; /* ids of nodes whose users are to be told */
    int n_news;
    struct ug_order *order;
};

static bool is_needed(const struct scheduler *s, const struct ug_node *n)
{
    return s->needs->phase[n->id] != UG_NOT_NEEDED;
}

static bool runs_on_demand(const struct scheduler *s, const struct ug_node *n)
{
    if (n->recomputed || n->op == &ug_op_input)
        return n->recomputed;
    for (int i = 0; i < n->n_in; i++)
        if (!s->on_demand[n->in[i]->id])
            return false;
    return true;
}

static void link_users(struct ug_arena *arena, struct scheduler *s)
{
    const struct ug_graph *g = s->needs->graph;
    int mentions = 0, *pool;

    for (int i = 0; i < g->n; i++)
        for (int j = 0; is_needed(s, g->nodes[i]) && j < g->nodes[i]->n_in; j++) {
            s->n_users[g->nodes[i]->in[j]->id]++;
            mentions++;
        }
    pool = ug_arena_array(arena, (size_t)mentions, sizeof *pool);
    for (int i = 0; i < g->n; i++) {
        s->users[i] = pool;
        pool += s->n_users[i];
        s->n_users[i] = 0;
    }
    for (int i = 0; i < g->n; i++)
        for (int j = 0; is_needed(s, g->nodes[i]) && j < g->nodes[i]->n_in; j++) {
            const int in = g->nodes[i]->in[j]->id;

            s->users[in][s->n_users[in]++] = i;
        }
}

static void start(struct ug_arena *arena, struct scheduler *s)
{
    const struct ug_graph *g = s->needs->graph;
    const size_t n = (size_t)g->n;

    s->on_demand = ug_arena_array(arena, n, sizeof *s->on_demand);
    s->done = ug_arena_array(arena, n, sizeof *s->done);
    s->queued = ug_arena_array(arena, n, sizeof *s->queued);
    s->has_home = ug_arena_array(arena, n, sizeof *s->has_home);
    s->waits_for = ug_arena_array(arena, n, sizeof *s->waits_for);
    s->uses_left = ug_arena_array(arena, n, sizeof *s->uses_left);
    s->users = ug_arena_array(arena, n, sizeof *s->users);
    s->n_users = ug_arena_array(arena, n, sizeof *s->n_users);
    s->ready = ug_arena_array(arena, n, sizeof *s->ready);
    s->news = ug_arena_array(arena, n, sizeof *s->news);
    link_users(arena, s);
    for (int i = 0; i < g->n; i++) {
        const struct ug_node *node = g->nodes[i];

        s->on_demand[i] = runs_on_demand(s, node);
        s->waits_for[i] = node->n_in;
        for (int j = 0; j < node->n_in && ug_is_call(s->needs, node); j++)
            s->uses_left[ug_view_source(node->in[j])->id]++;
    }
    for (int i = 0; i < s->needs->n_goals; i++) {
        const struct ug_goal *goal = &s->needs->goals[i];

        s->uses_left[ug_view_source(goal->node)->id]++;
        s->has_home[goal->node->id] |= goal->home != NULL;
    }
}

/* Bytes that running a node adds to what is alive (less than zero: it frees). */
static int64_t net_bytes(const struct scheduler *s, const struct ug_node *n)
{
    int64_t net = s->has_home[n->id] ? 0 : (int64_t)ug_type_bytes(&n->type);

    for (int i = 0; i < n->n_in; i++) {
        const struct ug_node *source = ug_view_source(n->in[i]);
        int mentions = 0, earlier = 0;

        for (int j = 0; j < n->n_in; j++)
            if (ug_view_source(n->in[j]) == source) {
                mentions++;
                earlier += j < i;
            }
        if (!earlier && !ug_is_leaf(source) && s->uses_left[source->id] == mentions)
            net -= (int64_t)ug_type_bytes(&source->type);
    }
    return net;
}

struct score {
    int64_t key[3]; /* the least, compared in order, goes first */
};

static struct score score_of(const struct scheduler *s, const struct ug_node *n)
{
    switch (s->rule) {
    case UG_BACKWARD_FIRST: {
        const int64_t net = n->backward ? net_bytes(s, n) : 0;

        return (struct score){{!n->backward, net < 0 ? net : 0, n->id}};
    }
    case UG_FREEING_FIRST: {
        const int64_t net = net_bytes(s, n);

        return (struct score){{net <= 0 ? net : 1, net <= 0 ? 0 : !n->backward, n->id}};
    }
    default:
        return (struct score){{n->id, 0, 0}};
    }
}

static bool goes_before(struct score a, struct score b)
{
    for (int i = 0; i < 3; i++)
        if (a.key[i] != b.key[i])
            return a.key[i] < b.key[i];
    return false;
}

static const struct ug_node *take_next(struct scheduler *s)
{
    const struct ug_graph *g = s->needs->graph;
    struct score best_score = {{0}};
    int best = -1, id;

    for (int i = 0; i < s->n_ready; i++) {
        const struct score score = score_of(s, g->nodes[s->ready[i]]);

        if (best < 0 || goes_before(score, best_score)) {
            best = i;
            best_score = score;
        }
    }
    id = s->ready[best];
    s->ready[best] = s->ready[--s->n_ready];
    return g->nodes[id];
}

/* Takes no call of its own: its value is there when its inputs are, or is made when it is used. */
static bool is_transparent(const struct scheduler *s, const struct ug_node *n)
{
    return n->op->is_view || ug_is_leaf(n) || s->on_demand[n->id];
}

/* A node all whose inputs are there.  One of a later phase waits for that phase. */
static void settle(struct scheduler *s, const struct ug_node *n, int phase)
{
    if (s->needs->phase[n->id] > phase || s->queued[n->id])
        return;
    s->queued[n->id] = true;
    if (is_transparent(s, n))
        s->news[s->n_news++] = n->id;
    else
        s->ready[s->n_ready++] = n->id;
}

/* Each user of what is new waits for one input less. */
static void spread_news(struct scheduler *s, int phase)
{
    while (s->n_news) {
        const int id = s->news[--s->n_news];

        for (int i = 0; i < s->n_users[id]; i++)
            if (--s->waits_for[s->users[id][i]] == 0)
                settle(s, s->needs->graph->nodes[s->users[id][i]], phase);
    }
}

static void append(struct scheduler *s, const struct ug_node *n)
{
    s->order->nodes[s->order->n++] = n;
    for (int i = 0; i < n->n_in; i++)
        s->uses_left[ug_view_source(n->in[i])->id]--;
}

/* The first input that is still to run or, of a view, to look behind. */
static const struct ug_node *missing_input(const struct scheduler *s, const struct ug_node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (is_transparent(s, n->in[i]) && !ug_is_leaf(n->in[i]) && !s->done[n->in[i]->id])
            return n->in[i];
    return NULL;
}

/* Runs n, and before it what it needs of the calls that nobody picks; a stack instead of recursion.
 */
static void run_call(struct scheduler *s, const struct ug_node *n, const struct ug_node **stack)
{
    int depth = 0;

    stack[depth++] = n;
    while (depth) {
        const struct ug_node *top = stack[depth - 1], *missing = missing_input(s, top);

        if (missing) {
            stack[depth++] = missing;
            continue;
        }
        depth--;
        s->done[top->id] = true;
        if (ug_is_call(s->needs, top))
            append(s, top);
    }
}

static void run_phase(struct scheduler *s, int phase, const struct ug_node **stack)
{
    const struct ug_graph *g = s->needs->graph;

    for (int i = 0; i < g->n; i++)
        if (s->needs->phase[i] == phase && s->waits_for[i] == 0)
            settle(s, g->nodes[i], phase);
    spread_news(s, phase);
    while (s->n_ready) {
        const struct ug_node *next = take_next(s);

        run_call(s, next, stack);
        s->news[s->n_news++] = next->id;
        spread_news(s, phase);
    }
    for (int i = 0; i < g->n; i++) /* what only goals and later phases ask for */
        if (s->needs->phase[i] == phase && s->on_demand[i] && !s->done[i])
            run_call(s, g->nodes[i], stack);
}

struct ug_order ug_order_calls(struct ug_arena *arena, const struct ug_needs *needs,
                               enum ug_order_rule rule)
{
    const size_t n = (size_t)needs->graph->n;
    struct ug_arena *own = ug_arena_new();
    struct ug_order order = {.nodes = ug_arena_array(arena, n, sizeof *order.nodes),
                             .phase_end =
                                 ug_arena_array(arena, (size_t)needs->n_phases, sizeof(int))};
    struct scheduler s = {.needs = needs, .rule = rule, .order = &order};
    const struct ug_node **stack = ug_arena_array(own, n, sizeof *stack);

    start(own, &s);
    for (int phase = 0; phase < needs->n_phases; phase++) {
        run_phase(&s, phase, stack);
        order.phase_end[phase] = order.n;
    }
    ug_arena_free(own);
    return order;
}
