/* test_rows.c -- sums over parts of rows of every length, against plain ones in float64. */
#include <check.h>
#include <math.h>

#include "harness_main.h"
#include "ops/kernels/rows.h"

enum { LONGEST = 300 };

/* Around `centre`, with some at it; those of a block and of a lane differ. */
static void fill(float *x, int n, double centre)
{
    for (int i = 0; i < n; i++)
        x[i] = i % 7 == 3 ? (float)centre : (float)(centre + sin(i * i * 0.37));
}

/* A block's sum is off by a few roundings of float32, however many blocks there are. */
static void expect_near(double got, double want, double size)
{
    ck_assert_msg(fabs(got - want) <= 5e-7 * size, "%.9g, wanted %.9g", got, want);
}

START_TEST(sums_of_values_and_squares)
{
    float x[LONGEST];

    for (int n = 0; n <= LONGEST; n++) {
        double sum = 0, squares = 0, size = 0;

        fill(x, n, 2.5);
        for (int i = 0; i < n; i++) {
            sum += (double)x[i];
            size += fabs((double)x[i]);
            squares += pow((double)x[i] - 2.25, 2);
        }
        expect_near(ug_sum_of(x, n), sum, size);
        expect_near(ug_sum_of_squares(x, n, 2.25f), squares, squares);
    }
}
END_TEST

START_TEST(one_value_all_over_has_no_variance)
{
    float x[LONGEST];

    for (int i = 0; i < LONGEST; i++)
        x[i] = 1234.567f;
    for (int n = 64; n <= 256; n *= 2)
        ck_assert_double_eq(ug_sum_of(x, n), n * (double)x[0]);
    ck_assert_double_eq(ug_sum_of_squares(x, LONGEST, x[0]), 0);
}
END_TEST

static const float slopes[] = {1, 0.2f, 0, -0.5f};

START_TEST(sums_of_what_a_rectifier_lets_through)
{
    const float slope = slopes[_i];
    float dy[LONGEST], y[LONGEST];

    fill(dy, LONGEST, 0.25);
    fill(y, LONGEST, 0);
    for (int n = 0; n <= LONGEST; n++) {
        const struct ug_gated_sums got = ug_gated_sums_of(dy, y, n, slope);
        double g = 0, gy = 0, size = 0;

        for (int i = 0; i < n; i++) {
            const double one = (y[i] > 0 ? 1 : (double)slope) * (double)dy[i];

            g += one;
            gy += one * (double)y[i];
            size += fabs(one);
        }
        expect_near(got.g, g, size);
        expect_near(got.gy, gy, size);
    }
}
END_TEST

START_TEST(what_is_shut_out_may_be_infinite)
{
    float dy[LONGEST], y[LONGEST];

    for (int i = 0; i < LONGEST; i++) {
        dy[i] = i % 2 ? INFINITY : 1;
        y[i] = i % 2 ? -1 : 1;
    }
    for (int n = 1; n <= LONGEST; n += 13)
        ck_assert_double_eq(ug_gated_sums_of(dy, y, n, 0).g, (n + 1) / 2);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("rows");
    TCase *c = tcase_create("rows");

    tcase_add_test(c, sums_of_values_and_squares);
    tcase_add_test(c, one_value_all_over_has_no_variance);
    tcase_add_loop_test(c, sums_of_what_a_rectifier_lets_through, 0,
                        sizeof slopes / sizeof *slopes);
    tcase_add_test(c, what_is_shut_out_may_be_infinite);
    suite_add_tcase(s, c);
    return s;
}
