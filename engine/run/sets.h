/* sets.h -- the values that --set gave a run, which a run that goes on keeps. */
#ifndef UG_SETS_H
#define UG_SETS_H

#include "engine/model/document.h"
#include "engine/unitgraph.h"

/* Those of `kept` whose names are not in `added`, then `added`.  From the arena. */
struct ug_overrides ug_sets_join(struct ug_arena *a, struct ug_overrides kept,
                                 struct ug_overrides added);

/* The same with the paths in them made absolute, as they stand in the settled tree: they hold in
 * any working directory.  From the arena. */
struct ug_overrides ug_sets_settle(struct ug_arena *a, struct ug_overrides sets,
                                   struct ug_yaml *tree);

#endif
