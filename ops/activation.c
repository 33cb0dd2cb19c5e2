#include "engine/graph/graph.h"

static const struct ug_op *const ops[] = {&ug_op_identity, NULL};

const struct ug_op_family ug_family_activation = {"activations", ops};
