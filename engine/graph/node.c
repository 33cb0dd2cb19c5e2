/* node.c -- asks a node's op. */
#include "engine/graph/node.h"

#include <stdlib.h>

/* The caller frees them. */
static struct ug_type *types_of_inputs(const struct ug_node *n)
{
    struct ug_type *in = ug_xcalloc((size_t)n->n_in, sizeof *in);

    for (int i = 0; i < n->n_in; i++)
        in[i] = n->in[i]->type;
    return in;
}

double ug_node_flops(const struct ug_node *n)
{
    if (!n->op->flops)
        return (double)ug_shape_count(&n->type.shape);
    struct ug_type *in = types_of_inputs(n);
    const double flops = n->op->flops(n->attrs, in, &n->type);
    free(in);
    return flops;
}

size_t ug_node_scratch(const struct ug_node *n)
{
    if (!n->op->scratch)
        return 0;
    struct ug_type *in = types_of_inputs(n);
    const size_t bytes = n->op->scratch(n->attrs, in, &n->type);
    free(in);
    return bytes;
}

bool ug_node_adds(const struct ug_node *n)
{
    if (!n->op->adds)
        return false;
    struct ug_type *in = types_of_inputs(n);
    const bool adds = n->op->adds(n->attrs, in, &n->type);
    free(in);
    return adds;
}

unsigned ug_node_reads(const struct ug_node *n)
{
    if (!n->op->reads)
        return 0;
    struct ug_type *in = types_of_inputs(n);
    const unsigned read = n->op->reads(n->attrs, in, &n->type);
    free(in);
    return read;
}

const struct ug_op *ug_node_called(const struct ug_node *n)
{
    return n->called ? n->called : n->op;
}

const char *ug_node_label(struct ug_arena *a, const struct ug_node *n)
{
    if (n->op == &ug_op_input)
        return ((const struct ug_input_attrs *)n->attrs)->name;
    if (n->op == &ug_op_param)
        return ((const struct ug_param_attrs *)n->attrs)->param->name;
    if (n->op == &ug_op_constant)
        return ug_arena_format(a, "%g", ((const struct ug_constant_attrs *)n->attrs)->value);
    return ug_arena_format(a, "%s%s", n->backward ? "grad " : "",
                           n->place ? n->place : n->op->name);
}

unsigned ug_node_samples(const struct ug_node *n)
{
    const struct ug_op *op = n->op;

    return op->mixes && op->mixes(n->attrs, &n->in[0]->type) ? 0 : op->per_sample;
}

bool ug_node_per_sample(const struct ug_node *n, int input)
{
    enum { BITS = 32 }; /* all of them are set where there may be more inputs */

    return ug_node_samples(n) >> (input < BITS ? input : BITS - 1) & 1;
}
