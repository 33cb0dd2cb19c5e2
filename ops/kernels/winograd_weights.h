/* winograd_weights.h -- between weights and their matrices at each point of transformed tiles.
 *
 * A unit of work is a square of `lanes` channels of results and as many of inputs, of all phases.
 * Weights lie with columns of results, for forward, or with columns of inputs (`back`), for the
 * gradients; rows and columns beyond the last channel are zeros.
 */
#ifndef UG_WINOGRAD_WEIGHTS_H
#define UG_WINOGRAD_WEIGHTS_H

#include "ops/kernels/winograd_strips.h"

/* u = the transformed weights of channels of vector `out` from those of vector `in`. */
void ug_winograd_take_weights(const struct ug_winograd_work *w, bool back, int64_t out, int64_t in,
                              const float *from, float *space, float *u, int64_t apart);
/* The transpose of that for columns of inputs. */
void ug_winograd_write_weights(const struct ug_winograd_work *w, int64_t out, int64_t in,
                               const float *du, int64_t apart, float *space, float *dw);

#endif
