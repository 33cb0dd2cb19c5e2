/* call_parts.h -- a call of an op while it is taken apart, shared by call.c and convert.c. */
#ifndef UG_CALL_PARTS_H
#define UG_CALL_PARTS_H

#include "engine/model/unfold.h"

/* What one argument of the op's description got. */
struct ug_slot {
    const struct ug_expr *expr; /* NULL: the value that flows through a chain, or a default */
    struct ug_quantity value;
    bool has_value; /* else absent, as its default says */
    bool given;     /* the user wrote it */
};

struct ug_op_call {
    struct ug_here *here;
    const struct ug_op *op;
    const struct ug_expr *text;
    const struct ug_quantity *values; /* the arguments of `text`, if they are known already */
    int n_args;
    struct ug_slot *slots; /* parallel to op->args */
    struct ug_slot *rest;  /* of the argument that takes all tensors */
    int n_rest, rest_capacity;
};

/* What an op's `build` works from. */
struct ug_converted {
    const struct ug_op_call *c;
    unsigned char *attrs;
    struct ug_node **tensors; /* by index of the argument */
    struct ug_node **rest;
    int n_rest;
};

/* Fills v->attrs, v->tensors and v->rest from the values of v->c, none of which is a list to be
 * taken apart. False after errors. */
bool ug_convert(struct ug_converted *v);

#endif
