/* resample_weights.h -- how much each input row or column counts for an output's, by kind of
 * resampling. */
#ifndef UG_OPS_RESAMPLE_WEIGHTS_H
#define UG_OPS_RESAMPLE_WEIGHTS_H

#include <stdbool.h>

#include "ops/kernels/separable.h"

enum ug_resample_rule {
    UG_RESAMPLE_NEAREST,
    UG_RESAMPLE_BILINEAR, /* half-pixel centres, edges repeated: align_corners=False */
    UG_RESAMPLE_AVERAGE,  /* of windows */
    UG_RESAMPLE_ADAPTIVE  /* of bins that cover the picture evenly */
};

struct ug_resample {
    int rule;     /* enum ug_resample_rule */
    int mode;     /* upsample: UG_RESAMPLE_NEAREST or UG_RESAMPLE_BILINEAR */
    double scale; /* upsample: how many times larger */
    int64_t kernel[2], stride[2], padding[2]; /* UG_RESAMPLE_AVERAGE: [h, w] */
    int64_t input[2], output[2];              /* extents */
    bool count_include_pad;
};

/* All outputs along an axis together (0: rows, 1: columns) never use more weights than this. */
int64_t ug_resample_entries(const struct ug_resample *a, int axis);

/* The weights of an axis; `to` has room for them. */
void ug_resample_fill(const struct ug_resample *a, int axis, struct ug_axis *to);

#endif
