/* pictures.h -- the grids that a run has drawn, as many of them as a page has room for. */
#ifndef UG_REPORT_PICTURES_H
#define UG_REPORT_PICTURES_H

#include <stdint.h>
#include <stdio.h>

#include "engine/base/arena.h"

struct ug_grid {
    int64_t step;
    const char *path;
    int64_t bytes;
};

struct ug_grids {
    struct ug_grid *items; /* in the order of steps */
    int n, capacity;
    int drawn; /* how many there are on disk */
};

/* Those of RUN/samples whose files hold `room` bytes at most together: every one, every second, every
 * fourth, … from the first, and always the newest. */
struct ug_grids ug_grids_choose(struct ug_arena *a, const char *run, int64_t room);

/* Writes a file in base64; nothing if it cannot be read. */
void ug_grid_put(const struct ug_grid *g, FILE *out);

#endif
