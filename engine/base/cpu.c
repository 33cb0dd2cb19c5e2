/* cpu.c -- what the processor has, and what the environment asks for instead. */
#include "engine/base/cpu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char variable[] = "UNITGRAPH_CPU";

static const char *const names[UG_N_CPUS] = {"portable", "avx2", "avx512"};

const char *ug_cpu_name(enum ug_cpu cpu)
{
    return names[cpu];
}

bool ug_cpu_here(enum ug_cpu cpu)
{
    switch (cpu) {
#ifdef __x86_64__
    case UG_CPU_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case UG_CPU_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq");
#endif
    default:
        return cpu == UG_CPU_PORTABLE;
    }
}

/* The one of that name, if it is here; else UG_N_CPUS. */
static enum ug_cpu find(const char *name)
{
    enum ug_cpu cpu = UG_CPU_PORTABLE;

    while (cpu < UG_N_CPUS && (strcmp(names[cpu], name) || !ug_cpu_here(cpu)))
        cpu++;
    return cpu;
}

static const char *asked_for(void)
{
    const char *name = getenv(variable);

    return name && *name ? name : NULL;
}

static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;
static enum ug_cpu chosen;

static void choose(void)
{
    const char *name = asked_for();

    chosen = name ? find(name) : UG_N_CPUS;
    if (chosen == UG_N_CPUS)
        for (chosen = UG_CPU_AVX512; !ug_cpu_here(chosen);)
            chosen--;
}

enum ug_cpu ug_cpu_chosen(void)
{
    pthread_once(&chosen_once, choose);
    return chosen;
}

bool ug_cpu_check(struct ug_diags *diags)
{
    const char *name = asked_for(), *here[UG_N_CPUS];
    char list[80] = "";
    size_t n = 0;

    if (!name || find(name) < UG_N_CPUS)
        return true;
    for (enum ug_cpu cpu = UG_CPU_PORTABLE; cpu < UG_N_CPUS; cpu++)
        if (ug_cpu_here(cpu)) {
            strcat(strcat(list, n ? ", " : ""), names[cpu]);
            here[n++] = names[cpu];
        }
    struct ug_diag *e =
        ug_error(diags, UG_NOWHERE, "%s=%s: this processor has %s", variable, name, list);
    if (ug_nearest(name, here, n))
        ug_note(e, UG_NOWHERE, "did you mean '%s'?", ug_nearest(name, here, n));
    return false;
}
