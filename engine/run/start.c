/* start.c -- what holds for the whole process: threads and the version. */
#include <cblas.h>
#include <omp.h>

#include "engine/base/simd.h"
#include "engine/unitgraph.h"

enum { MOST_THREADS = 1024 };

/* Kernels cut their work themselves; OpenBLAS works inside the pieces.  Numbers too small for a
 * normal float32 are flushed on every thread of the team, so that all of them compute alike. */
void ug_set_threads(int n)
{
    openblas_set_num_threads(1);
    omp_set_dynamic(0);
    omp_set_num_threads(n > 0 && n <= MOST_THREADS ? n : omp_get_num_procs());
#pragma omp parallel
    ug_flush_denormals();
}

void ug_end_threads(void)
{
    omp_pause_resource_all(omp_pause_hard);
}

const char *ug_version(void)
{
    return UG_VERSION;
}
