/* Gradients against central differences, in float32.
 *
 * For outputs y_k(x) and random p_k, L = sum_k <p_k, y_k> is differentiated by the engine, and the
 * derivative of L along random directions is measured: L is summed in float64 from float32 outputs.
 * A direction moves a few elements of one leaf by +-1 each.  Two step lengths h and 2h give
 *     D(h) = (L(x + h v) - L(x - h v)) / 2h,    D = (4 D(h) - D(2h)) / 3,
 * and where D(h) and D(2h) disagree L is not smooth there (a kink of relu, a tie of max): the
 * direction is cut in two until single elements are left, and those are passed over, if they are
 * few.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness_runner.h"
#include "ops/emit.h"

enum { GROUP = 16, MAX_OUTPUTS = 64 };
static const double STEP = 1.0 / 128; /* truncation and float32 rounding are then both near 1e-5 */
static const double TOLERANCE = 4e-3; /* of the gradient's norm over the elements that move */

/* One level of the check: outputs, their projections, and what the engine says the gradient is. */
struct level {
    struct trial *trial;
    struct ug_node *y[MAX_OUTPUTS];
    int n_y;
    int first_p; /* leaves[first_p + k] holds p_k */
    struct runner forward;
    double noise; /* of a difference quotient, from the rounding of y */
    int64_t checked, passed_over;
    char *error; /* what is wrong, or empty */
    size_t error_size;
};

/* The sum of p y over all elements of all outputs; *squares (may be NULL): of the squares of that. */
static double sum_products(struct level *l, double *squares)
{
    double sum = 0, square_sum = 0;

    runner_run(&l->forward);
    for (int k = 0; k < l->n_y; k++) {
        const float *p = l->trial->leaves[l->first_p + k].data;
        double *y = runner_values(&l->forward, k);
        const int64_t n = ug_shape_count(&l->y[k]->type.shape);

        for (int64_t i = 0; i < n; i++) {
            const double product = (double)p[i] * y[i];

            sum += product;
            square_sum += product * product;
        }
        free(y);
    }
    if (squares)
        *squares = square_sum;
    return sum;
}

static double project(struct level *l)
{
    return sum_products(l, NULL);
}

/* Rounding of each y is about FLT_EPSILON |y|, as if independent; and a few roundings deep. */
static double rounding_noise(struct level *l)
{
    double squares;

    sum_products(l, &squares);
    return 4 * FLT_EPSILON * sqrt(squares) / STEP;
}

/* D(h): the elements at[0 … n) of x moved by h times their signs. */
static double quotient(struct level *l, float *x, const int64_t *at, const double *sign, int n,
                       double h)
{
    float kept[GROUP];
    double ends[2];

    for (int i = 0; i < n; i++)
        kept[i] = x[at[i]];
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < n; i++)
            x[at[i]] = (float)(kept[i] + (side ? -h : h) * sign[i]);
        ends[side] = project(l);
    }
    for (int i = 0; i < n; i++)
        x[at[i]] = kept[i];

    return (ends[0] - ends[1]) / (2 * h);
}

static void check_direction(struct level *l, const char *name, float *x, const double *g,
                            const int64_t *at, int n)
{
    double sign[GROUP] = {0}, expected = 0, norm = 0, near, far, measured, scale;

    for (int i = 0; i < n; i++) {
        sign[i] = trial_draw(l->trial) < 0.5 ? -1 : 1;
        expected += sign[i] * g[at[i]];
        norm += g[at[i]] * g[at[i]];
    }
    near = quotient(l, x, at, sign, n, STEP);
    far = quotient(l, x, at, sign, n, 2 * STEP);
    measured = (4 * near - far) / 3;
    scale = fmax(sqrt(norm), fmax(fabs(near), fabs(far)));
    if (fabs(near - far) > 4 * TOLERANCE * scale + l->noise) { /* a kink */
        if (n > 1) {
            check_direction(l, name, x, g, at, n / 2);
            check_direction(l, name, x, g, at + n / 2, n - n / 2);
        } else {
            l->passed_over++;
        }
        return;
    }
    l->checked += n;
    if (!(fabs(measured - expected) <= TOLERANCE * scale + 2 * l->noise) && !l->error[0])
        snprintf(l->error, l->error_size,
                 "along a direction of %d elements of %s (element %lld …) the derivative is %.6g, "
                 "its gradient says %.6g (noise %.1g)",
                 n, name, (long long)at[0], measured, expected, l->noise);
}

