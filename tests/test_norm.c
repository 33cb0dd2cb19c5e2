/* test_norm.c -- the four norms against PyTorch's numbers and against their formulas, and their
 * gradients. */
#include <math.h>
#include <stdlib.h>

#include "engine/graph/passes.h"
#include "harness_call.h"
#include "harness_main.h"
#include "harness_trial.h"
#include "ops/emit.h"
#include "ops/normalize.h"

enum { N = 24 };

/* x[i] = (i * i % 17) / 4 as [2, 4, 1, 3]; weight 1, 2, -1, 1/2 and bias 0, 1, 2, 3: what the
 * expected numbers were made from by torch.nn.functional in float64. */
static struct ug_node *sample(void)
{
    double x[N];

    for (int i = 0; i < N; i++)
        x[i] = i * i % 17 / 4.0;
    return trial_input(t, "x", UG_SHAPE(2, 4, 1, 3), x);
}

static struct ug_node *weight(void)
{
    return trial_input(t, "w", UG_SHAPE(4), (double[]){1, 2, -1, 0.5});
}

static struct ug_node *bias(void)
{
    return trial_input(t, "b", UG_SHAPE(4), (double[]){0, 1, 2, 3});
}

START_TEST(instance_norm_is_pytorchs)
{
    expect_values(t, trial_call(t, "instance_norm", "", "x", sample(), NULL), 1e-6, N,
                  (double[]){-0.9805535, -0.3922214, 1.372775,   -0.5619479, 1.40487,
                             -0.8429219, -1.399705,  0.8748156,  0.5248894,  0.5248894,
                             0.8748156,  -1.399705,  -0.8429219, 1.40487,    -0.5619479,
                             1.372775,   -0.3922214, -0.9805535, -1.11116,   -0.202029,
                             1.313189,   1.278721,   -0.1162474, -1.162474});
    ck_assert_int_eq(t->params->n, 0);
}
END_TEST

START_TEST(group_norm_is_pytorchs)
{
    expect_values(t,
                  trial_call(t, "group_norm", "num_groups=2", "x", sample(), "weight", weight(),
                             "bias", bias(), NULL),
                  1e-6, N,
                  (double[]){-1.164962, -0.9810203, -0.4291964, 1.98102,   4.556199,   1.613138,
                             3.399705,  1.125184,   1.475111,   3.262445,  3.437408,   2.300148,
                             0.3065688, 1.778099,   0.4905101,  0.1416072, -0.9620406, -1.329923,
                             3.113704,  2.524096,   1.541416,   3.917168,  3.131024,   2.541416});
}
END_TEST

/* torch.nn.functional.group_norm with one group. */
START_TEST(layer_norm_is_over_the_whole_sample)
{
    expect_values(
        t, trial_call(t, "layer_norm", "", "x", sample(), "weight", weight(), "bias", bias(), NULL),
        1e-6, N, (double[]){-1.390943, -1.220623, -0.7096645, 1.283866,   3.668339,  0.9432268,
                            3.050304,  0.8361501, 1.176789,   3.411605,   3.581925,  2.474848,
                            0.2847466, 1.803395,  0.4745776,  0.05084474, -1.088142, -1.467804,
                            3.044071,  2.474578,  1.525422,   3.901697,   3.142373,  2.57288});
}
END_TEST

static const double batch_normed[] = {
    -1.164962,  -0.9810203, -0.4291964, 1.98102,  4.556199,  1.613138, 2.992275,  0.5736045,
    0.9457077,  3.318072,   3.491567,   2.363855, 0.3065688, 1.778099, 0.4905101, 0.1416072,
    -0.9620406, -1.329923,  3.178327,   2.620172, 1.689914,  3.578314, 2.884337,  2.363855};

