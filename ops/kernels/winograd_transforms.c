/* winograd_transforms.c -- the transforms for each width of vectors, and the choice among them at
 * run time. */
#include <stdbool.h>

#include "engine/base/cpu.h"
#include "ops/kernels/winograd_tiles.h"

#define FORM(name) portable_##name
#define LANES      4
#define TARGET
#include "ops/kernels/winograd_transforms.h"

#ifdef __x86_64__

#define FORM(name) avx2_##name
#define LANES      8
#define TARGET     __attribute__((target("avx2,fma")))
#include "ops/kernels/winograd_transforms.h"

#define FORM(name) avx512_##name
#define LANES      16
#define TARGET     __attribute__((target("avx512f,avx512vl,avx512dq,fma,prefer-vector-width=512")))
#include "ops/kernels/winograd_transforms.h"

#endif

static const struct ug_winograd_transforms *const transforms[UG_N_CPUS] = {
    [UG_CPU_PORTABLE] = portable_transforms,
#ifdef __x86_64__
    [UG_CPU_AVX2] = avx2_transforms,
    [UG_CPU_AVX512] = avx512_transforms,
#endif
};

const struct ug_winograd_transforms *ug_winograd_best(int taps)
{
    return &transforms[ug_cpu_chosen()][taps == 2];
}
