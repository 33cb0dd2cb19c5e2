/* test_fuse.c -- fused nodes: the same bits, less memory, and faults that are still found. */
#include <math.h>
#include <stdlib.h>

#include "engine/base/random.h"
#include "engine/graph/fuse.h"
#include "harness_bench.h"
#include "harness_main.h"

static struct ug_node *x, *y, *row;

static void setup(void)
{
    bench_setup();
    x = ug_bench_floats(&t, UG_SHAPE(30, 100), NULL);
    y = ug_bench_floats(&t, UG_SHAPE(30, 100), NULL);
    row = ug_bench_floats(&t, UG_SHAPE(100), NULL);
}

static struct ug_node *op(const char *name, struct ug_node *a, struct ug_node *b)
{
    return ug_emit_named(&t.b, name, NULL, (struct ug_node *[]){a, b}, b ? 2 : 1);
}

static int count_calls(const struct ug_graph *g, struct ug_node *root)
{
    const struct ug_goal goal = {.node = root};
    struct ug_plan *p = ug_plan_new(g, &goal, 1, 1);
    const int n = p->n_calls;

    ug_plan_free(p);
    return n;
}

/* Checks that fusing changes no bit of `root`; how many calls are left. */
static int fused_calls(struct ug_node *root)
{
    struct ug_node *now = root;
    struct ug_graph *g = ug_fuse(t.graph, &now, 1);
    float *before = ug_bench_run(&t, t.graph, root, NULL), *after = ug_bench_run(&t, g, now, NULL);
    const int n = count_calls(g, now);

    ck_assert_mem_eq(before, after, (size_t)ug_shape_count(&root->type.shape) * sizeof *before);
    free(before), free(after);
    ug_graph_free(g);
    return n;
}

START_TEST(chains_and_trees_become_one)
{
    struct ug_node *d = op("sub", x, y), *s = op("tanh", op("mul", d, row), NULL);

    ck_assert_int_eq(fused_calls(op("exp", op("neg", x, NULL), NULL)), 1);
    ck_assert_int_eq(fused_calls(op("square", op("mul", op("sub", x, y), row), NULL)), 1);
    ck_assert_int_eq(fused_calls(op("add", op("mul", s, d), op("exp", s, NULL))), 1);
    ck_assert_int_eq(fused_calls(op("mul", x, ug_expand_to(&t.b, row, UG_SHAPE(30, 100)))), 2);
    ck_assert_int_eq(
        fused_calls(op("neg", op("mul", x, ug_expand_to(&t.b, row, UG_SHAPE(30, 100))), NULL)), 1);
}
END_TEST

START_TEST(values_that_others_need_stay)
{
    struct ug_node *e = op("exp", x, NULL);
    struct ug_node *sum = ug_sum_to(&t.b, e, UG_SHAPE(100));

    /* exp is needed by the sum too; the sum is no elementwise op; what follows is of another shape
     */
    ck_assert_int_eq(fused_calls(op("mul", op("neg", e, NULL), op("neg", sum, NULL))), 4);
}
END_TEST

START_TEST(roots_stay)
{
    struct ug_node *roots[] = {op("exp", x, NULL), NULL};
    struct ug_graph *g;

    roots[1] = op("neg", roots[0], NULL);
    g = ug_fuse(t.graph, roots, 2);
    ck_assert_int_eq(count_calls(g, roots[1]), 2);
    ug_graph_free(g);
}
END_TEST

/* ((a + b) + c) + … of values that each take a call to make: fused into one, all would have to be
 * there at once. */
START_TEST(sums_do_not_wait_for_all_their_parts)
{
    struct ug_node *sum = ug_expand_to(&t.b, ug_sum_to(&t.b, x, UG_SHAPE(100)), UG_SHAPE(30, 100));
    struct ug_node *root;
    struct ug_graph *g;
    struct ug_goal goal = {.node = NULL};
    struct ug_plan *p;

    for (int i = 0; i < 8; i++)
        sum = op("add", sum,
                 ug_bench_op(&t, "softmax", &(int64_t){1}, 1, op("add", x, ug_constant(&t.b, i))));
    root = sum;
    g = ug_fuse(t.graph, &root, 1);
    goal.node = root;
    p = ug_plan_new(g, &goal, 1, 1);
    ck_assert_uint_lt(p->bytes, 4 * 12032);
    ug_plan_free(p);
    ug_graph_free(g);
}
END_TEST

