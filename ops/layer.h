/* layer.h -- the weight and bias of layers. */
#ifndef UG_OPS_LAYER_H
#define UG_OPS_LAYER_H

#include "engine/graph/call.h"

/* Whether a call has either a tensor `weight` or all of the arguments `sizes` (NULL-ended), from
 * which the layer's own weight is made; if not, the error says so. */
bool ug_layer_sized(struct ug_call *c, const char *const *sizes);

/* The weight that the call gives, or the layer's own one of `shape`, with PyTorch's initial values.
 */
struct ug_node *ug_layer_weight(struct ug_call *c, struct ug_shape shape);

/* y + bias along `axis`, as the call wants it: the tensor given, the layer's own, or none.  `own`
 * is the argument's value; the weight tells the initial values, uniform in +-1 / sqrt(fan in). */
struct ug_node *ug_layer_bias(struct ug_call *c, struct ug_node *y, int axis, bool own,
                              const struct ug_node *weight);

#endif
