/* test_chain.c -- what chains compute, and what is wrong with those that cannot be read. */
#include <string.h>

#include "tests/harness_main.h"
#include "tests/harness_program.h"

#define INPUT "inputs: {x: [1, 4, 8, 8], y: [1, 4, 8, 8]}\n"

/* The value of a module with this body on x, and the first message. */
static const char *run(const char *body)
{
    return program_graph(ug_arena_format(arena,
                                         INPUT
                                         "modules:\n  m:\n    params: {n: 2, flag: true, f: relu}\n"
                                         "    body:\n%s\ngraph: {v: m(x)}\n",
                                         body),
                         "v");
}

START_TEST(each_step_receives_the_value_before_it)
{
    ck_assert_str_eq(run("      - relu\n      - tanh()\n"), "tanh(relu(x))");
    ck_assert_str_eq(run("      relu\n"), "relu(x)");
    ck_assert_str_eq(run("      []\n"), "identity(x)");
}
END_TEST

START_TEST(all_inputs_are_seen_by_name)
{
    ck_assert_str_eq(program_graph(INPUT "modules:\n"
                                         "  m:\n"
                                         "    inputs: [a, b]\n"
                                         "    body: [relu, maximum(b), minimum(a)]\n"
                                         "graph: {v: \"m(x, y)\", w: \"m(b=x, a=y)\"}\n",
                                   "v"),
                     "minimum(maximum(relu(x), y), x)");
}
END_TEST

START_TEST(labels_name_values)
{
    ck_assert_str_eq(run("      - first: relu\n      - tanh\n      - maximum(first)\n"),
                     "maximum(tanh(relu(x)), relu(x))");
}
END_TEST

START_TEST(labels_name_outputs)
{
    static const char text[] = INPUT "modules:\n"
                                     "  m:\n"
                                     "    body:\n"
                                     "      - feat: [relu, abs]\n"
                                     "      - when: true\n"
                                     "        body: [head: tanh]\n"
                                     "      - exp\n"
                                     "    outputs: [head, feat]\n"
                                     "  one: {body: [a: relu, b: tanh], outputs: a}\n"
                                     "graph: {v: m(x), 'p, q': m(x), w: one(x)}\n";

    ck_assert_str_eq(program_graph(text, "v.head"), "tanh(abs(relu(x)))");
    ck_assert_str_eq(program_graph(text, "v.feat"), "abs(relu(x))");
    ck_assert_str_eq(program_graph(text, "p"), "tanh(abs(relu(x)))");
    ck_assert_str_eq(program_graph(text, "q"), "abs(relu(x))");
    ck_assert_str_eq(program_graph(text, "w"), "relu(x)");
}
END_TEST

START_TEST(repeats_make_copies_in_a_row)
{
    ck_assert_str_eq(run("      - repeat: n\n        body: [relu]\n"), "relu(relu(x))");
    ck_assert_str_eq(run("      - repeat: n + 1\n        as: i\n        body: leaky_relu(i / 4)\n"),
                     "leaky_relu(leaky_relu(leaky_relu(x)))");
    ck_assert_str_eq(run("      - repeat: 0\n        body: [relu]\n"), "identity(x)");
    /* a label within a round is seen in that round */
    ck_assert_str_eq(run("      - repeat: 2\n        body: [a: relu, maximum(a)]\n"),
                     "maximum(relu(maximum(relu(x), relu(x))), relu(maximum(relu(x), relu(x))))");
}
END_TEST

START_TEST(residuals_add_the_value)
{
    ck_assert_str_eq(run("      - residual: [relu, tanh]\n"), "add(x, tanh(relu(x)))");
    ck_assert_str_eq(run("      - residual:\n          - residual: relu\n          - tanh\n"),
                     "add(x, tanh(add(x, relu(x))))");
}
END_TEST

START_TEST(choices_are_made_when_the_file_is_loaded)
{
    ck_assert_str_eq(run("      - when: flag\n        body: relu\n        else: tanh\n"),
                     "relu(x)");
    ck_assert_str_eq(run("      - when: n == 3\n        body: relu\n        else: tanh\n"),
                     "tanh(x)");
    ck_assert_str_eq(run("      - when: n == 3\n        body: relu\n"), "identity(x)");
    ck_assert_str_eq(run("      - when: f == \"relu\"\n        body: f()\n"), "relu(x)");
    /* the other side makes nothing, not even errors */
    ck_assert_str_eq(run("      - when: flag\n        body: relu\n        else: linear()\n"),
                     "relu(x)");
}
END_TEST

START_TEST(chains_stand_in_graphs)
{
    ck_assert_str_eq(
        program_graph(INPUT "graph: {v: {from: x + y, body: [a: relu, \"maximum(a)\"]}}\n", "v"),
        "maximum(relu(add(x, y)), relu(add(x, y)))");
}
END_TEST

START_TEST(lists_flow_through_chains)
{
    static const char text[] = INPUT "graph:\n"
                                     "  v: {from: \"[x, y]\", body: [relu, residual: tanh]}\n";

    ck_assert_str_eq(program_graph(text, "v[0]"), "add(relu(x), tanh(relu(x)))");
    ck_assert_str_eq(program_graph(text, "v[1]"), "add(relu(y), tanh(relu(y)))");
}
END_TEST

