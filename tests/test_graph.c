/* test_graph.c -- building graphs: nodes, leaves, parameters, and messages about what does not fit.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/graph/call.h"
#include "harness_graph.h"
#include "harness_main.h"

static struct ug_bench t;
static struct ug_source file = {.path = "net.yaml", .text = "a: 1\nb: 2\n", .length = 10};

static void setup(void)
{
    ug_bench_start(&t);
}

static void teardown(void)
{
    ug_bench_end(&t);
}

static struct ug_node *input(struct ug_shape shape)
{
    return ug_bench_floats(&t, shape, NULL);
}

static struct ug_node *op(const char *name, struct ug_node *a, struct ug_node *b)
{
    return ug_emit_named(&t.b, name, NULL, (struct ug_node *[]){a, b}, 2);
}

/* What the list of diagnostics prints. */
static void check_printed(const char *part)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ug_diags_print(t.diags, out, 0);
    fclose(out);
    ck_assert_msg(strstr(text, part), "'%s' is not in:\n%s", part, text);
    free(text);
}

START_TEST(nodes_keep_what_they_are_given)
{
    struct ug_node *x = input(UG_SHAPE(2, 3)), *in[] = {x, x}, *y;
    char place[] = "here.conv";

    t.b.place = place;
    t.b.pos = (struct ug_pos){&file, 2, 1};
    y = ug_emit_named(&t.b, "add", NULL, in, 2);
    memset(place, '?', sizeof place - 1);
    in[0] = NULL;
    ck_assert_ptr_eq(y->in[0], x);
    ck_assert_ptr_eq(y->in[1], x);
    ck_assert_str_eq(y->place, "here.conv");
    ck_assert_int_eq(y->pos.line, 2);
    ck_assert_int_eq(y->id, t.graph->n - 1);
    ck_assert(!y->backward);
}
END_TEST

START_TEST(leaves_are_one_each)
{
    struct ug_type type = {UG_F32, UG_SHAPE(2)};

    ck_assert_ptr_eq(ug_input(&t.b, "x", type), ug_input(&t.b, "x", type));
    ck_assert_ptr_ne(ug_input(&t.b, "x", type), ug_input(&t.b, "y", type));
    ck_assert_ptr_eq(ug_constant(&t.b, 2), ug_constant(&t.b, 2));
    ck_assert_ptr_eq(ug_bench_param(&t, "w", UG_SHAPE(2)), ug_bench_param(&t, "w", UG_SHAPE(2)));
    ck_assert_ptr_ne(ug_counter_node(&t.b, UG_STEP), ug_counter_node(&t.b, UG_EPOCH));
    ck_assert(ug_is_scalar_constant(ug_constant(&t.b, 2), 2));
    ck_assert(!ug_is_scalar_constant(ug_constant(&t.b, 2), 3));
    ck_assert(!ug_is_scalar_constant(NULL, 0));
}
END_TEST

START_TEST(tied_parameters_are_their_owner)
{
    struct ug_node *a = ug_bench_param(&t, "a", UG_SHAPE(2));
    struct ug_param *owner = ug_params_find(t.params, "a"), *tied;
    const struct ug_init init = {.kind = UG_INIT_CONSTANT};

    tied = ug_params_get(t.params, t.diags, "b", "weight", "test", UG_TRAINED, owner->type, init,
                         UG_NOWHERE, &t);
    tied->owner = owner;
    ck_assert_ptr_eq(ug_param_node(&t.b, tied), a);
}
END_TEST

START_TEST(shapes_that_do_not_fit)
{
    struct ug_node *a, *b;

    t.b.pos = (struct ug_pos){&file, 1, 1};
    t.b.place = "enc.down";
    a = input(UG_SHAPE(1, 256, 8, 8));
    b = input(UG_SHAPE(1, 128, 8, 8));
    t.b.pos = (struct ug_pos){&file, 2, 1};
    ck_assert_ptr_null(op("add", a, b));
    ck_assert_uint_eq(ug_diags_errors(t.diags), 1);
    check_printed("net.yaml:2:1: error: add of 1x256x8x8 and 1x128x8x8: the shapes 1x256x8x8 and "
                  "1x128x8x8 do not fit together");
    check_printed("net.yaml:1:1");
    check_printed("the 1x256x8x8 comes from here: enc.down");
}
END_TEST

