/* winograd.h -- convolution by Winograd's minimal filtering: a quarter of the multiplications by
 * F(4x4, 3x3), and about a fifth by F(4x8, 3x3), at errors of about 1e-6 and 4e-6 of the largest
 * result.
 *
 * Serves 3x3 with stride 1, and 4x4 with stride 2, whose input falls into four phases of pixels
 * that are channels of a 2x2 convolution of stride 1 (A. Lavin and S. Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2016).  Sides, shapes and scratch memory are those of conv.h.
 */
#ifndef UG_WINOGRAD_H
#define UG_WINOGRAD_H

#include <stdbool.h>
#include "ops/kernels/conv.h"

/* With tiles of 4x4 results: one group, no dilation, and one of the two kernels above. */
bool ug_winograd_fits(const struct ug_conv *g);
/* For any side.  Then y from x and w, dx from dy and w, dw from x and dy. */
size_t ug_winograd_scratch(const struct ug_conv *g);
void ug_winograd_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                         void *scratch);
void ug_winograd_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                       void *scratch);
void ug_winograd_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                        void *scratch);
/* With many tiles, sums are collected where dw lies: then they cannot be added to what is there. */
bool ug_winograd_weight_adds(const struct ug_conv *g);

/* With tiles of 4x8, for 3x3 alone. */
bool ug_winograd_wide_fits(const struct ug_conv *g);
size_t ug_winograd_wide_scratch(const struct ug_conv *g);
void ug_winograd_wide_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                              void *scratch);
void ug_winograd_wide_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                            void *scratch);
void ug_winograd_wide_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                             void *scratch);
bool ug_winograd_wide_weight_adds(const struct ug_conv *g);

#endif
