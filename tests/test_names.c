/* test_names.c -- how parameters are called: every sentence of language.md 3, "Names of
 * parameters", and where each name comes from. The expected names are written down from that text,
 * as PyTorch's state_dict would have them.
 */

#include "tests/harness_main.h"
#include "tests/harness_program.h"

#define INPUT "inputs: {x: [1, 3, 8, 8]}\n"

/* A network N of a module with this body, called once. */
static const char *body(const char *steps)
{
    return program_params(ug_arena_format(arena,
                                          INPUT
                                          "modules:\n  m:\n    params: {flag: true}\n    body:\n%s"
                                          "networks: {N: m()}\ngraph: {y: N(x)}\n",
                                          steps));
}

/* The file's graph, with a helper module. */
static const char *graph(const char *values)
{
    return program_params(
        ug_arena_format(arena,
                        INPUT "modules:\n  two: {body: [\"conv2d(4, 1)\", \"conv2d(3, 1)\"]}\n"
                              "  one: {body: [\"conv2d(3, 1, bias=false)\"]}\ngraph:\n%s",
                        values));
}

START_TEST(steps_are_counted_labelled_and_parameterless_ones_too)
{
    ck_assert_str_eq(body("      - relu()\n"
                          "      - head: [\"conv2d(4, 1)\", relu]\n"
                          "      - conv2d(5, 1, bias=false)\n"),
                     "N.head.0.weight 4x3x1x1, N.head.0.bias 4, N.2.weight 5x4x1x1");
}
END_TEST

START_TEST(a_chain_of_one_step_drops_the_position)
{
    ck_assert_str_eq(body("      - conv2d(4, 1, bias=false)\n"), "N.weight 4x3x1x1");
    ck_assert_str_eq(body("      - a: conv2d(4, 1, bias=false)\n"), "N.a.weight 4x3x1x1");
    ck_assert_str_eq(body("      - a: [ \"conv2d(4, 1, bias=false)\" ]\n"), "N.a.weight 4x3x1x1");
    ck_assert_str_eq(body("      - a: {b: \"conv2d(4, 1, bias=false)\"}\n"),
                     "N.a.b.weight 4x3x1x1");
}
END_TEST

START_TEST(a_residual_adds_no_level_and_takes_no_position)
{
    ck_assert_str_eq(body("      - conv2d(3, 1, bias=false)\n"
                          "      - residual:\n"
                          "          - conv2d(3, 1, bias=false)\n"
                          "          - relu()\n"
                          "          - residual: conv2d(3, 1, bias=false)\n"
                          "      - conv2d(3, 1, bias=false)\n"),
                     "N.0.weight 3x3x1x1, N.1.weight 3x3x1x1, N.3.weight 3x3x1x1, "
                     "N.4.weight 3x3x1x1");
    /* its steps are those of the chain: one of them alone has no position */
    ck_assert_str_eq(body("      - residual: [ \"conv2d(3, 1, bias=false)\" ]\n"),
                     "N.weight 3x3x1x1");
    ck_assert_str_eq(body("      - residual: [ \"conv2d(3, 1, bias=false)\", relu ]\n"),
                     "N.0.weight 3x3x1x1");
}
END_TEST

START_TEST(of_a_choice_the_branch_taken_is_counted)
{
    const char *two = "      - when: flag\n"
                      "        body: [ relu, \"conv2d(3, 1, bias=false)\" ]\n"
                      "        else: [ \"conv2d(4, 1, bias=false)\" ]\n"
                      "      - conv2d(5, 1, bias=false)\n";
    const char *other = "      - when: not flag\n"
                        "        body: [ relu, \"conv2d(3, 1, bias=false)\" ]\n"
                        "        else: [ \"conv2d(4, 1, bias=false)\" ]\n"
                        "      - conv2d(5, 1, bias=false)\n";

    ck_assert_str_eq(body(two), "N.1.weight 3x3x1x1, N.2.weight 5x3x1x1");
    ck_assert_str_eq(body(other), "N.0.weight 4x3x1x1, N.1.weight 5x4x1x1");
}
END_TEST

