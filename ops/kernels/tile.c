/* tile.c -- the tile kernels for each width of vectors, and the choice among them at run time. */
#include "ops/kernels/tile.h"

/* Any processor with vectors of four floats: SSE2, NEON. */
#define TILE(name) portable_##name
#define LANES      4
#define ROWS       6
#define TARGET
#include "ops/kernels/tile_loops.h"

#ifdef __x86_64__

#define TILE(name) avx2_##name
#define LANES      8
#define ROWS       6
#define TARGET     __attribute__((target("avx2,fma")))
#include "ops/kernels/tile_loops.h"

#define TILE(name) avx512_##name
#define LANES      16
#define ROWS       8
#define TARGET     __attribute__((target("avx512f,avx512vl,avx512dq,fma,prefer-vector-width=512")))
#include "ops/kernels/tile_loops.h"

#endif

const struct ug_tile *ug_tile_at(int i)
{
    const struct ug_tile *usable[4] = {NULL};
    int n = 0;

#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        usable[n++] = &avx512_tile;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        usable[n++] = &avx2_tile;
#endif
    usable[n++] = &portable_tile;
    return i < n ? usable[i] : NULL;
}

const struct ug_tile *ug_tile_best(void)
{
    return ug_tile_at(0);
}
