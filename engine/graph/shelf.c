#include "engine/graph/shelf.h"

#include <stdbool.h>
#include <string.h>

/* A node of the tree: the calls from … to are its time; its halves are nodes 2 id and 2 id + 1. */
struct part {
    int id, from, to;
};

static struct part root(const struct ug_shelf *s)
{
    return (struct part){1, 0, s->n_calls};
}

static struct part half(struct part p, int second)
{
    const int middle = p.from + (p.to - p.from) / 2;

    return second ? (struct part){2 * p.id + 1, middle + 1, p.to}
                  : (struct part){2 * p.id, p.from, middle};
}

static bool is_within(struct part p, const struct ug_buffer *b)
{
    return b->first <= p.from && p.to <= b->last;
}

static bool meets(struct part p, const struct ug_buffer *b)
{
    return b->first <= p.to && p.from <= b->last;
}

struct ug_shelf ug_shelf_new(struct ug_arena *arena, int n_calls)
{
    struct ug_shelf s = {.arena = arena, .n_calls = n_calls};
    size_t leaves = 1;

    while (leaves < (size_t)n_calls + 1)
        leaves *= 2;
    s.all = ug_arena_array(arena, 2 * leaves, sizeof *s.all);
    s.lasting = ug_arena_array(arena, 2 * leaves, sizeof *s.lasting);
    return s;
}

/* The first extent that does not end before `at`. */
static int first_from(const struct ug_extents *e, size_t at)
{
    int low = 0, high = e->n;

    while (low < high) {
        const int middle = low + (high - low) / 2;

        if (e->items[middle].to < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds an extent, which becomes one with those that it meets or touches. */
static void include(struct ug_arena *arena, struct ug_extents *e, struct ug_extent x)
{
    const int first = first_from(e, x.from);
    int end = first;

    for (; end < e->n && e->items[end].from <= x.to; end++) {
        x.from = e->items[end].from < x.from ? e->items[end].from : x.from;
        x.to = e->items[end].to > x.to ? e->items[end].to : x.to;
    }
    if (end == first)
        UG_PUSH(arena, e->items, e->n, e->capacity, x); /* room for one more */
    else
        e->n -= end - first - 1;
    if (end - first != 1)
        memmove(e->items + first + 1, e->items + end,
                (size_t)(e->n - first - 1) * sizeof *e->items);
    e->items[first] = x;
}

static void add(struct ug_shelf *s, struct part p, const struct ug_buffer *b)
{
    const struct ug_extent taken = {b->offset, b->offset + b->bytes};

    if (!meets(p, b))
        return;
    include(s->arena, &s->all[p.id], taken);
    if (is_within(p, b)) {
        include(s->arena, &s->lasting[p.id], taken);
        return;
    }
    for (int i = 0; i < 2; i++)
        add(s, half(p, i), b);
}

void ug_shelf_add(struct ug_shelf *s, const struct ug_buffer *b)
{
    if (b->bytes)
        add(s, root(s), b);
}

static void find(struct ug_shelf *s, struct part p, const struct ug_buffer *b)
{
    const struct ug_extents *taken = is_within(p, b) ? &s->all[p.id] : &s->lasting[p.id];

    if (!meets(p, b) || !s->all[p.id].n)
        return;
    for (int i = 0; i < taken->n; i++)
        include(s->arena, &s->found, taken->items[i]);
    for (int i = 0; i < 2 && !is_within(p, b); i++)
        find(s, half(p, i), b);
}

const struct ug_extents *ug_shelf_find(struct ug_shelf *s, const struct ug_buffer *b)
{
    s->found.n = 0;
    find(s, root(s), b);
    return &s->found;
}
