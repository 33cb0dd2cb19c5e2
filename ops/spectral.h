/* spectral.h -- spectral normalisation of a layer's weight. */
#ifndef UG_OPS_SPECTRAL_H
#define UG_OPS_SPECTRAL_H

#include "engine/graph/call.h"

/* weight / sigma, where sigma is the estimate of the largest singular value of the weight, read as
 * a matrix of its first axis by all others, along the layer's state weight_u and weight_v. */
struct ug_node *ug_spectral_norm(struct ug_call *c, struct ug_node *weight);

extern const struct ug_op ug_op_spectral_left, ug_op_spectral_right;

#endif
