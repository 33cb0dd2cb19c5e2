/* resample.h -- what other ops know of upsampling. */
#ifndef UG_OPS_RESAMPLE_H
#define UG_OPS_RESAMPLE_H

#include "engine/graph/graph.h"

/* The picture that `n` enlarges by two to the nearest pixel; NULL if that is not what it does. */
struct ug_node *ug_upsampled_by_two(const struct ug_node *n);

#endif