START_TEST(batch_norm_is_pytorchs)
{
    struct ug_node *y =
        trial_call(t, "batch_norm", "", "x", sample(), "weight", weight(), "bias", bias(), NULL);

    expect_values(t, y, 1e-6, N, batch_normed);
    ck_assert_int_eq(t->b.n_updates, 2);
    expect_values(t, t->b.updates[0], 1e-6, 4,
                  (double[]){0.1583333, 0.1583333, 0.1833333, 0.2333333});
    expect_values(t, t->b.updates[1], 1e-6, 4, (double[]){1.121667, 1.121667, 1.116667, 1.149167});
}
END_TEST

START_TEST(batch_norm_evaluates_with_running_statistics)
{
    struct ug_node *y = trial_call(t, "batch_norm", "training=false", "x", sample(), "weight",
                                   weight(), "bias", bias(), NULL);

    trial_set(t, "net.running_mean", (double[]){0.1583333, 0.1583333, 0.1833333, 0.2333333}, 4);
    trial_set(t, "net.running_var", (double[]){1.121667, 1.121667, 1.116667, 1.149167}, 4);
    expect_values(t, y, 1e-6, N,
                  (double[]){-0.1494991, 0.0865521, 0.7947056,  4.949923, 8.254639, 4.477821,
                             1.700333,   -1.375194, -0.9020364, 4.407032, 4.640242, 3.124379,
                             1.73891,    3.62732,   1.974961,   2.589411, 1.173104, 0.7010018,
                             1.936912,   1.227175,  0.04427983, 4.756846, 3.824008, 3.124379});
    ck_assert_int_eq(t->b.n_updates, 0);
    check_gradient(t, y, 2);
}
END_TEST

START_TEST(auto_is_the_mode_of_the_graph)
{
    t->b.training = false;
    trial_call(t, "batch_norm", "", "x", sample(), NULL);
    ck_assert_int_eq(t->b.n_updates, 0);
    ck_assert_int_eq(t->params->n, 4); /* running_mean, running_var, weight, bias */
    ck_assert_int_eq(ug_params_find(t->params, "net.running_var")->kind, UG_STATE);
    ck_assert_double_eq(ug_params_find(t->params, "net.running_var")->init.a, 1);
    ck_assert_double_eq(ug_params_find(t->params, "net.weight")->init.a, 1);
    ck_assert_double_eq(ug_params_find(t->params, "net.bias")->init.a, 0);
}
END_TEST

static const struct {
    const char *op, *settings;
} layers[] = {
    {"instance_norm", "affine=true"}, {"instance_norm", "eps=0.5"},   {"layer_norm", ""},
    {"layer_norm", "affine=false"},   {"group_norm", "num_groups=2"}, {"batch_norm", ""},
    {"batch_norm", "affine=false"},
};

START_TEST(gradients_of_both_orders)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3, 4, 2, 3), NULL);

    check_gradient(t, trial_call(t, layers[_i].op, layers[_i].settings, "x", x, NULL), 2);
}
END_TEST

/* A penalty on a gradient that has passed through a norm: a scalar made from derivatives. */
START_TEST(gradients_of_a_gradient_penalty)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 2, 2, 3), NULL), *dx;
    struct ug_node *y = trial_call(t, layers[_i].op, layers[_i].settings, "x", x, NULL);
    struct ug_node *score = ug_sum(&t->b, ug_tanh(&t->b, y), UG_ALL_AXES, false);

    ck_assert(ug_differentiate(&t->b, score, &x, 1, &dx));
    check_gradient(t, ug_sum(&t->b, ug_square(&t->b, dx), UG_ALL_AXES, false), 1);
}
END_TEST

/* Rows longer than a part of the sums, far from 0: [outer, rows, inner] of every kind. */
static const struct {
    const char *op, *settings;
    int64_t shape[4], groups; /* rows of a sample; 0: rows across samples */
} large[] = {
    {"instance_norm", "", {2, 3, 97, 101}, 3},
    {"layer_norm", "affine=false", {2, 5, 61, 67}, 1},
    {"group_norm", "num_groups=2 affine=false", {3, 4, 50, 90}, 2},
    {"batch_norm", "affine=false", {3, 2, 91, 93}, 0},
    {"batch_norm", "affine=false", {50, 70, 1, 1}, 0},
    {"instance_norm", "", {3, 40, 5, 3}, 40},
};