START_TEST(long_chains_are_cut)
{
    struct ug_node *n = x;

    for (int i = 0; i < 50; i++)
        n = op("tanh", op("add", n, i % 7 ? y : row), NULL);
    ck_assert_int_eq(fused_calls(n), (100 + UG_FUSED_STEPS - 1) / UG_FUSED_STEPS);
}
END_TEST

/* log(-1) inside a fused node, at one element; the node itself is found, not the group's last. */
START_TEST(faults_inside_are_found)
{
    struct ug_node *shifted = op("add", x, ug_constant(&t.b, 100));
    struct ug_node *log = op("log", shifted, NULL), *root = op("exp", op("neg", log, NULL), NULL);
    struct ug_goal goal;
    struct ug_graph *g;
    struct ug_exec *e;
    const struct ug_node *fault;

    ((float *)t.inputs[0].data)[2345] = -200;
    log = root;
    g = ug_fuse(t.graph, &root, 1);
    goal = (struct ug_goal){.node = root};
    e = ug_exec_new(ug_plan_new(g, &goal, 1, 1), NULL, NULL, t.diags);
    ug_exec_bind(e, "x0", t.inputs[0].data);
    ug_exec_run(e, 0, 0, 0);
    fault = ug_exec_find_fault(e, 0, 0, 0);
    ck_assert_ptr_nonnull(fault);
    ck_assert_str_eq(fault->op->name, "log");
    ((float *)t.inputs[0].data)[2345] = 1;
    ck_assert_ptr_null(ug_exec_find_fault(e, 0, 0, 0));
    ((float *)t.inputs[0].data)[2345] = NAN;
    ck_assert_str_eq(ug_exec_find_fault(e, 0, 0, 0)->op->name, "input");
    ug_exec_free(e);
    ug_graph_free(g);
}
END_TEST

START_TEST(random_graphs_keep_their_bits)
{
    static const char *const unary[] = {"exp", "tanh", "neg", "sigmoid", "relu", "abs"};
    static const char *const binary[] = {"add", "sub", "mul", "maximum", "gt"};
    const struct ug_random dice = {.seed = (uint64_t)_i};
    struct ug_node *roots[3], *now[3];
    struct ug_graph *g;

    for (uint64_t i = 0; i < 200; i += 5) {
        const uint64_t n = (uint64_t)t.graph->n;
        struct ug_node *a = t.graph->nodes[ug_random_below(&dice, i, n)];
        struct ug_node *b = t.graph->nodes[ug_random_below(&dice, i + 1, n)];

        if (ug_random_below(&dice, i + 2, 3))
            op(binary[ug_random_below(&dice, i + 3, 5)], a, b);
        else
            op(unary[ug_random_below(&dice, i + 4, 6)], a, NULL);
    }
    for (int i = 0; i < 3; i++)
        now[i] = roots[i] = t.graph->nodes[t.graph->n - 1 - 3 * i];
    g = ug_fuse(t.graph, now, 3);
    for (int i = 0; i < 3; i++) {
        float *before = ug_bench_run(&t, t.graph, roots[i], NULL);
        float *after = ug_bench_run(&t, g, now[i], NULL);

        ck_assert_mem_eq(before, after,
                         (size_t)ug_shape_count(&roots[i]->type.shape) * sizeof *before);
        free(before), free(after);
    }
    ug_graph_free(g);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("fuse");
    TCase *c = tcase_create("fuse");

    tcase_add_checked_fixture(c, setup, bench_teardown);
    tcase_add_test(c, chains_and_trees_become_one);
    tcase_add_test(c, values_that_others_need_stay);
    tcase_add_test(c, roots_stay);
    tcase_add_test(c, sums_do_not_wait_for_all_their_parts);
    tcase_add_test(c, long_chains_are_cut);
    tcase_add_test(c, faults_inside_are_found);
    tcase_add_loop_test(c, random_graphs_keep_their_bits, 0, 40);
    suite_add_tcase(s, c);
    return s;
}
