/* cpu.h -- which instructions kernels use: the widest vectors of the processor at hand, unless the
 * environment asks for narrower ones with UNITGRAPH_CPU=portable, avx2 or avx512. */
#ifndef UG_CPU_H
#define UG_CPU_H

#include <stdbool.h>

#include "diag.h"

/* From the narrowest to the widest. */
enum ug_cpu {
    UG_CPU_PORTABLE, /* vectors of four floats without fused multiply-adds: SSE2, NEON */
    UG_CPU_AVX2,     /* with FMA */
    UG_CPU_AVX512,   /* F, VL and DQ */
    UG_N_CPUS
};

const char *ug_cpu_name(enum ug_cpu cpu); /* as UNITGRAPH_CPU spells it */
bool ug_cpu_here(enum ug_cpu cpu);        /* this processor can run it */

/* What kernels use: the environment is asked once.  The widest where it says nothing useful. */
enum ug_cpu ug_cpu_chosen(void);

/* False, with an error that lists what there is, where UNITGRAPH_CPU asks for something else. */
bool ug_cpu_check(struct ug_diags *diags);

#endif