static void expect_row(const double *x, double *want, const int64_t *index, int64_t n)
{
    double mean = 0, var = 0;

    for (int64_t i = 0; i < n; i++)
        mean += x[index[i]] / (double)n;
    for (int64_t i = 0; i < n; i++)
        var += pow(x[index[i]] - mean, 2) / (double)n;
    for (int64_t i = 0; i < n; i++)
        want[index[i]] = (x[index[i]] - mean) / sqrt(var + 1e-5);
}

START_TEST(long_rows_are_summed_exactly)
{
    const struct ug_shape s = ug_shape_of(4, large[_i].shape);
    const int64_t n = ug_shape_count(&s), plane = s.dim[2] * s.dim[3];
    const int64_t groups = large[_i].groups ? large[_i].groups * s.dim[0] : s.dim[1];
    double *x = ug_xcalloc((size_t)n, sizeof *x), *want = ug_xcalloc((size_t)n, sizeof *want);
    int64_t *index = ug_xcalloc((size_t)n, sizeof *index);

    for (int64_t i = 0; i < n; i++)
        x[i] = (float)(20 + sin((double)i * 1.7) + (double)(i % 13) / 7);
    for (int64_t g = 0; g < groups; g++) {
        int64_t members = 0;

        for (int64_t i = 0; i < n; i++)
            if (large[_i].groups ? i / (n / groups) == g : i / plane % s.dim[1] == g)
                index[members++] = i;
        expect_row(x, want, index, members);
    }
    expect_values(
        t, trial_call(t, large[_i].op, large[_i].settings, "x", trial_input(t, "x", s, x), NULL),
        2e-6, n, want);
    free(x), free(want), free(index);
}
END_TEST

START_TEST(one_pixel_gives_zero)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 3, 1, 1), NULL);

    expect_values(t, trial_call(t, "instance_norm", "", "x", x, NULL), 0, 6, (double[6]){0});
}
END_TEST

/* Nodes that simplifying leaves of what `root` needs. */
static int simplified_size(struct ug_node *root)
{
    struct ug_graph *g = ug_simplify(t->graph, &root, 1);
    const int n = g->n;

    ug_graph_free(g);
    return n;
}

static const struct {
    const char *op, *settings;
    int64_t shift[4];
    bool goes; /* it is one number a row, which has no effect */
} shifted[] = {
    {"instance_norm", "", {1, 4, 1, 1}, true},
    {"instance_norm", "", {3, 4, 1, 1}, true},
    {"instance_norm", "", {1, 1, 1, 1}, true},
    {"instance_norm", "", {1, 4, 2, 1}, false},
    {"batch_norm", "affine=false", {1, 4, 1, 1}, true},
    {"batch_norm", "affine=false", {3, 4, 1, 1}, false},
    {"layer_norm", "affine=false", {3, 1, 1, 1}, true},
    {"layer_norm", "affine=false", {1, 4, 1, 1}, false},
    {"group_norm", "num_groups=2 affine=false", {3, 1, 1, 1}, false}, /* not seen */
};

