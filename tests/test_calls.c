/* test_calls.c -- calls of ops: every way to get the arguments wrong, and what the right ones mean.
 */
#include <string.h>

#include "tests/harness_main.h"
#include "tests/harness_program.h"

#define INPUT "inputs: {x: [2, 3, 8, 8], y: [2, 3, 8, 8], l: {shape: [2], dtype: int64}}\n"

/* The first message about `graph: {v: TEXT}`; lines count from the input's. */
static const char *error_of(const char *expression)
{
    return program_error(ug_arena_format(arena, INPUT "graph:\n  v: >-\n    %s\n", expression));
}

static const char *value_of(const char *expression)
{
    return program_graph(ug_arena_format(arena, INPUT "graph:\n  v: >-\n    %s\n", expression),
                         "v");
}

static struct ug_shape shape_of(const char *expression)
{
    struct ug_program *p =
        program_load(ug_arena_format(arena, INPUT "graph:\n  v: >-\n    %s\n", expression));
    struct ug_unfolded *u = program_unfold(p, UG_WANT_VALUES);

    ck_assert_msg(u != NULL, "%s", messages());
    return program_value(&u->values, "v")->type.shape;
}

#define ck_shape(expression, ...)                                                                  \
    do {                                                                                           \
        const struct ug_shape is_ = shape_of(expression), wanted_ = UG_SHAPE(__VA_ARGS__);         \
        char a_[UG_SHAPE_TEXT], b_[UG_SHAPE_TEXT];                                                 \
        ck_assert_str_eq(ug_shape_text(&is_, a_), ug_shape_text(&wanted_, b_));                    \
    } while (0)

static const struct {
    const char *expression, *error;
} wrong[] = {
    {"conv2d(x, 4)", "4:5: conv2d: needs 'kernel_size' (or a weight=)"},
    {"conv2d()", "4:5: 'conv2d' needs 'x'"},
    {"conv2d(x, 4, 3, 1, 0, 1, 1, true, zeros, 7)", "4:46: too many arguments for 'conv2d'"},
    {"conv2d(x, 4, 3, strid=2)", "4:21: 'conv2d' takes no argument 'strid'"},
    {"conv2d(x, 4, 3, out_channels=4)", "4:21: argument 'out_channels' of 'conv2d' is given twice"},
    {"conv2d(x, 4, 3, x=y)", "4:21: argument 'x' of 'conv2d' is given twice"},
    {"conv2d(x, 2.5, 3)", "4:15: argument 'out_channels' of 'conv2d'"},
    {"conv2d(x, 0, 3)", "4:15: argument 'out_channels' of 'conv2d'"},
    {"conv2d(x, y, 3)", "4:15: argument 'out_channels' of 'conv2d'"},
    {"conv2d(x, 4, [3, 3, 3])", "4:18: argument 'kernel_size' of 'conv2d' is one number or [h, w]"},
    {"conv2d(x, 4, 3, padding_mode=circular)", "4:34: argument 'padding_mode' of 'conv2d'"},
    {"conv2d(x, 4, 3, padding_mode=2)", "4:34: argument 'padding_mode' of 'conv2d'"},
    {"conv2d(x, 4, 3, bias=3)", "4:26: argument 'bias' of 'conv2d'"},
    {"conv2d(x, 4, 3, weight=y)", "4:5: conv2d: leave 'out_channels' out"},
    {"conv2d([x, y], 4, 3) + [x]", "4:5:"},
    {"leaky_relu(x, steep)", "4:19: unknown name 'steep'"},
    {"mse_loss(x)", "4:5: 'mse_loss' needs 'target'"},
    {"mse_loss(x, true)",
     "4:17: argument 'target' of 'mse_loss' is a tensor or a number, not true"},
    {"mse_loss(x, \"a\")", "4:17: argument 'target' of 'mse_loss' is a tensor or a number"},
    {"max(x, 0)", "4:12: too many arguments for 'max'"},
    {"softmax(x)", "4:5: 'softmax' needs 'dim'"},
    {"dropout(x, training=maybe)", "4:25: argument 'training' of 'dropout' is true, false or auto"},
    {"normal_like(3)", "4:17: argument 'x' of 'normal_like' is a tensor or a list of extents"},
    {"normal_like([2, -1])", "4:17: argument 'x' of 'normal_like' has the negative extent -1"},
    {"reshape(x, [1, 2, 3, 4, 5, 6, 7, 8, 9])",
     "4:16: argument 'shape' of 'reshape' is a list of 9"},
    {"parameter([2], init=norml(0, 1))", "4:25: unknown initialiser 'norml'"},
    {"parameter([2], init=normal(0))", "4:25: 'normal' needs 'std'"},
    {"parameter([2], init=normal(0, -1))", "4:35: argument 'std' of 'normal'"},
    {"parameter([2], init=normal(0, 1, 2))", "4:38: too many arguments for 'normal'"},
    {"parameter([2], init=zeros(a=1))", "4:31: 'zeros' takes no argument 'a'"},
    {"parameter([2], init=file(\"a\"))", "4:25: 'file' stands in 'init'"},
    {"convd(x, 4, 3)", "4:5: unknown op, module or network 'convd'"},
    {"relu(zz)", "4:10: unknown name 'zz'"},
    {"cat(x, zz)", "4:12: unknown name 'zz'"},
    {"relu(x)(y)", "4:12: only a name can be called"},
    {"floor(x)", "4:5: 'floor' takes quantities, not tensors"},
    {"total(x, y)", "4:5: 'total' takes one argument"},
    {"size(x)", "4:5: 'size' takes a tensor and the number of an axis"},
    {"size(x, 4)", "4:13: argument 'dim' of 'size'"},
    {"size(3, 0)", "4:10: 'size' is of a tensor"},
    {"x[0, 0, 0, 0, 0]", "4:5: 5 indices for a value of 4 axes: it is 2x3x8x8"},
    {"x[2]", "4:5: index 2 is outside axis 0, which has 2 elements"},
    {"x[-3]", "4:5: index -3 is outside axis 0, which has 2 elements"},
    {"x if x > 0 else y", "4:10:"},
};

