/* machine.c -- times multiplications in registers and copies larger than the caches. */
#include "engine/run/machine.h"

#include <stddef.h>

#include "engine/base/clock.h"
#include "engine/base/cpu.h"
#include "engine/base/memory.h"

enum {
    ROUNDS = 20000,
    CHAINS = 10,
    TRIALS = 6,
    STREAM = 16 << 20 /* floats: more than caches hold */
};

/* ---- Arithmetic ---- */

/* CHAINS vectors that depend on nothing but themselves: enough to keep multiply-adders busy, and
 * few enough for registers.  The factor and the sum keep values where they are. */
#define DEFINE_CHAINS(name, lanes, attributes)                                                     \
    attributes static float name(void)                                                             \
    {                                                                                              \
        typedef float vector __attribute__((vector_size(sizeof(float) * lanes)));                  \
        const vector half = (vector){0} + 0.5f;                                                    \
        vector x[CHAINS], sum = {0};                                                               \
        float total = 0;                                                                           \
                                                                                                   \
        for (int i = 0; i < CHAINS; i++)                                                           \
            x[i] = half + (float)i;                                                                \
        for (int round = 0; round < ROUNDS; round++)                                               \
            for (int i = 0; i < CHAINS; i++)                                                       \
                x[i] = x[i] * half + half;                                                         \
        for (int i = 0; i < CHAINS; i++)                                                           \
            sum += x[i];                                                                           \
        for (int i = 0; i < lanes; i++)                                                            \
            total += sum[i];                                                                       \
        return total;                                                                              \
    }

DEFINE_CHAINS(chains_portable, 4, )
#if defined(__x86_64__)
DEFINE_CHAINS(chains_avx2, 8, __attribute__((target("avx2,fma"))))
DEFINE_CHAINS(chains_avx512, 16, __attribute__((target("avx512f"))))
#endif

static double flops_of_thread(void)
{
    static const int lanes[] = {[UG_CPU_PORTABLE] = 4, [UG_CPU_AVX2] = 8, [UG_CPU_AVX512] = 16};
    float (*run)(void) = chains_portable;
    const enum ug_cpu cpu = ug_cpu_chosen();
    volatile float result;
    double best = 1e9;

#if defined(__x86_64__)
    run = cpu == UG_CPU_AVX512 ? chains_avx512 : cpu == UG_CPU_AVX2 ? chains_avx2 : run;
#endif
    for (int i = 0; i < TRIALS; i++) {
        const double start = ug_now();

        result = run();
        best = ug_now() - start < best ? ug_now() - start : best;
    }
    (void)result;
    return 2.0 * lanes[cpu] * CHAINS * ROUNDS / best;
}

/* ---- Memory ---- */

static double copy_seconds(float *to, const float *from)
{
    double best = 1e9;

    for (int trial = 0; trial < TRIALS; trial++) {
        const double start = ug_now();

#pragma omp parallel for schedule(static)
        for (int i = 0; i < STREAM; i++)
            to[i] = from[i] + 1.0f;
        best = ug_now() - start < best ? ug_now() - start : best;
    }
    return best;
}

static double memory_rate(void)
{
    const size_t bytes = STREAM * sizeof(float);
    float *to = ug_memory_take(bytes), *from = ug_memory_take(bytes);
    const double rate = to && from ? 2.0 * (double)bytes / copy_seconds(to, from) : 0;

    ug_memory_give(to, bytes);
    ug_memory_give(from, bytes);
    return rate;
}

struct ug_machine ug_machine_measure(void)
{
    double flops = 0;

#pragma omp parallel reduction(+ : flops)
    flops += flops_of_thread();
    return (struct ug_machine){.flops = flops, .bytes = memory_rate()};
}

double ug_machine_seconds(const struct ug_machine *m, double flops, double bytes)
{
    const double computing = m->flops > 0 ? flops / m->flops : 0;
    const double moving = m->bytes > 0 ? bytes / m->bytes : 0;

    return computing > moving ? computing : moving;
}
