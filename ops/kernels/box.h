/* box.h -- copying a box of one tensor into another. */
#ifndef UG_KERNELS_BOX_H
#define UG_KERNELS_BOX_H

#include "engine/graph/tensor.h"

/* Copies the elements from[i] <= k < from[i] + extent[i] of x to the place that starts at to[i] in
 * y. Both have the same rank and dtype. */
void ug_copy_box(const struct ug_tensor *x, const int64_t *from, const struct ug_tensor *y,
                 const int64_t *to, const int64_t *extent);

#endif
