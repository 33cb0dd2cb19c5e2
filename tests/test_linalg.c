/* test_linalg.c -- products of matrices against three loops in double precision. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness_main.h"
#include "harness_trial.h"
#include "ops/emit.h"

static char error[500]; /* the first error of a file that was refused */

/* y [batch, m, n] of a [batch_a, m, k] and b [batch_b, k, n]; member i takes i % batch of each. */
static double *product(const double *a, const double *b, int batch, int batch_a, int batch_b, int m,
                       int k, int n)
{
    double *y = calloc((size_t)(batch * m * n) + 1, sizeof *y);

    for (int s = 0; s < batch; s++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
                for (int l = 0; l < k; l++)
                    y[(s * m + i) * n + j] +=
                        a[(s % batch_a * m + i) * k + l] * b[(s % batch_b * k + l) * n + j];
    return y;
}

static const struct {
    int m, k, n;
} sizes[] = {
    {1, 1, 1}, {3, 4, 5}, {1, 7, 1}, {130, 5, 3}, {3, 5, 130}, {129, 65, 200}, {4, 0, 3}, {0, 2, 3},
};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* Either operand given transposed. */
START_TEST(transposed_operands)
{
    const int m = sizes[_i / 4].m, k = sizes[_i / 4].k, n = sizes[_i / 4].n;
    const bool ta = _i & 1, tb = _i & 2;
    struct ug_node *a = trial_input(t, "a", UG_SHAPE(m, k), NULL);
    struct ug_node *b = trial_input(t, "b", UG_SHAPE(k, n), NULL);
    double *as = trial_values(t, a), *bs = trial_values(t, b);
    double *want = product(as, bs, 1, 1, 1, m, k, n);
    struct ug_node *y = ug_matmul(&t->b, ta ? ug_transpose(&t->b, a, 0, 1) : a,
                                  tb ? ug_transpose(&t->b, b, 0, 1) : b, ta, tb);

    expect_shape(y, UG_SHAPE(m, n));
    expect_values(t, y, 1e-5, m * n, want);
    free(want);
    free(bs);
    free(as);
}
END_TEST

/* As torch.matmul: shapes, and batch members as strides over a flat batch. */
static const struct {
    const char *a, *b;
    int batch, batch_a, batch_b, m, k, n;
    int rank;
    int64_t dim[5];
} calls[] = {
    {"[3, 4]", "[4, 5]", 1, 1, 1, 3, 4, 5, 2, {3, 5}},
    {"[4]", "[4]", 1, 1, 1, 1, 4, 1, 0, {0}},
    {"[4]", "[4, 5]", 1, 1, 1, 1, 4, 5, 1, {5}},
    {"[3, 4]", "[4]", 1, 1, 1, 3, 4, 1, 1, {3}},
    {"[2, 3, 4]", "[4, 5]", 2, 2, 1, 3, 4, 5, 3, {2, 3, 5}},
    {"[2, 3, 4]", "[4]", 2, 2, 1, 3, 4, 1, 2, {2, 3}},
    {"[4]", "[2, 4, 5]", 2, 1, 2, 1, 4, 5, 2, {2, 5}},
    {"[3, 4]", "[6, 4, 5]", 6, 1, 6, 3, 4, 5, 3, {6, 3, 5}},
    {"[2, 3, 4]", "[2, 4, 5]", 2, 2, 2, 3, 4, 5, 3, {2, 3, 5}},
    {"[5, 1, 3, 4]", "[1, 1, 4, 2]", 5, 5, 1, 3, 4, 2, 4, {5, 1, 3, 2}},
    {"[3, 2, 3, 4]", "[2, 4, 5]", 6, 6, 2, 3, 4, 5, 4, {3, 2, 3, 5}},
    {"[20, 70, 9]", "[20, 9, 66]", 20, 20, 20, 70, 9, 66, 3, {20, 70, 66}},
    {"[0, 3, 4]", "[4, 5]", 0, 1, 1, 3, 4, 5, 3, {0, 3, 5}},
};
enum { N_CALLS = sizeof calls / sizeof calls[0] };

static struct ug_node *load(const char *a, const char *b)
{
    char text[200];

    snprintf(text, sizeof text,
             "unitgraph: 1\ninputs: {a: %s, b: %s}\ngraph: {y: \"matmul(a, b)\"}\n", a, b);
    trial_free(t);
    t = trial_try(text, true, 3, error);
    return t ? trial_value(t, "y") : NULL;
}

START_TEST(batches_and_vectors)
{
    struct ug_node *y = load(calls[_i].a, calls[_i].b);

    ck_assert_msg(y != NULL, "%s", error);
    const int64_t n = ug_shape_count(&y->type.shape);
    double *as = trial_values(t, t->leaves[0].node), *bs = trial_values(t, t->leaves[1].node);
    double *want = product(as, bs, calls[_i].batch, calls[_i].batch_a, calls[_i].batch_b,
                           calls[_i].m, calls[_i].k, calls[_i].n);

    expect_shape(y, ug_shape_of(calls[_i].rank, calls[_i].dim));
    expect_values(t, y, 1e-5, n, want);
    free(want);
    free(bs);
    free(as);
}
END_TEST

START_TEST(gradients)
{
    struct ug_node *y = load(calls[_i].a, calls[_i].b);

    ck_assert_msg(y != NULL, "%s", error);
    if (ug_shape_count(&y->type.shape) < 1000)
        check_gradient(t, y, 2);
}
END_TEST

START_TEST(gradients_of_transposed_operands)
{
    const bool ta = _i & 1, tb = _i & 2;
    struct ug_node *a = trial_input(t, "a", ta ? UG_SHAPE(2, 4, 3) : UG_SHAPE(2, 3, 4), NULL);
    struct ug_node *b = trial_input(t, "b", tb ? UG_SHAPE(5, 4) : UG_SHAPE(4, 5), NULL);

    check_gradient(t, ug_matmul(&t->b, a, b, ta, tb), 2);
}
END_TEST

/* The same bits whatever the number of threads. */
START_TEST(threads_change_nothing)
{
    struct ug_node *a = trial_input(t, "a", UG_SHAPE(150, 77), NULL);
    struct ug_node *b = trial_input(t, "b", UG_SHAPE(77, 190), NULL);
    struct ug_node *y = ug_matmul(&t->b, a, b, false, false);

    omp_set_num_threads(1);
    double *one = trial_values(t, y);
    omp_set_num_threads(3);
    double *three = trial_values(t, y);
    ck_assert_mem_eq(one, three, 150 * 190 * sizeof *one);
    free(one);
    free(three);
}
END_TEST

static const struct {
    const char *a, *b, *error;
} wrong[] = {
    {"[3, 4]", "[5, 4]", "rows of 4 elements do not meet columns of 5"},
    {"[2, 3, 4]", "[5, 4]", "rows of 4 elements do not meet columns of 5"},
    {"[2, 3, 4]", "[3, 4, 5]", "do not fit together"},
    {"[]", "[3, 4]", "a scalar is no matrix"},
    {"[3]", "[4]", "rows of 3 elements do not meet columns of 4"},
    {"[3, 4]", "{shape: [4, 5], dtype: int64}", "needs float32"},
};

START_TEST(refusals)
{
    load(wrong[_i].a, wrong[_i].b);
    ck_assert_msg(strstr(error, wrong[_i].error), "%s", error);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("linalg");
    TCase *c = tcase_create("linalg");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, trial_setup, trial_teardown);
    tcase_add_loop_test(c, transposed_operands, 0, 4 * N_SIZES);
    tcase_add_loop_test(c, batches_and_vectors, 0, N_CALLS);
    tcase_add_loop_test(c, gradients, 0, N_CALLS);
    tcase_add_loop_test(c, gradients_of_transposed_operands, 0, 4);
    tcase_add_test(c, threads_change_nothing);
    tcase_add_loop_test(c, refusals, 0, sizeof wrong / sizeof wrong[0]);
    suite_add_tcase(s, c);
    return s;
}
