/* shelf.h -- which stretches of memory are taken over which stretches of time: for place.c only.
 *
 * A segment tree over time (Bentley 1977).  A buffer is noted at the few nodes whose times together
 * are its own.  What matters of many buffers is only which memory they take together: extents that
 * touch are one, so that a node keeps few, however much has been laid down.
 */
#ifndef UG_SHELF_H
#define UG_SHELF_H

#include "engine/base/arena.h"

struct ug_buffer {
    size_t bytes, offset;
    int first, last; /* calls, inclusive */
    int holder;      /* id of the node whose value it holds; of several, the last so far */
    void *home;      /* it needs no arena; or NULL */
};

/* Bytes [from, to). */
struct ug_extent {
    size_t from, to;
};

/* In order, apart from one another. */
struct ug_extents {
    struct ug_extent *items;
    int n, capacity;
};

struct ug_shelf {
    struct ug_arena *arena;
    int n_calls;
    struct ug_extents *all;     /* by node: taken at some moment of its time */
    struct ug_extents *lasting; /* by node: noted there, taken over all of its time */
    struct ug_extents found;
};

/* Empty, for buffers of calls 0 … n_calls - 1; all of it is taken from the arena.  A buffer whose
 * last call is n_calls is kept. */
struct ug_shelf ug_shelf_new(struct ug_arena *arena, int n_calls);
void ug_shelf_add(struct ug_shelf *s, const struct ug_buffer *b);

/* What is taken at some moment of b's time; it stands until the next call. */
const struct ug_extents *ug_shelf_find(struct ug_shelf *s, const struct ug_buffer *b);

#endif
