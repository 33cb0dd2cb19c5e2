/* installed.h -- the experiments that were installed with the program. */
#ifndef UG_INSTALLED_H
#define UG_INSTALLED_H

#include "engine/base/arena.h"

/* The path of an installed graph, "unit.yaml" or "nets/unit.yaml", also as "graphs/unit.yaml"; from
 * the arena.  NULL if there is none of that name, or the name is a path from / or from `.`. */
const char *ug_installed_graph(struct ug_arena *a, const char *name);

#endif