START_TEST(whole_numbers_become_floats_in_arithmetic_only)
{
    struct ug_node *labels = ug_bench_integers(&t, UG_SHAPE(3), (int64_t[]){5, 6, -7});
    float *values = ug_bench_value(&t, op("add", labels, ug_constant(&t.b, 0.5)));

    ck_assert_float_eq(values[2], -6.5f);
    free(values);
    ck_assert_ptr_null(ug_sum_to(&t.b, labels, ug_shape_scalar()));
    check_printed("sum_to of 3 int64: needs float32 values, not int64");
}
END_TEST

START_TEST(nothing_comes_of_nothing)
{
    ck_assert_ptr_null(op("add", NULL, ug_constant(&t.b, 1)));
    ck_assert_ptr_null(ug_sum_to(&t.b, NULL, ug_shape_scalar()));
    ck_assert_ptr_null(ug_param_node(&t.b, NULL));
    ck_assert_uint_eq(ug_diags_errors(t.diags), 0);
}
END_TEST

START_TEST(results_may_be_too_large)
{
    struct ug_node *a = ug_input(&t.b, "a", (struct ug_type){UG_F32, UG_SHAPE(1 << 21, 1)});
    struct ug_node *b = ug_input(&t.b, "b", (struct ug_type){UG_F32, UG_SHAPE(1 << 21)});

    ck_assert_ptr_null(op("add", a, b));
    check_printed("the result would have more than 2^40 elements");
}
END_TEST

static struct ug_param *get(const char *name, struct ug_shape shape, enum ug_param_kind kind,
                            const void *site, int line)
{
    const struct ug_init init = {.kind = UG_INIT_CONSTANT};

    return ug_params_get(t.params, t.diags, name, "weight", "conv2d", kind,
                         (struct ug_type){UG_F32, shape}, init, (struct ug_pos){&file, line, 1},
                         site);
}

START_TEST(parameters_by_name)
{
    const int here = 0, there = 0;
    struct ug_param *w = get("a.weight", UG_SHAPE(2, 3), UG_TRAINED, &here, 1);
    char name[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "p%d", i);
        ck_assert_int_eq(get(name, UG_SHAPE(1), UG_TRAINED, &here, 1)->index, i + 1);
    }
    ck_assert_ptr_eq(get("a.weight", UG_SHAPE(2, 3), UG_TRAINED, &here, 2), w);
    ck_assert_ptr_eq(ug_params_find(t.params, "a.weight"), w);
    ck_assert_str_eq(ug_params_find(t.params, "p777")->name, "p777");
    ck_assert_ptr_null(ug_params_find(t.params, "p1000"));
    ck_assert_uint_eq(ug_diags_errors(t.diags), 0);
    ck_assert_ptr_null(get("a.weight", UG_SHAPE(2, 3), UG_TRAINED, &there, 2));
    check_printed("net.yaml:2:1: error: two layers would have a parameter named 'a.weight'");
    check_printed("net.yaml:1:1");
    ck_assert_ptr_null(get("a.weight", UG_SHAPE(3, 2), UG_TRAINED, &here, 2));
    check_printed("'conv2d' needs the parameter 'a.weight' as float32 3x2, but it was made as "
                  "float32 2x3");
    ck_assert_ptr_null(get("a.weight", UG_SHAPE(2, 3), UG_STATE, &here, 2));
}
END_TEST

/* ---- Calls ---- */

static const struct ug_arg args[] = {
    {.name = "x", .type = UG_TENSOR}, {.name = "y", .type = UG_TENSOR}, {.name = NULL}};
static const struct ug_op layer = {.name = "layer", .args = args};