START_TEST(a_wrong_call_says_what_is_wrong)
{
    const char *expression = wrong[_i].expression, *wanted = wrong[_i].error;
    const char *said = error_of(expression);

    ck_assert_msg(!strncmp(said, wanted, strlen(wanted)), "%s\n  said   %s\n  wanted %s",
                  expression, said, wanted);
}
END_TEST

START_TEST(what_was_meant_is_suggested)
{
    error_of("conv2d(x, 4, 3, strid=2)");
    expect_part(messages(), "did you mean 'stride'?");
    error_of("convd(x, 4, 3)");
    expect_part(messages(), "did you mean 'conv2d'?");
    error_of("max(x, 0)");
    expect_part(messages(), "maximum");
    error_of("relu(l2)");
    expect_part(messages(), "did you mean 'l'?");
}
END_TEST

START_TEST(shapes_that_clash_are_named_with_their_origins)
{
    error_of("x + reshape(y, [2, 3, 64])");
    expect_part(messages(), "2x3x8x8");
    expect_part(messages(), "2x3x64");
}
END_TEST

START_TEST(all_mistakes_are_reported_at_once_and_none_twice)
{
    ck_assert_str_eq(program_errors(INPUT "graph:\n"
                                          "  a: conv2d(x, 4, 3, strid=2, pad=3)\n"
                                          "  b: relu(a)\n"
                                          "  c: mse_loss(zz, b) + relu(a)\n"
                                          "  d: c + b\n"),
                     "3:22: 'conv2d' takes no argument 'strid'\n"
                     "3:31: 'conv2d' takes no argument 'pad'\n"
                     "5:15: unknown name 'zz'\n");
}
END_TEST

START_TEST(positions_and_names_fill_the_same_arguments)
{
    ck_shape("conv2d(x, 4, 3, 2, 1)", 2, 4, 4, 4);
    ck_shape("conv2d(x, kernel_size=3, padding=1, out_channels=5, stride=2)", 2, 5, 4, 4);
    ck_shape("conv2d(x, 4, [1, 3], padding=[0, 1])", 2, 4, 8, 8);
    ck_shape("conv2d(out_channels=4, kernel_size=1, x=x)", 2, 4, 8, 8);
}
END_TEST

START_TEST(a_default_may_be_an_earlier_argument)
{
    ck_shape("max_pool2d(x, 2)", 2, 3, 4, 4);
    ck_shape("max_pool2d(x, 2, stride=1)", 2, 3, 7, 7);
}
END_TEST

START_TEST(shapes_are_taken_from_tensors_or_lists)
{
    ck_shape("normal_like(x)", 2, 3, 8, 8);
    ck_shape("normal_like([size(x, 0), 5, 1, 1])", 2, 5, 1, 1);
    ck_shape("zeros_like([4])", 4);
}
END_TEST

START_TEST(given_tensors_stand_in_for_parameters)
{
    struct ug_program *p = program_load(
        INPUT "graph:\n  v: 'conv2d(x, weight=reshape(x[0, :, 0:5, 0:5], [1, 3, 5, 5]))'\n");
    struct ug_unfolded *u = program_unfold(p, UG_WANT_VALUES);

    ck_assert_msg(u != NULL, "%s", messages());
    ck_assert_int_eq(p->params->n, 0);
    ck_assert_int_eq(program_value(&u->values, "v")->type.shape.dim[2], 4);
}
END_TEST

START_TEST(operators_are_ops)
{
    ck_assert_str_eq(value_of("-x * 2 + y / 4"), "add(mul(neg(x), 2), div(y, 4))");
    ck_assert_str_eq(value_of("x ** 2 - y"), "sub(pow(x, 2), y)");
    ck_assert_str_eq(value_of("(x > y) * (x <= 1)"), "mul(gt(x, y), le(x, 1))");
    ck_assert_str_eq(value_of("(x == y) - (x != y)"), "sub(eq(x, y), ne(x, y))");
    ck_assert_str_eq(value_of("step // 100 % x"), "mod(floordiv(counter(), 100), x)");
    ck_assert_str_eq(value_of("(x < y) + (x >= y)"), "add(lt(x, y), ge(x, y))");
}
END_TEST