static const struct {
    const char *body, *error;
} wrong[] = {
    {"      - x + 1\n", "6:9: a step is a call of an op or a module"},
    {"      - 3\n", "6:9: a step is a call of an op or a module"},
    {"      -\n", "6:"},
    {"      - [relu]\n", "6:9: a list in a list is not a step"},
    {"      - {}\n", "6:9: an empty collection is not a step"},
    {"      - a: relu\n        b: tanh\n", "7:9: a step has one label: 'a' or 'b'?"},
    {"      - body: relu\n", "6:9: 'body' is not a label"},
    {"      - a b: relu\n", "6:9: the label 'a b' would not fit"},
    {"      - a.b: relu\n", "6:9: the label 'a.b' would not fit"},
    {"      - repeat: 2\n", "6:9: 'repeat' without 'body'"},
    {"      - repeat: 2\n        bdy: relu\n        body: relu\n", "7:9: unknown key 'bdy'"},
    {"      - repeat: -1\n        body: relu\n", "6:17: 'repeat' is -1: it may be 0 to 10000"},
    {"      - repeat: 10001\n        body: relu\n", "6:17: 'repeat' is 10001"},
    {"      - repeat: 1.5\n        body: relu\n", "6:17: 'repeat'"},
    {"      - repeat: x\n        body: relu\n", "6:17: 'repeat'"},
    {"      - repeat: 2\n        as: 2i\n        body: relu\n", "7:13: '2i' is not a name"},
    {"      - when: x > 0\n        body: relu\n", "6:15:"},
    {"      - when: true\n        body: relu\n        otherwise: relu\n", "8:9: unknown key"},
    {"      - residual: relu\n        body: relu\n", "7:9: unknown key 'body' in a residual step"},
    {"      - a: relu\n      - a: tanh\n", "7:9: two steps have the label 'a'"},
    {"      - relu(zz)\n", "6:14: too many arguments for 'relu'"},
    {"      - conv2d(nn, 3)\n", "6:16: unknown name 'nn'"},
    {"      - n()\n", "6:9: unknown op, module or network 'n'"},
    {"      - flatten\n      - conv2d(3, 1)\n", "7:9:"},
};

START_TEST(a_wrong_chain_says_what_is_wrong)
{
    const char *said = run(wrong[_i].body);

    ck_assert_msg(!strncmp(said, wrong[_i].error, strlen(wrong[_i].error)),
                  "%s\n  said   %s\n  wanted %s", wrong[_i].body, said, wrong[_i].error);
}
END_TEST

START_TEST(outputs_that_are_not_there)
{
    ck_assert_str_eq(program_error(INPUT "modules: {m: {body: [feat: relu], outputs: fet}}\n"
                                         "graph: {v: m(x)}\n"),
                     "2:44: module 'm' has no label 'fet'");
    expect_part(messages(), "did you mean 'feat'?");
    ck_assert_str_eq(program_error(INPUT
                                   "modules: {m: {body: [a: {b: relu}, b: relu], outputs: b}}\n"
                                   "graph: {v: m(x)}\n"),
                     "2:55: module 'm' has 2 steps with the label 'b'");
}
END_TEST

START_TEST(work_without_end_is_stopped)
{
    program_load(INPUT "modules:\n"
                       "  a: {body: [{repeat: 10000, body: [{repeat: 10000, body: [relu]}]}]}\n"
                       "graph: {v: a(x)}\n");
    expect_part(message(0), "more than");
    ck_assert_str_eq(message(1), "");
}
END_TEST

START_TEST(modules_without_end_are_stopped)
{
    const char *said = program_error(INPUT "modules:\n"
                                           "  a: {body: [b()]}\n"
                                           "  b: {body: [relu, a()]}\n"
                                           "graph: {v: a(x)}\n");

    ck_assert_msg(strstr(said, "more than 500 values and modules wait for 'b'"), "%s", said);
    /* one that ends is fine */
    ck_assert_str_eq(program_graph(INPUT "modules:\n"
                                         "  a:\n"
                                         "    params: {n: }\n"
                                         "    body: [relu, {when: n > 1, body: [a(n - 1)]}]\n"
                                         "graph: {v: \"a(x, 3)\"}\n",
                                   "v"),
                     "relu(relu(relu(x)))");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("chain");
    TCase *t = tcase_create("chain");

    tcase_add_checked_fixture(t, program_setup, program_teardown);
    tcase_add_test(t, each_step_receives_the_value_before_it);
    tcase_add_test(t, all_inputs_are_seen_by_name);
    tcase_add_test(t, labels_name_values);
    tcase_add_test(t, labels_name_outputs);
    tcase_add_test(t, repeats_make_copies_in_a_row);
    tcase_add_test(t, residuals_add_the_value);
    tcase_add_test(t, choices_are_made_when_the_file_is_loaded);
    tcase_add_test(t, chains_stand_in_graphs);
    tcase_add_test(t, lists_flow_through_chains);
    tcase_add_loop_test(t, a_wrong_chain_says_what_is_wrong, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, outputs_that_are_not_there);
    tcase_add_test(t, work_without_end_is_stopped);
    tcase_add_test(t, modules_without_end_are_stopped);
    suite_add_tcase(s, t);
    return s;
}
