/* plan.h -- an order of kernels and an offset in one arena for every value.
 *
 * A plan has phases that run one after the other: an optimizer updates its parameters between two of them.
 * A value that an earlier phase computed is kept for later ones.
 */
#ifndef UG_PLAN_H
#define UG_PLAN_H

#include "engine/graph/graph.h"

struct ug_goal {
    struct ug_node *node;
    int phase;              /* it must be there when this phase has run */
    void *home;             /* where to write it (a gradient's block); NULL: in the arena, kept to the end */
};

struct ug_place {
    enum { UG_NO_PLACE, UG_IN_ARENA, UG_AT_HOME, UG_OF_INPUT, UG_OF_PARAM, UG_OF_CONSTANT, UG_OF_COUNTER } kind;
    size_t offset;          /* in the arena; for a constant, in the plan's constants */
    void *home;
};

struct ug_kernel_call {
    const struct ug_node *node;
    size_t scratch;         /* offset in the arena */
};

struct ug_plan {
    struct ug_arena *arena;           /* of this description, not of values */
    const struct ug_graph *graph;
    struct ug_kernel_call *calls;     /* in the order of running */
    int n_calls;
    int *phase_end;                   /* calls[0 … phase_end[0]) are phase 0, … */
    int n_phases;
    struct ug_place *places;          /* by node id */
    size_t bytes;                     /* of the arena: the peak */
    double flops;
};

struct ug_plan *ug_plan_new(const struct ug_graph *g, const struct ug_goal *goals, int n_goals, int n_phases);
void ug_plan_free(struct ug_plan *p);

#endif
