/* test_exec.c -- running plans: broadcasting, sums, homes, phases, faults. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "harness_bench.h"
#include "harness_main.h"

/* The element of `x` that broadcasting puts at `index` of `out`. */
static float element(const float *x, struct ug_shape shape, struct ug_shape out, int64_t index)
{
    int64_t at = 0, step = 1;

    for (int axis = out.rank - 1; axis >= 0; axis--) {
        const int64_t i = index % out.dim[axis];
        const int a = axis - (out.rank - shape.rank);

        index /= out.dim[axis];
        if (a < 0)
            continue;
        at += shape.dim[a] == 1 ? 0 : i * step;
        step *= shape.dim[a];
    }
    return x[at];
}

static void check_add(struct ug_shape a, struct ug_shape b)
{
    struct ug_node *x = ug_bench_floats(&t, a, NULL), *y = ug_bench_floats(&t, b, NULL);
    const float *xs = t.inputs[t.n_inputs - 2].data, *ys = t.inputs[t.n_inputs - 1].data;
    struct ug_node *sum = ug_add(&t.b, x, y);
    float *values = ug_bench_value(&t, sum);

    for (int64_t i = 0; i < ug_shape_count(&sum->type.shape); i++)
        ck_assert_float_eq(values[i],
                           element(xs, a, sum->type.shape, i) + element(ys, b, sum->type.shape, i));
    free(values);
}

START_TEST(elementwise_broadcasts)
{
    check_add(UG_SHAPE(3, 5), UG_SHAPE(3, 5));
    check_add(UG_SHAPE(2, 3, 50, 70), UG_SHAPE(3, 1, 1));
    check_add(UG_SHAPE(2, 3, 50, 70), ug_shape_scalar());
    check_add(ug_shape_scalar(), ug_shape_scalar());
    check_add(UG_SHAPE(2, 1, 4, 1), UG_SHAPE(1, 3, 1, 5));
    check_add(UG_SHAPE(40000), UG_SHAPE(2, 1));
    check_add(UG_SHAPE(7, 1, 9), UG_SHAPE(8, 1));
    check_add(UG_SHAPE(0, 3), UG_SHAPE(1));
    check_add(UG_SHAPE(1, 1, 1), UG_SHAPE(1));
}
END_TEST

static void check_sum(struct ug_shape from, struct ug_shape to)
{
    struct ug_node *x = ug_bench_floats(&t, from, NULL);
    const float *xs = t.inputs[t.n_inputs - 1].data;
    const int64_t n = ug_shape_count(&to);
    double *expected = calloc((size_t)n, sizeof *expected);
    float *ids = calloc((size_t)n, sizeof *ids);
    float *values = ug_bench_value(&t, ug_sum_to(&t.b, x, to));

    for (int64_t i = 0; i < n; i++)
        ids[i] = (float)i;
    for (int64_t i = 0; i < ug_shape_count(&from); i++)
        expected[(int64_t)element(ids, to, from, i)] += (double)xs[i];
    for (int64_t i = 0; i < n; i++)
        ck_assert_double_eq_tol((double)values[i], expected[i], 1e-4);
    free(expected), free(ids), free(values);
}

START_TEST(sums_over_any_axes)
{
    check_sum(UG_SHAPE(3, 5), UG_SHAPE(3, 5));
    check_sum(UG_SHAPE(3, 5), ug_shape_scalar());
    check_sum(UG_SHAPE(2, 3, 4, 5), UG_SHAPE(3, 1, 1));
    check_sum(UG_SHAPE(2, 3, 4, 5), UG_SHAPE(2, 1, 4, 1));
    check_sum(UG_SHAPE(2, 3, 4, 5), UG_SHAPE(1, 3, 1, 5));
    check_sum(UG_SHAPE(2, 3, 300, 200), UG_SHAPE(1, 3, 1, 1));
    check_sum(UG_SHAPE(300, 700), UG_SHAPE(700));
    check_sum(UG_SHAPE(70000, 3), UG_SHAPE(3));
    check_sum(UG_SHAPE(50001), UG_SHAPE(1));
    check_sum(UG_SHAPE(0, 3), UG_SHAPE(3));
    check_sum(UG_SHAPE(4, 1, 6), UG_SHAPE(1, 6));
}
END_TEST