START_TEST(whether_a_chain_has_one_step_is_judged_on_the_text)
{
    /* both branches count, so neither alone is the only step */
    ck_assert_str_eq(body("      - when: flag\n"
                          "        body: [ \"conv2d(3, 1, bias=false)\" ]\n"
                          "        else: [ \"conv2d(4, 1, bias=false)\" ]\n"),
                     "N.0.weight 3x3x1x1");
    ck_assert_str_eq(body("      - when: flag\n"
                          "        body: [ \"conv2d(3, 1, bias=false)\" ]\n"),
                     "N.weight 3x3x1x1");
    /* a repeat is one step, whatever its rounds are */
    ck_assert_str_eq(body("      - repeat: 2\n        body: [ \"conv2d(3, 1, bias=false)\" ]\n"),
                     "N.0.weight 3x3x1x1, N.1.weight 3x3x1x1");
}
END_TEST

START_TEST(rounds_stand_below_their_position_or_label)
{
    ck_assert_str_eq(body("      - relu()\n"
                          "      - repeat: 2\n"
                          "        body: [ \"conv2d(3, 1, bias=false)\" ]\n"),
                     "N.1.0.weight 3x3x1x1, N.1.1.weight 3x3x1x1");
    ck_assert_str_eq(body("      - down:\n"
                          "          repeat: 2\n"
                          "          as: i\n"
                          "          body: [ relu, \"conv2d(4 + i, 1, bias=false)\" ]\n"),
                     "N.down.0.1.weight 4x3x1x1, N.down.1.1.weight 5x4x1x1");
    ck_assert_str_eq(body("      - repeat: 0\n        body: [ \"conv2d(3, 1)\" ]\n"), "");
}
END_TEST

START_TEST(a_module_in_a_chain_continues_its_step)
{
    ck_assert_str_eq(program_params(INPUT "modules:\n"
                                          "  inner: {body: [relu, \"conv2d(3, 1, bias=false)\"]}\n"
                                          "  outer: {body: [inner(), a: inner]}\n"
                                          "networks: {N: outer()}\ngraph: {y: N(x)}\n"),
                     "N.0.1.weight 3x3x1x1, N.a.1.weight 3x3x1x1");
}
END_TEST

START_TEST(the_example_of_the_language)
{
    static const char text[] =
        INPUT "modules:\n"
              "  residual_block:\n"
              "    params: {features: , norm: instance_norm}\n"
              "    body:\n"
              "      - residual:\n"
              "          - conv2d(features, 3, padding=1, padding_mode=reflect)\n"
              "          - norm()\n"
              "          - relu()\n"
              "          - conv2d(features, 3, padding=1, padding_mode=reflect)\n"
              "          - norm()\n"
              "  encoder:\n"
              "    params: {dim: 64, n_down: 2, n_res: 4}\n"
              "    body:\n"
              "      - stem:\n"
              "          - conv2d(dim, 7, padding=3, padding_mode=reflect)\n"
              "          - instance_norm()\n"
              "          - leaky_relu(0.2)\n"
              "      - down:\n"
              "          repeat: n_down\n"
              "          as: i\n"
              "          body:\n"
              "            - conv2d(dim * 2 ** (i + 1), 4, stride=2, padding=1)\n"
              "            - instance_norm()\n"
              "            - relu()\n"
              "      - res:\n"
              "          repeat: n_res\n"
              "          body:\n"
              "            - residual_block(dim * 2 ** n_down)\n"
              "networks: {E1: \"encoder(2, 2, 3)\"}\n"
              "graph: {mu: E1(x)}\n";
    struct ug_program *p = program_load(text);

    ck_assert_str_eq(message(0), "");
    ck_assert_int_eq(p->params->n, 18);
    ck_assert(ug_params_find(p->params, "E1.stem.0.weight"));
    ck_assert(ug_params_find(p->params, "E1.down.1.0.weight"));
    ck_assert(ug_params_find(p->params, "E1.res.2.0.weight"));
    ck_assert(ug_params_find(p->params, "E1.res.2.3.weight"));
}
END_TEST

