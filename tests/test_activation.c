/* test_activation.c -- activations against their formulas in double precision, and at their kinks.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness_main.h"
#include "harness_trial.h"
#include "ops/emit.h"

static char error[500]; /* the first error of a file that was refused */

/* A trial of `y: CALL` over an input x of the given shape ("[2, 3]"), in place of `t`. */
static struct ug_node *load(const char *shape, const char *call)
{
    char text[300];

    snprintf(text, sizeof text,
             "unitgraph: 1\ninputs: {x: %s}\ngraph:\n  y: %s\n  g: grad(sum(y), x)\n", shape, call);
    trial_free(t);
    t = trial_try(text, true, 1, error);
    ck_assert_msg(t != NULL, "%s: %s", call, error);
    return trial_value(t, "y");
}

/* ---- Element by element ---- */

static double relu(double x)
{
    return fmax(x, 0);
}
static double leaky_relu(double x)
{
    return x > 0 ? x : 0.01 * x;
}
static double leakier_relu(double x)
{
    return x > 0 ? x : 0.2 * x;
}
static double elu(double x)
{
    return x > 0 ? x : expm1(x);
}
static double half_elu(double x)
{
    return x > 0 ? x : 0.5 * expm1(x);
}
static double selu(double x)
{
    return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x));
}
static double gelu(double x)
{
    return 0.5 * x * erfc(-x / sqrt(2));
}
static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double silu(double x)
{
    return x * sigmoid(x);
}
static double softplus(double x)
{
    return x > 20 ? x : log1p(exp(x));
}
static double sharp_softplus(double x)
{
    return 3 * x > 1 ? x : log1p(exp(3 * x)) / 3;
}

static const struct {
    const char *call;
    double (*truth)(double);
    double slope_at_0; /* as PyTorch has it */
} activations[] = {
    {"relu(x)", relu, 0},
    {"leaky_relu(x)", leaky_relu, 0.01},
    {"\"leaky_relu(x, 0.2)\"", leakier_relu, 0.2},
    {"elu(x)", elu, 1},
    {"\"elu(x, alpha=0.5)\"", half_elu, 0.5},
    {"selu(x)", selu, 1.0507009873554805 * 1.6732632423543772},
    {"gelu(x)", gelu, 0.5},
    {"silu(x)", silu, 0.5},
    {"tanh(x)", tanh, 1},
    {"sigmoid(x)", sigmoid, 0.25},
    {"softplus(x)", softplus, 0.5},
    {"\"softplus(x, beta=3, threshold=1)\"", sharp_softplus, 0.5},
};
enum { N_ACTIVATIONS = sizeof activations / sizeof activations[0] };

/* Across the range where they bend, and where they are flat or straight. */
START_TEST(values)
{
    enum { N = 237 };
    double x[N], want[N];
    struct ug_node *y = load("[237]", activations[_i].call);

    for (int i = 0; i < N; i++) {
        x[i] = (double)(float)(i < 200 ? -5 + 0.05 * i : -90 + 5 * (i - 200));
        want[i] = activations[_i].truth(x[i]);
    }
    trial_set(t, "x", x, N);
    expect_values(t, y, 3e-7, N, want);
}
END_TEST

/* Close to 0 a relative error: the tolerance is of the largest, so all are small. */
START_TEST(small_values)
{
    const double x[] = {-3e-4, -1e-4, -2e-5, 1e-5, 2e-4};
    double want[5];
    struct ug_node *y = load("[5]", activations[_i].call);

    for (int i = 0; i < 5; i++)
        want[i] = activations[_i].truth(x[i]);
    trial_set(t, "x", x, 5);
    expect_values(t, y, 3e-7, 5, want);
}
END_TEST

START_TEST(gradients)
{
    check_gradient(t, load("[3, 7]", activations[_i].call), 2);
}
END_TEST

START_TEST(slopes_at_zero)
{
    load("[1]", activations[_i].call);
    trial_set(t, "x", (double[]){0}, 1);
    expect_values(t, trial_value(t, "g"), 2e-7, 1, &activations[_i].slope_at_0);
}
END_TEST

START_TEST(nan_passes)
{
    struct ug_node *y = load("[1]", activations[_i].call);
    double *got;

    trial_set(t, "x", (double[]){NAN}, 1);
    got = trial_values(t, y);
    ck_assert_double_nan(got[0]);
    free(got);
}
END_TEST

/* A rectifier's gradient is 0 for what it stopped, even where dy is infinite. */
START_TEST(gates_stop_infinity)
{
    struct ug_node *dy = trial_input(t, "dy", UG_SHAPE(3), (double[]){INFINITY, INFINITY, 2});
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3), (double[]){-1, 0, 1});

    expect_values(t, ug_gate(&t->b, dy, x, 0), 0, 3, (double[]){0, 0, 2});
}
END_TEST

