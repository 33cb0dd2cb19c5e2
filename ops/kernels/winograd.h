/* winograd.h -- convolution by Winograd's minimal filtering, F(4x4, 3x3) and F(4x4, 2x2): a quarter
 * of the multiplications, at an error of about 3e-6 of the largest result.
 *
 * Serves 3x3 with stride 1, and 4x4 with stride 2, whose input falls into four phases of pixels
 * that are channels of a 2x2 convolution of stride 1 (A. Lavin and S. Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2016).  Sides, shapes and scratch memory are those of conv.h.
 */
#ifndef UG_WINOGRAD_H
#define UG_WINOGRAD_H

#include <stdbool.h>
#include "ops/kernels/conv.h"

/* One group, no dilation, and one of the two kernels above. */
bool ug_winograd_fits(const struct ug_conv *g);

/* y from x and w. */
size_t ug_winograd_forward_scratch(const struct ug_conv *g);
void ug_winograd_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                         void *scratch);

/* dx from dy and w. */
size_t ug_winograd_input_scratch(const struct ug_conv *g);
void ug_winograd_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                       void *scratch);

/* dw from x and dy. */
size_t ug_winograd_weight_scratch(const struct ug_conv *g);
void ug_winograd_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                        void *scratch);
/* With many tiles, sums are collected where dw lies: then they cannot be added to what is there. */
bool ug_winograd_weight_adds(const struct ug_conv *g);

#endif
