/* conv_taps.h -- convolutions whose results have few channels: 7x7 to a picture, or back to one. */
#ifndef UG_CONV_TAPS_H
#define UG_CONV_TAPS_H

#include "ops/kernels/conv.h"

/* Of the side whose results are meant. */
bool ug_taps_forward_fits(const struct ug_conv *g);
bool ug_taps_input_fits(const struct ug_conv *g);

/* Multiplications, tiles filled up, and numbers that are added to their places. */
double ug_taps_products(const struct ug_conv *g, bool back);
double ug_taps_moved(const struct ug_conv *g, bool back);

size_t ug_taps_forward_scratch(const struct ug_conv *g);
void ug_taps_forward(const struct ug_conv *g, const float *x, const float *w, float *y,
                     void *scratch);

size_t ug_taps_input_scratch(const struct ug_conv *g);
void ug_taps_input(const struct ug_conv *g, const float *dy, const float *w, float *dx,
                   void *scratch);

#endif
