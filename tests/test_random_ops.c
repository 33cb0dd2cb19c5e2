/* test_random_ops.c -- draws: their moments, and what they may and may not depend
 * on. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "engine/unitgraph.h"
#include "harness_main.h"
#include "harness_ops.h"

enum { N = 100 * 1000 }; /* standard error of a mean: 0.003 */

struct moments {
    double mean, sd, least, most;
};

static struct moments moments_of(const double *x, int64_t n)
{
    struct moments m = {.least = x[0], .most = x[0]};

    for (int64_t i = 0; i < n; i++) {
        m.mean += x[i] / (double)n;
        m.least = fmin(m.least, x[i]);
        m.most = fmax(m.most, x[i]);
    }
    for (int64_t i = 0; i < n; i++)
        m.sd += (x[i] - m.mean) * (x[i] - m.mean) / (double)n;
    m.sd = sqrt(m.sd);
    return m;
}

static double *draw(const char *text, bool training, uint64_t seed, uint64_t step,
                    const char *value)
{
    struct trial *t = trial_load(text, training, 1);
    double *y;

    t->seed = seed;
    t->step = step;
    y = trial_values(t, trial_value(t, value));
    trial_free(t);
    return y;
}

static double correlation(const double *a, const double *b, int64_t n)
{
    const struct moments ma = moments_of(a, n), mb = moments_of(b, n);
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += (a[i] - ma.mean) * (b[i] - mb.mean);
    return sum / (double)n / (ma.sd * mb.sd);
}

#define TWO_PLACES                                                                                 \
    "unitgraph: 1\n"                                                                               \
    "graph:\n"                                                                                     \
    "  y: normal_like([100, 1000])\n"                                                              \
    "  z: normal_like([100, 1000], 1, std=2)\n"                                                    \
    "  u: uniform_like([100, 1000], -1, 3)\n"

START_TEST(moments_are_as_asked)
{
    double *y = draw(TWO_PLACES, true, 1, 0, "y"), *z = draw(TWO_PLACES, true, 1, 0, "z");
    double *u = draw(TWO_PLACES, true, 1, 0, "u");
    const struct moments my = moments_of(y, N), mz = moments_of(z, N), mu = moments_of(u, N);

    ck_assert_double_eq_tol(my.mean, 0, 0.015);
    ck_assert_double_eq_tol(my.sd, 1, 0.015);
    ck_assert_double_eq_tol(mz.mean, 1, 0.03);
    ck_assert_double_eq_tol(mz.sd, 2, 0.03);
    ck_assert_double_eq_tol(mu.mean, 1, 0.02);
    ck_assert_double_eq_tol(mu.sd, 4 / sqrt(12), 0.02);
    ck_assert_double_ge(mu.least, -1);
    ck_assert_double_lt(mu.most, 3);
    ck_assert_double_eq_tol(correlation(y, z, N), 0, 0.015);
    ck_assert_double_eq_tol(correlation(y, y + 1, N - 1), 0, 0.015);
    free(y), free(z), free(u);
}
END_TEST

