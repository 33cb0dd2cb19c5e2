/* plan_parts.h -- the parts of planning, between plan.c, order.c, accumulate.c, place.c,
 * savings.c and rehearsal.c only. */
#ifndef UG_PLAN_PARTS_H
#define UG_PLAN_PARTS_H

#include "engine/graph/plan.h"

/* What is to run when. */
struct ug_needs {
    const struct ug_graph *graph;
    const struct ug_goal *goals;
    int n_goals, n_phases;
    int *phase; /* by node id; UG_NOT_NEEDED for nodes that no goal needs */
};
enum { UG_NOT_NEEDED = -1 };

/* `phase` is taken from the arena. */
struct ug_needs ug_needs_of(struct ug_arena *arena, const struct ug_graph *g,
                            const struct ug_goal *goals, int n_goals, int n_phases);

/* Whether running the node is a call: it is needed, no leaf and no view. */
bool ug_is_call(const struct ug_needs *needs, const struct ug_node *n);
/* The node whose memory holds the value: the end of a chain of views. */
const struct ug_node *ug_view_source(const struct ug_node *n);

/* ---- order.c ---- */

enum ug_order_rule {
    UG_AS_WRITTEN,     /* in the order of making: forward in the order of the text, then backward */
    UG_BACKWARD_FIRST, /* a gradient as soon as it can be computed, so that what it needs can go */
    UG_FREEING_FIRST,  /* whatever frees most; the newest of equals */
    UG_N_ORDER_RULES
};

struct ug_order {
    const struct ug_node **nodes; /* the calls */
    int n;
    int *phase_end;
};

struct ug_order ug_order_calls(struct ug_arena *arena, const struct ug_needs *needs,
                               enum ug_order_rule rule);

/* ---- accumulate.c ---- */

/* Of the plan's calls, which are in order, takes out sums that the kernel of a term can add up. */
void ug_accumulate(struct ug_plan *plan, const struct ug_needs *needs);

/* ---- place.c ---- */

/* Fills calls, phase_end, copies, places and bytes of the plan, in its arena. */
void ug_place_values(struct ug_plan *plan, const struct ug_needs *needs,
                     const struct ug_order *order);

#endif
