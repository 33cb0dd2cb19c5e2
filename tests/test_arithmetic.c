/* test_arithmetic.c -- operators, comparisons and functions of single elements. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness_main.h"
#include "harness_trial.h"
#include "ops/emit.h"

typedef struct ug_node *unary(struct ug_builder *b, struct ug_node *x);
typedef struct ug_node *binary(struct ug_builder *b, struct ug_node *x, struct ug_node *y);

static struct ug_node *named(const char *op, struct ug_node *x, struct ug_node *y)
{
    return ug_emit_named(&t->b, op, NULL, (struct ug_node *[]){x, y}, 2);
}

/* ---- Forward ---- */

static const double grid[] = {-3, -1.5, -0.5, -0.0, 0.25, 1, 2, 7.5};
enum { N = sizeof grid / sizeof grid[0] };

static double sub(double x, double y)
{
    return x - y;
}
static double mul(double x, double y)
{
    return x * y;
}
static double divide(double x, double y)
{
    return x / y;
}
/* As Python rounds: towards minus infinity, the remainder with the sign of the divisor. */
static double floordiv(double x, double y)
{
    return floor(x / y);
}
static double mod(double x, double y)
{
    const double r = fmod(x, y);

    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static double eq(double x, double y)
{
    return x == y;
}
static double ne(double x, double y)
{
    return x != y;
}
static double lt(double x, double y)
{
    return x < y;
}
static double le(double x, double y)
{
    return x <= y;
}
static double gt(double x, double y)
{
    return x > y;
}
static double ge(double x, double y)
{
    return x >= y;
}

static const struct {
    const char *op;
    double (*truth)(double, double);
} operators[] = {
    {"sub", sub}, {"mul", mul},      {"div", divide},   {"eq", eq},
    {"ne", ne},   {"lt", lt},        {"le", le},        {"gt", gt},
    {"ge", ge},   {"maximum", fmax}, {"minimum", fmin}, {"floordiv", floordiv},
    {"mod", mod},
};

/* Every pair of the grid: x as a column, y as a row. */
START_TEST(operators_broadcast)
{
    double y[N], want[N * N];
    struct ug_node *column, *row;

    for (int i = 0; i < N; i++)
        y[i] = grid[i] == 0 ? 0.25 : grid[i];
    column = trial_input(t, "x", UG_SHAPE(N, 1), grid);
    row = trial_input(t, "y", UG_SHAPE(N), y);
    for (int i = 0; i < N * N; i++)
        want[i] = operators[_i].truth(grid[i / N], y[i % N]);
    expect_values(t, named(operators[_i].op, column, row), 1e-7, N * N, want);
}
END_TEST

static double square(double x)
{
    return x * x;
}
static double negative(double x)
{
    return -x;
}
static double sign(double x)
{
    return (x > 0) - (x < 0);
}

static const struct {
    unary *emit;
    double (*truth)(double);
    bool positive;
} functions[] = {
    {ug_neg, negative, false}, {ug_abs, fabs, false}, {ug_square, square, false},
    {ug_sign, sign, false},    {ug_exp, exp, false},  {ug_log, log, true},
    {ug_sqrt, sqrt, true},
};

START_TEST(functions_of_one)
{
    double x[N], want[N];

    for (int i = 0; i < N; i++) {
        x[i] = functions[_i].positive ? fabs(grid[i]) + 0.1 : grid[i];
        want[i] = functions[_i].truth(x[i]);
    }
    expect_values(t, functions[_i].emit(&t->b, trial_input(t, "x", UG_SHAPE(N), x)), 2e-7, N, want);
}
END_TEST

/* Whole vectors and a rest, in place and not: longer than any vector register. */
START_TEST(long_rows)
{
    enum { LONG = 1003 };
    double want[LONG];
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(LONG), NULL);
    struct ug_node *y = ug_square(&t->b, ug_exp(&t->b, x));
    double *xs = trial_values(t, x);

    for (int i = 0; i < LONG; i++)
        want[i] = exp(2 * xs[i]);
    expect_values(t, y, 1e-6, LONG, want);
    free(xs);
}
END_TEST

START_TEST(nan_is_kept)
{
    const double x[] = {NAN, 1, NAN}, y[] = {1, NAN, NAN};
    struct ug_node *a = trial_input(t, "x", UG_SHAPE(3), x),
                   *b = trial_input(t, "y", UG_SHAPE(3), y);
    const char *const ops[] = {"maximum", "minimum"};

    for (int k = 0; k < 2; k++) {
        double *got = trial_values(t, named(ops[k], a, b));

        for (int i = 0; i < 3; i++)
            ck_assert_double_nan(got[i]);
        free(got);
    }
}
END_TEST

/* ---- Powers ---- */

static const double exponents[] = {-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4};