START_TEST(a_shift_of_whole_rows_has_no_effect)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3, 4, 2, 3), NULL);
    struct ug_node *shift = trial_input(t, "shift", ug_shape_of(4, shifted[_i].shift), NULL);
    struct ug_node *y =
        trial_call(t, shifted[_i].op, shifted[_i].settings, "x", ug_add(&t->b, shift, x), NULL);
    struct ug_node *score = ug_sum(&t->b, ug_tanh(&t->b, y), UG_ALL_AXES, false), *d;
    double *as_built = trial_values(t, y);

    expect_values(t, y, 1e-6, 72, as_built);
    /* x, stats, normalize; or x, shift, add, stats, normalize */
    ck_assert_int_eq(simplified_size(y), shifted[_i].goes ? 3 : 5);
    ck_assert(ug_differentiate(&t->b, score, &shift, 1, &d));
    if (shifted[_i].goes)
        ck_assert_int_eq(simplified_size(d), 2); /* 0, repeated */
    check_gradient(t, y, 2);
    free(as_built);
}
END_TEST

START_TEST(a_shift_moves_the_running_mean)
{
    struct ug_node *shift = trial_input(t, "shift", UG_SHAPE(4, 1, 1), (double[]){10, -1, 0, 2});
    struct ug_node *y = trial_call(t, "batch_norm", "", "x", ug_add(&t->b, sample(), shift),
                                   "weight", weight(), "bias", bias(), NULL);

    expect_values(t, y, 1e-6, N, batch_normed);
    expect_values(t, t->b.updates[0], 1e-6, 4,
                  (double[]){1.1583333, 0.0583333, 0.1833333, 0.4333333});
    expect_values(t, t->b.updates[1], 1e-6, 4, (double[]){1.121667, 1.121667, 1.116667, 1.149167});
    /* the same number for all */
    trial_call(t, "batch_norm", "", "x", ug_shift(&t->b, sample(), 3), NULL);
    expect_values(t, t->b.updates[2], 1e-6, 4,
                  (double[]){0.4583333, 0.4583333, 0.4833333, 0.5333333});
    /* state, x, its statistics, the update; and the shift */
    ck_assert_int_eq(simplified_size(t->b.updates[0]), 5);
    ck_assert_int_eq(simplified_size(t->b.updates[1]), 4);
}
END_TEST

static const struct {
    const char *op;
    double slope; /* of leaky_relu */
    bool joins;   /* the way back through it is part of the norm's */
} rectifiers[] = {
    {"relu", 0, true},
    {"leaky_relu", 0.2, true},
    {"leaky_relu", -0.2, true}, /* looks at what it rectifies */
    {"tanh", 0, false},
};

/* x, its statistics, normalize; c * 1, which takes four, and normalize_backward: no gate. */
START_TEST(the_way_back_through_a_rectifier_joins_that_through_the_norm)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3, 4, 2, 3), NULL), *d;
    struct ug_node *c = trial_input(t, "c", UG_SHAPE(3, 4, 2, 3), NULL);
    struct ug_node *norm = trial_call(t, "instance_norm", "", "x", x, NULL);
    struct ug_node *y = ug_emit_named(&t->b, rectifiers[_i].op, &rectifiers[_i].slope, &norm, 1);
    double *as_built;

    ck_assert(
        ug_differentiate(&t->b, ug_sum(&t->b, ug_mul(&t->b, c, y), UG_ALL_AXES, false), &x, 1, &d));
    as_built = trial_values(t, d);
    expect_values(t, d, 0, 72, as_built);
    if (rectifiers[_i].joins)
        ck_assert_int_eq(simplified_size(d), 8);
    else
        ck_assert_int_gt(simplified_size(d), 8);
    check_gradient(t, d, 1);
    free(as_built);
}
END_TEST

static const struct {
    int rank;
    int64_t dim[4];
} repeated[] = {{3, {4, 1, 1}}, {4, {1, 1, 2, 1}}, {0, {0}}};

