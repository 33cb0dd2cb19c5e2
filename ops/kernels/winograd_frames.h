/* winograd_frames.h -- between pictures and the matrices of transformed tiles.
 *
 * All four serve one vector of channels, number `block`, of picture `n` of a strip.  `space` is the
 * calling thread's own (ug_winograd_space_at), `apart` what lies between two points of the matrix.
 */
#ifndef UG_WINOGRAD_FRAMES_H
#define UG_WINOGRAD_FRAMES_H

#include "ops/kernels/winograd_strips.h"

/* v = the transformed tiles of all phases of x, whatever stands around it. */
void ug_winograd_take_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                             int64_t n, int64_t block, const float *x, float *space, float *v,
                             int64_t apart);
/* The transpose: writes the strip's part of dx, adding where an earlier strip overlaps. */
void ug_winograd_add_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                            int64_t n, int64_t block, const float *dv, int64_t apart, float *space,
                            float *dx);

/* Writes y from the products' tiles. */
void ug_winograd_write_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                               int64_t n, int64_t block, const float *m, int64_t apart,
                               float *space, float *y);
/* The transpose: dm = the spread tiles of dy. */
void ug_winograd_take_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                              int64_t n, int64_t block, const float *dy, float *space, float *dm,
                              int64_t apart);

#endif
