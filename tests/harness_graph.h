/* harness_graph.h -- a graph to build in a test, with inputs that know their values, and running
 * it. */
#ifndef UG_HARNESS_GRAPH_H
#define UG_HARNESS_GRAPH_H

#include "engine/graph/build.h"
#include "engine/run/exec.h"

enum { UG_BENCH_INPUTS = 32 };

struct ug_bench {
    struct ug_diags *diags;
    struct ug_params *params;
    struct ug_graph *graph;
    struct ug_builder b;
    struct ug_program program; /* with these parameters and nothing else */
    struct {
        char name[16];
        void *data;
    } inputs[UG_BENCH_INPUTS];
    int n_inputs;
};

void ug_bench_start(struct ug_bench *t);
void ug_bench_end(struct ug_bench *t);

/* An input with a copy of the values; NULL: values drawn from a normal distribution, each input its
 * own. */
struct ug_node *ug_bench_floats(struct ug_bench *t, struct ug_shape shape, const float *values);
struct ug_node *ug_bench_integers(struct ug_bench *t, struct ug_shape shape, const int64_t *values);
/* A trained parameter with initial values from a normal distribution. */
struct ug_node *ug_bench_param(struct ug_bench *t, const char *name, struct ug_shape shape);
/* An op by name. */
struct ug_node *ug_bench_op(struct ug_bench *t, const char *op, const void *attrs, int n_in, ...);

/* Runs `graph` (t->graph, or one made from it) for one node; the values, to be freed.  The store
 * may be NULL if no parameter is read; else it is used as it is. */
float *ug_bench_run(struct ug_bench *t, const struct ug_graph *graph, struct ug_node *node,
                    const struct ug_store *store);
/* The same for the bench's own graph and fresh initial parameters. */
float *ug_bench_value(struct ug_bench *t, struct ug_node *node);

#endif
