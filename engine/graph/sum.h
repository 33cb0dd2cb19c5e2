/* sum.h -- sums over any set of axes, at the speed of memory and the same for any number of
 * threads.
 *
 * Shared by sum_to and by the reductions of ops/.  Partial sums are float64.
 */
#ifndef UG_SUM_H
#define UG_SUM_H

#include "engine/graph/tensor.h"

/* y[o] = scale * the sum of all x that broadcasting `y` to `x` would put y[o] under, or, if `adds`, y[o]
 * and that.  `y` has x's shape with extents 1 (or absent at the front) where to sum; scratch:
 * ug_sum_scratch bytes. */
void ug_sum_run(const float *x, const struct ug_shape *x_shape, const struct ug_shape *y_shape,
                double scale, bool adds, void *scratch, float *y);
size_t ug_sum_scratch(const struct ug_shape *x_shape, const struct ug_shape *y_shape);

#endif
