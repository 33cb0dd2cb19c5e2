/* bench_kernels.h -- what `bench --kernels` times, and printing it. */
#ifndef UG_BENCH_KERNELS_H
#define UG_BENCH_KERNELS_H

#include <stdio.h>

#include "engine/graph/op.h"

/* One op at one set of shapes, and how long each of its algorithms takes. */
struct ug_bench_job {
    const struct ug_op *op;
    const void *attrs;
    void *own_attrs; /* these, where no node has them */
    int n_in, calls; /* of it in a step */
    struct ug_type in[UG_WAY_INPUTS], out;
    struct ug_way ways[UG_MOST_WAYS];
    double seconds[UG_MOST_WAYS]; /* median */
    int n_ways, taken, fastest;   /* indices of ways */
    int threads;                  /* that it gets */
};

struct ug_bench_jobs {
    struct ug_bench_job *items;
    int n, capacity;
};

double ug_bench_total(const struct ug_bench_job *job); /* seconds of all its calls */

/* A line for each algorithm; calls and totals where `counted`; then what predictions rest on. */
void ug_bench_print_kernels(const struct ug_bench_jobs *jobs, bool counted, FILE *out);
/* A list of one object for each job, a line each. */
void ug_bench_print_json(const struct ug_bench_jobs *jobs, FILE *out);

#endif