START_TEST(in_a_graph_the_outermost_call_has_the_name_of_the_value)
{
    ck_assert_str_eq(graph("  mu: conv2d(x, 4, 1, bias=false)\n"), "mu.weight 4x3x1x1");
    ck_assert_str_eq(graph("  mu: one(x)\n"), "mu.weight 3x3x1x1");
    ck_assert_str_eq(graph("  mu: two(x)\n"),
                     "mu.0.weight 4x3x1x1, mu.0.bias 4, mu.1.weight 3x4x1x1, mu.1.bias 3");
}
END_TEST

START_TEST(nested_calls_add_their_name_and_number)
{
    ck_assert_str_eq(graph("  sd: softplus(conv2d(x, 4, 1, bias=false))\n"),
                     "sd.conv2d.weight 4x3x1x1");
    ck_assert_str_eq(graph("  sd: conv2d(x, 4, 1, bias=false) + conv2d(x, 1, 1, bias=false)\n"),
                     "sd.conv2d.weight 4x3x1x1, sd.conv2d_1.weight 1x3x1x1");
    /* the outermost one is not counted; the outer of two nested ones comes first in the text */
    ck_assert_str_eq(
        graph("  y: conv2d(relu(conv2d(conv2d(x, 6, 1, bias=false), 5, 1, bias=false)), 4, 1, "
              "bias=false)\n"),
        "y.conv2d_1.weight 6x3x1x1, y.conv2d.weight 5x6x1x1, y.weight 4x5x1x1");
    ck_assert_str_eq(graph("  y: relu(one(x)) + one(x) + prelu(x)\n"),
                     "y.one.weight 3x3x1x1, y.one_1.weight 3x3x1x1, y.prelu.weight 1");
}
END_TEST

START_TEST(a_word_that_is_called_gives_the_name_it_stands_for)
{
    ck_assert_str_eq(program_params(INPUT "modules:\n"
                                          "  m:\n"
                                          "    params: {layer: prelu}\n"
                                          "    graph: {y: layer(x) + layer(x)}\n"
                                          "    outputs: y\n"
                                          "networks: {N: m()}\ngraph: {y: N(x)}\n"),
                     "N.y.prelu.weight 1, N.y.prelu_1.weight 1");
}
END_TEST

START_TEST(of_several_targets_the_first_is_the_scope)
{
    ck_assert_str_eq(graph("  a, b: split(conv2d(x, 4, 1, bias=false), 2)\n"),
                     "a.conv2d.weight 4x3x1x1");
    ck_assert_str_eq(program_params(INPUT "modules:\n"
                                          "  m:\n"
                                          "    graph: {p: 'conv2d(x, 2, 1, bias=false)', q: x}\n"
                                          "    outputs: [p, q]\n"
                                          "graph: {'a, b': m(x)}\n"),
                     "a.p.weight 2x3x1x1");
}
END_TEST

START_TEST(a_chain_in_a_graph_stands_below_its_value)
{
    ck_assert_str_eq(graph("  h:\n"
                           "    from: conv2d(x, 2, 1, bias=false)\n"
                           "    body: [relu, \"conv2d(4, 1, bias=false)\"]\n"),
                     "h.conv2d.weight 2x3x1x1, h.1.weight 4x2x1x1");
    ck_assert_str_eq(graph("  h: {from: x, body: \"conv2d(4, 1, bias=false)\"}\n"),
                     "h.weight 4x3x1x1");
}
END_TEST

START_TEST(rounds_in_a_graph)
{
    ck_assert_str_eq(graph("  outs:\n"
                           "    repeat: 2\n"
                           "    as: s\n"
                           "    carry: {h: x}\n"
                           "    graph:\n"
                           "      out: conv2d(h, 4 + s, 1, bias=false)\n"
                           "      h: one(h)\n"
                           "    collect: out\n"),
                     "outs.0.out.weight 4x3x1x1, outs.0.h.weight 3x3x1x1, "
                     "outs.1.out.weight 5x3x1x1, outs.1.h.weight 3x3x1x1");
}
END_TEST

