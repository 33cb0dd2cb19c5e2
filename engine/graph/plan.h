/* plan.h -- an order of kernels and an offset in one arena for every value.
 *
 * A plan has phases that run one after the other: an optimizer updates its parameters between two
 * of them. A value that an earlier phase computed is kept for later ones.
 */
#ifndef UG_PLAN_H
#define UG_PLAN_H

#include "engine/graph/graph.h"

/* A value that must be there when a phase has run. */
struct ug_goal {
    struct ug_node *node;
    int phase;
    void *home; /* where to write it (a gradient's block); NULL: in the arena, kept to the end */
    const struct ug_param *updates; /* what a gradient changes at the phase's end; or NULL */
};

enum ug_place_kind {
    UG_NO_PLACE, /* nothing needs it */
    UG_IN_ARENA, /* at `offset` */
    UG_AT_HOME,  /* at `home` */
    UG_OF_INPUT, /* a view: where its input lies */
    UG_OF_LEAF   /* outside: bound, in the store, a constant, a counter */
};

struct ug_place {
    enum ug_place_kind kind;
    size_t offset; /* in the arena */
    void *home;
    int first, last; /* in the arena: from the call that makes it to the last that reads it, or to
                        the one before its place is taken over */
};

struct ug_kernel_call {
    const struct ug_node *node;
    const struct ug_node *sum; /* not NULL: the kernel adds node's value to one that is there, */
    const struct ug_node *added_to; /* and what the call makes is the sum of both */
    size_t scratch;                 /* offset in the arena */
    size_t scratch_bytes;
};

/* The node whose value the call makes. */
const struct ug_node *ug_call_result(const struct ug_kernel_call *call);
/* Its multiplications and additions, the sum's included. */
double ug_call_flops(const struct ug_kernel_call *call);

/* A goal whose value cannot be made where it is wanted: a leaf, a view, a second home. */
struct ug_copy {
    const struct ug_node *node;
    void *home;
    int phase; /* at its end */
};

struct ug_plan {
    struct ug_arena *arena;       /* of this description, not of values */
    const struct ug_graph *graph; /* borrowed */
    struct ug_kernel_call *calls; /* in the order of running */
    int n_calls;
    int *phase_end; /* calls[0 … phase_end[0]) are phase 0, … */
    int n_phases;
    struct ug_copy *copies;
    int n_copies;
    struct ug_place *places; /* by node id */
    size_t bytes;            /* of the arena: the peak */
    double flops;            /* of all phases */
};

/* The first call of a phase. */
int ug_phase_start(const struct ug_plan *p, int phase);

/* Nodes that no goal needs are left out.  A node runs in the first phase that needs it; one that
 * reads a parameter after k updates (ug_param_attrs.version) not before phase k, and one that reads
 * it before an update (ug_goal.updates) not after that goal's phase. */
struct ug_plan *ug_plan_new(const struct ug_graph *g, const struct ug_goal *goals, int n_goals,
                            int n_phases);
void ug_plan_free(struct ug_plan *p); /* NULL is fine */

#endif
