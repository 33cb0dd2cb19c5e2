/* compile.h -- from a graph as it was written to one that is run. */
#ifndef UG_COMPILE_H
#define UG_COMPILE_H

#include "engine/graph/passes.h"
#include "engine/run/exec.h"
#include "engine/run/need.h"

struct ug_compiled {
    struct ug_graph *graph; /* the nodes of goals and links are its nodes */
    struct ug_exec *exec;
};

/* How much memory values may take. */
struct ug_budget {
    size_t bytes;          /* of the whole process */
    struct ug_need beside; /* what it needs beside the arena */
    struct ug_pos pos;     /* where the user's file sets it */
};

/* Simplifies `g`, chains the updates of states, plans, and takes memory.  goals[i].node and
 * links[i].next are replaced by their counterparts; the links that no goal needs are dropped from
 * the list, and those that stay become goals of the last phase, or not if they are not to be kept.
 * `share` as in ug_exec_new.  Where the budget asks for
 * it, the backward pass computes values again instead of keeping them.  False after an error. */
struct ug_compile_request {
    const struct ug_graph *graph;
    struct ug_goal *goals;
    int n_goals;
    int n_phases;
    struct ug_state_link *links;
    int n_links;
    bool keep_states; /* the next values of states are wanted */
    const struct ug_store *store;
    struct ug_exec *share;
    const struct ug_budget *budget; /* or NULL: as much as they need */
};
bool ug_compile(struct ug_compiled *c, struct ug_compile_request *r, struct ug_diags *diags);
void ug_compiled_free(struct ug_compiled *c); /* what it holds */

/* The state links of an unfolded graph, in the order of the file; the caller frees the list. */
struct ug_state_link *ug_links_of(const struct ug_unfolded *u);

#endif
