/* arena.h -- memory that is freed as a whole.
 *
 * Everything built from a file (documents, expressions, graphs, plans) lives in an arena and dies
 * with it, so no piece of it has an owner of its own.  Values of tensors do not live here.
 */
#ifndef UG_ARENA_H
#define UG_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct ug_arena;

/* A new, empty arena.  Running out of memory for such small things ends the process with a
 * sentence on standard error: there is nothing sensible left to do.  Large blocks (values,
 * pictures, files) are never taken from an arena; their failure is reported to the user. */
struct ug_arena *ug_arena_new(void);
void ug_arena_free(struct ug_arena *a); /* NULL is fine */

/* `size` zeroed bytes, aligned for any type.  Never NULL. */
void *ug_arena_alloc(struct ug_arena *a, size_t size) __attribute__((malloc, returns_nonnull));
void *ug_arena_array(struct ug_arena *a, size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));

/* The old block copied into a new one of `new_count` members; the old stays where it is. */
void *ug_arena_grow(struct ug_arena *a, const void *old, size_t old_count, size_t new_count,
                    size_t size) __attribute__((returns_nonnull));

char *ug_arena_copy(struct ug_arena *a, const char *text, size_t length)
    __attribute__((returns_nonnull)); /* adds the closing NUL */
char *ug_arena_format(struct ug_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
char *ug_arena_vformat(struct ug_arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0), returns_nonnull));

/* Appends to an arena array, doubling it as needed:
 *     UG_PUSH(arena, list->items, list->count, list->capacity, item); */
#define UG_PUSH(arena, items, count, capacity, item)                                               \
    do {                                                                                           \
        if ((count) == (capacity)) {                                                               \
            const size_t ug_wanted_ = (capacity) ? 2 * (size_t)(capacity) : 8;                     \
            (items) =                                                                              \
                ug_arena_grow((arena), (items), (size_t)(count), ug_wanted_, sizeof *(items));     \
            (capacity) = (__typeof__(capacity))ug_wanted_;                                         \
        }                                                                                          \
        (items)[(count)++] = (item);                                                               \
    } while (0)

/* malloc and realloc that end the process with a sentence instead of returning NULL. */
void *ug_xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
void *ug_xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

#endif
