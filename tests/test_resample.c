/* test_resample.c -- sizes of pictures: plain loops written from the
 * definitions, and gradients. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/unitgraph.h"
#include "harness_main.h"
#include "harness_ops.h"

/* One plane of 1..h*w with a few bends, so that rows, columns and their order
 * all matter. */
static double *plane(int64_t h, int64_t w)
{
    double *x = ug_xcalloc((size_t)(h * w), sizeof *x);

    for (int64_t i = 0; i < h * w; i++)
        x[i] = (double)(i * 7 % 11) - 0.25 * (double)i;
    return x;
}

/* A definition: the value of output (i, j) for a plane of h x w. */
typedef double definition(const double *x, int64_t h, int64_t w, int64_t i, int64_t j);

static void check_definition(const char *call, int64_t h, int64_t w, int64_t out_h, int64_t out_w,
                             definition *f)
{
    double *x = plane(h, w), *y = ug_xcalloc((size_t)(out_h * out_w), sizeof *y);
    char text[300];

    snprintf(text, sizeof text, "unitgraph: 1\ninputs: {x: [1, 1, %d, %d]}\ngraph: {y: '%s'}\n",
             (int)h, (int)w, call);
    for (int64_t i = 0; i < out_h; i++)
        for (int64_t j = 0; j < out_w; j++)
            y[i * out_w + j] = f(x, h, w, i, j);
    expect_y(text, h * w, x, 1e-6, out_h * out_w, y);
    free(x);
    free(y);
}

static double nearest_2(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    (void)h;
    return x[i / 2 * w + j / 2];
}

static double nearest_half(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    (void)h;
    return x[2 * i * w + 2 * j];
}

/* Output k of an axis stands at (k + 1/2) / s - 1/2; no further than the edges.
 */
static double bilinear(const double *x, int64_t h, int64_t w, int64_t i, int64_t j, double s)
{
    const double v = fmin(fmax(((double)i + 0.5) / s - 0.5, 0), (double)(h - 1));
    const double u = fmin(fmax(((double)j + 0.5) / s - 0.5, 0), (double)(w - 1));
    const int64_t top = (int64_t)v, left = (int64_t)u;
    const int64_t bottom = top + 1 < h ? top + 1 : top, right = left + 1 < w ? left + 1 : left;
    const double b = v - (double)top, r = u - (double)left;

    return (1 - b) * ((1 - r) * x[top * w + left] + r * x[top * w + right]) +
           b * ((1 - r) * x[bottom * w + left] + r * x[bottom * w + right]);
}

static double bilinear_2(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    return bilinear(x, h, w, i, j, 2);
}

static double bilinear_3_2(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    return bilinear(x, h, w, i, j, 1.5);
}

START_TEST(upsample_follows_its_definition)
{
    check_definition("upsample(x)", 3, 4, 6, 8, nearest_2);
    check_definition("upsample(x)", 1, 1, 2, 2, nearest_2);
    check_definition("upsample(x, 0.5)", 5, 8, 2, 4, nearest_half);
    check_definition("upsample(x, 2, mode=bilinear)", 3, 4, 6, 8, bilinear_2);
    check_definition("upsample(x, 2, mode=bilinear)", 1, 3, 2, 6, bilinear_2);
    check_definition("upsample(x, 1.5, bilinear)", 5, 4, 7, 6, bilinear_3_2);
}
END_TEST

/* The mean over rows top … bottom - 1 and columns left … right - 1 that lie in
 * the plane. */
static double window_mean(const double *x, int64_t h, int64_t w, int64_t top, int64_t bottom,
                          int64_t left, int64_t right, bool count_outside)
{
    double sum = 0;
    int64_t n = 0;

    for (int64_t i = top; i < bottom; i++)
        for (int64_t j = left; j < right; j++) {
            const bool inside = i >= 0 && i < h && j >= 0 && j < w;

            sum += inside ? x[i * w + j] : 0;
            n += inside || count_outside;
        }
    return sum / (double)n;
}

static double pool_3_2_1(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    return window_mean(x, h, w, 2 * i - 1, 2 * i + 2, 2 * j - 1, 2 * j + 2, true);
}

static double pool_3_2_1_inside(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    return window_mean(x, h, w, 2 * i - 1, 2 * i + 2, 2 * j - 1, 2 * j + 2, false);
}

static double pool_23(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    return window_mean(x, h, w, 2 * i, 2 * i + 2, 3 * j, 3 * j + 3, true);
}

static double bins_23(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    return window_mean(x, h, w, i * h / 2, (int64_t)ceil((double)((i + 1) * h) / 2), j * w / 3,
                       (int64_t)ceil((double)((j + 1) * w) / 3), true);
}

START_TEST(average_pooling_follows_its_definition)
{
    check_definition("avg_pool2d(x, 3, stride=2, padding=1)", 5, 8, 3, 4, pool_3_2_1);
    check_definition("avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=false)", 5, 8, 3, 4,
                     pool_3_2_1_inside);
    check_definition("avg_pool2d(x, [2, 3])", 5, 7, 2, 2, pool_23);
    check_definition("adaptive_avg_pool2d(x, [2, 3])", 5, 7, 2, 3, bins_23);
    check_definition("adaptive_avg_pool2d(x, [2, 3])", 1, 2, 2, 3, bins_23);
}
END_TEST

