/* test_reading.c -- elementwise ops that convolutions apply as they read: the same bits, one call
 * less, and values that can still be looked at. */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/passes.h"
#include "harness_bench.h"
#include "harness_main.h"
#include "ops/convolve.h"

static struct ug_node *x, *w, *y; /* y = convolve(x, w) has the shape of x */

/* Shapes at which every side goes by an algorithm that reads through others. */
static void setup(void)
{
    bench_setup();
    x = ug_bench_floats(&t, UG_SHAPE(2, 40, 18, 21), NULL);
    w = ug_bench_floats(&t, UG_SHAPE(40, 40, 3, 3), NULL);
    y = ug_bench_floats(&t, UG_SHAPE(2, 40, 18, 21), NULL);
}

static struct ug_node *op(const char *name, const double *setting, struct ug_node *a)
{
    return ug_emit_named(&t.b, name, setting, &a, 1);
}

static struct ug_node *side(const struct ug_op *op, struct ug_node *a, struct ug_node *b,
                            enum ug_edges edges)
{
    const struct ug_node *like = op == &ug_op_convolve_weight ? w : x;
    const struct ug_convolve_attrs attrs = {
        .stride = {1, 1},
        .padding = {1, 1},
        .dilation = {1, 1},
        .size = {like->type.shape.dim[2], like->type.shape.dim[3]},
        .groups = 1,
        .edges = edges};

    return ug_emit(&t.b, op, &attrs, (struct ug_node *[]){a, b}, 2);
}

/* Checks that the pass changes no bit of `root`; how many nodes it leaves. */
static int nodes_after(struct ug_node *root)
{
    struct ug_node *now = root;
    struct ug_graph *g = ug_read_through(t.graph, &now, 1);
    float *before = ug_bench_run(&t, t.graph, root, NULL), *after = ug_bench_run(&t, g, now, NULL);
    const int n = g->n;

    ck_assert_mem_eq(before, after, (size_t)ug_shape_count(&root->type.shape) * sizeof *before);
    free(before), free(after);
    ug_graph_free(g);
    return n;
}

START_TEST(convolutions_rectify_what_they_read)
{
    const double slope = 0.2;
    struct ug_node *r = op("relu", NULL, x), *l = op("leaky_relu", &slope, y);

    ck_assert_int_eq(nodes_after(side(&ug_op_convolve, r, w, UG_EDGES_ZERO)), 3);
    ck_assert_int_eq(nodes_after(side(&ug_op_convolve, r, w, UG_EDGES_REFLECT)), 3);
    ck_assert_int_eq(nodes_after(side(&ug_op_convolve_input, l, w, UG_EDGES_ZERO)), 3);
    ck_assert_int_eq(nodes_after(side(&ug_op_convolve_weight, r, l, UG_EDGES_REFLECT)), 3);
    ck_assert_int_eq(nodes_after(side(&ug_op_convolve_weight, x, l, UG_EDGES_ZERO)), 3);
    ck_assert_int_eq(nodes_after(side(&ug_op_convolve_weight, r, r, UG_EDGES_ZERO)), 2);
    /* only the last of a chain */
    ck_assert_int_eq(nodes_after(side(&ug_op_convolve, op("tanh", NULL, r), w, UG_EDGES_REPLICATE)),
                     4);
}
END_TEST

START_TEST(what_others_read_is_made)
{
    struct ug_node *r = op("relu", NULL, x);
    struct ug_node *c = side(&ug_op_convolve, r, w, UG_EDGES_ZERO);

    ck_assert_int_eq(nodes_after(ug_add(&t.b, c, r)), 5);
    /* zeros around a picture would become something else */
    c = side(&ug_op_convolve, op("exp", NULL, x), w, UG_EDGES_ZERO);
    ck_assert_int_eq(nodes_after(c), 4);
    /* weights */
    c = side(&ug_op_convolve, x, op("relu", NULL, w), UG_EDGES_ZERO);
    ck_assert_int_eq(nodes_after(c), 4);
}
END_TEST

START_TEST(goals_are_made)
{
    struct ug_node *r = op("relu", NULL, x);
    struct ug_node *roots[] = {side(&ug_op_convolve, r, w, UG_EDGES_ZERO), r};
    struct ug_graph *g = ug_read_through(t.graph, roots, 2);

    ck_assert_int_eq(g->n, 4);
    ck_assert_ptr_null(roots[0]->through);
    ug_graph_free(g);
}
END_TEST

/* The values that are shown, in turn. */
struct shown {
    const char *names[8];
    int n;
    float *rectified; /* the one of relu */
};

static bool note(void *context, const struct ug_node *n, struct ug_tensor value)
{
    struct shown *s = context;

    s->names[s->n++] = n->op->name;
    if (!strcmp(n->op->name, "relu"))
        memcpy(s->rectified, value.data, ug_type_bytes(&n->type));
    return true;
}

START_TEST(values_on_the_way_are_shown)
{
    struct ug_node *r = op("relu", NULL, x), *c = side(&ug_op_convolve, r, w, UG_EDGES_ZERO);
    struct ug_graph *g = ug_read_through(t.graph, &c, 1);
    const struct ug_goal goal = {.node = c};
    struct ug_exec *e = ug_exec_new(ug_plan_new(g, &goal, 1, 1), NULL, NULL, t.diags);
    float *want = ug_bench_run(&t, t.graph, r, NULL);
    struct shown s = {.rectified = malloc(ug_type_bytes(&r->type))};

    for (int i = 0; i < t.n_inputs; i++)
        ug_exec_bind(e, t.inputs[i].name, t.inputs[i].data);
    ck_assert(ug_exec_watch(e, 0, 1, 0, note, &s));
    ck_assert_int_eq(s.n, 4);
    ck_assert_str_eq(s.names[2], "relu");
    ck_assert_str_eq(s.names[3], "convolve");
    ck_assert_mem_eq(s.rectified, want, ug_type_bytes(&r->type));
    ug_exec_free(e);
    ug_graph_free(g);
    free(want), free(s.rectified);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("reading");
    TCase *tc = tcase_create("reading");

    tcase_add_checked_fixture(tc, setup, bench_teardown);
    tcase_add_test(tc, convolutions_rectify_what_they_read);
    tcase_add_test(tc, what_others_read_is_made);
    tcase_add_test(tc, goals_are_made);
    tcase_add_test(tc, values_on_the_way_are_shown);
    suite_add_tcase(s, tc);
    return s;
}