START_TEST(calls_name_parameters_and_streams)
{
    struct ug_node *x = input(UG_SHAPE(2)), *tensors[] = {x, NULL};
    struct ug_call c = {
        .b = &t.b, .op = &layer, .tensors = tensors, .given = (bool[]){true, false}};
    const struct ug_init init = {.kind = UG_INIT_CONSTANT};
    uint64_t first, second;

    t.b.scope = "net.0";
    ck_assert_ptr_eq(ug_call_tensor(&c, "x"), x);
    ck_assert_ptr_null(ug_call_tensor(&c, "y"));
    ck_assert(ug_call_given(&c, "x") && !ug_call_given(&c, "y"));
    ck_assert_ptr_nonnull(ug_call_parameter(&c, "weight", UG_SHAPE(2), init));
    ck_assert_ptr_nonnull(ug_call_parameter(&c, "", UG_SHAPE(2), init));
    ck_assert_ptr_nonnull(ug_params_find(t.params, "net.0.weight"));
    ck_assert_ptr_nonnull(ug_params_find(t.params, "net.0"));
    first = ug_call_stream(&c);
    second = ug_call_stream(&c);
    ck_assert_uint_ne(first, second);
    t.b.draws = 0; /* the same place in another graph */
    ck_assert_uint_eq(ug_call_stream(&c), first);
    t.b.draws = 0;
    t.b.place = "elsewhere";
    ck_assert_uint_ne(ug_call_stream(&c), first);
    ck_assert_ptr_null(ug_call_fail(&c, "no %s today", "luck"));
    ck_assert_str_eq(ug_diags_first(t.diags), "layer: no luck today");
}
END_TEST

START_TEST(layers_may_not_stand_everywhere)
{
    struct ug_call c = {.b = &t.b, .op = &layer};

    t.b.no_layers = "a loss";
    ck_assert_ptr_null(
        ug_call_parameter(&c, "weight", UG_SHAPE(2), (struct ug_init){.kind = UG_INIT_CONSTANT}));
    check_printed("layer: a layer with parameters may not stand in a loss");
    ck_assert_ptr_null(ug_call_state(&c, "kept", (struct ug_type){UG_F32, UG_SHAPE(2)},
                                     (struct ug_init){.kind = UG_INIT_CONSTANT}));
    check_printed("layer: a layer with state of its own may not stand in a loss");
}
END_TEST

START_TEST(the_registry_is_whole)
{
    int n = 0;

    for (const struct ug_op *o = ug_op_next(NULL); o; o = ug_op_next(o), n++) {
        ck_assert_ptr_eq(ug_op_find(o->name), o); /* names are unique */
        ck_assert_ptr_nonnull(o->summary);
        ck_assert_str_ne(ug_op_family(o), "");
        ck_assert_msg(o->internal || o->args, "%s has no arguments", o->name);
        ck_assert_msg(!(o->map && o->run), "%s has two kernels", o->name);
        ck_assert_msg(!o->is_view || !(o->map || o->run), "%s is a view with a kernel", o->name);
        ck_assert_msg(o->build || o->gradient || o->why_no_gradient,
                      "%s has no gradient and does not say why", o->name);
    }
    ck_assert_int_gt(n, 60);
    ck_assert_ptr_null(ug_op_find("no such op"));
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("graph");
    TCase *c = tcase_create("graph");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, nodes_keep_what_they_are_given);
    tcase_add_test(c, leaves_are_one_each);
    tcase_add_test(c, tied_parameters_are_their_owner);
    tcase_add_test(c, shapes_that_do_not_fit);
    tcase_add_test(c, whole_numbers_become_floats_in_arithmetic_only);
    tcase_add_test(c, nothing_comes_of_nothing);
    tcase_add_test(c, results_may_be_too_large);
    tcase_add_test(c, parameters_by_name);
    tcase_add_test(c, calls_name_parameters_and_streams);
    tcase_add_test(c, layers_may_not_stand_everywhere);
    tcase_add_test(c, the_registry_is_whole);
    suite_add_tcase(s, c);
    return s;
}
