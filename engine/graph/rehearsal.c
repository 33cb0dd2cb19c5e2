/* rehearsal.c -- goes through the calls in order and counts bytes that are alive. */
#include "engine/graph/rehearsal.h"

#include <string.h>

#include "engine/graph/node.h"

struct ug_rehearsal ug_rehearsal_new(struct ug_arena *arena, const struct ug_needs *needs,
                                     const struct ug_order *order)
{
    const size_t n = (size_t)needs->graph->n;
    struct ug_rehearsal r = {.needs = needs, .order = order};

    r.again = ug_arena_array(arena, n, sizeof *r.again);
    r.calls = ug_arena_array(arena, UG_N_COPIES * n, sizeof *r.calls);
    r.stack = ug_arena_array(arena, UG_N_COPIES * n, sizeof *r.stack);
    r.alive = ug_arena_array(arena, UG_N_COPIES * n + 2, sizeof *r.alive);
    r.bytes = ug_arena_array(arena, n, sizeof *r.bytes);
    r.scratch = ug_arena_array(arena, n, sizeof *r.scratch);
    r.is_home_goal = ug_arena_array(arena, n, sizeof *r.is_home_goal);
    r.at_home = ug_arena_array(arena, n, sizeof *r.at_home);
    for (int i = 0; i < needs->n_goals; i++)
        r.is_home_goal[needs->goals[i].node->id] |= needs->goals[i].home != NULL;
    for (size_t i = 0; i < n; i++)
        if (ug_is_call(needs, needs->graph->nodes[i])) {
            r.bytes[i] = (int64_t)ug_type_bytes(&needs->graph->nodes[i]->type);
            r.scratch[i] = (int64_t)ug_node_scratch(needs->graph->nodes[i]);
        }
    r.last_forward = ug_arena_array(arena, n, sizeof *r.last_forward);
    r.first_backward = ug_arena_array(arena, n, sizeof *r.first_backward);
    for (int copy = 0; copy < UG_N_COPIES; copy++) {
        r.made[copy] = ug_arena_array(arena, n, sizeof *r.made[copy]);
        r.last[copy] = ug_arena_array(arena, n, sizeof *r.last[copy]);
    }
    return r;
}

bool ug_reads_again(const struct ug_rehearsed *call)
{
    return call->node->backward || call->copy == UG_AGAIN;
}

/* Which copy of the value `source` holds a call reads. */
static enum ug_copy_of copy_read(const struct ug_rehearsal *r, const struct ug_rehearsed *call,
                                 const struct ug_node *source)
{
    return ug_reads_again(call) && r->again[source->id] ? UG_AGAIN : UG_FIRST;
}

/* ---- Calls ---- */

/* The first input that is yet to be made again, or NULL. */
static const struct ug_node *missing_input(const struct ug_rehearsal *r,
                                           const struct ug_rehearsed *call)
{
    for (int i = 0; i < call->node->n_in; i++) {
        const struct ug_node *source = ug_view_source(call->node->in[i]);

        if (copy_read(r, call, source) == UG_AGAIN && r->made[UG_AGAIN][source->id] == UG_NEVER)
            return source;
    }
    return NULL;
}

/* A call, and before it the repetitions that it waits for. */
static void add_call(struct ug_rehearsal *r, const struct ug_node *n)
{
    struct ug_rehearsed *stack = r->stack;
    int depth = 0;

    stack[depth++] = (struct ug_rehearsed){n, UG_FIRST};
    while (depth) {
        const struct ug_rehearsed *top = &stack[depth - 1];
        const struct ug_node *missing = missing_input(r, top);

        if (missing) {
            stack[depth++] = (struct ug_rehearsed){missing, UG_AGAIN};
            continue;
        }
        r->made[top->copy][top->node->id] = r->n;
        r->calls[r->n++] = *top;
        depth--;
    }
}

