/* passes.h -- from a graph as written to a graph that is run: each pass builds a new graph.
 *
 * `roots` are the nodes that must survive (NULL ones are skipped); each pass replaces them by their
 * counterparts in the new graph.  The old graph stays as it was and may be freed.
 */
#ifndef UG_PASSES_H
#define UG_PASSES_H

#include "engine/graph/build.h"

/* Puts a copy of what `roots` need, with some nodes replaced (from[i] by to[i], which are in
 * `into`), into another graph, or into the same: then nodes that depend on nothing replaced stay as
 * they are. */
void ug_substitute(struct ug_graph *into, struct ug_node *const *from, struct ug_node *const *to,
                   int n, struct ug_node **roots, int n_roots);

/* Drops what no root needs and what changes nothing (detach, identity, views of views, what ops
 * know: x * 1); computes what depends on numbers only; lets elementwise ops broadcast what was
 * expanded for them; merges equal nodes (same op, attrs, inputs), but not those
 * of calls with state at two places.  Values stay the same to the last bit, but for the sign of a
 * zero (x + 0), and for rounding where an op's rule takes another algorithm (a convolution of an
 * upsampled picture). */
struct ug_graph *ug_simplify(const struct ug_graph *g, struct ug_node **roots, int n_roots);

/* Merges equal nodes as ug_simplify does, and does nothing else: what is made by differentiating the
 * new graph is worth the same, for no rule has taken away what a gradient needs (detach). */
struct ug_graph *ug_merge(const struct ug_graph *g, struct ug_node **roots, int n_roots);

/* Chains updates of one state: of those that are due (op->due_with), in the order of the graph,
 * each call reads what the one before it wrote.  What belongs to a call is told by its `place`.  On
 * return the links hold the last update of each state that was updated, and n_links says how many
 * those are; they are roots of the new graph like the others. */
struct ug_state_link {
    struct ug_param *param;
    struct ug_node *next;
};
struct ug_graph *ug_chain_states(const struct ug_graph *g, struct ug_state_link *links,
                                 int *n_links, struct ug_node **roots, int n_roots);

/* Makes one node of several that do the same work with the same weights on different batches
 * (op->per_sample), on all of their samples, where weights are large against samples; and of what
 * follows these.  Sums of what such batches give to a weight's gradient become one.  Values change
 * by rounding at most.  After ug_simplify. */
struct ug_graph *ug_batch(const struct ug_graph *g, struct ug_node **roots, int n_roots);

/* Lets the backward pass compute large elementwise values again, from what is kept anyway, instead
 * of keeping them as well.  After ug_simplify, which would merge the copies with what they are
 * copies of. */
struct ug_graph *ug_recompute(const struct ug_graph *g, struct ug_node **roots, int n_roots);

/* Lets ops apply elementwise ones to what they read (op->reads): these are then no calls any more.
 * After it ug_fuse alone: the other passes do not look at what a node reads through. */
struct ug_graph *ug_read_through(const struct ug_graph *g, struct ug_node **roots, int n_roots);

#endif
