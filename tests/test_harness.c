/* test_harness.c -- that the harness for ops sees what is wrong: a check that cannot fail is none.
 */
#include <check.h>
#include <math.h>

#include "harness_main.h"
#include "harness_ops.h"
#include "ops/emit.h"

/* y = x^3 / 3, of which each descriptor below says another gradient. */
static void cube_map(const void *attrs, int64_t n, const float *const *in, float *out)
{
    (void)attrs;
    for (int64_t i = 0; i < n; i++)
        out[i] = in[0][i] * in[0][i] * in[0][i] / 3.0f;
}

static void right_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                           const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_square(b, y->in[0]));
}

/* One per cent too much. */
static void scaled_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                            const bool *wanted, struct ug_node **dx)
{
    right_gradient(b, y, dy, wanted, dx);
    dx[0] = ug_scale(b, dx[0], 1.01);
}

static void no_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                        const bool *wanted, struct ug_node **dx)
{
    (void)b, (void)y, (void)dy, (void)wanted, (void)dx;
}

/* Right as far as the first order goes; its own gradient forgets that x^2 depends on x. */
static void frozen_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                            const bool *wanted, struct ug_node **dx)
{
    struct ug_node *x = y->in[0];

    (void)wanted;
    dx[0] = ug_mul(b, dy, ug_square(b, ug_emit(b, &ug_op_detach, NULL, &x, 1)));
}

static const char *try_gradient(struct ug_op op, int order)
{
    static struct ug_op cube;
    static char error[500];
    struct trial *t = trial_new(true);
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(5, 7), NULL);
    const char *found;

    cube = op;
    cube.name = "cube";
    cube.map = cube_map;
    found = gradient_error(t, ug_emit(&t->b, &cube, NULL, &x, 1), order);
    snprintf(error, sizeof error, "%s", found ? found : "");
    trial_free(t);
    return found ? error : NULL;
}

START_TEST(passes_right_gradients)
{
    const char *error = try_gradient((struct ug_op){.gradient = right_gradient}, 2);

    ck_assert_msg(!error, "%s", error);
}
END_TEST

START_TEST(sees_wrong_gradients)
{
    ck_assert_ptr_nonnull(try_gradient((struct ug_op){.gradient = scaled_gradient}, 1));
    ck_assert_ptr_nonnull(try_gradient((struct ug_op){.gradient = no_gradient}, 1));
    ck_assert_ptr_null(try_gradient((struct ug_op){.gradient = frozen_gradient}, 1));
    ck_assert_ptr_nonnull(try_gradient((struct ug_op){.gradient = frozen_gradient}, 2));
}
END_TEST

START_TEST(passes_over_kinks)
{
    struct trial *t = trial_new(true);
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(64), NULL);

    check_gradient(t, ug_relu(&t->b, ug_shift(&t->b, x, -0.8)), 2);
    check_gradient(t, ug_maximum(&t->b, x, ug_neg(&t->b, x)), 1);
    trial_free(t);
}
END_TEST

START_TEST(compares_values)
{
    struct trial *t = trial_new(true);
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2), (double[]){1, -2});

    expect_values(t, ug_square(&t->b, x), 1e-6, 2, (double[]){1, 4});
    trial_set(t, "x", (double[]){3, 0.5}, 2);
    expect_values(t, ug_square(&t->b, x), 1e-6, 2, (double[]){9, 0.25});
    trial_free(t);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("harness");
    TCase *c = tcase_create("harness");

    tcase_add_test(c, passes_right_gradients);
    tcase_add_test(c, sees_wrong_gradients);
    tcase_add_test(c, passes_over_kinks);
    tcase_add_test(c, compares_values);
    suite_add_tcase(s, c);
    return s;
}