START_TEST(powers_by_a_number)
{
    const double c = exponents[_i];
    double x[N], want[N];

    for (int i = 0; i < N; i++) {
        x[i] = fabs(grid[i]) + 0.25;
        want[i] = pow(x[i], c);
    }
    t->positive = true;
    expect_values(t, ug_power(&t->b, trial_input(t, "x", UG_SHAPE(N), x), c), 2e-7, N, want);
    check_gradient(t, ug_power(&t->b, trial_input(t, "z", UG_SHAPE(5), NULL), c), 2);
}
END_TEST

/* The gradient of sum(node) with respect to x. */
static void expect_slope(struct ug_node *node, struct ug_node *x, int64_t n, const double *want)
{
    struct ug_node *dx;

    ck_assert(ug_differentiate(&t->b, ug_sum(&t->b, node, UG_ALL_AXES, false), &x, 1, &dx));
    ck_assert_ptr_nonnull(dx);
    expect_values(t, dx, 2e-7, n, want);
}

/* Whole exponents have a slope at 0 and below, which a formula with a logarithm would make NaN. */
START_TEST(whole_powers_at_zero)
{
    const double at[] = {0, -2, 1.5};
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3), at);

    expect_slope(ug_power(&t->b, x, 2), x, 3, (double[]){0, -4, 3});
    expect_slope(ug_power(&t->b, x, 3), x, 3, (double[]){0, 12, 6.75});
    expect_slope(ug_pow(&t->b, x, ug_constant(&t->b, 2)), x, 3, (double[]){0, -4, 3});
    expect_slope(ug_add(&t->b, x, ug_pow(&t->b, x, ug_constant(&t->b, 0))), x, 3,
                 (double[]){1, 1, 1});
    expect_slope(ug_pow(&t->b, x, ug_constant(&t->b, 1)), x, 3, (double[]){1, 1, 1});
}
END_TEST

START_TEST(powers_of_tensors)
{
    struct ug_node *x, *e;

    t->positive = true;
    x = trial_input(t, "x", UG_SHAPE(3, 4), NULL);
    t->positive = false;
    e = trial_input(t, "e", UG_SHAPE(4), NULL);
    check_gradient(t, ug_pow(&t->b, x, e), 2);
}
END_TEST

/* As PyTorch: no gradient of the exponent where the base is 0, none of the base where the exponent
 * is. */
START_TEST(powers_of_tensors_at_zero)
{
    const double at[] = {0, 0, 2}, by[] = {2, 0, 0};
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3), at),
                   *e = trial_input(t, "e", UG_SHAPE(3), by);

    expect_values(t, ug_pow(&t->b, x, e), 0, 3, (double[]){0, 1, 1});
    expect_slope(ug_pow(&t->b, x, e), x, 3, (double[]){0, 0, 0});
    expect_slope(ug_pow(&t->b, x, e), e, 3, (double[]){0, 0, log(2)});
}
END_TEST

/* ---- Gradients ---- */

static binary *const smooth[] = {ug_add, ug_sub, ug_mul, ug_div, ug_maximum, ug_minimum};

START_TEST(gradients_of_operators)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 1, 3), NULL);
    struct ug_node *y = trial_input(t, "y", UG_SHAPE(4, 1), NULL);

    check_gradient(t, smooth[_i](&t->b, x, y), 2);
}
END_TEST

START_TEST(gradients_of_operators_with_numbers)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 4), NULL);

    check_gradient(t, smooth[_i](&t->b, x, ug_constant(&t->b, 0.7)), 2);
}
END_TEST

START_TEST(gradient_of_the_remainder)
{
    const double at[] = {5.3, -5.3, 0.4, 1.7}, by[] = {2, 2, 0.75, -0.6};
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(4), at),
                   *y = trial_input(t, "y", UG_SHAPE(4), by);

    expect_slope(named("mod", x, y), x, 4, (double[]){1, 1, 1, 1});
    expect_slope(named("mod", x, y), y, 4, (double[]){-2, 3, 0, 3});
}
END_TEST

START_TEST(gradients_of_functions)
{
    t->positive = functions[_i].positive;
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3, 5), NULL);

    if (functions[_i].emit != ug_sign)
        check_gradient(t, functions[_i].emit(&t->b, x), 2);
}
END_TEST

START_TEST(no_gradient_through_comparisons)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3), NULL), *dx;
    struct ug_node *y = ug_sum(&t->b, ug_gt(&t->b, x, ug_constant(&t->b, 0)), UG_ALL_AXES, false);

    ck_assert(ug_differentiate(&t->b, y, &x, 1, &dx));
    ck_assert_ptr_null(dx);
    ck_assert(
        ug_differentiate(&t->b, ug_sum(&t->b, ug_sign(&t->b, x), UG_ALL_AXES, false), &x, 1, &dx));
    ck_assert_ptr_null(dx);
}
END_TEST

