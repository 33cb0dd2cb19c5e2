/* test_simplify.c -- passes: what they remove, what they keep, and that values stay. */
#include <stdlib.h>

#include "engine/graph/passes.h"
#include "harness_bench.h"
#include "harness_main.h"

static struct ug_node *x, *y;

static void setup(void)
{
    bench_setup();
    x = ug_bench_floats(&t, UG_SHAPE(2, 3), NULL);
    y = ug_bench_floats(&t, UG_SHAPE(2, 3), NULL);
}

static struct ug_node *op(const char *name, struct ug_node *a, struct ug_node *b)
{
    return ug_emit_named(&t.b, name, NULL, (struct ug_node *[]){a, b}, b ? 2 : 1);
}

static struct ug_node *number(double value)
{
    return ug_constant(&t.b, value);
}

/* How many nodes simplifying leaves of what `root` needs, after checking that its value stays. */
static int simplified_size(struct ug_node *root)
{
    struct ug_node *now = root;
    struct ug_graph *g = ug_simplify(t.graph, &now, 1);
    float *before = ug_bench_run(&t, t.graph, root, NULL), *after = ug_bench_run(&t, g, now, NULL);
    const int n = g->n;

    ck_assert(ug_shape_equal(&root->type.shape, &now->type.shape));
    ck_assert_mem_eq(before, after, (size_t)ug_shape_count(&root->type.shape) * sizeof *before);
    free(before), free(after);
    ug_graph_free(g);
    return n;
}

START_TEST(drops_what_changes_nothing)
{
    ck_assert_int_eq(simplified_size(op("detach", op("identity", x, NULL), NULL)), 1);
    ck_assert_int_eq(simplified_size(op("mul", x, number(1))), 1);
    ck_assert_int_eq(simplified_size(op("mul", number(1), x)), 1);
    ck_assert_int_eq(simplified_size(op("add", x, number(0))), 1);
    ck_assert_int_eq(simplified_size(op("sub", x, number(0))), 1);
    ck_assert_int_eq(simplified_size(op("div", x, number(1))), 1);
    ck_assert_int_eq(simplified_size(op("pow", x, number(1))), 1);
    ck_assert_int_eq(simplified_size(op("neg", op("neg", x, NULL), NULL)), 1);
    ck_assert_int_eq(simplified_size(op("sub", number(0), x)), 3);
    ck_assert_int_eq(simplified_size(op("mul", x, number(0))), 3); /* x may not be finite */
}
END_TEST

START_TEST(computes_numbers)
{
    struct ug_node *six = op("mul", op("add", number(1), number(1)), number(3));

    ck_assert_int_eq(simplified_size(six), 1);
    ck_assert_int_eq(simplified_size(op("mul", x, op("sub", six, number(5)))), 1);
}
END_TEST

START_TEST(merges_equal_nodes)
{
    struct ug_node *a = op("exp", op("add", x, y), NULL), *b = op("exp", op("add", x, y), NULL);

    ck_assert_int_eq(simplified_size(op("mul", a, b)), 5);
    ck_assert_int_eq(
        simplified_size(op("mul", a, op("exp", op("detach", op("add", x, y), NULL), NULL))), 5);
    ck_assert_int_eq(simplified_size(op("sub", op("sub", x, y), op("sub", y, x))), 5);
}
END_TEST

/* a + b is worth b - (-a) to this op. */
static struct ug_node *simplify_plus(struct ug_builder *b, const struct ug_node *n)
{
    struct ug_node *minus = ug_emit_named(b, "neg", NULL, n->in, 1);

    return ug_emit_named(b, "sub", NULL, (struct ug_node *[]){n->in[1], minus}, 2);
}

/* x, one tanh, detach, mul, 0, add. */
START_TEST(merging_alone_applies_no_rule)
{
    struct ug_node *first = op("tanh", x, NULL), *second = op("tanh", x, NULL);
    struct ug_node *root = op("add", op("mul", first, op("detach", second, NULL)), number(0));
    struct ug_node *now = root;
    struct ug_graph *g = ug_merge(t.graph, &now, 1);
    float *before = ug_bench_run(&t, t.graph, root, NULL), *after = ug_bench_run(&t, g, now, NULL);

    ck_assert_int_eq(g->n, 6);
    ck_assert_mem_eq(before, after, 6 * sizeof *before);
    free(before), free(after);
    ug_graph_free(g);
}
END_TEST

