/* pad.h -- padding and cropping of any axes. */
#ifndef UG_KERNELS_PAD_H
#define UG_KERNELS_PAD_H

#include "engine/graph/tensor.h"
#include "ops/emit.h"

/* Fills y, whose axis i has x's extent + before[i] + after[i]; float32. */
void ug_pad_run(const struct ug_tensor *x, const struct ug_padding *p, enum ug_pad_mode mode,
                float value, const struct ug_tensor *y);

/* The adjoint of the above for reflect and replicate: dx becomes the sum of the dy of its copies.
 */
void ug_pad_back_run(const struct ug_tensor *dy, const struct ug_padding *p, enum ug_pad_mode mode,
                     const struct ug_tensor *dx);

#endif
