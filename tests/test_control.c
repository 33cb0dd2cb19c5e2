/* test_control.c -- detach, values made from a shape, labels, and gradients as values. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness_main.h"
#include "harness_ops.h"

static struct trial *t;
static char error[500]; /* the first error of a file that was refused */

static void setup(void)
{
    t = NULL;
}

static void teardown(void)
{
    trial_free(t);
}

/* A trial of a file with these inputs and this graph, in place of `t`. */
static void load(const char *inputs, const char *graph)
{
    char text[600];

    snprintf(text, sizeof text, "unitgraph: 1\ninputs: {%s}\ngraph:\n%s", inputs, graph);
    trial_free(t);
    t = trial_try(text, true, 3, error);
}

static struct ug_node *value(const char *name)
{
    ck_assert_msg(t != NULL, "%s", error);
    return trial_value(t, name);
}

START_TEST(detach_stops_gradients)
{
    load("x: [2]", "  y: x * detach(x)\n  g: grad(sum(y), x)\n");
    trial_set(t, "x", (double[]){3, -2}, 2);
    expect_values(t, value("y"), 0, 2, (double[]){9, 4});
    expect_values(t, value("g"), 0, 2, (double[]){3, -2});
}
END_TEST

START_TEST(filled_in_a_shape)
{
    load("x: [2, 2]", "  z: zeros_like(x)\n  o: ones_like([3, size(x, 0)])\n"
                      "  f: full_like(x, -1.5)\n  s: full_like([2], step / steps)\n");
    expect_values(t, value("z"), 0, 4, (double[]){0, 0, 0, 0});
    expect_shape(value("o"), UG_SHAPE(3, 2));
    expect_values(t, value("o"), 0, 6, (double[]){1, 1, 1, 1, 1, 1});
    expect_values(t, value("f"), 0, 4, (double[]){-1.5, -1.5, -1.5, -1.5});
    expect_values(t, value("s"), 1e-7, 2, (double[]){0.03, 0.03}); /* the trial's step 3 of 100 */
}
END_TEST

START_TEST(one_hot_rows)
{
    load("y: {shape: [2, 2], dtype: int64}", "  h: one_hot(y, 3)\n");
    trial_set(t, "y", (double[]){0, 2, 1, 1}, 4);
    expect_shape(value("h"), UG_SHAPE(2, 2, 3));
    expect_values(t, value("h"), 0, 12, (double[]){1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0});
}
END_TEST

/* A label out of range must not pass as one that is in none of the classes. */
START_TEST(one_hot_out_of_range)
{
    load("y: {shape: [2], dtype: int64}", "  h: one_hot(y, 3)\n");
    trial_set(t, "y", (double[]){3, -1}, 2);
    double *got = trial_values(t, value("h"));

    for (int i = 0; i < 6; i++)
        ck_assert_double_nan(got[i]);
    free(got);
}
END_TEST

/* Labels among floats count as floats, in either place. */
START_TEST(labels_are_compared)
{
    load("y: {shape: [3], dtype: int64}, x: [3, 2]",
         "  hits: argmax(x, dim=1) == y\n  share: mean(hits)\n  double: 2 * y\n");
    trial_set(t, "y", (double[]){0, 1, 1}, 3);
    trial_set(t, "x", (double[]){3, 2, 2, 3, 3, 2}, 6);
    expect_values(t, value("hits"), 0, 3, (double[]){1, 1, 0});
    expect_values(t, value("share"), 1e-7, 1, (double[]){2.0 / 3});
    expect_values(t, value("double"), 0, 3, (double[]){0, 2, 2});
}
END_TEST

START_TEST(coordinates)
{
    load("x: [2, 5, 3, 2]", "  c: coords(x)\n");
    expect_shape(value("c"), UG_SHAPE(2, 2, 3, 2));
    expect_values(t, value("c"), 0, 24, (double[]){-1, -1, 0, 0, 1, 1, -1, 1, -1, 1, -1, 1,
                                                   -1, -1, 0, 0, 1, 1, -1, 1, -1, 1, -1, 1});
    load("x: [1, 1, 1, 4]", "  c: coords(x)\n");
    expect_values(t, value("c"), 1e-7, 8, (double[]){0, 0, 0, 0, -1, -1 / 3., 1 / 3., 1});
}
END_TEST

/* d/dx of sum(x^3) is 3x^2, and of its sum 6x. */
START_TEST(gradients_of_gradients)
{
    load("x: [3]", "  y: sum(x ** 3)\n  g: grad(y, x)\n  h: grad(sum(g), x)\n");
    trial_set(t, "x", (double[]){0, -1, 2}, 3);
    expect_values(t, value("g"), 1e-7, 3, (double[]){0, 3, 12});
    expect_values(t, value("h"), 1e-7, 3, (double[]){0, -6, 12});
}
END_TEST

/* With respect to a value on the way: y = sum(3 v), v = x^2. */
START_TEST(gradient_of_an_inner_value)
{
    load("x: [2]", "  v: x ** 2\n  y: sum(v * v * 3, keepdim=true)\n  g: grad(y, v)\n");
    trial_set(t, "x", (double[]){1, 2}, 2);
    expect_values(t, value("g"), 1e-7, 2, (double[]){6, 24});
}
END_TEST

START_TEST(gradient_penalty)
{
    load("x: [2, 3]",
         "  y: sum(tanh(x) ** 2)\n  p: mean(sqrt(sum(grad(y, x) ** 2, dim=1) + 0.1))\n");
    check_gradient(t, value("p"), 1);
}
END_TEST

static const struct {
    const char *inputs, *graph, *error;
} wrong[] = {
    {"x: [2]", "  g: grad(x, x)\n", "y must be a single number"},
    {"x: [2], z: [2]", "  g: grad(sum(x), z)\n", "y does not depend on x"},
    {"x: [2]", "  g: grad(sum(detach(x)), x)\n", "y does not depend on x"},
    {"x: [2]", "  g: grad(sum(x), 3)\n", "is the name of a value"},
    {"y: {shape: [2], dtype: int64}, x: [2]", "  g: grad(sum(x), y)\n", "labels"},
    {"x: [2]", "  h: one_hot(x, 3)\n", "labels must be int64"},
    {"x: [2, 3]", "  c: coords(x)\n", "[N, C, H, W]"},
    {"x: [2]", "  f: full_like(x, x)\n", "must be a number"},
    {"x: [2]", "  f: zeros_like([-1])\n", "negative"},
};

START_TEST(refusals)
{
    load(wrong[_i].inputs, wrong[_i].graph);
    ck_assert_msg(t == NULL, "it was accepted");
    ck_assert_msg(strstr(error, wrong[_i].error), "%s", error);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("control");
    TCase *c = tcase_create("control");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, detach_stops_gradients);
    tcase_add_test(c, filled_in_a_shape);
    tcase_add_test(c, one_hot_rows);
    tcase_add_test(c, one_hot_out_of_range);
    tcase_add_test(c, labels_are_compared);
    tcase_add_test(c, coordinates);
    tcase_add_test(c, gradients_of_gradients);
    tcase_add_test(c, gradient_of_an_inner_value);
    tcase_add_test(c, gradient_penalty);
    tcase_add_loop_test(c, refusals, 0, sizeof wrong / sizeof wrong[0]);
    suite_add_tcase(s, c);
    return s;
}
