/* listing.c -- size and total, which the language evaluates itself.
 *
 * In an expression `size` is a quantity, known when the file is loaded, and `total` enters lists in
 * lists (engine/model/apply.c).  What is here describes them, and builds the same from tensors.
 */
#include "engine/graph/call.h"
#include "ops/emit.h"

struct size_attrs {
    int64_t dim;
};

static struct ug_node *size_build(struct ug_call *c)
{
    const struct size_attrs *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    const int rank = x->type.shape.rank;
    const int64_t axis = a->dim < 0 ? a->dim + rank : a->dim;

    if (axis < 0 || axis >= rank)
        return ug_call_fail(c, "there is no axis %lld: the value has %d", (long long)a->dim, rank);
    return ug_constant(c->b, (double)x->type.shape.dim[axis]);
}

static const struct ug_arg size_args[] = {
    {.name = "x", .doc = "a tensor, or a list of them", .type = UG_TENSOR},
    {.name = "dim",
     .doc = "which axis; negative ones count from the end",
     .type = UG_INT,
     .offset = offsetof(struct size_attrs, dim),
     .min = -UG_MAX_RANK,
     .max = UG_MAX_RANK - 1},
    {.name = NULL},
};

static const struct ug_op size = {
    .name = "size",
    .summary = "The extent of an axis: a quantity, known when the file is loaded.",
    .formula = "n = shape(x)[dim]",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: \"x * size(x, 1)\"}\n",
    .args = size_args,
    .attrs_size = sizeof(struct size_attrs),
    .build = size_build,
};

static struct ug_node *total_build(struct ug_call *c)
{
    struct ug_node *sum = c->n_rest ? c->rest[0] : ug_constant(c->b, 0);

    for (int i = 1; i < c->n_rest; i++)
        sum = ug_add(c->b, sum, c->rest[i]);
    return sum;
}

static const struct ug_arg total_args[] = {
    {.name = "list", .doc = "what is added up; members that are lists too", .type = UG_TENSORS},
    {.name = NULL},
};

static const struct ug_op total = {
    .name = "total",
    .summary = "The members of a list added up.",
    .formula = "y = list[0] + list[1] + …",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: \"total([x, x ** 2, 1])\"}\n",
    .args = total_args,
    .build = total_build,
};

static const struct ug_op *const ops[] = {&size, &total, NULL};

const struct ug_op_family ug_family_listing = {"lists and extents", ops};
