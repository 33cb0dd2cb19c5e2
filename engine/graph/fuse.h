/* fuse.h -- several elementwise nodes as one. */
#ifndef UG_FUSE_H
#define UG_FUSE_H

#include "engine/graph/graph.h"

enum { UG_FUSED_STEPS = 16, UG_FUSED_INPUTS = 16, UG_FUSED_OPERANDS = 4 };

/* One elementwise op of the program.  An operand k >= 0 is input k of the fused node; k < 0 is what
 * lies in register -1 - k. */
struct ug_fused_step {
    const struct ug_node
        *node; /* a node of the same graph that nothing else needs: its op and attrs */
    int operands[UG_FUSED_OPERANDS];
    int result; /* register; the last step's is the output */
};

/* attrs of ug_op_fused */
struct ug_fused {
    int n;
    struct ug_fused_step steps[UG_FUSED_STEPS];
};

/* Runs its steps block by block, so that what lies between them never leaves the cache; each value
 * has the bits it would have had by itself. */
extern const struct ug_op ug_op_fused;

/* Merges elementwise nodes of one shape whose values nothing else needs.  The last pass: a fused
 * node has no gradient and no name that anybody could call. */
struct ug_graph *ug_fuse(const struct ug_graph *g, struct ug_node **roots, int n_roots);

#endif
