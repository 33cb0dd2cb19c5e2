/* changes.h -- what differs between two composed files, key by key. */
#ifndef UG_CHANGES_H
#define UG_CHANGES_H

#include "engine/model/document.h"

struct ug_change {
    const char *key;                      /* "train.optimizers.G.adam.lr", "share[2]" */
    const struct ug_yaml *before, *after; /* NULL where it is not there */
};

struct ug_changes {
    struct ug_change *items;
    int n;
};

/* Every key whose value differs, in the order of `after`, then what only `before` has.  Maps are
 * compared without regard to the order of their keys, except for a module's `params`, whose order
 * is that of its calls' arguments.  A part that only one file has is one change, with all in it.
 * The texts of expressions count, not what they compute.  From the arena. */
struct ug_changes ug_changes_find(struct ug_arena *arena, const struct ug_yaml *before,
                                  const struct ug_yaml *after);

/* A value on one line, at most `most` characters of it: "[E1, E2]", "{lr: 1e-4, betas: …"; "-" for
 * NULL.  From the arena. */
const char *ug_change_text(struct ug_arena *arena, const struct ug_yaml *value, int most);

#endif
