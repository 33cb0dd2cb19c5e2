/* cut.h -- the small arithmetic of cutting work and scratch memory into pieces. */
#ifndef UG_CUT_H
#define UG_CUT_H

#include <stddef.h>
#include <stdint.h>

/* So many elements to move, and more, are shared among threads: fewer are done sooner than they are
 * handed over. */
enum { UG_SHARED_ELEMENTS = 1 << 14 };

static inline int64_t ug_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t ug_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t ug_ceil_div(int64_t a, int64_t b) /* a >= 0 */
{
    return (a + b - 1) / b;
}

/* Bytes of `count` elements, up to where the next block of scratch may begin. */
static inline size_t ug_block_bytes(int64_t count, size_t size)
{
    return ((size_t)count * size + 63) & ~(size_t)63;
}

#endif