START_TEST(a_parameter_is_the_value_itself)
{
    ck_assert_str_eq(graph("  gamma: parameter([8])\n"), "gamma 8");
    ck_assert_str_eq(graph("  y: x * parameter([3, 1, 1])\n"), "y.parameter 3x1x1");
    ck_assert_str_eq(graph("  y: conv2d(x, weight=parameter([2, 3, 1, 1]))\n"),
                     "y.parameter 2x3x1x1");
}
END_TEST

START_TEST(two_parameters_of_one_name_name_both_places)
{
    program_load(INPUT "modules:\n"
                       "  m: {body: [\"conv2d(3, 1)\"]}\n"
                       "networks: {E: m()}\n"
                       "graph:\n"
                       "  y: E(x)\n"
                       "  E: conv2d(x, 4, 1)\n");
    expect_part(messages(), "two layers would have a parameter named 'E.weight'");
    expect_part(messages(), "t.yaml:4:");
    expect_part(messages(), "t.yaml:8:");
}
END_TEST

START_TEST(networks_come_first_in_the_order_of_the_file)
{
    ck_assert_str_eq(program_params(INPUT "modules:\n"
                                          "  m: {body: [\"conv2d(3, 1, bias=false)\"]}\n"
                                          "networks: {B: m(), A: m()}\n"
                                          "graph:\n"
                                          "  z: conv2d(y, 3, 1, bias=false)\n"
                                          "  y: conv2d(A(B(x)), 3, 1, bias=false)\n"),
                     "B.weight 3x3x1x1, A.weight 3x3x1x1, z.weight 3x3x1x1, "
                     "y.weight 3x3x1x1");
}
END_TEST

START_TEST(state_has_the_names_of_pytorch)
{
    static const char *const names[] = {"y.weight", "y.bias", "y.running_mean", "y.running_var"};
    struct ug_program *p = program_load(INPUT "graph: {y: batch_norm(x)}\n");

    ck_assert_int_eq(p->params->n, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert(ug_params_find(p->params, names[i]));
        ck_assert_int_eq(ug_params_find(p->params, names[i])->kind, i < 2 ? UG_TRAINED : UG_STATE);
    }
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("names");
    TCase *t = tcase_create("names");

    tcase_add_checked_fixture(t, program_setup, program_teardown);
    tcase_add_test(t, steps_are_counted_labelled_and_parameterless_ones_too);
    tcase_add_test(t, a_chain_of_one_step_drops_the_position);
    tcase_add_test(t, a_residual_adds_no_level_and_takes_no_position);
    tcase_add_test(t, of_a_choice_the_branch_taken_is_counted);
    tcase_add_test(t, whether_a_chain_has_one_step_is_judged_on_the_text);
    tcase_add_test(t, rounds_stand_below_their_position_or_label);
    tcase_add_test(t, a_module_in_a_chain_continues_its_step);
    tcase_add_test(t, the_example_of_the_language);
    tcase_add_test(t, in_a_graph_the_outermost_call_has_the_name_of_the_value);
    tcase_add_test(t, nested_calls_add_their_name_and_number);
    tcase_add_test(t, a_word_that_is_called_gives_the_name_it_stands_for);
    tcase_add_test(t, of_several_targets_the_first_is_the_scope);
    tcase_add_test(t, a_chain_in_a_graph_stands_below_its_value);
    tcase_add_test(t, rounds_in_a_graph);
    tcase_add_test(t, a_parameter_is_the_value_itself);
    tcase_add_test(t, two_parameters_of_one_name_name_both_places);
    tcase_add_test(t, networks_come_first_in_the_order_of_the_file);
    tcase_add_test(t, state_has_the_names_of_pytorch);
    suite_add_tcase(s, t);
    return s;
}
