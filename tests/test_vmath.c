/* test_vmath.c -- the polynomials of engine/base/vmath.h against libm in double precision. */
#include <math.h>
#include <stdint.h>

#include "harness_main.h"
#include "engine/base/vmath.h"

/* Units in the last place of a float near `want`. */
static double ulps(float got, double want)
{
    const int exponent = fabs(want) > FLT_MIN ? ilogb(want) : -126;

    return fabs((double)got - want) / ldexp(1.0, exponent - 23);
}

struct worst {
    double ulps, at;
};

/* Over floats of both signs evenly spread among the bit patterns in [low, high]. */
static struct worst scan(float f(float), double truth(double), float low, float high)
{
    struct worst worst = {0, 0};
    const uint32_t step = 2003;

    for (uint64_t bits = 0; bits < 0x100000000u; bits += step) {
        const float x = ug_float_of((uint32_t)bits);

        if (!(x >= low && x <= high))
            continue;
        const double error = ulps(f(x), truth((double)x));

        if (error > worst.ulps)
            worst = (struct worst){error, (double)x};
    }
    return worst;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static double softplus(double x)
{
    return x > 20 ? x : log1p(exp(x));
}

#define EXPECT_WITHIN(limit, f, truth, low, high)                                                  \
    do {                                                                                           \
        const struct worst w = scan(f, truth, low, high);                                          \
        ck_assert_msg(w.ulps <= (limit), #f "(%.9g) is off by %.2f ulps", w.at, w.ulps);           \
    } while (0)

START_TEST(errors_are_bounded)
{
    EXPECT_WITHIN(1.0, ug_expf, exp, -87.3f, 88.7f);
    EXPECT_WITHIN(1.6, ug_expm1f, expm1, -100.0f, 0.0f);
    EXPECT_WITHIN(1.0, ug_logf, log, 1e-45f, FLT_MAX);
    EXPECT_WITHIN(1.5, ug_tanhf, tanh, -FLT_MAX, FLT_MAX);
    EXPECT_WITHIN(2.5, ug_sigmoidf, sigmoid, -87.0f, FLT_MAX);
    EXPECT_WITHIN(2.0, ug_log1pf, log1p, 0.0f, 1.0f);
    EXPECT_WITHIN(1.5, ug_erff, erf, -FLT_MAX, FLT_MAX);
    EXPECT_WITHIN(2.5, ug_softplusf, softplus, -20.0f, FLT_MAX);
}
END_TEST

/* gelu needs it to this absolute error only: it is multiplied by x, which is small where it is. */
START_TEST(normal_distribution)
{
    for (float x = -10; x < 10; x += 1e-4f)
        ck_assert_double_le(fabs((double)ug_normal_cdff(x) - normal_cdf((double)x)), 1.5e-7);
}
END_TEST

/* Many parts of a turn; where a multiple of a quarter is 0, it is 0. */
START_TEST(directions)
{
    double worst = 0;

    for (uint32_t turn = 1; turn < 1u << 24; turn += 17) { /* never a quarter */
        const struct ug_direction d = ug_direction(turn);
        const double angle = turn * 0x1p-24 * 2 * acos(-1);

        worst = fmax(worst, fmax(ulps(d.cosine, cos(angle)), ulps(d.sine, sin(angle))));
    }
    ck_assert_double_le(worst, 2.0);
    for (uint32_t quarter = 0; quarter <= 4; quarter++) {
        const struct ug_direction d = ug_direction(quarter << 22);

        ck_assert_float_eq(d.cosine, quarter % 4 == 0 ? 1 : quarter == 2 ? -1 : 0);
        ck_assert_float_eq(d.sine, quarter == 1 ? 1 : quarter == 3 ? -1 : 0);
    }
}
END_TEST

START_TEST(limits)
{
    ck_assert_float_eq(ug_expf(-INFINITY), 0);
    ck_assert_float_infinite(ug_expf(INFINITY));
    ck_assert_float_infinite(ug_expf(88.8f));
    ck_assert_float_eq(ug_expf(-104), 0);
    ck_assert_float_eq(ug_expf(0), 1);
    ck_assert_float_eq(ug_logf(1), 0);
    ck_assert_float_eq(ug_logf(0), -INFINITY);
    ck_assert_float_eq(ug_logf(-0.0f), -INFINITY);
    ck_assert_float_eq(ug_logf(INFINITY), INFINITY);
    ck_assert_float_nan(ug_logf(-1));
    ck_assert_float_eq(ug_tanhf(INFINITY), 1);
    ck_assert_float_eq(ug_tanhf(-INFINITY), -1);
    ck_assert_float_eq(ug_sigmoidf(INFINITY), 1);
    ck_assert_float_eq(ug_sigmoidf(-INFINITY), 0);
    ck_assert_float_eq(ug_erff(INFINITY), 1);
    ck_assert_float_eq(ug_softplusf(INFINITY), INFINITY);
    ck_assert_float_eq(ug_softplusf(-INFINITY), 0);
}
END_TEST

START_TEST(nan_stays)
{
    float (*const all[])(float) = {ug_expf,   ug_expm1f, ug_logf,      ug_tanhf,      ug_sigmoidf,
                                   ug_log1pf, ug_erff,   ug_softplusf, ug_normal_cdff};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        ck_assert_float_nan(all[i](NAN));
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("vmath");
    TCase *c = tcase_create("vmath");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, errors_are_bounded);
    tcase_add_test(c, normal_distribution);
    tcase_add_test(c, directions);
    tcase_add_test(c, limits);
    tcase_add_test(c, nan_stays);
    suite_add_tcase(s, c);
    return s;
}
