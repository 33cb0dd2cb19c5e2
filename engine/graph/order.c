/* order.c -- an order of calls that keeps few values alive at once.
 *
 * List scheduling: of the calls whose inputs are there, a rule picks the next.  Calls that depend
 * on no input (transformed weights, random draws, constants of a shape) could all run at once and
 * would then wait with their values in memory: they are not picked, but run just before their first
 * user.
 */
#include <stdlib.h>

#include "engine/graph/plan_parts.h"

struct scheduler {
    const struct ug_needs *needs;
    enum ug_order_rule rule;
    bool *on_demand; /* by id: depends on no input */
    bool *done;      /* by id */
    bool *queued;    /* by id: is or was ready */
    bool *has_home;  /* by id: a goal that is not written to the arena */
    int *waits_for;  /* by id: inputs that are not there yet, each mention counted */
    int *uses_left;  /* by id of what holds a value: mentions by calls to come; a goal counts one */
    int **users;     /* by id: the ids of calls and views that mention it */
    int *n_users;
    int *ready; /* ids */
    int n_ready;
    struct ug_order *order;
};

static bool is_needed(const struct scheduler *s, const struct ug_node *n)
{
    return s->needs->phase[n->id] != UG_NOT_NEEDED;
}

/* Depends on parameters and constants only. */
static bool runs_on_demand(const struct scheduler *s, const struct ug_node *n)
{
    if (n->op == &ug_op_input)
        return false;
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
    link_users(arena, s);
    for (int i = 0; i < g->n; i++) {
        const struct ug_node *node = g->nodes[i];

        s->on_demand[i] = runs_on_demand(s, node);
        for (int j = 0; j < node->n_in; j++) {
            if (!s->on_demand[node->in[j]->id])
                s->waits_for[i]++;
            if (ug_is_call(s->needs, node))
                s->uses_left[ug_view_source(node->in[j])->id]++;
        }
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

static void add_ready(struct scheduler *s, const struct ug_node *n, int phase);

/* The node's value is there: its users wait for one input less. */
static void announce(struct scheduler *s, const struct ug_node *n, int phase)
{
    s->done[n->id] = true;
    for (int i = 0; i < s->n_users[n->id]; i++) {
        const struct ug_node *user = s->needs->graph->nodes[s->users[n->id][i]];

        if (!s->on_demand[user->id] && --s->waits_for[user->id] == 0)
            add_ready(s, user, phase);
    }
}

/* A node all whose inputs are there.  One of a later phase waits for that phase; a view costs
 * nothing. */
static void add_ready(struct scheduler *s, const struct ug_node *n, int phase)
{
    if (s->needs->phase[n->id] > phase || s->queued[n->id])
        return;
    s->queued[n->id] = true;
    if (n->op->is_view || ug_is_leaf(n))
        announce(s, n, phase);
    else
        s->ready[s->n_ready++] = n->id;
}

static void append(struct scheduler *s, const struct ug_node *n)
{
    s->order->nodes[s->order->n++] = n;
    for (int i = 0; i < n->n_in; i++)
        s->uses_left[ug_view_source(n->in[i])->id]--;
}

/* Runs what `n` needs of the nodes that nobody picks, inputs first; a stack instead of recursion.
 */
static void run_on_demand(struct scheduler *s, const struct ug_node *n,
                          const struct ug_node **stack)
{
    int depth = 0;

    stack[depth++] = n;
    while (depth) {
        const struct ug_node *top = stack[depth - 1];
        const struct ug_node *missing = NULL;

        for (int i = 0; i < top->n_in && !missing; i++)
            if (s->on_demand[top->in[i]->id] && !s->done[top->in[i]->id])
                missing = top->in[i];
        if (missing) {
            stack[depth++] = missing;
            continue;
        }
        depth--;
        if (top == n)
            return;
        s->done[top->id] = true;
        if (ug_is_call(s->needs, top))
            append(s, top);
    }
}

static void run_phase(struct scheduler *s, int phase, const struct ug_node **stack)
{
    const struct ug_graph *g = s->needs->graph;

    for (int i = 0; i < g->n; i++)
        if (is_needed(s, g->nodes[i]) && !s->on_demand[i] && s->waits_for[i] == 0 &&
            s->needs->phase[i] == phase)
            add_ready(s, g->nodes[i], phase);
    while (s->n_ready) {
        const struct ug_node *next = take_next(s);

        run_on_demand(s, next, stack);
        append(s, next);
        announce(s, next, phase);
    }
    for (int i = 0; i < g->n; i++) /* what only goals ask for, and no call of this phase */
        if (is_needed(s, g->nodes[i]) && s->on_demand[i] && s->needs->phase[i] == phase &&
            !s->done[i]) {
            run_on_demand(s, g->nodes[i], stack);
            s->done[i] = true;
            if (ug_is_call(s->needs, g->nodes[i]))
                append(s, g->nodes[i]);
        }
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