START_TEST(what_rules_emit_is_merged)
{
    const struct ug_op plus = {.name = "plus", .map = ug_op_add.map, .simplify = simplify_plus};
    struct ug_node *a = ug_emit(&t.b, &plus, NULL, (struct ug_node *[]){x, y}, 2);
    struct ug_node *b = ug_emit(&t.b, &plus, NULL, (struct ug_node *[]){x, x}, 2);

    /* x, y, -x, y - -x, x - -x, their sum */
    ck_assert_int_eq(simplified_size(op("add", a, b)), 6);
}
END_TEST

START_TEST(elementwise_ops_broadcast_by_themselves)
{
    struct ug_node *two = ug_expand_to(&t.b, number(2), UG_SHAPE(2, 3));

    ck_assert_int_eq(simplified_size(op("mul", x, two)), 3);
    ck_assert_int_eq(simplified_size(ug_expand_to(&t.b, ug_expand_to(&t.b, number(2), UG_SHAPE(3)),
                                                  UG_SHAPE(2, 3))),
                     2);
    /* one of the two is needed for the shape */
    ck_assert_int_eq(simplified_size(op("exp", two, NULL)), 3);
}
END_TEST

START_TEST(roots_survive_in_place)
{
    struct ug_node *sum = op("add", x, y), *dead = op("mul", x, y);
    struct ug_node *roots[] = {sum, NULL, op("identity", x, NULL), sum};
    struct ug_graph *g = ug_simplify(t.graph, roots, 4);

    (void)dead;
    ck_assert_int_eq(g->n, 3);
    ck_assert_ptr_eq(roots[0], roots[3]);
    ck_assert_ptr_null(roots[1]);
    ck_assert_ptr_eq(roots[2]->op, &ug_op_input);
    ck_assert_ptr_eq(roots[0]->op, &ug_op_add);
    ug_graph_free(g);
}
END_TEST

START_TEST(substitutes_in_one_graph)
{
    struct ug_node *a = op("mul", x, y), *untouched = op("exp", y, NULL);
    struct ug_node *roots[] = {op("add", a, untouched), untouched};
    const int before = t.graph->n;

    ug_substitute(t.graph, &x, &y, 1, roots, 2);
    ck_assert_int_eq(t.graph->n, before + 2);
    ck_assert_ptr_eq(roots[1], untouched);
    ck_assert_ptr_eq(roots[0]->in[1], untouched);
    ck_assert_ptr_eq(roots[0]->in[0]->in[0], y);
}
END_TEST

START_TEST(substitutes_into_another_graph)
{
    struct ug_graph *other = ug_graph_new(t.params);
    struct ug_builder b = {.graph = other, .diags = t.diags};
    struct ug_node *two = ug_constant(&b, 2), *root = op("add", op("mul", x, number(5)), y);
    struct ug_node *from = ug_constant(&t.b, 5);

    ug_substitute(other, &from, &two, 1, &root, 1);
    ck_assert_int_eq(other->n, 5);
    ck_assert_ptr_eq(root, other->nodes[root->id]);
    ck_assert_ptr_eq(root->in[0]->in[1], two);
    ug_graph_free(other);
}
END_TEST

/* ---- States ---- */

static bool infer_first(struct ug_inference *i)
{
    i->out = i->in[0];
    return true;
}

static void run_plus(const struct ug_kernel *k)
{
    const float *a = k->in[0].data, *b = k->in[1].data;

    *(float *)k->out.data = *a + *b;
}

/* next = state + x, due wherever x is computed for something else. */
static const struct ug_op count_up = {
    .name = "count_up", .infer = infer_first, .run = run_plus, .state_input = 1, .due_with = 2};

struct call {
    struct ug_node *value, *next;
};

