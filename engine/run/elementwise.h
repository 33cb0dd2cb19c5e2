/* elementwise.h -- running an op's `map` over tensors that broadcast. */
#ifndef UG_ELEMENTWISE_H
#define UG_ELEMENTWISE_H

#include "engine/graph/op.h"

enum { UG_MAP_INPUTS = 16 }; /* an elementwise op has no more inputs than this */

/* out = map(in …), every input broadcast to out's shape; out may lie where an input of its shape
 * lies. */
void ug_map_run(ug_map *map, const struct ug_kernel *k);

#endif
