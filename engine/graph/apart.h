/* apart.h -- whether samples can be put together and still each be computed as if it were alone. */
#ifndef UG_APART_H
#define UG_APART_H

#include "engine/graph/graph.h"

/* Whether `many`, a graph that differs from `one` only in having n times as many samples in its
 * inputs, computes for each what `one` would: no node makes one thing of several samples (batch norm
 * in training does), draws random numbers for them, or has settings that depend on how many there
 * are.  `result`: the node of `one` that is asked for, which must hold samples.  An op that does not
 * declare itself `per_sample` is taken to mix them. */
bool ug_graph_keeps_apart(const struct ug_graph *one, const struct ug_graph *many, int64_t n,
                          const struct ug_node *result);

#endif
