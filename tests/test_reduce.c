/* test_reduce.c -- reductions over any axes against loops in double precision. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness_main.h"
#include "harness_trial.h"
#include "ops/emit.h"

static char error[500]; /* the first error of a file that was refused */

/* A trial of `y: CALL` over an input x, in place of `t`; NULL after an error. */
static struct ug_node *load(const char *shape, const char *call)
{
    char text[300];

    snprintf(text, sizeof text, "unitgraph: 1\ninputs: {x: %s}\ngraph: {y: \"%s\"}\n", shape, call);
    trial_free(t);
    t = trial_try(text, true, 1, error);
    return t ? trial_value(t, "y") : NULL;
}

static struct ug_node *load_whole(const char *shape, const char *call)
{
    struct ug_node *y = load(shape, call);

    ck_assert_msg(y != NULL, "%s: %s", call, error);
    return y;
}

/* ---- Any axes ---- */

enum { MOST = 200000 };

static const struct {
    const char *text, *dims; /* x's shape, and the dim= to write; "" for all axes */
    int rank, extents[5], reduced[5];
} cases[] = {
    {"[7]", "", 1, {7}, {1}},
    {"[1]", ", dim=0", 1, {1}, {1}},
    {"[5, 3]", ", dim=0", 2, {5, 3}, {1, 0}},
    {"[5, 3]", ", dim=-1", 2, {5, 3}, {0, 1}},
    {"[2, 3, 4, 5]", "", 4, {2, 3, 4, 5}, {1, 1, 1, 1}},
    {"[2, 3, 4, 5]", ", dim=[2, 3]", 4, {2, 3, 4, 5}, {0, 0, 1, 1}},
    {"[2, 3, 4, 5]", ", dim=[0, -2]", 4, {2, 3, 4, 5}, {1, 0, 1, 0}},
    {"[2, 3, 4, 5]", ", dim=[3, 1]", 4, {2, 3, 4, 5}, {0, 1, 0, 1}},
    {"[3, 1, 33, 70]", ", dim=1", 4, {3, 1, 33, 70}, {0, 1, 0, 0}},
    {"[4, 5, 60, 50]", ", dim=[0, 2, 3]", 4, {4, 5, 60, 50}, {1, 0, 1, 1}},
    {"[3, 130, 2, 600]", ", dim=[1, 2]", 4, {3, 130, 2, 600}, {0, 1, 1, 0}},
    {"[3, 2, 4, 3, 5]", ", dim=[0, 2, 4]", 5, {3, 2, 4, 3, 5}, {1, 0, 1, 0, 1}},
    {"[150000]", "", 1, {150000}, {1}},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

struct tally {
    double n, sum, squares, max, min;
};

/* What is known of each output, from the values of x one by one. */
static int tally_up(int k, const double *x, struct tally *tallies)
{
    int n = 1, outputs = 1;

    for (int i = 0; i < cases[k].rank; i++) {
        n *= cases[k].extents[i];
        outputs *= cases[k].reduced[i] ? 1 : cases[k].extents[i];
    }
    for (int o = 0; o < outputs; o++)
        tallies[o] = (struct tally){0, 0, 0, -INFINITY, INFINITY};
    for (int i = 0; i < n; i++) {
        int rest = i, at = 0, stride = 1;

        for (int axis = cases[k].rank - 1; axis >= 0; axis--) {
            if (!cases[k].reduced[axis]) {
                at += rest % cases[k].extents[axis] * stride;
                stride *= cases[k].extents[axis];
            }
            rest /= cases[k].extents[axis];
        }
        struct tally *o = &tallies[at];
        *o = (struct tally){o->n + 1, o->sum + x[i], o->squares + x[i] * x[i], fmax(o->max, x[i]),
                            fmin(o->min, x[i])};
    }
    return outputs;
}

static double sum_of(struct tally o)
{
    return o.sum;
}
static double mean_of(struct tally o)
{
    return o.sum / o.n;
}
static double max_of(struct tally o)
{
    return o.max;
}
static double min_of(struct tally o)
{
    return o.min;
}
static double biased_var_of(struct tally o)
{
    return (o.squares - o.sum * o.sum / o.n) / o.n;
}

static const struct {
    const char *head;
    double (*truth)(struct tally);
} reductions[] = {
    {"sum(x", sum_of},
    {"mean(x", mean_of},
    {"max(x", max_of},
    {"min(x", min_of},
    {"var(x, unbiased=false", biased_var_of},
};
enum { N_REDUCTIONS = sizeof reductions / sizeof reductions[0] };

static void check_case(int k, int r, bool keepdim)
{
    char call[100];
    struct tally *tallies = calloc(MOST, sizeof *tallies);
    double *want = calloc(MOST, sizeof *want);

    snprintf(call, sizeof call, "%s%s%s)", reductions[r].head, cases[k].dims,
             keepdim ? ", keepdim=true" : "");
    struct ug_node *y = load_whole(cases[k].text, call);
    double *x = trial_values(t, t->leaves[0].node);
    const int n = tally_up(k, x, tallies);

    for (int i = 0; i < n; i++)
        want[i] = reductions[r].truth(tallies[i]);
    ck_assert_int_eq(y->type.shape.rank, keepdim ? cases[k].rank : y->type.shape.rank);
    expect_values(t, y, 1e-6, n, want);
    free(x);
    free(want);
    free(tallies);
}

START_TEST(any_axes)
{
    for (int r = 0; r < N_REDUCTIONS; r++)
        for (int keepdim = 0; keepdim < 2; keepdim++)
            check_case(_i, r, keepdim);
}
END_TEST

START_TEST(shapes)
{
    expect_shape(load_whole("[2, 3, 4]", "sum(x)"), ug_shape_scalar());
    expect_shape(load_whole("[2, 3, 4]", "sum(x, keepdim=true)"), UG_SHAPE(1, 1, 1));
    expect_shape(load_whole("[2, 3, 4]", "mean(x, dim=1)"), UG_SHAPE(2, 4));
    expect_shape(load_whole("[2, 3, 4]", "max(x, dim=[0, -1], keepdim=true)"), UG_SHAPE(1, 3, 1));
    expect_shape(load_whole("[2, 3, 4]", "var(x, dim=-1)"), UG_SHAPE(2, 3));
    expect_shape(load_whole("[2, 3, 4]", "argmax(x, dim=1)"), UG_SHAPE(2, 4));
    expect_shape(load_whole("[2, 3, 4]", "argmax(x, dim=1, keepdim=true)"), UG_SHAPE(2, 1, 4));
    expect_shape(load_whole("[2, 3, 4]", "argmax(x)"), ug_shape_scalar());
}
END_TEST

/* A float32 running sum of these stops growing at 2^24. */
START_TEST(sums_are_exact)
{
    enum { N = 20000000 };
    struct ug_node *one = ug_constant(&t->b, 1);
    struct ug_node *many = ug_expand_to(&t->b, one, UG_SHAPE(N));

    ck_assert_double_eq(trial_scalar(t, ug_sum(&t->b, many, UG_ALL_AXES, false)), N);
}
END_TEST

START_TEST(unbiased_variance)
{
    struct ug_node *y = load_whole("[4]", "var(x)");

    trial_set(t, "x", (double[]){1001, 1002, 1003, 1004}, 4);
    expect_values(t, y, 1e-6, 1, (double[]){5.0 / 3});
    y = load_whole("[1]", "var(x)");
    ck_assert_double_nan(trial_scalar(t, y));
}
END_TEST

START_TEST(of_nothing)
{
    expect_values(t, load_whole("[0, 3]", "sum(x, dim=0)"), 0, 3, (double[]){0, 0, 0});
    expect_values(t, load_whole("[0, 3]", "sum(x, dim=1)"), 0, 0, NULL);
    ck_assert_double_nan(trial_scalar(t, load_whole("[0]", "mean(x)")));
    expect_values(t, load_whole("[0, 3]", "max(x, dim=1)"), 0, 0, NULL);
}
END_TEST

START_TEST(scalars)
{
    struct ug_node *x = trial_input(t, "x", ug_shape_scalar(), (double[]){4});

    expect_values(t, ug_sum(&t->b, x, UG_ALL_AXES, false), 0, 1, (double[]){4});
    expect_values(t, ug_mean(&t->b, x, UG_ALL_AXES, true), 0, 1, (double[]){4});
}
END_TEST

START_TEST(nan_is_found)
{
    static const char *const calls[] = {"max(x, dim=0)", "min(x, dim=0)", "max(x, dim=1)",
                                        "min(x, dim=1)"};
    double x[40 * 3];

    for (int where = 0; where < 120; where += 17) {
        struct ug_node *y = load_whole("[40, 3]", calls[_i]);

        for (int i = 0; i < 120; i++)
            x[i] = i == where ? (double)NAN : i % 7;
        trial_set(t, "x", x, 120);
        double *got = trial_values(t, y);
        ck_assert_double_nan(got[_i < 2 ? where % 3 : where / 3]);
        ck_assert_double_eq(got[_i < 2 ? (where + 1) % 3 : (where / 3 + 1) % 40],
                            got[_i < 2 ? (where + 1) % 3 : (where / 3 + 1) % 40]);
        free(got);
    }
}
END_TEST

/* ---- argmax ---- */

static void check_argmax(const char *call, int n, const double *want)
{
    struct ug_node *y = load_whole("[2, 3, 2]", call);

    trial_set(t, "x", (double[]){1, 5, 4, 5, 4, 0, -3, -1, NAN, -1, NAN, -2}, 12);
    ck_assert_int_eq(y->type.dtype, UG_I64);
    expect_values(t, y, 0, n, want);
}

START_TEST(argmax_takes_the_first)
{
    check_argmax("argmax(x, dim=1)", 4, (double[]){1, 0, 1, 0});
    check_argmax("argmax(x, dim=-1)", 6, (double[]){1, 1, 0, 1, 0, 0});
    check_argmax("argmax(x, dim=0)", 6, (double[]){0, 0, 1, 0, 1, 0});
    check_argmax("argmax(x)", 1, (double[]){8});
}
END_TEST

/* ---- Gradients ---- */

static const char *const differentiable[] = {
    "sum(x)",        "sum(x, dim=1)",       "sum(x, dim=[0, 2], keepdim=true)",
    "mean(x)",       "mean(x, dim=[1, 2])", "max(x)",
    "max(x, dim=1)", "min(x, dim=[0, 2])",  "min(x, dim=-1, keepdim=true)",
    "var(x)",        "var(x, dim=2)",       "var(x, false, dim=[0, 1], keepdim=true)",
};

START_TEST(gradients)
{
    check_gradient(t, load_whole("[2, 3, 4]", differentiable[_i]), 2);
}
END_TEST

START_TEST(equal_extremes_share)
{
    trial_free(t);
    t = trial_load("unitgraph: 1\ninputs: {x: [2, 3]}\n"
                   "graph: {a: \"grad(sum(max(x, dim=1)), x)\", b: \"grad(min(x), x)\"}\n",
                   true, 1);
    ck_assert_msg(t != NULL, "%s", error);
    trial_set(t, "x", (double[]){1, 2, 2, 1, 1, 1}, 6);
    expect_values(t, trial_value(t, "a"), 1e-7, 6, (double[]){0, 0.5, 0.5, 1 / 3., 1 / 3., 1 / 3.});
    expect_values(t, trial_value(t, "b"), 1e-7, 6, (double[]){0.25, 0, 0, 0.25, 0.25, 0.25});
}
END_TEST

/* ---- What is refused ---- */

static const struct {
    const char *shape, *call, *error;
} wrong[] = {
    {"[2, 3]", "sum(x, dim=2)", "there is no axis 2"},
    {"[2, 3]", "mean(x, dim=-3)", "there is no axis -3"},
    {"[2, 3]", "sum(x, dim=[1, -1])", "axis -1 is named twice"},
    {"[0, 3]", "max(x)", "nothing to choose from"},
    {"[0, 3]", "argmax(x, dim=0)", "nothing to choose from"},
    {"[2, 3]", "argmax(x, dim=[0, 1])", "takes one axis"},
    {"{shape: [2], dtype: int64}", "sum(x)", "needs float32"},
    {"[2, 3]", "max(x, 0)", "too many arguments"},
    {"[2, 3]", "min(x, 0)", "too many arguments"},
    {"[2, 3]", "var(x, dim=5)", "there is no axis 5"},
};

START_TEST(refusals)
{
    load(wrong[_i].shape, wrong[_i].call);
    ck_assert_msg(t == NULL, "it was accepted");
    ck_assert_msg(strstr(error, wrong[_i].error), "%s: %s", wrong[_i].call, error);
}
END_TEST

/* PyTorch's users write max(x, 0) for what is maximum(x, 0): the message says so. */
START_TEST(the_other_max_is_named)
{
    ck_assert_ptr_nonnull(strstr(ug_op_find("max")->extra_hint, "maximum"));
    ck_assert_ptr_nonnull(strstr(ug_op_find("min")->extra_hint, "minimum"));
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("reduce");
    TCase *c = tcase_create("reduce");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, trial_setup, trial_teardown);
    tcase_add_loop_test(c, any_axes, 0, N_CASES);
    tcase_add_test(c, shapes);
    tcase_add_test(c, sums_are_exact);
    tcase_add_test(c, unbiased_variance);
    tcase_add_test(c, of_nothing);
    tcase_add_test(c, scalars);
    tcase_add_loop_test(c, nan_is_found, 0, 4);
    tcase_add_test(c, argmax_takes_the_first);
    tcase_add_loop_test(c, gradients, 0, sizeof differentiable / sizeof differentiable[0]);
    tcase_add_test(c, equal_extremes_share);
    tcase_add_loop_test(c, refusals, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(c, the_other_max_is_named);
    suite_add_tcase(s, c);
    return s;
}
