/* labels.h -- labels of samples, as losses and metrics read them. */
#ifndef UG_LABELS_H
#define UG_LABELS_H

#include "engine/graph/op.h"

/* Label i of an int64 tensor, or of a scalar of either type that is every sample's label; -1 where
 * it is no whole number of [0, n_classes). */
int64_t ug_label_at(const struct ug_tensor *labels, int64_t i, int64_t n_classes);

/* Whether in[0] has classes along axis 1 and in[1] a label for each place of the other axes, or one
 * for all; if so, *places is the shape of the others. */
bool ug_check_labels(struct ug_inference *t, struct ug_shape *places);

#endif
