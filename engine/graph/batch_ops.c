/* batch_ops.c -- the two ops of batch_ops.h. */
#include "engine/graph/batch_ops.h"

#include <string.h>

/* ---- joined ---- */

static bool infer_joined(struct ug_inference *t)
{
    t->out = t->in[0];
    for (int i = 1; i < t->n_in; i++)
        t->out.shape.dim[0] += t->in[i].shape.dim[0];
    return true;
}

static void run_joined(const struct ug_kernel *k)
{
    unsigned char *to = k->out.data;

    for (int i = 0; i < k->n_in; i++) {
        const struct ug_type type = {k->in[i].dtype, k->in[i].shape};
        const size_t bytes = ug_type_bytes(&type);

        if (bytes)
            memcpy(to, k->in[i].data, bytes);
        to += bytes;
    }
}

const struct ug_op ug_op_joined = {
    .name = "joined",
    .summary = "Batches put together to be run at once.",
    .formula = "y = the samples of all inputs, in their order",
    .internal = true,
    .infer = infer_joined,
    .run = run_joined,
    .why_no_gradient = "it is made when all gradients are there",
    .flops = ug_no_flops,
};

/* ---- part ---- */

static bool infer_part(struct ug_inference *t)
{
    t->out = t->in[0];
    t->out.shape.dim[0] = ((const struct ug_part_attrs *)t->attrs)->n;
    return true;
}

static size_t part_at(const void *attrs, const struct ug_type *in)
{
    const struct ug_part_attrs *part = attrs;

    return (size_t)part->first * (size_t)ug_shape_span(&in->shape, 1, in->shape.rank) *
           ug_dtype_size(in->dtype);
}

const struct ug_op ug_op_part = {
    .name = "part",
    .summary = "Some samples of a batch.",
    .formula = "y[i] = x[first + i]",
    .internal = true,
    .attrs_size = sizeof(struct ug_part_attrs),
    .infer = infer_part,
    .why_no_gradient = "it is made when all gradients are there",
    .flops = ug_no_flops,
    .is_view = true,
    .view_at = part_at,
};
