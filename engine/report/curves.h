/* curves.h -- metrics.jsonl as one series of points for each name in it. */
#ifndef UG_CURVES_H
#define UG_CURVES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"

struct ug_point {
    double step, value; /* value: NaN where it was not finite */
};

/* A long series is thinned: each point is then the mean of `span` logged ones. */
struct ug_series {
    const char *name;
    struct ug_point *points;
    int n, capacity, span;
    struct ug_point sum; /* of the logged ones that make no whole point yet: */
    int summed, finite;
    struct ug_point last, lowest, highest; /* exact ones; NaN where there is none */
};

struct ug_curves {
    struct ug_series *items;
    int n, capacity;
    int most;          /* points of a series */
    int64_t last_step; /* of the last whole line; -1: there is none */
};

/* Reads a file with at most `most` (an even number) points a series, in the arena.  A line that is
 * broken or not yet whole is passed over; false if there is no file. */
bool ug_curves_read(struct ug_curves *c, struct ug_arena *a, const char *path, int most);
const struct ug_series *ug_curves_find(const struct ug_curves *c, const char *name); /* or NULL */

#endif
