/* arena.c -- a chain of blocks, each twice as large as the one before it up to a limit. */
#include "engine/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

struct ug_arena {
    struct block *blocks; /* newest first: the only one with room */
};

static void out_of_memory(void) __attribute__((noreturn));
static void out_of_memory(void)
{
    fputs("unitgraph: out of memory\n", stderr);
    abort();
}

void *ug_xrealloc(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

void *ug_xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

struct ug_arena *ug_arena_new(void)
{
    return ug_xcalloc(1, sizeof(struct ug_arena));
}

void ug_arena_free(struct ug_arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

static struct block *add_block(struct ug_arena *a, size_t at_least)
{
    size_t size = a->blocks ? 2 * a->blocks->size : FIRST_BLOCK;

    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < at_least)
        size = at_least;
    struct block *b = ug_xcalloc(1, sizeof *b + size);
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *ug_arena_alloc(struct ug_arena *a, size_t size)
{
    const size_t unit = alignof(max_align_t);

    if (size > SIZE_MAX / 2)
        out_of_memory();
    size = (size + unit - 1) / unit * unit;
    struct block *b = a->blocks;
    if (!b || b->size - b->used < size)
        b = add_block(a, size);
    void *p = b->bytes + b->used;
    b->used += size;
    return p;
}

void *ug_arena_array(struct ug_arena *a, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory();
    return ug_arena_alloc(a, bytes);
}

void *ug_arena_grow(struct ug_arena *a, const void *old, size_t old_count, size_t new_count,
                    size_t size)
{
    void *p = ug_arena_array(a, new_count, size);

    if (old_count)
        memcpy(p, old, old_count * size);
    return p;
}

char *ug_arena_copy(struct ug_arena *a, const char *text, size_t length)
{
    char *p = ug_arena_alloc(a, length + 1);

    if (length)
        memcpy(p, text, length);
    return p;
}

char *ug_arena_vformat(struct ug_arena *a, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    char *p = ug_arena_alloc(a, (size_t)length + 1);
    vsnprintf(p, (size_t)length + 1, format, again);
    va_end(again);
    return p;
}

char *ug_arena_format(struct ug_arena *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *p = ug_arena_vformat(a, format, args);
    va_end(args);
    return p;
}
