/* test_loss.c -- losses against their formulas in float64, at ordinary and at
 * extreme values. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "harness_main.h"
#include "harness_ops.h"

enum { N = 12 };

static const double x_values[N] = {-2.5, 0.3, 1.7, -0.2, 0.9, 3.1, -1.4, 0.05, 2.2, -0.6, 1.1, -3};
static const double t_values[N] = {0, 1, 1, 0, 0.25, 1, 0, 0.75, 1, 0.5, 0, 1};

typedef double term(double x, double t);

static double mean_term(term *f, double target)
{
    double sum = 0;

    for (int i = 0; i < N; i++)
        sum += f(x_values[i], isnan(target) ? t_values[i] : target);
    return sum / N;
}

/* `name`(x, target) for the tensor t and for the number 1. */
static void check_loss(const char *name, const char *more, term *f)
{
    char text[300];
    struct trial *t;

    snprintf(text, sizeof text,
             "unitgraph: 1\n"
             "inputs: {x: [3, 4], t: [3, 4]}\n"
             "graph: {y: '%s(x, t%s)', z: '%s(x, 1%s)'}\n",
             name, more, name, more);
    t = trial_load(text, true, 1);
    trial_set(t, "x", x_values, N);
    trial_set(t, "t", t_values, N);
    expect_values(t, trial_value(t, "y"), 1e-5, 1, (double[]){mean_term(f, NAN)});
    expect_values(t, trial_value(t, "z"), 1e-5, 1, (double[]){mean_term(f, 1)});
    trial_redraw(t, false);
    check_gradient(t, trial_value(t, "y"), 2);
    check_gradient(t, trial_value(t, "z"), 2);
    trial_free(t);
}

static double square_term(double x, double t)
{
    return (x - t) * (x - t);
}

static double absolute_term(double x, double t)
{
    return fabs(x - t);
}

static double smooth_term(double x, double t)
{
    const double d = fabs(x - t);

    return d < 1 ? d * d / 2 : d - 0.5;
}

static double smooth_half_term(double x, double t)
{
    const double d = fabs(x - t);

    return d < 0.5 ? d * d : d - 0.25;
}

static double hinge_term(double x, double t)
{
    return fmax(0, 1 - t * x);
}

static double logits_term(double x, double t)
{
    const double p = 1 / (1 + exp(-x));

    return -(t * log(p) + (1 - t) * log(1 - p));
}

START_TEST(follow_their_formulas)
{
    check_loss("mse_loss", "", square_term);
    check_loss("l1_loss", "", absolute_term);
    check_loss("smooth_l1_loss", "", smooth_term);
    check_loss("smooth_l1_loss", ", 0.5", smooth_half_term);
    check_loss("smooth_l1_loss", ", beta=0", absolute_term);
    check_loss("hinge_loss", "", hinge_term);
    check_loss("bce_with_logits", "", logits_term);
}
END_TEST

#define LOAD_X(n, expression) "unitgraph: 1\ninputs: {x: [" #n "]}\ngraph: {y: '" expression "'}\n"

/* A probability of 0 or 1 costs at most 100, and the gradient stays finite. */
START_TEST(bce_is_finite_at_the_ends)
{
    expect_y(LOAD_X(4, "bce_loss(x, 1)"), 4, (double[]){0, 1, 0.5, 0.25}, 1e-6, 1,
             (double[]){(100 + 0 + log(2) + log(4)) / 4});
    expect_y(LOAD_X(2, "bce_loss(x, 0)"), 2, (double[]){0, 1}, 1e-6, 1, (double[]){50});
    expect_y(LOAD_X(2, "grad(bce_loss(x, 1), x)"), 2, (double[]){0, 0.5}, 1e-5, 2,
             (double[]){-0.5e12, -1});
}
END_TEST

/* Far out, the loss of a logit is the logit itself, or nearly nothing, but not
 * exactly nothing. */
START_TEST(logits_lose_no_digits)
{
    expect_y(LOAD_X(1, "bce_with_logits(x, 1)"), 1, (double[]){20}, 1e-5, 1,
             (double[]){log1p(exp(-20))});
    expect_y(LOAD_X(1, "bce_with_logits(x, 0)"), 1, (double[]){-20}, 1e-5, 1,
             (double[]){log1p(exp(-20))});
    expect_y(LOAD_X(2, "bce_with_logits(x, 1)"), 2, (double[]){-1000, 1000}, 1e-6, 1,
             (double[]){500});
    expect_y(LOAD_X(2, "grad(bce_with_logits(x, 1), x)"), 2, (double[]){-1000, 1000}, 1e-6, 2,
             (double[]){-0.5, 0});
}
END_TEST

START_TEST(kl_of_a_normal)
{
    struct trial *t = trial_load("unitgraph: 1\n"
                                 "inputs: {mu: [3], sd: [3]}\n"
                                 "graph: {y: 'kl_normal(mu, sd)', z: 'kl_normal(mu, 1)'}\n",
                                 true, 1);
    const double mu[] = {0, 1, -2}, sd[] = {1, 0.5, 3};
    double sum = 0;

    for (int i = 0; i < 3; i++)
        sum += (mu[i] * mu[i] + sd[i] * sd[i] - log(sd[i] * sd[i]) - 1) / 2 / 3;
    trial_set(t, "mu", mu, 3);
    trial_set(t, "sd", sd, 3);
    expect_values(t, trial_value(t, "y"), 1e-6, 1, &sum);
    expect_values(t, trial_value(t, "z"), 1e-6, 1, (double[]){5.0 / 6});
    check_gradient(t, trial_value(t, "y"), 2);
    trial_free(t);
}
END_TEST