/* A gradient that comes as fewer numbers than it is worth, from a sum, joins as well. */
START_TEST(what_is_repeated_goes_back_through_a_rectifier_and_the_norm)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(3, 4, 2, 3), NULL), *d;
    struct ug_node *c = trial_input(t, "c", ug_shape_of(repeated[_i].rank, repeated[_i].dim), NULL);
    struct ug_node *norm = trial_call(t, "instance_norm", "", "x", x, NULL);
    struct ug_node *y = ug_emit_named(&t->b, "relu", NULL, &norm, 1);
    struct ug_node *loss = ug_mul(&t->b, c, ug_sum_to(&t->b, y, c->type.shape));
    double *as_built;

    ck_assert(ug_differentiate(&t->b, ug_sum(&t->b, loss, UG_ALL_AXES, false), &x, 1, &d));
    as_built = trial_values(t, d);
    expect_values(t, d, 1e-6, 72, as_built);
    check_gradient(t, d, 1);
    free(as_built);
}
END_TEST

/* What simplifying makes has all gradients too, though nobody asks for them. */
START_TEST(the_joined_way_back_can_be_differentiated)
{
    const struct ug_norm_backward_attrs a = {{1, 12, 6, 1e-5}, 0.2};
    struct ug_node *in[] = {trial_input(t, "dy", UG_SHAPE(3, 4, 2, 3), NULL),
                            trial_input(t, "y", UG_SHAPE(3, 4, 2, 3), NULL),
                            ug_square(&t->b, trial_input(t, "stats", UG_SHAPE(12, 2), NULL))};

    check_gradient(t, ug_emit(&t->b, &ug_op_normalize_backward, &a, in, 3), 2);
}
END_TEST

START_TEST(misfits_are_refused_in_a_sentence)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 3, 4, 4), NULL);
    struct ug_node *v = trial_input(t, "v", UG_SHAPE(5), NULL);

    ck_assert_ptr_null(trial_call(t, "group_norm", "num_groups=2", "x", x, NULL));
    expect_error(t, "group_norm: 3 channels cannot be divided into 2 groups");
    ck_assert_ptr_null(trial_call(t, "instance_norm", "", "x", v, NULL));
    ck_assert_ptr_null(trial_call(t, "layer_norm", "", "x", v, NULL));
    ck_assert_ptr_null(trial_call(t, "instance_norm", "", "x", x, "weight", v, NULL));
    ck_assert_ptr_null(trial_call(t, "batch_norm", "", "x", x, "bias", v, NULL));
    ck_assert_uint_eq(ug_diags_errors(t->diags), 5);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

Suite *ug_suite(void)
{
    Suite *s = suite_create("norm");
    TCase *tc = tcase_create("norm");

    tcase_add_checked_fixture(tc, trial_setup, trial_teardown);
    tcase_add_test(tc, instance_norm_is_pytorchs);
    tcase_add_test(tc, group_norm_is_pytorchs);
    tcase_add_test(tc, layer_norm_is_over_the_whole_sample);
    tcase_add_test(tc, batch_norm_is_pytorchs);
    tcase_add_test(tc, batch_norm_evaluates_with_running_statistics);
    tcase_add_test(tc, auto_is_the_mode_of_the_graph);
    tcase_add_loop_test(tc, gradients_of_both_orders, 0, COUNT(layers));
    tcase_add_loop_test(tc, gradients_of_a_gradient_penalty, 0, COUNT(layers));
    tcase_add_loop_test(tc, long_rows_are_summed_exactly, 0, COUNT(large));
    tcase_add_test(tc, one_pixel_gives_zero);
    tcase_add_loop_test(tc, a_shift_of_whole_rows_has_no_effect, 0, COUNT(shifted));
    tcase_add_test(tc, a_shift_moves_the_running_mean);
    tcase_add_loop_test(tc, the_way_back_through_a_rectifier_joins_that_through_the_norm, 0,
                        COUNT(rectifiers));
    tcase_add_loop_test(tc, what_is_repeated_goes_back_through_a_rectifier_and_the_norm, 0,
                        COUNT(repeated));
    tcase_add_test(tc, the_joined_way_back_can_be_differentiated);
    tcase_add_test(tc, misfits_are_refused_in_a_sentence);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(s, tc);
    return s;
}