static bool same(const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

START_TEST(depends_on_seed_step_and_place_only)
{
    static const char others[] = "unitgraph: 1\n"
                                 "graph:\n"
                                 "  new: normal_like([7])\n"
                                 "  z: normal_like([100, 1000], 1, std=2)\n"
                                 "  y: normal_like([100, 1000])\n";
    double *y = draw(TWO_PLACES, true, 1, 5, "y"), *again = draw(TWO_PLACES, true, 1, 5, "y");
    double *seed = draw(TWO_PLACES, true, 2, 5, "y"), *step = draw(TWO_PLACES, true, 1, 6, "y");
    double *moved = draw(others, true, 1, 5, "y"), *mode = draw(TWO_PLACES, false, 1, 5, "y");

    ck_assert(same(y, again, N));
    ck_assert(same(y, moved, N));
    ck_assert(same(y, mode, N));
    ck_assert_double_eq_tol(correlation(y, seed, N), 0, 0.015);
    ck_assert_double_eq_tol(correlation(y, step, N), 0, 0.015);
    free(y), free(again), free(seed), free(step), free(moved), free(mode);
}
END_TEST

/* Two calls of one module, and two draws in one expression, are places of their
 * own; a named value is one draw however often it is used. */
START_TEST(places_never_share)
{
    static const char text[] = "unitgraph: 1\n"
                               "modules: {noise: {graph: {y: x + normal_like(x)}, outputs: y}}\n"
                               "graph:\n"
                               "  zero: 'full_like([1000], 0)'\n"
                               "  a: noise(zero)\n"
                               "  b: noise(zero)\n"
                               "  c: 'normal_like(zero) - normal_like(zero)'\n"
                               "  d: 'a - a'\n";
    double *a = draw(text, true, 1, 0, "a"), *b = draw(text, true, 1, 0, "b");
    double *c = draw(text, true, 1, 0, "c"), *d = draw(text, true, 1, 0, "d");

    ck_assert_double_eq_tol(correlation(a, b, 1000), 0, 0.15);
    ck_assert_double_eq_tol(moments_of(c, 1000).sd, sqrt(2), 0.15);
    ck_assert_double_eq(moments_of(d, 1000).sd, 0);
    free(a), free(b), free(c), free(d);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    double *one, *three;

    ug_set_threads(1);
    one = draw(TWO_PLACES, true, 3, 1, "z");
    ug_set_threads(3);
    three = draw(TWO_PLACES, true, 3, 1, "z");
    ck_assert(same(one, three, N));
    free(one), free(three);
}
END_TEST

#define DROP(arguments)                                                                            \
    "unitgraph: 1\ngraph: {x: 'full_like([100, 1000], 3)', y: "                                    \
    "'dropout(x" arguments ")'}\n"

START_TEST(dropout_keeps_the_mean)
{
    double *y = draw(DROP(", 0.25"), true, 1, 0, "y");
    int64_t dropped = 0;

    for (int64_t i = 0; i < N; i++) {
        if (y[i] == 0)
            dropped++;
        else
            ck_assert_double_eq_tol(y[i], 4, 1e-5);
    }
    ck_assert_double_eq_tol((double)dropped / N, 0.25, 0.007);
    free(y);
}
END_TEST

START_TEST(dropout_knows_its_modes)
{
    double *off = draw(DROP(""), false, 1, 0, "y"),
           *on = draw(DROP(", training=true"), false, 1, 0, "y");
    double *never = draw(DROP(", training=false"), true, 1, 0, "y");
    double *all = draw(DROP(", 1"), true, 1, 0, "y");

    ck_assert_double_eq_tol(moments_of(off, N).sd, 0, 1e-9);
    ck_assert_double_eq_tol(moments_of(on, N).sd, 3, 0.05);
    ck_assert_double_eq_tol(moments_of(never, N).sd, 0, 1e-9);
    ck_assert_double_eq(moments_of(all, N).most, 0);
    free(off), free(on), free(never), free(all);
}
END_TEST

/* The backward pass drops what the forward pass dropped. */
START_TEST(dropout_gradient)
{
    check_y("unitgraph: 1\ninputs: {x: [5, 7]}\ngraph: {y: 'dropout(x, 0.3) ** "
            "2'}\n");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("random_ops");
    TCase *c = tcase_create("random");

    tcase_add_test(c, moments_are_as_asked);
    tcase_add_test(c, depends_on_seed_step_and_place_only);
    tcase_add_test(c, places_never_share);
    tcase_add_test(c, threads_do_not_matter);
    tcase_add_test(c, dropout_keeps_the_mean);
    tcase_add_test(c, dropout_knows_its_modes);
    tcase_add_test(c, dropout_gradient);
    suite_add_tcase(s, c);
    return s;
}