START_TEST(slopes_at_kinks)
{
    const double at[] = {-1, 0, 0, 1}, other[] = {0, 0, -1, 1};
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(4), at);
    struct ug_node *y = trial_input(t, "y", UG_SHAPE(4), other);

    expect_slope(ug_abs(&t->b, x), x, 4, (double[]){-1, 0, 0, 1});
    expect_slope(ug_maximum(&t->b, x, y), x, 4, (double[]){0, 0.5, 1, 0.5});
    expect_slope(ug_maximum(&t->b, x, y), y, 4, (double[]){1, 0.5, 0, 0.5});
    expect_slope(ug_minimum(&t->b, x, y), x, 4, (double[]){1, 0.5, 0, 0.5});
    expect_slope(ug_minimum(&t->b, x, y), y, 4, (double[]){0, 0.5, 1, 0.5});
}
END_TEST

START_TEST(shapes_that_do_not_fit)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 3), NULL);
    struct ug_node *y = trial_input(t, "y", UG_SHAPE(2, 4), NULL);

    ck_assert_ptr_null(ug_mul(&t->b, x, y));
    expect_error(t, "2x3");
    expect_error(t, "2x4");
}
END_TEST

START_TEST(nothing_and_scalars)
{
    struct ug_node *none = trial_input(t, "none", UG_SHAPE(0, 3), NULL);
    struct ug_node *one = trial_input(t, "one", ug_shape_scalar(), (double[]){3});

    expect_values(t, ug_mul(&t->b, none, one), 0, 0, NULL);
    expect_shape(ug_mul(&t->b, none, one), UG_SHAPE(0, 3));
    expect_values(t, ug_square(&t->b, one), 0, 1, (double[]){9});
    expect_shape(ug_square(&t->b, one), ug_shape_scalar());
}
END_TEST

/* ---- clamp ---- */

static void check_clamp(const char *call, const double *want, const double *slope)
{
    const double x[] = {-2, -0.5, 0, 0.5, 2};
    char text[200];

    snprintf(text, sizeof text,
             "unitgraph: 1\ninputs: {x: [5]}\ngraph:\n  y: %s\n  g: grad(sum(y), x)\n", call);
    struct trial *loaded = trial_load(text, true, 1);

    trial_set(loaded, "x", x, 5);
    expect_values(loaded, trial_value(loaded, "y"), 1e-7, 5, want);
    expect_values(loaded, trial_value(loaded, "g"), 0, 5, slope);
    trial_free(loaded);
}

START_TEST(clamps)
{
    check_clamp("clamp(x, -0.5, 0.5)", (double[]){-0.5, -0.5, 0, 0.5, 0.5},
                (double[]){0, 1, 1, 1, 0});
    check_clamp("clamp(x, max=0)", (double[]){-2, -0.5, 0, 0, 0}, (double[]){1, 1, 1, 0, 0});
    check_clamp("clamp(x, min=0)", (double[]){0, 0, 0, 0.5, 2}, (double[]){0, 0, 1, 1, 1});
    check_clamp("clamp(x, 1, -1)", (double[]){-1, -1, -1, -1, -1}, (double[]){0, 0, 0, 0, 0});
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("arithmetic");
    TCase *c = tcase_create("arithmetic");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, trial_setup, trial_teardown);
    tcase_add_loop_test(c, operators_broadcast, 0, sizeof operators / sizeof operators[0]);
    tcase_add_loop_test(c, functions_of_one, 0, sizeof functions / sizeof functions[0]);
    tcase_add_test(c, long_rows);
    tcase_add_test(c, nan_is_kept);
    tcase_add_loop_test(c, powers_by_a_number, 0, sizeof exponents / sizeof exponents[0]);
    tcase_add_test(c, whole_powers_at_zero);
    tcase_add_test(c, powers_of_tensors);
    tcase_add_test(c, powers_of_tensors_at_zero);
    tcase_add_test(c, gradient_of_the_remainder);
    tcase_add_loop_test(c, gradients_of_operators, 0, sizeof smooth / sizeof smooth[0]);
    tcase_add_loop_test(c, gradients_of_operators_with_numbers, 0,
                        sizeof smooth / sizeof smooth[0]);
    tcase_add_loop_test(c, gradients_of_functions, 0, sizeof functions / sizeof functions[0]);
    tcase_add_test(c, no_gradient_through_comparisons);
    tcase_add_test(c, slopes_at_kinks);
    tcase_add_test(c, shapes_that_do_not_fit);
    tcase_add_test(c, nothing_and_scalars);
    tcase_add_test(c, clamps);
    suite_add_tcase(s, c);
    return s;
}
