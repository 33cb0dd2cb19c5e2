/* copy.h -- what the passes share: finding what is needed, and copying nodes. */
#ifndef UG_COPY_H
#define UG_COPY_H

#include "engine/graph/graph.h"

/* Nodes of one graph by id, and their counterparts in another. */
struct ug_copying {
    struct ug_node **old; /* by id; NULL: not needed */
    struct ug_node **map; /* by id; filled by the pass */
    int n;                /* ids below n */
};

/* All that the roots need; the graph is theirs. */
struct ug_copying ug_copying_start(struct ug_node *const *roots, int n_roots);
/* The counterpart: a copy in `into` whose inputs are the counterparts of the node's. */
struct ug_node *ug_copying_copy(const struct ug_copying *c, struct ug_graph *into,
                                const struct ug_node *n);
/* The same with inputs that the caller chose. */
struct ug_node *ug_copying_copy_with(struct ug_graph *into, const struct ug_node *n,
                                     struct ug_node **in);
/* Replaces roots by their counterparts, and frees. */
void ug_copying_end(struct ug_copying *c, struct ug_node **roots, int n_roots);

#endif