START_TEST(leaves_have_their_values)
{
    float *values = ug_bench_value(&t, ug_expand_to(&t.b, ug_constant(&t.b, 2.5), UG_SHAPE(3)));

    for (int i = 0; i < 3; i++)
        ck_assert_float_eq(values[i], 2.5f);
    free(values);
    values = ug_bench_value(&t, ug_constant(&t.b, -1.0));
    ck_assert_float_eq(values[0], -1.0f);
    free(values);
}
END_TEST

/* Exact to the bit, whatever the threads: sums of every layout, and an elementwise op. */
START_TEST(threads_change_no_bit)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(6, 5, 70, 90), NULL);
    struct ug_node *results[] = {
        ug_sum_to(&t.b, x, ug_shape_scalar()), ug_sum_to(&t.b, x, UG_SHAPE(5, 1, 1)),
        ug_sum_to(&t.b, x, UG_SHAPE(70, 90)),  ug_sum_to(&t.b, x, UG_SHAPE(6, 1, 70, 1)),
        ug_bench_op(&t, "exp", NULL, 1, x),
    };

    for (int i = 0; i < 5; i++) {
        const size_t bytes = ug_type_bytes(&results[i]->type);
        float *one, *several;

        omp_set_num_threads(1);
        one = ug_bench_value(&t, results[i]);
        for (int threads = 2; threads < 8; threads += 3) {
            omp_set_num_threads(threads);
            several = ug_bench_value(&t, results[i]);
            ck_assert_mem_eq(one, several, bytes);
            free(several);
        }
        free(one);
    }
}
END_TEST

START_TEST(counters_are_set)
{
    struct ug_node *n =
        ug_add(&t.b, ug_counter_node(&t.b, UG_STEP), ug_counter_node(&t.b, UG_EPOCHS));
    const struct ug_goal goal = {.node = n};
    struct ug_exec *e = ug_exec_new(ug_plan_new(t.graph, &goal, 1, 1), NULL, NULL, t.diags);

    ug_exec_count(e, 7, 100, 2, 30);
    ug_exec_run(e, 0, 0, 0);
    ck_assert_float_eq(*(const float *)ug_exec_value(e, n).data, 37);
    ug_exec_count(e, 8, 100, 2, 30);
    ug_exec_run(e, 0, 0, 0);
    ck_assert_float_eq(*(const float *)ug_exec_value(e, n).data, 38);
    ug_exec_free(e);
}
END_TEST

/* The second exec needs less than the first: both work in one arena, one after the other. */
START_TEST(arenas_can_be_shared)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(100), NULL);
    struct ug_node *large = ug_expand_to(&t.b, x, UG_SHAPE(10, 100)), *small = ug_add(&t.b, x, x);
    const struct ug_goal first = {.node = large}, second = {.node = small};
    struct ug_exec *a = ug_exec_new(ug_plan_new(t.graph, &first, 1, 1), NULL, NULL, t.diags);
    struct ug_exec *b = ug_exec_new(ug_plan_new(t.graph, &second, 1, 1), NULL, a, t.diags);

    ug_exec_bind(a, "x0", t.inputs[0].data);
    ug_exec_bind(b, "x0", t.inputs[0].data);
    ug_exec_run(a, 0, 0, 0);
    ug_exec_run(b, 0, 0, 0);
    ck_assert_ptr_eq(ug_exec_value(a, large).data, ug_exec_value(b, small).data);
    ck_assert_float_eq(((const float *)ug_exec_value(b, small).data)[99],
                       2 * ((const float *)t.inputs[0].data)[99]);
    ug_exec_free(b);
    ug_exec_free(a);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("exec");
    TCase *c = tcase_create("exec");

    tcase_add_checked_fixture(c, bench_setup, bench_teardown);
    tcase_add_test(c, elementwise_broadcasts);
    tcase_add_test(c, sums_over_any_axes);
    tcase_add_test(c, leaves_have_their_values);
    tcase_add_test(c, threads_change_no_bit);
    tcase_add_test(c, counters_are_set);
    tcase_add_test(c, arenas_can_be_shared);
    suite_add_tcase(s, c);
    return s;
}
