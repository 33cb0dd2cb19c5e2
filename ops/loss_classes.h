/* loss_classes.h -- the losses of classes, for the family of losses. */
#ifndef UG_OPS_LOSS_CLASSES_H
#define UG_OPS_LOSS_CLASSES_H

#include "engine/graph/op.h"

extern const struct ug_op ug_op_cross_entropy, ug_op_nll_loss;
extern const struct ug_op ug_op_at_label, ug_op_to_label; /* internal: what they are made of */

#endif
