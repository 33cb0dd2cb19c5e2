#include "engine/graph/op.h"

static const struct ug_op *const ops[] = {NULL};

const struct ug_op_family ug_family_layer = {"layers", ops};
