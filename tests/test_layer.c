/* test_layer.c -- linear, prelu, parameter, and spectral normalisation. */
#include <math.h>
#include <stdlib.h>

#include "harness_call.h"
#include "harness_main.h"
#include "harness_trial.h"

/* ---- linear ---- */

START_TEST(linear_maps_the_last_axis)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 1, 2), (double[]){1, 2, 3, 4});
    struct ug_node *w = trial_input(t, "w", UG_SHAPE(3, 2), (double[]){1, 0, 0, 1, 10, 100});
    struct ug_node *b = trial_input(t, "b", UG_SHAPE(3), (double[]){0, 0, 1000});
    struct ug_node *y = trial_call(t, "linear", "", "x", x, "weight", w, "bias", b, NULL);

    expect_shape(y, UG_SHAPE(2, 1, 3));
    expect_values(t, y, 1e-6, 6, (double[]){1, 2, 1210, 3, 4, 1430});
    check_gradient(t, y, 2);
}
END_TEST

START_TEST(linear_takes_a_vector)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(4), NULL);
    struct ug_node *y = trial_call(t, "linear", "out_features=3", "x", x, NULL);
    const struct ug_param *w = ug_params_find(t->params, "net.weight");

    expect_shape(y, UG_SHAPE(3));
    check_gradient(t, y, 2);
    ck_assert_ptr_nonnull(w);
    ck_assert_int_eq(w->type.shape.dim[0], 3);
    ck_assert_int_eq(w->type.shape.dim[1], 4);
    ck_assert_double_eq_tol(ug_params_find(t->params, "net.bias")->init.a, -0.5, 1e-12);
}
END_TEST

START_TEST(linear_refuses_misfits)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 4), NULL);
    struct ug_node *w = trial_input(t, "w", UG_SHAPE(3, 5), NULL);

    ck_assert_ptr_null(trial_call(t, "linear", "", "x", x, NULL));
    expect_error(t, "linear: needs 'out_features' (or a weight=)");
    ck_assert_ptr_null(trial_call(t, "linear", "", "x", x, "weight", w, NULL));
    ck_assert_ptr_null(trial_call(t, "linear", "out_features=3", "x", w, "weight", w, NULL));
    ck_assert_ptr_null(trial_call(t, "linear", "out_features=3", "x",
                                  trial_input(t, "s", ug_shape_scalar(), NULL), NULL));
    ck_assert_uint_eq(ug_diags_errors(t->diags), 4);
}
END_TEST

/* ---- prelu, parameter ---- */

START_TEST(prelu_learns_its_slope)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 2), (double[]){-2, 0, 3, -1});
    struct ug_node *y = trial_call(t, "prelu", "", "x", x, NULL);

    ck_assert_double_eq(ug_params_find(t->params, "net.weight")->init.a, 0.25);
    trial_set(t, "net.weight", (double[]){0.5}, 1);
    expect_values(t, y, 1e-7, 4, (double[]){-1, 0, 3, -0.5});
}
END_TEST

/* One slope a channel, and one for all: as torch.nn.functional.prelu(x, weight). */
START_TEST(prelu_takes_slopes)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(1, 2, 2), (double[]){-2, 4, 3, -1});
    struct ug_node *w = trial_input(t, "w", UG_SHAPE(2), (double[]){0.5, 3});
    struct ug_node *one = trial_input(t, "one", UG_SHAPE(1), (double[]){0.25});
    struct ug_node *bad = trial_input(t, "bad", UG_SHAPE(3), NULL);

    expect_values(t, trial_call(t, "prelu", "", "x", x, "weight", w, NULL), 1e-7, 4,
                  (double[]){-1, 4, 3, -3});
    expect_values(t, trial_call(t, "prelu", "", "x", x, "weight", one, NULL), 1e-7, 4,
                  (double[]){-0.5, 4, 3, -0.25});
    ck_assert_ptr_null(ug_params_find(t->params, "net.weight"));
    ck_assert_ptr_null(trial_call(t, "prelu", "", "x", x, "weight", bad, NULL));
}
END_TEST

START_TEST(gradients_of_prelu)
{
    check_gradient(
        t, trial_call(t, "prelu", "", "x", trial_input(t, "x", UG_SHAPE(3, 4), NULL), NULL), 2);
}
END_TEST

/* torch.nn.functional.prelu passes weight * dy at 0. */
START_TEST(prelu_at_zero)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(1), (double[]){0}), *dx;
    struct ug_node *y = trial_call(t, "prelu", "", "x", x, NULL);

    y = ug_sum_to(&t->b, y, ug_shape_scalar());
    ck_assert(ug_differentiate(&t->b, y, &x, 1, &dx));
    trial_set(t, "net.weight", (double[]){0.5}, 1);
    ck_assert_double_eq(trial_scalar(t, dx), 0.5);
}
END_TEST

START_TEST(parameter_is_named_by_its_scope)
{
    expect_shape(trial_call(t, "parameter", "shape=8,1,1", NULL), UG_SHAPE(8, 1, 1));
    ck_assert_ptr_nonnull(ug_params_find(t->params, "net"));
    t->b.scope = "empty";
    ck_assert_ptr_null(trial_call(t, "parameter", "shape=8,0", NULL));
    expect_error(t, "extents of a parameter must be at least 1, not 0");
}
END_TEST

