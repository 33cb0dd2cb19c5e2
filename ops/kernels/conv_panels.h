/* conv_panels.h -- convolution of any kind as products of matrices that are packed panel by panel
 * and never written out whole.  What stands around a picture must be zeros. */
#ifndef UG_CONV_PANELS_H
#define UG_CONV_PANELS_H

#include "ops/kernels/conv.h"

/* Shapes as struct ug_conv says; scratch is in bytes, aligned to 64.  The result is written whole. */
size_t ug_panels_forward_scratch(const struct ug_conv *g);
void ug_panels_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                       void *scratch);

size_t ug_panels_input_scratch(const struct ug_conv *g);
void ug_panels_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                     void *scratch);

size_t ug_panels_weight_scratch(const struct ug_conv *g);
void ug_panels_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                      void *scratch);

#endif
