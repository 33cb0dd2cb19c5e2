/* call.h -- a user's call of an op, its arguments parsed and checked: what op->build works from. */
#ifndef UG_CALL_H
#define UG_CALL_H

#include "engine/graph/build.h"

struct ug_call {
    struct ug_builder *b;
    const struct ug_op *op;
    void *attrs; /* op->attrs_size bytes, filled from the arguments and defaults */
    struct ug_node *const *tensors; /* by index in op->args; NULL where not a tensor */
    const bool *given;              /* by the same index: the user wrote it */
    struct ug_node *const *rest;    /* UG_TENSORS: all of them */
    int n_rest;
    struct ug_node **list; /* returns_list: what build hands back, from the graph's arena */
    int n_list;
};

struct ug_node *ug_call_tensor(const struct ug_call *c, const char *arg); /* NULL if absent */
bool ug_call_given(const struct ug_call *c, const char *arg);

/* Reports `format` at the call, with the op's name in front; always NULL. */
struct ug_node *ug_call_fail(struct ug_call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A parameter or a state of this layer, as a leaf: named below the builder's scope. */
struct ug_node *ug_call_parameter(struct ug_call *c, const char *role, struct ug_shape shape,
                                  struct ug_init init);
struct ug_node *ug_call_state(struct ug_call *c, const char *role, struct ug_type type,
                              struct ug_init init);
/* `next` becomes the state's value when the step ends; its op has state_input. */
void ug_call_update(struct ug_call *c, struct ug_node *state, struct ug_node *next);

/* The random stream of this place: the same in every graph of a program. */
uint64_t ug_call_stream(struct ug_call *c);

/* Parses, checks and builds a call that the language has taken apart: `values` are the evaluated
 * arguments.  Lives in engine/model; ops never call it. */

#endif
