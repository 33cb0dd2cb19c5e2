/* node.h -- what an op says of one of its nodes, for the shapes that the node has. */
#ifndef UG_NODE_H
#define UG_NODE_H

#include "engine/graph/graph.h"

/* Multiplications and additions of one run. */
double ug_node_flops(const struct ug_node *n);
/* Bytes that the kernel works in. */
size_t ug_node_scratch(const struct ug_node *n);
/* Whether the kernel can add its result to what lies in its place. */
bool ug_node_adds(const struct ug_node *n);
/* op->per_sample, but for an op that mixes samples with the settings at hand: then 0; and of one
 * input, of which there may be more than bits. */
unsigned ug_node_samples(const struct ug_node *n);
bool ug_node_per_sample(const struct ug_node *n, int input);
/* Bit i: the kernel can apply the elementwise op that makes its input i. */
unsigned ug_node_reads(const struct ug_node *n);

/* The op that the user called, of which the node is a part. */
const struct ug_op *ug_node_called(const struct ug_node *n);
/* What a person knows its value by: "grad fake_x1/G1.up.0", the name of an input or a parameter, or
 * a constant's number; from the arena or lasting. */
const char *ug_node_label(struct ug_arena *a, const struct ug_node *n);

#endif