/* Every element of one leaf moves in exactly one direction. */
static void check_leaf(struct level *l, struct trial_leaf *leaf, const double *g)
{
    const int64_t n = ug_shape_count(&leaf->type.shape);
    int64_t *order = ug_xcalloc((size_t)n + 1, sizeof *order);

    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)(trial_draw(l->trial) * (double)(i + 1)), kept = order[i];

        order[i] = order[j];
        order[j] = kept;
    }
    for (int64_t i = 0; i < n && !l->error[0]; i += GROUP)
        check_direction(l, leaf->name, leaf->data, g, order + i,
                        (int)(n - i < GROUP ? n - i : GROUP));
    free(order);
}

/* L, with a new input for each projection. */
static struct ug_node *projection(struct level *l)
{
    struct trial *t = l->trial;
    struct ug_node *sum = NULL;

    l->first_p = t->n_leaves;
    for (int k = 0; k < l->n_y; k++) {
        char *name = ug_arena_format(t->graph->arena, "projection %d", t->n_leaves);
        struct ug_node *p = trial_input(t, name, l->y[k]->type.shape, NULL);
        struct ug_node *term = ug_sum(&t->b, ug_mul(&t->b, p, l->y[k]), UG_ALL_AXES, false);

        sum = sum ? ug_add(&t->b, sum, term) : term;
    }
    return sum;
}

/* The leaf's node in the graph: an input's, or the parameter's. */
static struct ug_node *leaf_node(struct trial *t, const struct trial_leaf *leaf)
{
    return leaf->node ? leaf->node : ug_param_node(&t->b, leaf->param);
}

static void check_level(struct trial *t, struct ug_node *const *y, int n_y, int order, char *error,
                        size_t error_size)
{
    struct level l = {.trial = t, .n_y = n_y, .error = error, .error_size = error_size};
    struct ug_node *x[MAX_OUTPUTS], *dx[MAX_OUTPUTS], *found[MAX_OUTPUTS], *loss;
    int at[MAX_OUTPUTS], n_x = 0, n_found = 0;
    double *g[MAX_OUTPUTS];

    for (int k = 0; k < n_y; k++)
        l.y[k] = y[k];
    for (int i = 0; i < t->n_leaves; i++)
        if (t->leaves[i].varied) {
            ck_assert_int_lt(n_x, MAX_OUTPUTS);
            at[n_x] = i;
            x[n_x++] = leaf_node(t, &t->leaves[i]);
        }
    loss = projection(&l);
    if (!loss || !ug_differentiate(&t->b, loss, x, n_x, dx)) {
        snprintf(error, error_size, "not differentiated: %s", ug_diags_first(t->diags));
        return;
    }
    l.forward = runner_open(t, l.y, n_y, true);
    l.noise = rounding_noise(&l);
    for (int i = 0; i < n_x; i++)
        if (dx[i])
            found[n_found++] = dx[i];
    if (n_found)
        trial_run(t, found, n_found, g);
    for (int i = 0, k = 0; i < n_x; i++) {
        const int64_t n = ug_shape_count(&x[i]->type.shape);
        double *zero = ug_xcalloc((size_t)n + 1, sizeof *zero);

        check_leaf(&l, &t->leaves[at[i]], dx[i] ? g[k] : zero);
        free(zero);
        if (dx[i])
            free(g[k++]);
    }
    runner_close(&l.forward);
    if (!error[0] && l.passed_over > (l.checked + l.passed_over) / 4)
        snprintf(error, error_size, "%lld of %lld elements stand at kinks",
                 (long long)l.passed_over, (long long)(l.checked + l.passed_over));
    if (!error[0] && order > 1 && n_found)
        check_level(t, found, n_found, order - 1, error, error_size);
}

const char *gradient_error(struct trial *t, struct ug_node *y, int order)
{
    char *error = ug_arena_alloc(t->graph->arena, 500);
    int n_leaves;

    if (!y)
        return ug_diags_first(t->diags);
    free(trial_values(t, y)); /* so that parameters are leaves, too */
    n_leaves = t->n_leaves;
    check_level(t, &y, 1, order, error, 500);
    for (int i = n_leaves; i < t->n_leaves; i++) /* the projections: not part of another check */
        t->leaves[i].varied = false;
    return error[0] ? error : NULL;
}

void check_gradient(struct trial *t, struct ug_node *y, int order)
{
    const char *error = gradient_error(t, y, order);

    ck_assert_msg(!error, "gradient of %s: %s", y ? y->op->name : "nothing", error);
}
