/* conv_columns.h -- the gradient to the input of a convolution with many weights and few results: each
 * weight is read once, where it lies. */
#ifndef UG_CONV_COLUMNS_H
#define UG_CONV_COLUMNS_H

#include "ops/kernels/conv.h"

bool ug_columns_fits(const struct ug_conv *g);
size_t ug_columns_input_scratch(const struct ug_conv *g);
void ug_columns_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                      void *scratch);

#endif