static double largest(const double *x, int64_t h, int64_t w, int64_t i, int64_t j)
{
    double best = -INFINITY;

    for (int64_t r = 2 * i - 1; r < 2 * i + 2; r++)
        for (int64_t c = 2 * j - 1; c < 2 * j + 2; c++)
            if (r >= 0 && r < h && c >= 0 && c < w)
                best = fmax(best, x[r * w + c]);
    return best;
}

START_TEST(max_pooling_follows_its_definition)
{
    check_definition("max_pool2d(x, 3, stride=2, padding=1)", 5, 8, 3, 4, largest);
    check_definition("max_pool2d(x, 3, stride=2, padding=1)", 1, 1, 1, 1, largest);
}
END_TEST

/* Of equal maxima the first gets the gradient. */
START_TEST(max_pooling_breaks_ties_like_pytorch)
{
    struct trial *t = trial_load("unitgraph: 1\n"
                                 "inputs: {x: [1, 1, 2, 4]}\n"
                                 "graph: {y: 'grad(sum(max_pool2d(x, 2)), x)'}\n",
                                 true, 1);

    trial_set(t, "x", (double[]){1, 3, 0, 0, 3, 3, 0, 0}, 8);
    expect_values(t, trial_value(t, "y"), 0, 8, (double[]){0, 1, 1, 0, 0, 0, 0, 0});
    trial_free(t);
}
END_TEST

START_TEST(pixel_shuffle_spreads_channels)
{
    expect_y("unitgraph: 1\ninputs: {x: [1, 4, 1, 2]}\ngraph: {y: "
             "'pixel_shuffle(x, 2)'}\n",
             8, (double[]){1, 2, 3, 4, 5, 6, 7, 8}, 0, 8, (double[]){1, 3, 2, 4, 5, 7, 6, 8});
}
END_TEST

#define GRAPH(call) "unitgraph: 1\ninputs: {x: [2, 4, 5, 6]}\ngraph: {y: '" call "'}\n"

/* So few that no two values come near a tie. */
#define SMALL(call) "unitgraph: 1\ninputs: {x: [1, 2, 3, 4]}\ngraph: {y: '" call "'}\n"

static const char *const gradients[] = {
    GRAPH("upsample(x) ** 2"),
    GRAPH("upsample(x, 0.5) ** 2"),
    GRAPH("upsample(x, 3, mode=bilinear) ** 2"),
    GRAPH("upsample(x, 0.7, mode=bilinear) ** 2"),
    GRAPH("avg_pool2d(x, 3, stride=2, padding=1) ** 2"),
    GRAPH("avg_pool2d(x, [2, 3], stride=[1, 2], padding=[1, 0], "
          "count_include_pad=false) ** 2"),
    GRAPH("adaptive_avg_pool2d(x, [3, 4]) ** 2"),
    GRAPH("adaptive_avg_pool2d(x, 8) ** 2"),
    SMALL("max_pool2d(x, 2) ** 2"),
    SMALL("max_pool2d(x, 3, stride=1, padding=1) ** 2"),
    GRAPH("pixel_shuffle(x, 2) ** 2"),
};

START_TEST(gradients_agree_with_differences)
{
    check_y(gradients[_i]);
}
END_TEST

/* Big enough for every piece of the kernels to hold several rows; the same bits
 * for 1 and 3 threads. */
START_TEST(threads_do_not_matter)
{
    struct trial *t = trial_load("unitgraph: 1\n"
                                 "inputs: {x: [2, 3, 40, 50]}\n"
                                 "graph:\n"
                                 "  a: upsample(x, 1.7, mode=bilinear)\n"
                                 "  b: avg_pool2d(x, 3, stride=2, padding=1)\n"
                                 "  c: max_pool2d(x, 3)\n"
                                 "  d: 'grad(sum(a ** 2) + sum(b ** 2) + sum(c ** 2), x)'\n",
                                 true, 1);
    static const char *const names[] = {"a", "b", "c", "d"};

    for (int i = 0; i < 4; i++) {
        struct ug_node *y = trial_value(t, names[i]);
        double *one;

        ug_set_threads(1);
        one = trial_values(t, y);
        ug_set_threads(3);
        expect_values(t, y, 0, ug_shape_count(&y->type.shape), one);
        free(one);
    }
    trial_free(t);
}
END_TEST

START_TEST(refuses_what_does_not_fit)
{
    expect_refusal(GRAPH("avg_pool2d(x, 7)"), "larger than the padded picture");
    expect_refusal(GRAPH("avg_pool2d(x, 2, padding=2)"), "more than half");
    expect_refusal(GRAPH("max_pool2d(x, 7)"), "larger than the padded picture");
    expect_refusal(GRAPH("pixel_shuffle(x, 3)"), "multiple");
    expect_refusal(GRAPH("upsample(x, 0.01)"), "leave nothing");
    expect_refusal(GRAPH("upsample(x[0])"), "[N, C, H, W]");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("resample");
    TCase *c = tcase_create("resample");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, upsample_follows_its_definition);
    tcase_add_test(c, average_pooling_follows_its_definition);
    tcase_add_test(c, max_pooling_follows_its_definition);
    tcase_add_test(c, max_pooling_breaks_ties_like_pytorch);
    tcase_add_test(c, pixel_shuffle_spreads_channels);
    tcase_add_loop_test(c, gradients_agree_with_differences, 0,
                        (int)(sizeof gradients / sizeof gradients[0]));
    tcase_add_test(c, threads_do_not_matter);
    tcase_add_test(c, refuses_what_does_not_fit);
    suite_add_tcase(s, c);
    return s;
}
