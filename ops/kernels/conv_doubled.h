/* conv_doubled.h -- nearest upsampling by two followed by a 5x5 convolution with padding 2, without
 * the upsampled picture: a third of the multiplications, and a twelfth where Winograd serves. */
#ifndef UG_CONV_DOUBLED_H
#define UG_CONV_DOUBLED_H

#include "ops/kernels/conv.h"

/* Whether `g` is such a convolution: g->doubled means that pixels are doubled first, and g->in is the
 * picture before that. */
bool ug_doubled_fits(const struct ug_conv *g);

/* The 3x3 convolution that does most of the work. */
struct ug_conv ug_doubled_phases(const struct ug_conv *g);

/* Scratch is in bytes, aligned to 64. */
size_t ug_doubled_forward_scratch(const struct ug_conv *g);
void ug_doubled_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                        void *scratch);

size_t ug_doubled_input_scratch(const struct ug_conv *g);
void ug_doubled_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                      void *scratch);

size_t ug_doubled_weight_scratch(const struct ug_conv *g);
void ug_doubled_weight(const struct ug_conv *g, const float *x, const float *dy, float *dw,
                       void *scratch);

#endif
