/* passes.h -- from a graph as written to a graph that is run: each pass builds a new graph.
 *
 * `roots` are the nodes that must survive; each pass replaces them by their counterparts.
 */
#ifndef UG_PASSES_H
#define UG_PASSES_H

#include "engine/graph/build.h"

/* A copy of what `roots` need, with some nodes replaced (from[i] by to[i], which are in `into`). */
void ug_substitute(struct ug_graph *into, struct ug_node *const *from, struct ug_node *const *to,
                   int n, struct ug_node **roots, int n_roots);

/* Drops what no root needs; drops detach and identity; folds constants; x*1, x+0; views of views;
 * merges equal nodes (same op, attrs, inputs), except those that keep apart. */
struct ug_graph *ug_simplify(const struct ug_graph *g, struct ug_node **roots, int n_roots);

/* Chains updates of one state: of those that are needed, each reads what the one before it wrote
 * (op->state_input).  states[i].next become roots of the step. */
struct ug_state_link {
    struct ug_param *param;
    struct ug_node *next;
};
struct ug_graph *ug_chain_states(const struct ug_graph *g, struct ug_state_link *links, int *n_links,
                                 struct ug_node **roots, int n_roots);

#endif
