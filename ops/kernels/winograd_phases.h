/* winograd_phases.h -- between the planes of a picture and the transformed tiles of a strip. */
#ifndef UG_WINOGRAD_PHASES_H
#define UG_WINOGRAD_PHASES_H

#include "ops/kernels/winograd_strips.h"

/* own->tiles = the transformed tiles of one phase (of the stride) of a plane of x, whatever stands
 * around it; its lines are w->row apart. */
void ug_winograd_take_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                             const float *x, int64_t phase, const struct ug_winograd_space *own);
/* The transpose: adds one phase of a plane of dx, from its tiles at each point of dv, `apart`
 * floats apart. */
void ug_winograd_add_inputs(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                            const float *dv, int64_t apart, int64_t phase,
                            const struct ug_winograd_space *own, float *dx);

/* Writes the results of one plane of y from its tiles at each point of m, `apart` floats apart. */
void ug_winograd_write_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                               const float *m, int64_t apart, const struct ug_winograd_space *own,
                               float *y);
/* The transpose: own->tiles = the spread tiles of a plane of dy, in lines w->across long. */
void ug_winograd_take_results(const struct ug_winograd_work *w, const struct ug_winograd_strip *s,
                              const float *dy, const struct ug_winograd_space *own);

#endif
