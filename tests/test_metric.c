/* test_metric.c -- metrics against slow float64 computations written from their
 * papers. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/unitgraph.h"
#include "harness_main.h"
#include "harness_ops.h"

START_TEST(accuracy_counts)
{
    struct trial *t = trial_load("unitgraph: 1\n"
                                 "inputs: {x: [4, 3], labels: {shape: [4], dtype: int64}}\n"
                                 "graph: {y: 'accuracy(x, labels)', z: 'accuracy(x, 1)'}\n",
                                 false, 3);

    trial_set(t, "x", (double[]){3, 1, 2, 0, 1, 0, 2, 2, 2, -1, -3, -2}, 12);
    trial_set(t, "labels", (double[]){0, 1, 2, 99}, 4);
    expect_values(t, trial_value(t, "y"), 0, 1, (double[]){0.5}); /* of ties the first counts */
    expect_values(t, trial_value(t, "z"), 0, 1, (double[]){0.25});
    trial_free(t);
}
END_TEST

START_TEST(accuracy_of_pixels)
{
    struct trial *t =
        trial_load("unitgraph: 1\n"
                   "inputs: {x: [1, 2, 1, 3], labels: {shape: [1, 1, 3], dtype: int64}}\n"
                   "graph: {y: 'accuracy(x, labels)'}\n",
                   false, 2);

    trial_set(t, "x", (double[]){1, 2, 3, 0, 5, 4}, 6);
    trial_set(t, "labels", (double[]){0, 1, 0}, 3);
    expect_values(t, trial_value(t, "y"), 1e-6, 1, (double[]){2.0 / 3});
    trial_free(t);
}
END_TEST

START_TEST(psnr_is_a_mean_over_pictures)
{
    struct trial *t =
        trial_load("unitgraph: 1\n"
                   "inputs: {a: [2, 1, 1, 2], b: [2, 1, 1, 2]}\n"
                   "graph: {y: 'psnr(a, b)', z: 'psnr(a, b, range=1)', e: 'psnr(a, a)'}\n",
                   false, 1);
    const double first = 10 * log10(4 / 0.5), second = 10 * log10(4 / 0.01);

    trial_set(t, "a", (double[]){0, 1, 0.5, 0.5}, 4);
    trial_set(t, "b", (double[]){0, 0, 0.4, 0.6}, 4);
    expect_values(t, trial_value(t, "y"), 1e-6, 1, (double[]){(first + second) / 2});
    expect_values(t, trial_value(t, "z"), 1e-6, 1,
                  (double[]){(first + second) / 2 - 10 * log10(4)});
    expect_values(t, trial_value(t, "e"), 0, 1, (double[]){100});
    trial_free(t);
}
END_TEST

/* One window, moments summed directly: weights w[rows][columns] that sum to 1.
 */
static double window_ssim(const double *a, const double *b, int width, int rows, int columns,
                          double range)
{
    const double c1 = pow(0.01 * range, 2), c2 = pow(0.03 * range, 2);
    double sum = 0, ma = 0, mb = 0, va = 0, vb = 0, cov = 0;

    for (int pass = 0; pass < 3; pass++)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) {
                const double dy = i - rows / 2, dx = j - columns / 2;
                const double w = exp(-(dx * dx + dy * dy) / (2 * 1.5 * 1.5));
                const double x = a[i * width + j], y = b[i * width + j];

                if (pass == 0)
                    sum += w;
                else if (pass == 1)
                    ma += w / sum * x, mb += w / sum * y;
                else
                    va += w / sum * (x - ma) * (x - ma), vb += w / sum * (y - mb) * (y - mb),
                        cov += w / sum * (x - ma) * (y - mb);
            }
    return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
}

static double mean_ssim(const double *a, const double *b, int planes, int h, int w, int rows,
                        int columns, double range)
{
    double sum = 0;
    int n = 0;

    for (int p = 0; p < planes; p++)
        for (int i = 0; i + rows <= h; i++)
            for (int j = 0; j + columns <= w; j++, n++) {
                const int at = (p * h + i) * w + j;

                sum += window_ssim(a + at, b + at, w, rows, columns, range);
            }
    return sum / n;
}

static void check_ssim(int n, int c, int h, int w, int rows, int columns, double range)
{
    const int64_t count = (int64_t)n * c * h * w;
    double *a = ug_xcalloc((size_t)count, sizeof *a), *b = ug_xcalloc((size_t)count, sizeof *b);
    char text[300];
    struct trial *t;

    for (int64_t i = 0; i < count; i++) {
        a[i] = (float)(range * (0.5 + 0.4 * sin((double)i * 0.7)) - 1);
        b[i] = (float)(a[i] + range * 0.2 * cos((double)(i * i % 31)));
    }
    snprintf(text, sizeof text,
             "unitgraph: 1\n"
             "inputs: {a: [%d, %d, %d, %d], b: [%d, %d, %d, %d]}\n"
             "graph: {y: 'ssim(a, b, range=%g)', e: 'ssim(a, a)'}\n",
             n, c, h, w, n, c, h, w, range);
    t = trial_load(text, false, 1);
    trial_set(t, "a", a, count);
    trial_set(t, "b", b, count);
    ug_set_threads(3);
    expect_values(t, trial_value(t, "y"), 1e-6, 1,
                  (double[]){mean_ssim(a, b, n * c, h, w, rows, columns, range)});
    ug_set_threads(1);
    expect_values(t, trial_value(t, "y"), 1e-6, 1,
                  (double[]){mean_ssim(a, b, n * c, h, w, rows, columns, range)});
    expect_values(t, trial_value(t, "e"), 1e-7, 1, (double[]){1});
    trial_free(t);
    free(a), free(b);
}

START_TEST(ssim_agrees_with_its_definition)
{
    check_ssim(2, 3, 14, 17, 11, 11, 2);
    check_ssim(1, 1, 11, 11, 11, 11, 1);
    check_ssim(20, 1, 12, 11, 11, 11, 2);
}
END_TEST

/* The window is cut to the largest odd one that fits, axis by axis. */
START_TEST(ssim_of_small_pictures)
{
    check_ssim(1, 2, 8, 20, 7, 11, 2);
    check_ssim(1, 1, 1, 2, 1, 1, 2);
}
END_TEST

START_TEST(refusals)
{
    expect_refusal("unitgraph: 1\ninputs: {a: [1, 1, 4, 4], b: [1, 1, 4, 5]}\n"
                   "graph: {y: 'psnr(a, b)'}\n",
                   "one shape");
    expect_refusal("unitgraph: 1\ninputs: {x: [1, 1, 12, 12], a: [1, 1, 12, 12]}\n"
                   "graph: {y: 'grad(ssim(x, a), x)'}\n",
                   "gradient");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("metric");
    TCase *c = tcase_create("metric");

    tcase_add_test(c, accuracy_counts);
    tcase_add_test(c, accuracy_of_pixels);
    tcase_add_test(c, psnr_is_a_mean_over_pictures);
    tcase_add_test(c, ssim_agrees_with_its_definition);
    tcase_add_test(c, ssim_of_small_pictures);
    tcase_add_test(c, refusals);
    suite_add_tcase(s, c);
    return s;
}
