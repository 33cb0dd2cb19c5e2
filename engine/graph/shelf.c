/* shelf.c -- lists by span of time. */
#include "engine/graph/shelf.h"

#include <math.h>

struct ug_shelf ug_shelf_new(struct ug_arena *arena, int n_calls)
{
    struct ug_shelf s = {.arena = arena, .n_calls = n_calls, .span = (int)sqrt(n_calls) + 1};

    s.beginning = ug_arena_array(arena, (size_t)n_calls, sizeof *s.beginning);
    s.lasting = ug_arena_array(arena, (size_t)(n_calls / s.span) + 1, sizeof *s.lasting);
    return s;
}

static void add(struct ug_shelf *s, struct ug_shelf_list *list, const struct ug_buffer *b)
{
    UG_PUSH(s->arena, list->items, list->n, list->capacity, b);
}

void ug_shelf_add(struct ug_shelf *s, const struct ug_buffer *b)
{
    add(s, &s->beginning[b->first], b);
    for (int k = b->first / s->span + 1; k * s->span <= b->last; k++)
        add(s, &s->lasting[k], b);
}

/* Those of a list that are still alive at a call. */
static int find_alive(const struct ug_shelf_list *list, int call, const struct ug_buffer **found)
{
    int n = 0;

    for (int i = 0; i < list->n; i++)
        if (list->items[i]->last >= call)
            found[n++] = list->items[i];
    return n;
}

int ug_shelf_find(const struct ug_shelf *s, const struct ug_buffer *b,
                  const struct ug_buffer **found)
{
    const int k = b->first / s->span;
    int n = find_alive(&s->lasting[k], b->first, found);

    for (int call = k * s->span; call <= b->last && call < s->n_calls; call++)
        n += find_alive(&s->beginning[call], b->first, found + n);
    return n;
}