static void note_readers(struct ug_rehearsal *r)
{
    for (int c = 0; c < r->n; c++) {
        const struct ug_rehearsed *call = &r->calls[c];

        r->last[call->copy][call->node->id] = c;
        for (int i = 0; i < call->node->n_in; i++) {
            const struct ug_node *source = ug_view_source(call->node->in[i]);

            r->last[copy_read(r, call, source)][source->id] = c;
            if (!ug_reads_again(call))
                r->last_forward[source->id] = c;
            else if (r->first_backward[source->id] == UG_NEVER)
                r->first_backward[source->id] = c;
        }
    }
    for (int i = 0; i < r->needs->n_goals; i++) {
        const int id = ug_view_source(r->needs->goals[i].node)->id;

        r->last[UG_FIRST][id] = r->last_forward[id] = r->n;
    }
}

/* ---- Bytes ---- */

/* The input that the output may take the place of, for it is read for the last time; of several the
 * one that was there first, as place.c has it.  NULL: none. */
static const struct ug_node *taken_over(const struct ug_rehearsal *r, int c)
{
    const struct ug_rehearsed *call = &r->calls[c];
    const struct ug_node *n = call->node, *best = NULL;
    int made = c;

    for (int i = 0; i < n->n_in && i < (int)(8 * sizeof n->op->in_place); i++) {
        const struct ug_node *source = ug_view_source(n->in[i]);
        const enum ug_copy_of copy = copy_read(r, call, source);

        if (n->op->in_place >> i & 1 && !ug_is_leaf(source) && r->last[copy][source->id] == c &&
            r->bytes[source->id] == r->bytes[n->id] && r->made[copy][source->id] < made) {
            best = source;
            made = r->made[copy][source->id];
        }
    }
    return best;
}

/* What a gradient at home is made in place of lies there too: the first of its parts. */
static void find_homes(struct ug_rehearsal *r)
{
    memcpy(r->at_home, r->is_home_goal, (size_t)r->needs->graph->n * sizeof *r->at_home);
    for (int c = r->n - 1; c >= 0; c--) {
        const struct ug_node *part = r->at_home[r->calls[c].node->id] ? taken_over(r, c) : NULL;

        if (part)
            r->at_home[part->id] = true;
    }
}

static void add_alive(struct ug_rehearsal *r, int from, int to, int64_t bytes)
{
    r->alive[from] += bytes;
    r->alive[to + 1] -= bytes;
}

/* Changes at each call first, then what they add up to. */
static void count_bytes(struct ug_rehearsal *r)
{
    int64_t alive = 0;

    memset(r->alive, 0, ((size_t)r->n + 2) * sizeof *r->alive);
    for (int c = 0; c < r->n; c++) {
        const struct ug_rehearsed *call = &r->calls[c];
        const struct ug_node *n = call->node;
        const int last = r->last[call->copy][n->id];

        add_alive(r, c, c, r->scratch[n->id]);
        if (r->at_home[n->id])
            continue;
        add_alive(r, c, last, r->bytes[n->id]);
        if (taken_over(r, c))
            add_alive(r, c, c, -r->bytes[n->id]);
    }
    r->peak = 0;
    for (int c = 0; c < r->n; c++) {
        alive += r->alive[c];
        r->alive[c] = alive;
        if (alive > r->alive[r->peak])
            r->peak = c;
    }
}

void ug_rehearse(struct ug_rehearsal *r)
{
    const int n = r->needs->graph->n;

    for (int i = 0; i < n; i++) {
        r->made[UG_FIRST][i] = r->made[UG_AGAIN][i] = UG_NEVER;
        r->last[UG_FIRST][i] = r->last[UG_AGAIN][i] = UG_NEVER;
        r->last_forward[i] = r->first_backward[i] = UG_NEVER;
    }
    r->n = 0;
    for (int i = 0; i < r->order->n; i++)
        add_call(r, r->order->nodes[i]);
    note_readers(r);
    find_homes(r);
    count_bytes(r);
}
