/* build.h -- making nodes: the interface through which ops and the language know the graph.
 *
 * Every function takes NULL inputs and hands back NULL, so that op code reads as mathematics; the
 * first failure has been reported by then.
 */
#ifndef UG_BUILD_H
#define UG_BUILD_H

#include "engine/graph/graph.h"

struct ug_builder {
    struct ug_graph *graph;
    struct ug_diags *diags;
    bool training; /* what `auto` means */
    /* Where new nodes and parameters come from; the language sets these as it walks the text. */
    struct ug_pos pos;
    const char *scope;          /* "G1.up.0": parameters are named below it; NULL: no layers here */
    const char *place;          /* "fake_x1/G1.up.0": one of a kind for each call; names draws */
    const void *site;           /* identity of the call in the text (its expression) */
    const char *no_layers;      /* "a loss": what layers may not stand in; or NULL */
    const struct ug_op *called; /* whose call is being built; NULL: nodes stand for themselves */
    int backward;               /* mark what is emitted: see struct ug_node */
    int draws; /* random ops emitted at this place so far: keeps their streams apart */
    /* State updates in the order of the text: see ug_chain_states in passes.h */
    struct ug_node **updates;
    struct ug_param **updated;
    int n_updates, updates_capacity, updated_capacity, n_updated;
};

/* A node.  attrs (op->attrs_size bytes, NULL for none) is copied.  NULL if an input is NULL or the
 * shapes do not fit; then the error names the op, the shapes and where each input came from. */
struct ug_node *ug_emit(struct ug_builder *b, const struct ug_op *op, const void *attrs,
                        struct ug_node *const *in, int n_in);
/* The same for an op known by its name in the registry. */
struct ug_node *ug_emit_named(struct ug_builder *b, const char *op, const void *attrs,
                              struct ug_node *const *in, int n_in);

/* Leaves: each once in a graph, however often it is asked for. */
struct ug_node *ug_input(struct ug_builder *b, const char *name, struct ug_type type);
struct ug_node *ug_param_node(struct ug_builder *b, struct ug_param *param);
struct ug_node *ug_constant(struct ug_builder *b, double value);
struct ug_node *ug_counter_node(struct ug_builder *b, enum ug_counter which);

/* x + y, broadcast as in NumPy. */
struct ug_node *ug_add(struct ug_builder *b, struct ug_node *x, struct ug_node *y);
/* x summed over, or repeated along, the axes in which its shape differs from `shape`, as
 * broadcasting counts them; x itself where they agree. */
struct ug_node *ug_sum_to(struct ug_builder *b, struct ug_node *x, struct ug_shape shape);
struct ug_node *ug_expand_to(struct ug_builder *b, struct ug_node *x, struct ug_shape shape);

/* Gradients of the scalar `y` with respect to n nodes, inner ones too; dx[i] is NULL where y does
 * not depend on x[i] through ops that have a gradient (detach, comparisons and integer values end a
 * path).  y is differentiated as it stands; the new nodes are ordinary and can be differentiated
 * again.  They carry the places of the nodes they come from, and `backward`.  False, after an error,
 * where y is no scalar or an op on the way refuses to have a gradient; for a NULL y too. */
bool ug_differentiate(struct ug_builder *b, struct ug_node *y, struct ug_node *const *x, int n,
                      struct ug_node **dx);

#endif
