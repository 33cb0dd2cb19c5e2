/* planes.h -- pictures with room around them, so that inner loops need not look where a picture
 * ends. */
#ifndef UG_PLANES_H
#define UG_PLANES_H

#include <stdbool.h>

#include "ops/kernels/cut.h"

/* Planes of in[0] x in[1] are laid into planes of size[0] x size[1] with their first pixel at
 * before[0], before[1]; the rest is 0. */
struct ug_frame {
    int64_t in[2], before[2], size[2];
};

/* The frame in which axis d may be read from low[d] up to and including high[d] (0 is the picture's
 * first). */
struct ug_frame ug_frame_of(const int64_t in[2], const int64_t low[2], const int64_t high[2]);
bool ug_frame_is_tight(const struct ug_frame *f); /* nothing is added */
int64_t ug_frame_area(const struct ug_frame *f);

/* `to` gets `planes` framed planes. */
void ug_frame_copy(const struct ug_frame *f, int64_t planes, const float *from, float *to);

#endif
