/* peak.c -- adds up what lies in the arena call by call, and lists it where that is most. */
#include "engine/graph/peak.h"

#include <stdlib.h>

/* The call during which most is held. */
static int find_call(struct ug_arena *arena, const struct ug_plan *plan, size_t *most)
{
    /* Bytes that come with call c, less those that have gone since the one before. */
    int64_t *change = ug_arena_array(arena, (size_t)plan->n_calls + 2, sizeof *change), held = 0;
    int best = 0;

    for (int i = 0; i < plan->graph->n; i++) {
        const struct ug_place *place = &plan->places[i];
        const int64_t bytes = (int64_t)ug_type_bytes(&plan->graph->nodes[i]->type);

        if (place->kind != UG_IN_ARENA)
            continue;
        change[place->first] += bytes;
        change[place->last + 1] -= bytes;
    }
    *most = 0;
    for (int c = 0; c < plan->n_calls; c++) {
        held += change[c];
        const size_t now = (size_t)held + plan->calls[c].scratch_bytes;

        if (now > *most) {
            *most = now;
            best = c;
        }
    }
    return best;
}

static int largest_first(const void *a, const void *b)
{
    const struct ug_held *x = a, *y = b;

    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->node->id - y->node->id;
}

struct ug_peak ug_peak_of(struct ug_arena *arena, const struct ug_plan *plan)
{
    struct ug_peak peak = {0};
    int capacity = 0;

    if (!plan->n_calls)
        return peak;
    const int c = find_call(arena, plan, &peak.bytes);
    const struct ug_kernel_call *call = &plan->calls[c];
    peak.during = call->node;
    for (int i = 0; i < plan->graph->n; i++) {
        const struct ug_place *place = &plan->places[i];
        const struct ug_node *n = plan->graph->nodes[i];

        if (place->kind == UG_IN_ARENA && place->first <= c && c <= place->last)
            UG_PUSH(arena, peak.held, peak.n, capacity,
                    ((struct ug_held){.node = n, .bytes = ug_type_bytes(&n->type)}));
    }
    if (call->scratch_bytes)
        UG_PUSH(arena, peak.held, peak.n, capacity,
                ((struct ug_held){call->node, call->scratch_bytes, true}));
    qsort(peak.held, (size_t)peak.n, sizeof *peak.held, largest_first);
    return peak;
}