#define CLASSES(shape, labels, expression)                                                         \
    "unitgraph: 1\n"                                                                               \
    "inputs: {x: " shape ", labels: {shape: " labels ", dtype: int64}}\n"                          \
    "graph: {y: '" expression "'}\n"

static double log_softmax(const double *x, int n, int stride, int at)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += exp(x[i * stride]);
    return x[at * stride] - log(sum);
}

START_TEST(cross_entropy_of_samples)
{
    struct trial *t = trial_load(CLASSES("[3, 4]", "[3]", "cross_entropy(x, labels)"), true, 1);
    double sum = 0;

    trial_set(t, "x", x_values, 12);
    trial_set(t, "labels", (double[]){2, 0, 3}, 3);
    for (int i = 0; i < 3; i++)
        sum -= log_softmax(x_values + 4 * i, 4, 1, (int[]){2, 0, 3}[i]) / 3;
    expect_values(t, trial_value(t, "y"), 1e-6, 1, &sum);
    check_gradient(t, trial_value(t, "y"), 2);
    trial_free(t);
}
END_TEST

START_TEST(cross_entropy_of_pixels)
{
    struct trial *t =
        trial_load(CLASSES("[1, 3, 2, 2]", "[1, 2, 2]", "cross_entropy(x, labels)"), true, 1);
    double sum = 0;

    trial_set(t, "x", x_values, 12);
    trial_set(t, "labels", (double[]){2, 0, 1, 1}, 4);
    for (int i = 0; i < 4; i++)
        sum -= log_softmax(x_values + i, 3, 4, (int[]){2, 0, 1, 1}[i]) / 4;
    expect_values(t, trial_value(t, "y"), 1e-6, 1, &sum);
    check_gradient(t, trial_value(t, "y"), 2);
    trial_free(t);
}
END_TEST

START_TEST(a_number_is_the_class_of_all)
{
    double sum = 0;

    for (int i = 0; i < 3; i++)
        sum -= log_softmax(x_values + 4 * i, 4, 1, 2) / 3;
    expect_y("unitgraph: 1\ninputs: {x: [3, 4]}\ngraph: {y: 'cross_entropy(x, 2)'}\n", 12, x_values,
             1e-6, 1, &sum);
    expect_y("unitgraph: 1\ninputs: {x: [3, 4]}\n"
             "graph: {y: 'nll_loss(log_softmax(x, 1), 2)'}\n",
             12, x_values, 1e-6, 1, &sum);
}
END_TEST

START_TEST(big_logits_do_not_overflow)
{
    expect_y("unitgraph: 1\ninputs: {x: [1, 2]}\ngraph: {y: 'cross_entropy(x, 0)'}\n", 2,
             (double[]){-1e4, 1e4}, 1e-6, 1, (double[]){2e4});
}
END_TEST

/* A label that is no class shows as NaN, which stops a run; it never reads
 * beyond the scores. */
START_TEST(labels_beyond_the_classes)
{
    static const double wrong[] = {-1, 4, 1e18, -1e18};
    struct trial *t = trial_load(CLASSES("[3, 4]", "[3]", "cross_entropy(x, labels)"), true, 1);

    for (int i = 0; i < 4; i++) {
        trial_set(t, "labels", (double[]){2, wrong[i], 3}, 3);
        ck_assert_double_nan(trial_scalar(t, trial_value(t, "y")));
    }
    trial_free(t);
    expect_refusal("unitgraph: 1\ninputs: {x: [3, 4]}\ngraph: {y: 'cross_entropy(x, 4)'}\n",
                   "no class");
    expect_refusal("unitgraph: 1\ninputs: {x: [3, 4]}\ngraph: {y: "
                   "'cross_entropy(x, 0.5)'}\n",
                   "no class");
}
END_TEST

/* What PyTorch broadcasts with a warning. */
START_TEST(shapes_must_be_equal)
{
    static const char *const names[] = {"mse_loss", "l1_loss",    "smooth_l1_loss",
                                        "bce_loss", "hinge_loss", "bce_with_logits",
                                        "kl_normal"};
    char text[200];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(text, sizeof text,
                 "unitgraph: 1\ninputs: {x: [3, 4], t: [3, 1]}\ngraph: {y: '%s(x, "
                 "t)'}\n",
                 names[i]);
        expect_refusal(text, "the shapes must be equal");
    }
    expect_refusal(CLASSES("[3, 4]", "[4]", "cross_entropy(x, labels)"), "labels must be 3");
    expect_refusal("unitgraph: 1\ninputs: {x: [3, 4], labels: [3]}\n"
                   "graph: {y: 'cross_entropy(x, labels)'}\n",
                   "int64");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("loss");
    TCase *c = tcase_create("loss");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, follow_their_formulas);
    tcase_add_test(c, bce_is_finite_at_the_ends);
    tcase_add_test(c, logits_lose_no_digits);
    tcase_add_test(c, kl_of_a_normal);
    tcase_add_test(c, cross_entropy_of_samples);
    tcase_add_test(c, cross_entropy_of_pixels);
    tcase_add_test(c, a_number_is_the_class_of_all);
    tcase_add_test(c, big_logits_do_not_overflow);
    tcase_add_test(c, labels_beyond_the_classes);
    tcase_add_test(c, shapes_must_be_equal);
    suite_add_tcase(s, c);
    return s;
}