/* A call of a layer with state: value = old state * f(x), next state = state + f(x). */
static struct call call_layer(const char *place, struct ug_node *state, struct ug_node *in)
{
    struct ug_node *f;
    struct call c;

    t.b.place = place;
    f = op("exp", in, NULL);
    c.value = op("mul", op("identity", state, NULL), f);
    c.next = ug_emit(&t.b, &count_up, NULL, (struct ug_node *[]){state, f}, 2);
    return c;
}

START_TEST(states_are_chained)
{
    struct ug_node *state = ug_bench_param(&t, "state", ug_shape_scalar());
    struct ug_param *param = t.params->items[0];
    struct ug_node *a = ug_bench_floats(&t, ug_shape_scalar(), (float[]){0});
    struct call first = call_layer("first", state, a);
    struct call unused = call_layer("unused", state, op("neg", number(3), NULL));
    struct call second = call_layer("second", state, a);
    struct ug_state_link links[] = {
        {param, second.next}, {param, unused.next}, {param, first.next}, {param, first.next}};
    struct ug_node *roots[] = {first.value, second.value};
    struct ug_store *store = ug_store_new(&t.program, t.diags);
    int n_links = 4;
    struct ug_graph *g = ug_chain_states(t.graph, links, &n_links, roots, 2);
    float *values;

    *(float *)store->data[0] = 10; /* each f is exp 0 = 1: 10, then 11, then 12 */
    ck_assert_int_eq(n_links, 1);
    ck_assert_ptr_eq(links[0].param, param);
    values = ug_bench_run(&t, g, roots[0], store);
    ck_assert_float_eq(values[0], 10);
    free(values);
    values = ug_bench_run(&t, g, roots[1], store);
    ck_assert_float_eq(values[0], 11);
    free(values);
    values = ug_bench_run(&t, g, links[0].next, store);
    ck_assert_float_eq(values[0], 12);
    free(values);
    ug_store_free(store);
    ug_graph_free(g);
}
END_TEST

START_TEST(updates_at_two_places_stay_two)
{
    struct ug_node *state = ug_bench_param(&t, "state", ug_shape_scalar());
    struct ug_node *a = ug_bench_floats(&t, ug_shape_scalar(), (float[]){0});
    struct ug_node *roots[] = {call_layer("one", state, a).next, call_layer("two", state, a).next,
                               call_layer("one", state, a).next};
    struct ug_graph *g = ug_simplify(t.graph, roots, 3);

    ck_assert_ptr_ne(roots[0], roots[1]);
    ck_assert_ptr_eq(roots[0], roots[2]);
    ug_graph_free(g);
}
END_TEST

START_TEST(states_that_nothing_computes_stay)
{
    struct ug_node *state = ug_bench_param(&t, "state", ug_shape_scalar());
    struct call unused = call_layer("unused", state, number(3));
    struct ug_state_link link = {t.params->items[0], unused.next};
    int n_links = 1;
    struct ug_node *root = op("add", state, number(1));
    struct ug_graph *g = ug_chain_states(t.graph, &link, &n_links, &root, 1);

    ck_assert_int_eq(n_links, 0);
    ck_assert_int_eq(g->n, 3);
    ug_graph_free(g);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("simplify");
    TCase *c = tcase_create("simplify");

    tcase_add_checked_fixture(c, setup, bench_teardown);
    tcase_add_test(c, drops_what_changes_nothing);
    tcase_add_test(c, computes_numbers);
    tcase_add_test(c, merges_equal_nodes);
    tcase_add_test(c, merging_alone_applies_no_rule);
    tcase_add_test(c, what_rules_emit_is_merged);
    tcase_add_test(c, elementwise_ops_broadcast_by_themselves);
    tcase_add_test(c, roots_survive_in_place);
    tcase_add_test(c, substitutes_in_one_graph);
    tcase_add_test(c, substitutes_into_another_graph);
    tcase_add_test(c, states_are_chained);
    tcase_add_test(c, updates_at_two_places_stay_two);
    tcase_add_test(c, states_that_nothing_computes_stay);
    suite_add_tcase(s, c);
    return s;
}
