/* harness_ops.h -- small graphs for the tests of ops: built, run, compared, and differentiated.
 *
 * A trial is one graph with the values of its leaves.  It is built by the C interface:
 *
 *     struct trial *t = trial_new(true);
 *     struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 3), NULL);
 *     expect_values(t, ug_relu(&t->b, x), 1e-6, 6, (double[]){…});
 *     check_gradient(t, ug_relu(&t->b, x), 2);
 *     trial_free(t);
 *
 * or from YAML, as a user would write it (trial_load).  Every check fails the running Check test
 * with a sentence that says which value, where and by how much.
 */
#ifndef HARNESS_OPS_H
#define HARNESS_OPS_H

#include "engine/graph/build.h"
#include "engine/run/store.h"

struct trial_leaf {
    struct ug_node *node;   /* an input, or NULL for a parameter or state */
    struct ug_param *param; /* or NULL for an input */
    const char *name;
    struct ug_type type;
    void *data;  /* float or int64_t, owned by the trial */
    bool varied; /* gradients with respect to it are checked: float32, not state */
};

struct trial {
    struct ug_diags *diags;
    struct ug_params *params;
    struct ug_graph *graph;
    struct ug_graph *chained; /* runs in place of `graph` if a test has set it; owned */
    struct ug_builder b;
    struct trial_leaf *leaves;
    int n_leaves, capacity;
    struct ug_store store;      /* the values of parameters, as an exec wants them */
    uint64_t seed, step, draws; /* of the run; of the trial's own random numbers */
    bool positive; /* drawn values are positive, for ops that are not defined below 0 */
    struct ug_program *program; /* of a trial that was loaded; else NULL */
    struct ug_unfolded *unfolded;
    void (*release)(struct trial *t); /* frees what the trial was built from */
};

struct trial *trial_new(bool training);
void trial_free(struct trial *t);

/* A float input.  values NULL: reproducible numbers of magnitude 0.2 to 1.5, no two of them close,
 * so that neither a kink at 0 nor a tie of a maximum lies within the steps of check_gradient. */
struct ug_node *trial_input(struct trial *t, const char *name, struct ug_shape shape,
                            const double *values);
struct ug_node *trial_labels(struct trial *t, const char *name, struct ug_shape shape,
                             const int64_t *values);
/* The values of a parameter or state (by its full name), or of an input, from now on. */
void trial_set(struct trial *t, const char *name, const double *values, int64_t n);
/* Other drawn values for all float inputs and parameters; positive ones for ops that are not
 * defined below 0. */
void trial_redraw(struct trial *t, bool positive);

/* The values of n nodes after one run, each an array of doubles that the caller frees. */
void trial_run(struct trial *t, struct ug_node *const *nodes, int n, double **values);
double *trial_values(struct trial *t, struct ug_node *node);
double trial_scalar(struct trial *t, struct ug_node *node);

/* Runs the graph as it was built and as ug_simplify leaves it; both must give `want`, each element
 * within `tolerance` times the largest of `want`. */
void expect_values(struct trial *t, struct ug_node *node, double tolerance, int64_t n,
                   const double *want);
void expect_shape(struct ug_node *node, struct ug_shape want);
/* That the first error so far contains `text`. */
void expect_error(struct trial *t, const char *text);

/* Compares ug_differentiate with central differences of random projections, for every varied leaf.
 * order 2: the gradients found are checked in the same way, as functions of the leaves and of the
 * projection.  The same in the second form, which returns what is wrong, or NULL. */
void check_gradient(struct trial *t, struct ug_node *y, int order);
const char *gradient_error(struct trial *t, struct ug_node *y, int order);

/* Loads a file's text; its inputs and parameters become leaves with drawn values (labels are below
 * n_labels).  Fails the test if there are errors.  trial_try hands them back instead: NULL, and the
 * first of them in `error`. */
struct trial *trial_load(const char *text, bool training, int64_t n_labels);
struct trial *trial_try(const char *text, bool training, int64_t n_labels, char error[500]);
/* A value of `graph`, a loss, or a term of one. */
struct ug_node *trial_value(struct trial *t, const char *name);

/* The same for a text that has "x" as its only input and gives "y": loads, sets x if it is not
 * NULL, and compares y, or checks y's gradients up to the second order. */
void expect_y(const char *text, int64_t n_x, const double *x, double tolerance, int64_t n_y,
              const double *y);
void check_y(const char *text);

/* That loading the text fails with an error that contains `part`. */
void expect_refusal(const char *text, const char *part);

#endif
