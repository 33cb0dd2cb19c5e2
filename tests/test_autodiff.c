/* test_autodiff.c -- gradients as graphs, against what one works out by hand. */
#include <math.h>
#include <stdlib.h>

#include "harness_graph.h"
#include "harness_main.h"

static struct ug_bench t;

static void setup(void)
{
    ug_bench_start(&t);
}

static void teardown(void)
{
    ug_bench_end(&t);
}

static struct ug_node *mul(struct ug_node *a, struct ug_node *b)
{
    return ug_bench_op(&t, "mul", NULL, 2, a, b);
}

static struct ug_node *add(struct ug_node *a, struct ug_node *b)
{
    return ug_add(&t.b, a, b);
}

static struct ug_node *total(struct ug_node *x)
{
    return ug_sum_to(&t.b, x, ug_shape_scalar());
}

static struct ug_node *gradient(struct ug_node *y, struct ug_node *x)
{
    struct ug_node *dx;

    ck_assert(ug_differentiate(&t.b, y, &x, 1, &dx));
    return dx;
}

static void check_values(struct ug_node *n, const float *expected)
{
    float *values = ug_bench_value(&t, n);

    for (int64_t i = 0; i < ug_shape_count(&n->type.shape); i++)
        ck_assert_float_eq_tol(values[i], expected[i], 1e-5f);
    free(values);
}

static const float two_by_three[] = {1, -2, 3, 0.5f, 4, -1};

/* y = sum(x x x): dy/dx = 3 x^2, each use of x adds its share. */
START_TEST(adds_up_every_use)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(2, 3), two_by_three);
    struct ug_node *dx = gradient(total(mul(mul(x, x), x)), x);
    float expected[6];

    for (int i = 0; i < 6; i++)
        expected[i] = 3 * two_by_three[i] * two_by_three[i];
    check_values(dx, expected);
}
END_TEST

START_TEST(sums_over_what_broadcasting_stretched)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(2, 3), two_by_three);
    struct ug_node *row = ug_bench_floats(&t, UG_SHAPE(3), (float[]){1, 2, 3});
    struct ug_node *column = ug_bench_floats(&t, UG_SHAPE(2, 1), (float[]){5, 7});
    struct ug_node *number = ug_bench_floats(&t, ug_shape_scalar(), (float[]){2});
    struct ug_node *y = total(mul(mul(mul(x, row), column), number));
    struct ug_node *dx[4];

    ck_assert(ug_differentiate(&t.b, y, (struct ug_node *[]){x, row, column, number}, 4, dx));
    check_values(dx[0], (float[]){10, 20, 30, 14, 28, 42});
    check_values(dx[1], (float[]){2 * (5 * 1 + 7 * 0.5f), 2 * (5 * -2 + 7 * 4), 2 * (5 * 3 - 7)});
    check_values(dx[2], (float[]){2 * (1 - 4 + 9), 2 * (0.5f + 8 - 3)});
    check_values(dx[3], (float[]){5 * 6 + 7 * 5.5f});
    for (int i = 0; i < 4; i++)
        ck_assert(dx[i]->backward);
}
END_TEST

/* y = sum(h h), h = x w: dy/dh = 2 h, and dy/dx and dy/dw from the same call. */
START_TEST(inner_nodes_have_gradients)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(2), (float[]){2, 3});
    struct ug_node *w = ug_bench_floats(&t, UG_SHAPE(2), (float[]){5, -1});
    struct ug_node *h = mul(x, w), *y = total(mul(h, h)), *d[3];

    ck_assert(ug_differentiate(&t.b, y, (struct ug_node *[]){h, x, y}, 3, d));
    check_values(d[0], (float[]){20, -6});
    check_values(d[1], (float[]){100, 6});
    check_values(d[2], (float[]){1});
}
END_TEST

START_TEST(nothing_flows_where_nothing_depends)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(2), (float[]){2, 3});
    struct ug_node *other = ug_bench_floats(&t, UG_SHAPE(2), NULL);
    struct ug_node *fixed = ug_bench_op(&t, "detach", NULL, 1, x);
    struct ug_node *y = total(mul(x, fixed));
    int before;

    ck_assert_ptr_null(gradient(y, other));
    check_values(gradient(y, x), (float[]){2, 3});
    ck_assert_ptr_null(gradient(total(fixed), x));
    ck_assert_ptr_null(gradient(total(ug_bench_op(&t, "gt", NULL, 2, x, other)), x));
    before = t.graph->n;
    ck_assert_ptr_null(gradient(y, other));
    ck_assert_int_eq(t.graph->n, before);
}
END_TEST

/* p = |dy/dx|^2 with y = sum(x^3): p = sum(9 x^4), dp/dx = 36 x^3, d2p/dx2 = 108 x^2. */
START_TEST(gradients_have_gradients)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(3), (float[]){1, 2, -1});
    struct ug_node *g = gradient(total(mul(mul(x, x), x)), x);
    struct ug_node *second = gradient(total(mul(g, g)), x);

    check_values(second, (float[]){36, 288, -36});
    check_values(gradient(total(second), x), (float[]){108, 432, 108});
}
END_TEST

START_TEST(a_gradient_needs_one_number)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(2), NULL), *dx;
    struct ug_node *one = ug_bench_floats(&t, UG_SHAPE(1, 1), (float[]){3});

    ck_assert(!ug_differentiate(&t.b, x, &x, 1, &dx));
    ck_assert_ptr_null(dx);
    ck_assert_str_eq(ug_diags_first(t.diags), "a gradient is that of one number, not of float32 2");
    ck_assert(!ug_differentiate(&t.b, NULL, &x, 1, &dx));
    check_values(gradient(mul(one, one), one), (float[]){6});
}
END_TEST

static void halve(const void *attrs, int64_t n, const float *const *in, float *out)
{
    (void)attrs;
    for (int64_t i = 0; i < n; i++)
        out[i] = in[0][i] / 2;
}

static const struct ug_op unknown = {.name = "halve",
                                     .map = halve,
                                     .refuses_gradient = true,
                                     .why_no_gradient = "nobody worked it out"};

START_TEST(an_op_may_refuse)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(2), NULL), *dx;
    struct ug_node *aside = ug_emit(&t.b, &unknown, NULL, &x, 1);

    ck_assert_ptr_nonnull(gradient(total(x), x)); /* not on the way: no complaint */
    ck_assert(!ug_differentiate(&t.b, total(add(x, aside)), &x, 1, &dx));
    ck_assert_str_eq(ug_diags_first(t.diags),
                     "the gradient through 'halve' is not known: nobody worked it out");
}
END_TEST

START_TEST(new_nodes_stand_where_old_ones_did)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(3), NULL), *dx;
    struct ug_node *y;

    t.b.place = "deep.inside";
    y = total(mul(x, x));
    t.b.place = "elsewhere";
    dx = gradient(y, x);
    ck_assert_str_eq(dx->place, "deep.inside");
    ck_assert_str_eq(t.b.place, "elsewhere");
    ck_assert(!t.b.backward);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("autodiff");
    TCase *c = tcase_create("autodiff");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, adds_up_every_use);
    tcase_add_test(c, sums_over_what_broadcasting_stretched);
    tcase_add_test(c, inner_nodes_have_gradients);
    tcase_add_test(c, nothing_flows_where_nothing_depends);
    tcase_add_test(c, gradients_have_gradients);
    tcase_add_test(c, a_gradient_needs_one_number);
    tcase_add_test(c, an_op_may_refuse);
    tcase_add_test(c, new_nodes_stand_where_old_ones_did);
    suite_add_tcase(s, c);
    return s;
}