/* ---- softmax ---- */

static const struct {
    const char *shape;
    int64_t outer, extent, inner;
    int dim;
} softmaxes[] = {
    {"[5]", 1, 5, 1, 0},        {"[3, 37]", 3, 37, 1, -1}, {"[2, 3, 5, 14]", 2, 3, 70, 1},
    {"[130, 2]", 1, 130, 2, 0}, {"[2, 1, 3]", 2, 1, 3, 1}, {"[4, 16, 64]", 4, 16, 64, -2},
};
enum { N_SOFTMAXES = sizeof softmaxes / sizeof softmaxes[0] };

/* softmax or its logarithm by the formula, of x [outer, extent, inner]. */
static double *softmax_truth(const double *x, int k, bool logarithm)
{
    const int64_t outer = softmaxes[k].outer, extent = softmaxes[k].extent;
    const int64_t inner = softmaxes[k].inner;
    double *y = calloc((size_t)(outer * extent * inner), sizeof *y);

    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const int64_t start = o * extent * inner + i;
            double sum = 0;

            for (int64_t e = 0; e < extent; e++)
                sum += exp(x[start + e * inner]);
            for (int64_t e = 0; e < extent; e++)
                y[start + e * inner] = logarithm ? -log(sum / exp(x[start + e * inner]))
                                                 : exp(x[start + e * inner]) / sum;
        }
    return y;
}

static void check_softmax(int k, const char *op, bool logarithm)
{
    const int64_t n = softmaxes[k].outer * softmaxes[k].extent * softmaxes[k].inner;
    char call[60];

    snprintf(call, sizeof call, "\"%s(x, %d)\"", op, softmaxes[k].dim);
    struct ug_node *y = load(softmaxes[k].shape, call);
    double *x = calloc((size_t)n, sizeof *x);

    for (int64_t i = 0; i < n; i++)
        x[i] = (double)(float)(8 * sin(0.7 * (double)(i * i % 101)));
    trial_set(t, "x", x, n);
    double *want = softmax_truth(x, k, logarithm);
    expect_values(t, y, 1e-6, n, want);
    free(want);
    free(x);
}

START_TEST(softmax_values)
{
    check_softmax(_i, "softmax", false);
}
END_TEST

START_TEST(log_softmax_values)
{
    check_softmax(_i, "log_softmax", true);
}
END_TEST

START_TEST(softmax_gradients)
{
    check_gradient(t, load("[2, 3, 4]", _i ? "\"log_softmax(x, 1)\"" : "\"softmax(x, 1)\""), 2);
}
END_TEST

START_TEST(softmax_of_large_numbers)
{
    struct ug_node *y = load("[3]", _i ? "\"log_softmax(x, 0)\"" : "\"softmax(x, 0)\"");

    trial_set(t, "x", (double[]){1000, 1000, -INFINITY}, 3);
    if (_i == 0)
        expect_values(t, y, 1e-7, 3, (double[]){0.5, 0.5, 0});
    else {
        double *got = trial_values(t, y);

        ck_assert_double_eq_tol(got[0], -log(2), 1e-7);
        ck_assert_double_eq(got[2], -INFINITY);
        free(got);
    }
}
END_TEST

START_TEST(softmax_axis_out_of_range)
{
    trial_free(t);
    t = trial_try("unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: \"softmax(x, 2)\"}\n", true, 1,
                  error);
    ck_assert_ptr_null(t);
    ck_assert_ptr_nonnull(strstr(error, "there is no axis 2"));
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("activation");
    TCase *c = tcase_create("activation");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, trial_setup, trial_teardown);
    tcase_add_loop_test(c, values, 0, N_ACTIVATIONS);
    tcase_add_loop_test(c, small_values, 0, N_ACTIVATIONS);
    tcase_add_loop_test(c, gradients, 0, N_ACTIVATIONS);
    tcase_add_loop_test(c, slopes_at_zero, 0, N_ACTIVATIONS);
    tcase_add_loop_test(c, nan_passes, 0, N_ACTIVATIONS);
    tcase_add_test(c, gates_stop_infinity);
    tcase_add_loop_test(c, softmax_values, 0, N_SOFTMAXES);
    tcase_add_loop_test(c, log_softmax_values, 0, N_SOFTMAXES);
    tcase_add_loop_test(c, softmax_gradients, 0, 2);
    tcase_add_loop_test(c, softmax_of_large_numbers, 0, 2);
    tcase_add_test(c, softmax_axis_out_of_range);
    suite_add_tcase(s, c);
    return s;
}
