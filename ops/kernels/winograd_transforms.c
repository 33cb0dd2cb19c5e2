/* winograd_transforms.c -- the transforms for each width of vectors, and the choice among them at
 * run time. */
#include <stdbool.h>

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

const struct ug_winograd_transforms *ug_winograd_best(int taps)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return &avx512_transforms[taps == 2];
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2_transforms[taps == 2];
#endif
    return &portable_transforms[taps == 2];
}