/* ---- spectral_norm ----
 * Expected: torch.nn.utils.spectral_norm(torch.nn.Linear(4, 3, bias=False).double()) with weight
 * w[i] = i*i*3 % 11 - 5, u = (0.6, 0, 0.8), v = (1, 1, 1, 1) / 2, applied to the unit matrix. */

static struct ug_node *normed(const char *settings)
{
    double w[12], eye[16] = {0};
    struct ug_node *y;

    for (int i = 0; i < 12; i++)
        w[i] = i * i * 3 % 11 - 5;
    for (int i = 0; i < 4; i++)
        eye[5 * i] = 1;
    y = trial_call(t, "linear", settings, "x", trial_input(t, "x", UG_SHAPE(4, 4), eye), NULL);
    trial_set(t, "net.weight", w, 12);
    trial_set(t, "net.weight_u", (double[]){0.6, 0, 0.8}, 3);
    trial_set(t, "net.weight_v", (double[]){0.5, 0.5, 0.5, 0.5}, 4);
    return y;
}

START_TEST(spectral_norm_steps_in_training)
{
    struct ug_node *y = normed("out_features=3 bias=false spectral_norm=true");

    expect_values(t, y, 1e-6, 12,
                  (double[]){-0.5875654, -0.1175131, 0, -0.2350262, 0.4700523, -0.4700523,
                             -0.4700523, 0.4700523, -0.2350262, 0, -0.1175131, -0.5875654});
    ck_assert_int_eq(t->b.n_updates, 2);
    ck_assert_str_eq(t->b.updated[0]->role, "weight_v");
    expect_values(t, t->b.updates[0], 1e-6, 4,
                  (double[]){-0.3861416, -0.5663411, -0.5148555, -0.5148555});
    expect_values(t, t->b.updates[1], 1e-6, 3, (double[]){0.6019975, -0.40234, 0.6897257});
}
END_TEST

START_TEST(spectral_norm_stays_in_evaluation)
{
    t->b.training = false;
    expect_values(t, normed("out_features=3 bias=false spectral_norm=true"), 1e-6, 12,
                  (double[]){0.6493506, 0.1298701, 0, 0.2597403, -0.5194805, 0.5194805, 0.5194805,
                             -0.5194805, 0.2597403, 0, 0.1298701, 0.6493506});
    ck_assert_int_eq(t->b.n_updates, 0);
    ck_assert_int_eq(ug_params_find(t->params, "net.weight_u")->kind, UG_STATE);
    ck_assert_int_eq(ug_params_find(t->params, "net.weight_u")->init.kind, UG_INIT_UNIT_NORMAL);
}
END_TEST

/* sigma = u' W v with u and v held: as in evaluation, where they do not depend on W. */
START_TEST(gradients_of_spectral_norm)
{
    t->b.training = false;
    check_gradient(t, normed("out_features=3 spectral_norm=true"), 2);
}
END_TEST

/* Enough steps find the largest singular value; a convolution's weight is read as [out, rest]. */
START_TEST(spectral_norm_of_a_convolution)
{
    const double w[12] = {3, 0, 0, 0, 0, 0,
                          0, 1, 0, 0, 2, 0}; /* rows at right angles, of length 3 1 2 */
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(1, 1, 2, 2), (double[]){1, 1, 1, 1});
    struct ug_node *y = trial_call(
        t, "conv2d", "out_channels=3 kernel_size=2 bias=false spectral_norm=true", "x", x, NULL);
    double u[3] = {0.5, 0.6, 0.62}, v[4] = {0.5, 0.5, 0.5, 0.5};

    trial_set(t, "net.weight", w, 12);
    for (int step = 0; step < 40; step++) {
        double *next[2];

        trial_set(t, "net.weight_u", u, 3);
        trial_set(t, "net.weight_v", v, 4);
        trial_run(t, t->b.updates, 2, next);
        for (int i = 0; i < 4; i++)
            v[i] = next[0][i];
        for (int i = 0; i < 3; i++)
            u[i] = next[1][i];
        free(next[0]), free(next[1]);
    }
    expect_values(t, y, 1e-5, 3, (double[]){1, 1 / 3.0, 2 / 3.0});
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("layer");
    TCase *tc = tcase_create("layer");

    tcase_add_checked_fixture(tc, trial_setup, trial_teardown);
    tcase_add_test(tc, linear_maps_the_last_axis);
    tcase_add_test(tc, linear_takes_a_vector);
    tcase_add_test(tc, linear_refuses_misfits);
    tcase_add_test(tc, prelu_learns_its_slope);
    tcase_add_test(tc, prelu_takes_slopes);
    tcase_add_test(tc, gradients_of_prelu);
    tcase_add_test(tc, prelu_at_zero);
    tcase_add_test(tc, parameter_is_named_by_its_scope);
    tcase_add_test(tc, spectral_norm_steps_in_training);
    tcase_add_test(tc, spectral_norm_stays_in_evaluation);
    tcase_add_test(tc, gradients_of_spectral_norm);
    tcase_add_test(tc, spectral_norm_of_a_convolution);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(s, tc);
    return s;
}
