/* harness_runner.h -- running some nodes of a trial again and again: shared by the files of the
 * harness. */
#ifndef HARNESS_RUNNER_H
#define HARNESS_RUNNER_H

#include "engine/run/exec.h"
#include "harness_ops.h"

struct runner {
    struct trial *trial;
    struct ug_graph *graph; /* the simplified one, owned; NULL: the trial's own */
    struct ug_node **roots; /* what is fetched, in the graph that runs */
    int n;
    struct ug_exec *exec;
};

struct runner runner_open(struct trial *t, struct ug_node *const *nodes, int n, bool simplify);
void runner_close(struct runner *r);
void runner_run(struct runner *r);              /* with the leaves' present values */
double *runner_values(struct runner *r, int i); /* of node i; the caller frees it */

double trial_draw(struct trial *t); /* one number of [0, 1) */
/* A leaf for an input node that the graph has already, with drawn values. */
struct ug_node *trial_adopt_input(struct trial *t, struct ug_node *node, int64_t n_labels);

#endif
