/* permute.h -- moving elements so that their axes stand in another order. */
#ifndef UG_KERNELS_PERMUTE_H
#define UG_KERNELS_PERMUTE_H

#include "engine/graph/tensor.h"

/* Axis i of `out` is axis order[i] of x. */
void ug_permute_run(const struct ug_tensor *x, const int *order, void *out);

#endif
