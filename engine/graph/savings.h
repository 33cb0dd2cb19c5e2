/* savings.h -- what the backward pass could compute again instead of the step keeping it. */
#ifndef UG_SAVINGS_H
#define UG_SAVINGS_H

#include "engine/graph/plan.h"

/* A pass: copies for the backward pass of what it should compute again, so that about `target` bytes
 * of values are alive at the most, or as few as can be.  The goals are nodes of `g`,
 * and among the roots.  All values have the bits they had.  After ug_simplify, which would merge
 * the copies with what they are copies of. */
struct ug_graph *ug_save(const struct ug_graph *g, const struct ug_goal *goals, int n_goals,
                         int n_phases, size_t target, struct ug_node **roots, int n_roots);

#endif
