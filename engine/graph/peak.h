/* peak.h -- what a plan's arena holds when it holds most. */
#ifndef UG_PEAK_H
#define UG_PEAK_H

#include "engine/graph/plan.h"

struct ug_held {
    const struct ug_node *node;
    size_t bytes;
    bool scratch; /* what its kernel works in, not its value */
};

struct ug_peak {
    const struct ug_node *during; /* whose value is being computed; NULL: nothing is */
    size_t bytes;                 /* of all that is held; the arena may be larger, by gaps */
    struct ug_held *held;         /* the largest first */
    int n;
};

/* `held` is taken from the arena, nodes are the plan's. */
struct ug_peak ug_peak_of(struct ug_arena *arena, const struct ug_plan *plan);

#endif
