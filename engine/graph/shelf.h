/* shelf.h -- stretches of memory over stretches of time, found by time: for place.c only.
 *
 * Time is cut into spans.  What begins within a span is listed by the moment at which it begins;
 * what was there before it is listed with the span.  So finding all that meet a short stretch of
 * time looks at little else, however much has been laid down.
 */
#ifndef UG_SHELF_H
#define UG_SHELF_H

#include "engine/base/arena.h"

struct ug_buffer {
    size_t bytes, offset;
    int first, last; /* calls, inclusive */
    void *home;      /* it needs no arena; or NULL */
};

struct ug_shelf_list {
    const struct ug_buffer **items;
    int n, capacity;
};

struct ug_shelf {
    struct ug_arena *arena;
    int n_calls;
    int span;                        /* calls in each */
    struct ug_shelf_list *beginning; /* by call */
    struct ug_shelf_list *lasting;   /* by span: of what began before it */
};

/* Empty, for buffers of calls 0 … n_calls - 1; all of it is taken from the arena.  A buffer whose
 * last call is n_calls is kept. */
struct ug_shelf ug_shelf_new(struct ug_arena *arena, int n_calls);
void ug_shelf_add(struct ug_shelf *s, const struct ug_buffer *b); /* b is borrowed */

/* Writes the buffers that meet `b` in time to `found`, which has room for all there are; how many.
 * In no particular order. */
int ug_shelf_find(const struct ug_shelf *s, const struct ug_buffer *b,
                  const struct ug_buffer **found);

#endif
