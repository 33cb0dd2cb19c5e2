/* settle.h -- a composed file made to stand for itself, wherever it lies. */
#ifndef UG_SETTLE_H
#define UG_SETTLE_H

#include "engine/model/quantity.h"

/* Makes every path in a composed tree absolute: those of data entries, of train.init, and in
 * file("…").  Variables in them are inserted.  What was parsed of the tree before stays as it was. */
void ug_settle_paths(struct ug_arena *arena, struct ug_diags *diags, struct ug_yaml *tree,
                     struct ug_vars *vars);

#endif
