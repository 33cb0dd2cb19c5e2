/* exec_parts.h -- the inside of an exec, between exec.c and exec_watch.c only. */
#ifndef UG_EXEC_PARTS_H
#define UG_EXEC_PARTS_H

#include "engine/run/exec.h"

struct ug_exec {
    struct ug_plan *plan;
    const struct ug_store *store;
    unsigned char *memory;
    size_t bytes;
    bool owns_memory;
    void **data;               /* by node id: where its value lies; NULL where it is not needed */
    float *numbers;            /* by node id: values of constants and counters */
    struct ug_kernel *kernels; /* one a call */
    struct ug_tensor *inputs;  /* of all kernels, one after the other */
    bool *alone;               /* by call: too little work to wake other threads for */
    int threads;               /* for the others */
    bool resolved;             /* views and kernels have the addresses of all values */
};

/* Resolves addresses, and has all threads treat tiny numbers alike: before a phase. */
void ug_exec_prepare(struct ug_exec *e);
void ug_exec_run_call(struct ug_exec *e, int call, uint64_t seed, uint64_t step);
/* Goals that nothing could write in place: after a phase. */
void ug_exec_make_copies(struct ug_exec *e, int phase);

#endif
