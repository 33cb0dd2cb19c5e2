/* graph.h -- a graph of values: nodes in an order in which inputs come before their users.
 *
 * A graph owns its nodes (they live in its arena); pointers to nodes are borrowed and die with it.
 * Nodes are never changed after they are made: passes build new nodes.
 */
#ifndef UG_GRAPH_H
#define UG_GRAPH_H

#include "engine/base/arena.h"
#include "engine/base/diag.h"
#include "engine/graph/op.h"
#include "engine/graph/params.h"

struct ug_node {
    const struct ug_op *op;
    const struct ug_op *called; /* what the user called, of which this is a part: conv2d */
    const void *attrs;          /* op->attrs_size bytes; padding is zero */
    struct ug_node **in;
    int n_in;
    int id; /* index in the graph */
    struct ug_type type;
    struct ug_pos pos; /* the expression it came from */
    const char *place; /* of value and scopes: "fake_x1/G1.up.0", for messages and DOT */
    const char *scope; /* path of its network or value: "G1.up.0", for clusters */
    int backward;      /* emitted by differentiation: not 0, and which one it was */
    bool recomputed;   /* a copy for the backward pass: to run just before its first user */
    struct ug_node *
        *members; /* of several that run as one (ug_batch), in the order of their samples:
                                 as this node, but with the places and shapes that they had */
    int n_members;
    const struct ug_node **through; /* by input: the elementwise node of it that the op reads in its
                                       place (ug_read_through), or NULL; NULL: there are none */
};

struct ug_graph {
    struct ug_arena *arena;
    struct ug_node **nodes;
    int n, capacity;
    struct ug_params *params; /* borrowed: graphs of one program share them */
    struct ug_node **leaves;  /* one each: see ug_graph_leaf */
    int n_leaves, leaves_capacity;
};

/* An empty graph, which the caller frees. */
struct ug_graph *ug_graph_new(struct ug_params *params);
void ug_graph_free(struct ug_graph *g); /* NULL is fine */

/* Appends a copy of `like`, whose inputs are nodes of `g`: attrs, lists of inputs and members, what
 * it reads through, and texts are copied too, the id is set.  The builder and the passes make nodes
 * through this. */
struct ug_node *ug_graph_add(struct ug_graph *g, const struct ug_node *like);
/* The same for a leaf, but the one that is there already if it has the same op and attrs: a
 * parameter is one node, so that all its uses add up in its gradient. */
struct ug_node *ug_graph_leaf(struct ug_graph *g, const struct ug_node *like);
bool ug_is_leaf(const struct ug_node *n);

/* Sets the marks, by id, of a node of `g` and of all that it is computed from. */
void ug_mark_ancestors(const struct ug_graph *g, const struct ug_node *node, bool *marks);

/* ---- Leaves: nodes whose value comes from outside the graph ---- */

extern const struct ug_op ug_op_input;    /* attrs: struct ug_input_attrs */
extern const struct ug_op ug_op_param;    /* attrs: struct ug_param_attrs */
extern const struct ug_op ug_op_constant; /* attrs: struct ug_constant_attrs; a scalar */
extern const struct ug_op ug_op_counter;  /* attrs: struct ug_counter_attrs; a scalar */

struct ug_input_attrs {
    char name[96];
};
struct ug_param_attrs {
    struct ug_param *param; /* the owner, once ties are resolved */
    int version;            /* k: as it stands after k of this step's updates; memory is the same */
};
struct ug_constant_attrs {
    double value;
};
enum ug_counter { UG_STEP, UG_STEPS, UG_EPOCH, UG_EPOCHS };
struct ug_counter_attrs {
    int which; /* enum ug_counter */
};

/* ---- The ops that the engine itself emits, whatever the user wrote ---- */

extern const struct ug_op ug_op_add;       /* a + b, broadcast: fan-out in autodiff */
extern const struct ug_op ug_op_sum_to;    /* attrs: struct ug_shape; undoes broadcasting */
extern const struct ug_op ug_op_expand_to; /* attrs: struct ug_shape; its counterpart */
extern const struct ug_op ug_op_identity;  /* y = x */
extern const struct ug_op ug_op_detach;    /* y = x, no gradient */

/* Whether a node is the constant of that value. */
bool ug_is_scalar_constant(const struct ug_node *n, double value);

#endif