START_TEST(quantities_are_computed_at_once)
{
    ck_assert_str_eq(value_of("x * (2 + 3 * size(x, 1))"), "mul(x, 11)");
    ck_assert_str_eq(value_of("x * max(2, 3) + exp(0)"), "add(mul(x, 3), 1)");
    ck_assert_str_eq(value_of("x if size(x, -1) == 8 else y + zz"), "identity(x)");
    ck_assert_str_eq(value_of("x * len([x, y, y])"), "mul(x, 3)");
}
END_TEST

START_TEST(functions_of_tensors_are_ops)
{
    ck_assert_int_eq(shape_of("max(x)").rank, 0);
    ck_shape("max(x, dim=1)", 2, 8, 8);
    ck_assert_str_eq(value_of("exp(x)"), "exp(x)");
    ck_assert_str_eq(value_of("maximum(x, 0)"), "maximum(x, 0)");
}
END_TEST

START_TEST(slices)
{
    ck_shape("x[0]", 3, 8, 8);
    ck_shape("x[:, 0:2]", 2, 2, 8, 8);
    ck_shape("x[:, -1]", 2, 8, 8);
    ck_shape("x[:, :, 2:-2, 5:]", 2, 3, 4, 3);
    ck_shape("x[:, 1:100]", 2, 2, 8, 8);
}
END_TEST

START_TEST(counters_are_scalars_of_the_graph)
{
    ck_assert_str_eq(value_of("x * step / steps"), "div(mul(x, counter()), counter())");
    ck_assert_int_eq(shape_of("epoch + epochs").rank, 0);
    ck_assert_str_eq(program_error("inputs: {step: [2]}\ngraph: {v: 'step[0]'}\n"), "");
}
END_TEST

START_TEST(lists_are_joined_and_added_up)
{
    ck_shape("cat(x, y)", 2, 6, 8, 8);
    ck_shape("cat(x, y, x, dim=0)", 6, 3, 8, 8);
    ck_shape("cat([x, y], dim=2)", 2, 3, 16, 8);
    ck_shape("cat(split(x, 1))", 2, 3, 8, 8);
    ck_assert_str_eq(value_of("total([x, y, 2])"), "add(add(x, y), 2)");
    ck_assert_str_eq(value_of("total([[x, y], [x]])"), "add(add(x, y), x)");
    ck_assert_str_eq(value_of("total(total([x, y]))"), "add(x, y)");
    ck_assert_str_eq(value_of("x + total([])"), "add(x, 0)");
}
END_TEST

START_TEST(no_layers_where_they_may_not_stand)
{
    static const char *const places[] = {
        "losses: {L: 'mean(conv2d(x, 1, 1))'}\n",
        "losses: {L: {t: 'mean(m(x))'}}\n",
        "translate: {t: {from: x, to: 'conv2d(x, 3, 1)'}}\n",
        "samples: {every: 1, columns: ['conv2d(x, 3, 1)']}\n",
        "validate: {every: 1, metrics: {a: 'mean(conv2d(x, 3, 1))'}}\n",
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        program_load(
            ug_arena_format(arena, INPUT "modules: {m: {body: ['conv2d(1, 1)']}}\n%s", places[i]));
        ck_assert_msg(strstr(messages(), "a layer with parameters may not stand in"), "%s\n%s",
                      places[i], messages());
    }
    ck_assert_str_eq(program_error(INPUT "losses: {L: 'mean(instance_norm(x))'}\n"), "");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("calls");
    TCase *t = tcase_create("calls");

    tcase_add_checked_fixture(t, program_setup, program_teardown);
    tcase_add_loop_test(t, a_wrong_call_says_what_is_wrong, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, what_was_meant_is_suggested);
    tcase_add_test(t, shapes_that_clash_are_named_with_their_origins);
    tcase_add_test(t, all_mistakes_are_reported_at_once_and_none_twice);
    tcase_add_test(t, positions_and_names_fill_the_same_arguments);
    tcase_add_test(t, a_default_may_be_an_earlier_argument);
    tcase_add_test(t, shapes_are_taken_from_tensors_or_lists);
    tcase_add_test(t, given_tensors_stand_in_for_parameters);
    tcase_add_test(t, operators_are_ops);
    tcase_add_test(t, quantities_are_computed_at_once);
    tcase_add_test(t, functions_of_tensors_are_ops);
    tcase_add_test(t, slices);
    tcase_add_test(t, counters_are_scalars_of_the_graph);
    tcase_add_test(t, lists_are_joined_and_added_up);
    tcase_add_test(t, no_layers_where_they_may_not_stand);
    suite_add_tcase(s, t);
    return s;
}
