/* place.c -- where every value lies.
 *
 * A buffer is a stretch of the arena over a stretch of time: from the call that writes it to the
 * last that reads it, through views and through values computed in its place.  Where the last of
 * these has a home (the sum of a gradient's parts), all of them lie there.  Buffers that overlap in
 * time must not overlap in the arena.  They are laid down largest first, each into the smallest gap
 * that holds it among those it meets in time (Pisarchyk, Lee: "Efficient memory management for deep
 * neural net inference", 2020, greedy by size).
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/graph/node.h"
#include "engine/graph/plan_parts.h"
#include "engine/graph/shelf.h"

enum { ALIGNMENT = 64, NO_BUFFER = -1 };

struct placer {
    struct ug_plan *plan;
    const struct ug_needs *needs;
    struct ug_arena *arena; /* for the time of placing */
    struct ug_buffer *buffers;
    int n, capacity;
    int *buffer_of;  /* by node id, of what holds a value; NO_BUFFER: not in the arena */
    int *last_use;   /* by node id, of what holds a value: a call; n_calls = kept */
    int *call_phase; /* by call */
};

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void add_buffer(struct placer *p, size_t bytes, int first, int last, int *index)
{
    const struct ug_buffer buffer = {.bytes = round_up(bytes), .first = first, .last = last};

    *index = p->n;
    UG_PUSH(p->arena, p->buffers, p->n, p->capacity, buffer);
}

/* ---- Calls, homes, copies ---- */

static void list_calls(struct placer *p, const struct ug_order *order)
{
    struct ug_plan *plan = p->plan;

    plan->calls = ug_arena_array(plan->arena, (size_t)order->n, sizeof *plan->calls);
    p->call_phase = ug_arena_array(p->arena, (size_t)order->n, sizeof *p->call_phase);
    plan->n_calls = order->n;
    plan->phase_end = order->phase_end;
    for (int c = 0; c < order->n; c++)
        plan->calls[c].node = order->nodes[c];
    ug_accumulate(plan, p->needs);
    for (int phase = 0, c = 0; phase < plan->n_phases; phase++)
        for (; c < plan->phase_end[phase]; c++)
            p->call_phase[c] = phase;
}

static void settle_homes(struct placer *p)
{
    const struct ug_needs *needs = p->needs;
    struct ug_plan *plan = p->plan;
    int capacity = 0;

    for (int i = 0; i < needs->n_goals; i++) {
        const struct ug_goal *goal = &needs->goals[i];
        struct ug_place *place = &plan->places[goal->node->id];
        const struct ug_copy copy = {goal->node, goal->home, goal->phase};

        if (!goal->home)
            continue;
        if (ug_is_call(needs, goal->node) && place->kind == UG_NO_PLACE)
            *place = (struct ug_place){.kind = UG_AT_HOME, .home = goal->home};
        else
            UG_PUSH(plan->arena, plan->copies, plan->n_copies, capacity, copy);
    }
}

/* ---- Lifetimes ---- */

/* A value that a phase takes over from an earlier one outlives it: then the phase can run twice. */
static int end_of_use(const struct placer *p, int call, int made)
{
    const int phase = p->call_phase[call];

    return p->call_phase[made] == phase ? call : p->plan->phase_end[phase];
}

static void note_use(struct placer *p, int c, const struct ug_node *n, const int *made)
{
    const struct ug_node *source = ug_view_source(n);
    const int end = ug_is_leaf(source) ? 0 : end_of_use(p, c, made[source->id]);

    if (end > p->last_use[source->id])
        p->last_use[source->id] = end;
}

static void find_last_uses(struct placer *p)
{
    const struct ug_plan *plan = p->plan;
    int *made = ug_arena_array(p->arena, (size_t)plan->graph->n, sizeof *made);

    for (int c = 0; c < plan->n_calls; c++) {
        const struct ug_kernel_call *call = &plan->calls[c];
        const int id = ug_call_result(call)->id;

        made[id] = p->last_use[id] = c;
        for (int i = 0; i < call->node->n_in; i++)
            note_use(p, c, call->node->in[i], made);
        if (call->sum)
            note_use(p, c, call->added_to, made);
    }
    for (int i = 0; i < p->needs->n_goals; i++)
        p->last_use[ug_view_source(p->needs->goals[i].node)->id] = plan->n_calls;
}

/* The buffer that the output of call c takes over: of what it is added to, or else of an input that
 * it may overwrite; NO_BUFFER if there is none.  Of several, the one that waits longest: if the sum
 * of a gradient's parts has a home, it waits there. */
static int buffer_to_reuse(const struct placer *p, int c)
{
    const struct ug_kernel_call *call = &p->plan->calls[c];
    const struct ug_node *n = call->node;
    int best = NO_BUFFER;

    if (call->sum)
        return p->buffer_of[call->added_to->id];
    for (int i = 0; i < n->n_in && i < (int)(8 * sizeof n->op->in_place); i++) {
        const struct ug_node *source = ug_view_source(n->in[i]);
        bool alone = true;

        if (!(n->op->in_place >> i & 1) || p->buffer_of[source->id] == NO_BUFFER ||
            p->buffers[p->buffer_of[source->id]].last != c ||
            !ug_type_equal(&n->in[i]->type, &n->type) ||
            ug_type_bytes(&source->type) != ug_type_bytes(&n->type)) /* a view of a part */
            continue;
        for (int j = 0; j < n->n_in && !n->op->map; j++)
            alone &= j == i || ug_view_source(n->in[j]) != source;
        if (alone && (best == NO_BUFFER ||
                      p->buffers[p->buffer_of[source->id]].first < p->buffers[best].first))
            best = p->buffer_of[source->id];
    }
    return best;
}

