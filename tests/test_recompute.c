/* test_recompute.c -- values computed again for the backward pass: the same bits in less memory. */

#include "engine/graph/passes.h"
#include "engine/graph/plan_parts.h"
#include "harness_bench.h"
#include "harness_main.h"

enum { LAYERS = 12, ROWS = 64, COLUMNS = 128 };

static struct ug_node *op(const char *name, struct ug_node *a, struct ug_node *b)
{
    return ug_emit_named(&t.b, name, NULL, (struct ug_node *[]){a, b}, b ? 2 : 1);
}

/* Layers h <- relu(softmax(h)) * w: softmax keeps its output for its gradient; the product needs
 * the rectified values again for that of w. */
static void make_net(struct ug_node **dw)
{
    struct ug_node *h = ug_bench_floats(&t, UG_SHAPE(ROWS, COLUMNS), NULL), *w[LAYERS], *loss;

    for (int i = 0; i < LAYERS; i++) {
        w[i] = ug_bench_floats(&t, UG_SHAPE(ROWS, COLUMNS), NULL);
        h = ug_bench_op(&t, "softmax", &(int64_t){1}, 1, h);
        h = op("mul", op("relu", h, NULL), w[i]);
    }
    loss = ug_sum_to(&t.b, op("square", h, NULL), ug_shape_scalar());
    ck_assert(ug_differentiate(&t.b, loss, w, LAYERS, dw));
}

static struct ug_plan *plan_all(const struct ug_graph *g, struct ug_node *const *roots,
                                float (*homes)[ROWS * COLUMNS])
{
    struct ug_goal goals[LAYERS];

    for (int i = 0; i < LAYERS; i++)
        goals[i] = (struct ug_goal){.node = roots[i], .home = homes[i]};
    return ug_plan_new(g, goals, LAYERS, 1);
}

static size_t run_plan(const struct ug_graph *g, struct ug_node *const *roots,
                       float (*homes)[ROWS * COLUMNS])
{
    struct ug_exec *e = ug_exec_new(plan_all(g, roots, homes), NULL, NULL, t.diags);
    const size_t bytes = ug_exec_plan(e)->bytes;

    for (int i = 0; i < t.n_inputs; i++)
        ug_exec_bind(e, t.inputs[i].name, t.inputs[i].data);
    ug_exec_run(e, 0, 0, 0);
    ug_exec_free(e);
    return bytes;
}

START_TEST(less_memory_and_the_same_bits)
{
    static float kept[LAYERS][ROWS * COLUMNS], again[LAYERS][ROWS * COLUMNS];
    struct ug_node *roots[LAYERS];
    struct ug_graph *simple, *lean;
    size_t before, after;

    make_net(roots);
    simple = ug_simplify(t.graph, roots, LAYERS);
    before = run_plan(simple, roots, kept);
    lean = ug_recompute(simple, roots, LAYERS);
    after = run_plan(lean, roots, again);
    ck_assert_uint_lt(4 * after, 3 * before);
    ck_assert_mem_eq(kept, again, sizeof kept);
    ug_graph_free(simple);
    ug_graph_free(lean);
}
END_TEST

static bool reads(const struct ug_node *user, const struct ug_node *n)
{
    for (int i = 0; i < user->n_in; i++)
        if (user->in[i] == n)
            return true;
    return false;
}

/* Whichever rule orders the calls, a copy runs right before the first that reads it, not when it
 * could. */
START_TEST(copies_run_when_they_are_needed)
{
    struct ug_node *roots[LAYERS];
    struct ug_graph *simple, *lean;
    struct ug_arena *arena = ug_arena_new();
    struct ug_needs needs = {.n_phases = 1};
    struct ug_order order;
    int copies = 0;

    make_net(roots);
    simple = ug_simplify(t.graph, roots, LAYERS);
    lean = ug_recompute(simple, roots, LAYERS);
    needs.graph = lean;
    needs.phase = ug_arena_array(arena, (size_t)lean->n, sizeof *needs.phase); /* all in phase 0 */
    order = ug_order_calls(arena, &needs, (enum ug_order_rule)_i);
    for (int c = 0; c < order.n; c++) {
        int next = c + 1;

        if (!order.nodes[c]->recomputed)
            continue;
        while (next < order.n && order.nodes[next]->recomputed)
            next++;
        ck_assert_int_lt(next, order.n);
        ck_assert(reads(order.nodes[next], order.nodes[c]));
        copies++;
    }
    ck_assert_int_ge(copies, LAYERS / 2);
    ug_arena_free(arena);
    ug_graph_free(simple);
    ug_graph_free(lean);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("recompute");
    TCase *c = tcase_create("recompute");

    tcase_add_checked_fixture(c, bench_setup, bench_teardown);
    tcase_add_test(c, less_memory_and_the_same_bits);
    tcase_add_loop_test(c, copies_run_when_they_are_needed, 0, UG_N_ORDER_RULES);
    suite_add_tcase(s, c);
    return s;
}
