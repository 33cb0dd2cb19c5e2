/* tile.c -- the tile kernels for each width of vectors, and the choice among them at run time. */
#include "ops/kernels/tile.h"

#include "engine/base/cpu.h"

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

static const struct ug_tile *const tiles[UG_N_CPUS] = {
    [UG_CPU_PORTABLE] = &portable_tile,
#ifdef __x86_64__
    [UG_CPU_AVX2] = &avx2_tile,
    [UG_CPU_AVX512] = &avx512_tile,
#endif
};

const struct ug_tile *ug_tile_at(int i)
{
    for (int cpu = UG_N_CPUS - 1; cpu >= 0; cpu--)
        if (ug_cpu_here((enum ug_cpu)cpu) && i-- == 0)
            return tiles[cpu];
    return NULL;
}

const struct ug_tile *ug_tile_best(void)
{
    return tiles[ug_cpu_chosen()];
}