static void give_scratch(struct placer *p, int c, int *scratch)
{
    struct ug_kernel_call *call = &p->plan->calls[c];

    *scratch = NO_BUFFER;
    call->scratch_bytes = ug_node_scratch(call->node);
    if (call->scratch_bytes)
        add_buffer(p, call->scratch_bytes, c, c, scratch);
}

static void make_buffers(struct placer *p, int *scratch)
{
    const struct ug_plan *plan = p->plan;

    for (int i = 0; i < plan->graph->n; i++)
        p->buffer_of[i] = NO_BUFFER;
    for (int c = 0; c < plan->n_calls; c++) {
        const struct ug_node *n = ug_call_result(&plan->calls[c]);
        struct ug_place *place = &plan->places[n->id];
        int *buffer = &p->buffer_of[n->id];

        place->first = c;
        place->last = p->last_use[n->id];
        give_scratch(p, c, &scratch[c]);
        *buffer = buffer_to_reuse(p, c);
        if (*buffer == NO_BUFFER)
            add_buffer(p, ug_type_bytes(&n->type), c, place->last, buffer);
        else
            plan->places[p->buffers[*buffer].holder].last = c - 1;
        p->buffers[*buffer].last = place->last;
        p->buffers[*buffer].holder = n->id;
        if (place->kind == UG_AT_HOME)
            p->buffers[*buffer].home = place->home;
    }
}

/* ---- Offsets ---- */

static int compare_sizes(const void *a, const void *b)
{
    const struct ug_buffer *x = *(const struct ug_buffer *const *)a,
                           *y = *(const struct ug_buffer *const *)b;

    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x < y ? -1 : x > y; /* of equals, the earlier */
}

/* The smallest gap of `bytes` between extents; the end of the last one if there is none. */
static size_t find_gap(const struct ug_extents *taken, size_t bytes)
{
    size_t best = SIZE_MAX, best_gap = SIZE_MAX, top = 0;

    for (int i = 0; i < taken->n; i++) {
        const size_t gap = taken->items[i].from - top;

        if (gap >= bytes && gap > 0 && gap < best_gap) {
            best = top;
            best_gap = gap;
        }
        top = taken->items[i].to;
    }
    return best == SIZE_MAX ? top : best;
}

static void set_offsets(struct placer *p)
{
    struct ug_buffer **sorted = ug_arena_array(p->arena, (size_t)p->n, sizeof(*sorted));
    struct ug_shelf shelf = ug_shelf_new(p->arena, p->plan->n_calls);
    int n = 0;

    for (int i = 0; i < p->n; i++)
        if (!p->buffers[i].home)
            sorted[n++] = &p->buffers[i];
    qsort(sorted, (size_t)n, sizeof(*sorted), compare_sizes);
    for (int i = 0; i < n; i++) {
        struct ug_buffer *b = sorted[i];

        b->offset = find_gap(ug_shelf_find(&shelf, b), b->bytes);
        ug_shelf_add(&shelf, b);
        if (b->offset + b->bytes > p->plan->bytes)
            p->plan->bytes = b->offset + b->bytes;
    }
}

static void write_places(struct placer *p, const int *scratch)
{
    struct ug_plan *plan = p->plan;

    for (int i = 0; i < plan->graph->n; i++) {
        const struct ug_node *n = plan->graph->nodes[i];
        struct ug_place *place = &plan->places[i];

        if (p->needs->phase[i] == UG_NOT_NEEDED)
            continue;
        if (ug_is_leaf(n)) {
            place->kind = UG_OF_LEAF;
        } else if (n->op->is_view) {
            place->kind = UG_OF_INPUT;
        } else if (p->buffer_of[i] != NO_BUFFER) { /* else a term of a sum, which nobody sees */
            const struct ug_buffer *b = &p->buffers[p->buffer_of[i]];

            place->kind = b->home ? UG_AT_HOME : UG_IN_ARENA;
            place->offset = b->offset;
            place->home = b->home;
        }
    }
    for (int c = 0; c < plan->n_calls; c++)
        if (scratch[c] != NO_BUFFER)
            plan->calls[c].scratch = p->buffers[scratch[c]].offset;
}

void ug_place_values(struct ug_plan *plan, const struct ug_needs *needs,
                     const struct ug_order *order)
{
    const size_t n = (size_t)plan->graph->n;
    struct placer p = {.plan = plan, .needs = needs, .arena = ug_arena_new()};
    int *scratch = ug_arena_array(p.arena, (size_t)order->n, sizeof *scratch);

    p.buffer_of = ug_arena_array(p.arena, n, sizeof *p.buffer_of);
    p.last_use = ug_arena_array(p.arena, n, sizeof *p.last_use);
    plan->places = ug_arena_array(plan->arena, n, sizeof *plan->places);
    list_calls(&p, order);
    settle_homes(&p);
    find_last_uses(&p);
    make_buffers(&p, scratch);
    set_offsets(&p);
    write_places(&p, scratch);
    ug_arena_free(p.arena);
}
