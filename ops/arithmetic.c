#include "engine/graph/graph.h"

static const struct ug_op *const ops[] = {&ug_op_add, NULL};

const struct ug_op_family ug_family_arithmetic = {"arithmetic", ops};
