/* sweep_plan.h -- every combination of the values that --set gives to variables. */
#ifndef UG_SWEEP_PLAN_H
#define UG_SWEEP_PLAN_H

#include "engine/base/arena.h"
#include "engine/unitgraph.h"

struct ug_sweep_axis {
    const char *name;    /* "lambda.gan" */
    const char **values; /* "1", "10" */
    int n;               /* at least 2 */
};

struct ug_sweep_run {
    const char *name;          /* of its folder: "shared=0,lambda.gan=10" */
    const char *const *values; /* by axis */
    const char *const *sets;   /* "NAME=EXPR" for ug_run, those that are the same for all too */
};

struct ug_sweep_plan {
    struct ug_sweep_axis *axes;
    int n_axes;
    struct ug_sweep_run *runs; /* the last axis goes fastest */
    int n_runs;
    int n_sets; /* of each run */
};

/* "NAME=A,B,C" is an axis: commas in brackets or quotes do not part values.  "NAME=A" holds for all
 * runs.  Everything comes from the arena.  False after an error. */
bool ug_sweep_plan(struct ug_sweep_plan *plan, struct ug_arena *a, const struct ug_overrides *o,
                   struct ug_diags *diags);

#endif
