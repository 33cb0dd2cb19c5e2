/* history.h -- which pictures move where in a pool: a function of draws alone, apart for its test.
 */
#ifndef UG_HISTORY_H
#define UG_HISTORY_H

#include "engine/base/random.h"

/* For each picture i of a batch of n that comes to a pool of `size` that has seen `seen` pictures:
 * from[i] is the slot whose picture is returned, or -1 where picture i itself is; into[i] the slot
 * that picture i takes, or -1. */
void ug_history_moves(const struct ug_random *random, int64_t size, int64_t seen, int64_t n,
                      int64_t *from, int64_t *into);

#endif
