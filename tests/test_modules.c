/* test_modules.c -- modules as graphs: named values, bundles, lists, rounds that carry; calls of
 * modules and networks.
 */
#include <string.h>

#include "tests/harness_main.h"
#include "tests/harness_program.h"

#define INPUT "inputs: {x: [1, 4, 8, 8], y: [1, 4, 8, 8]}\n"

START_TEST(values_may_stand_in_any_order)
{
    ck_assert_str_eq(program_graph(INPUT "graph: {c: abs(b), b: tanh(a), a: relu(x)}\n", "c"),
                     "abs(tanh(relu(x)))");
}
END_TEST

START_TEST(a_cycle_is_reported_as_its_path)
{
    ck_assert_str_eq(
        program_errors(INPUT "graph: {a: relu(c), b: tanh(a), c: abs(b), d: relu(c)}\n"),
        "2:9: the value 'a' depends on itself: a -> c -> b -> a\n");
    ck_assert_str_eq(program_error(INPUT "graph: {a: a + 1}\n"),
                     "2:9: the value 'a' depends on itself: a -> a");
}
END_TEST

START_TEST(outputs_are_kept_together_or_taken_apart)
{
    static const char text[] = INPUT "modules:\n"
                                     "  m: {graph: {p: relu(x), q: tanh(p)}, outputs: [q, p]}\n"
                                     "networks: {N: m()}\n"
                                     "graph: {v: N(x), w: abs(v.p) + v.q, 'a, b': m(y), "
                                     "'c, d': 'split(x, 2)', 'e, f': '[x, y]', g: N(y).p}\n";

    ck_assert_str_eq(program_graph(text, "v.q"), "tanh(relu(x))");
    ck_assert_str_eq(program_graph(text, "w"), "add(abs(relu(x)), tanh(relu(x)))");
    ck_assert_str_eq(program_graph(text, "a"), "tanh(relu(y))");
    ck_assert_str_eq(program_graph(text, "b"), "relu(y)");
    ck_assert_str_eq(program_graph(text, "d"), "slice(x)");
    ck_assert_str_eq(program_graph(text, "f"), "identity(y)");
    ck_assert_str_eq(program_graph(text, "g"), "relu(y)");
}
END_TEST

START_TEST(rounds_carry_and_collect)
{
    static const char text[] = INPUT "graph:\n"
                                     "  outs:\n"
                                     "    repeat: 3\n"
                                     "    as: s\n"
                                     "    carry: {h: x}\n"
                                     "    graph:\n"
                                     "      h: tanh(h)\n"
                                     "      out: abs(h) * s\n"
                                     "    collect: out\n"
                                     "  last: outs[-1]\n"
                                     "  n: x * len(outs)\n";

    /* a carried name means what came in, wherever it stands */
    ck_assert_str_eq(program_graph(text, "outs[0]"), "mul(abs(x), 0)");
    ck_assert_str_eq(program_graph(text, "outs[2]"), "mul(abs(tanh(tanh(x))), 2)");
    ck_assert_str_eq(program_graph(text, "last"), "identity(mul(abs(tanh(tanh(x))), 2))");
    ck_assert_str_eq(program_graph(text, "n"), "mul(x, 3)");
}
END_TEST

START_TEST(what_is_collected_are_the_values_that_leave)
{
    static const char text[] = INPUT "graph:\n"
                                     "  hs, outs:\n"
                                     "    repeat: 2\n"
                                     "    carry: {h: x}\n"
                                     "    graph: {h: tanh(h), out: relu(h)}\n"
                                     "    collect: [h, out]\n";

    ck_assert_str_eq(program_graph(text, "hs[0]"), "tanh(x)");
    ck_assert_str_eq(program_graph(text, "hs[1]"), "tanh(tanh(x))");
    ck_assert_str_eq(program_graph(text, "outs[1]"), "relu(tanh(x))");
}
END_TEST

START_TEST(rounds_see_what_is_around_them)
{
    ck_assert_str_eq(program_graph(INPUT "vars: {k: 3}\n"
                                         "modules:\n"
                                         "  m:\n"
                                         "    params: {n: 2}\n"
                                         "    graph:\n"
                                         "      base: relu(x)\n"
                                         "      outs:\n"
                                         "        repeat: n\n"
                                         "        as: i\n"
                                         "        graph: {out: base * (i + n + k)}\n"
                                         "        collect: out\n"
                                         "    outputs: outs\n"
                                         "graph: {v: 'm(x, n=1)'}\n",
                                   "v[0]"),
                     "mul(relu(x), 4)");
}
END_TEST

START_TEST(lists_are_applied_member_by_member)
{
    static const char text[] =
        INPUT "modules: {m: {body: tanh}, s: {inputs: [a], graph: {z: 'a[0] + a[1]'}, "
              "outputs: z}}\n"
              "networks: {N: m()}\n"
              "graph:\n"
              "  l: [-x, -y]\n"
              "  ops: relu(l)\n"
              "  nets: N(l)\n"
              "  plus: l + l\n"
              "  repeated: maximum(l, x)\n"
              "  twice: l * 2\n"
              "  negative: -l\n"
              "  nested: 'relu([l, [-x]])'\n"
              "  joined: cat([l, l])\n"
              "  step: cat(l, l)\n"
              "  sizes: x * size(l, 1)[1]\n"
              "  deep: s(l)\n"
              "  part: l[0:1]\n";

    ck_assert_str_eq(program_graph(text, "ops[1]"), "relu(neg(y))");
    ck_assert_str_eq(program_graph(text, "nets[0]"), "tanh(neg(x))");
    ck_assert_str_eq(program_graph(text, "plus[1]"), "add(neg(y), neg(y))");
    ck_assert_str_eq(program_graph(text, "repeated[1]"), "maximum(neg(y), x)");
    ck_assert_str_eq(program_graph(text, "twice[0]"), "mul(neg(x), 2)");
    ck_assert_str_eq(program_graph(text, "negative[0]"), "neg(neg(x))");
    ck_assert_str_eq(program_graph(text, "nested[1][0]"), "relu(neg(x))");
    ck_assert_str_eq(program_graph(text, "joined[0]"), "cat(neg(x), neg(y))");
    ck_assert_str_eq(program_graph(text, "step[1]"), "cat(neg(y), neg(y))");
    ck_assert_str_eq(program_graph(text, "sizes"), "mul(x, 4)");
    /* a module is given the list itself */
    ck_assert_str_eq(program_graph(text, "deep"), "add(neg(x), neg(y))");
    ck_assert_str_eq(program_graph(text, "part[0]"), "identity(neg(x))");
    ck_assert_str_eq(program_error(INPUT "graph: {v: 'maximum([x, y], [x])'}\n"),
                     "2:13: 'maximum' is applied to a list of 2 and a list of 1");
}
END_TEST

START_TEST(one_set_of_parameters_for_all_calls_of_a_network)
{
    static const char text[] = INPUT "modules: {m: {body: ['conv2d(4, 1, bias=false)']}}\n"
                                     "networks: {N: m()}\n"
                                     "graph: {a: N(x), b: N(N(y)), c: m(x), d: 'N([x, y])'}\n";

    ck_assert_str_eq(program_params(text), "N.weight 4x4x1x1, c.weight 4x4x1x1");
}
END_TEST

START_TEST(settings_come_by_position_name_or_default)
{
    static const char text[] =
        INPUT "vars: {base: 3}\n"
              "modules:\n"
              "  m:\n"
              "    inputs: [a, b]\n"
              "    params: {k: , n: k + base, f: relu}\n"
              "    graph: {v: f(a) * k + b * n}\n"
              "    outputs: v\n"
              "networks: {N: 'm(2, f=tanh)'}\n"
              "graph: {p: 'm(x, y, 1)', q: 'm(b=x, a=y, n=7, k=2)', r: 'N(x, y)'}\n";

    ck_assert_str_eq(program_graph(text, "p"), "add(mul(relu(x), 1), mul(y, 4))");
    ck_assert_str_eq(program_graph(text, "q"), "add(mul(relu(y), 2), mul(x, 7))");
    ck_assert_str_eq(program_graph(text, "r"), "add(mul(tanh(x), 2), mul(y, 5))");
}
END_TEST

START_TEST(modules_see_vars_but_no_values_of_the_file)
{
    ck_assert_str_eq(program_error(INPUT "modules: {m: {graph: {v: x + z}, outputs: v}}\n"
                                         "graph: {z: relu(x), v: m(x)}\n"),
                     "2:30: unknown name 'z'");
    expect_part(messages(), "make it an input");
    ck_assert_str_eq(program_error(INPUT "modules: {m: {graph: {v: x + y}, outputs: v}}\n"
                                         "graph: {v: m(x)}\n"),
                     "2:30: unknown name 'y'");
}
END_TEST

START_TEST(layers_may_be_parameters)
{
    static const char text[] = INPUT "modules:\n"
                                     "  b: {params: {norm: instance_norm}, body: [norm()]}\n"
                                     "  c: {params: {norm: , act: relu}, body: [b(norm), act]}\n"
                                     "  none: {body: [tanh]}\n"
                                     "graph: {v: 'c(x, none)', w: 'b(x, act)'}\n";

    ck_assert_str_eq(program_error(text),
                     "3:45: the parameter holds 'act', which is no op, module or network");
}
END_TEST

START_TEST(a_new_name_is_a_node_of_its_own)
{
    static const char text[] = INPUT "graph: {a: x, b: relu(x), c: b, d: '[b, x]', e: 'd[0]'}\n";

    ck_assert_str_eq(program_graph(text, "a"), "identity(x)");
    ck_assert_str_eq(program_graph(text, "b"), "relu(x)");
    ck_assert_str_eq(program_graph(text, "c"), "identity(relu(x))");
    ck_assert_str_eq(program_graph(text, "d[0]"), "identity(relu(x))");
    ck_assert_str_eq(program_graph(text, "e"), "identity(identity(relu(x)))");
}
END_TEST

static const struct {
    const char *text, *error;
} wrong[] = {
    {"modules: {m: {body: relu}}\nnetworks: {N: mm()}\n", "3:15: unknown module 'mm'"},
    {"networks: {N: conv2d(3, 1)}\n", "2:"},
    {"networks: {N: relu()}\n", "2:15: a network is a module, and 'relu' is an op"},
    {"networks: {N: 3}\n", "2:15: network 'N' is a call of a module"},
    {"modules: {m: {params: {k: }, body: relu}}\nnetworks: {N: m()}\n",
     "3:15: module 'm' needs 'k'"},
    {"modules: {m: {params: {k: 1}, body: relu}}\nnetworks: {N: m(x=3)}\n",
     "3:17: module 'm' takes no argument 'x'"},
    {"modules: {m: {params: {key: 1}, body: relu}}\nnetworks: {N: m(kez=3)}\n",
     "3:17: module 'm' takes no argument 'kez'"},
    {"modules: {m: {params: {k: 1}, body: relu}}\nnetworks: {N: 'm(3, 4)'}\n",
     "3:21: too many arguments: module 'm' takes 'k'"},
    {"modules: {m: {params: {k: 1}, body: relu}}\nnetworks: {N: 'm(3, k=4)'}\n",
     "3:21: 'k' of module 'm' is given twice"},
    {"modules: {m: {body: relu}}\nnetworks: {N: m()}\ngraph: {v: 'N(x, 3)'}\n",
     "4:18: too many arguments: network 'N' takes 'x'"},
    {"modules: {m: {params: {k: 1}, body: relu}}\nnetworks: {N: m()}\ngraph: {v: 'N(x, k=3)'}\n",
     "4:18: network 'N' takes no argument 'k'"},
    {"modules: {m: {body: relu}}\ngraph: {v: m()}\n", "3:12: module 'm' needs 'x'"},
    {"modules: {m: {body: relu}}\nnetworks: {N: m()}\ngraph: {v: relu(N)}\n",
     "4:17: unknown name 'N'"},
    {"modules: {m: {body: relu, graph: {a: x}}}\n", "2:11: module 'm' has both"},
    {"modules: {m: {inputs: x}}\n", "2:11: module 'm' has neither 'body' nor 'graph'"},
    {"modules: {m: {graph: {a: x}}}\n", "2:11: module 'm' needs 'outputs'"},
    {"modules: {m: {graph: {a: x}, outputs: b}}\n", "2:39: module 'm' has no value 'b'"},
    {"modules: {m: {graph: {x: 3}, outputs: x}}\n",
     "2:23: module 'm' has an input and a value named 'x'"},
    {"modules: {m: {params: {a: 1}, graph: {a: x}, outputs: a}}\n",
     "2:39: module 'm' has a parameter and a value named 'a'"},
    {"modules: {m: {params: {x: 1}, body: relu}}\n",
     "2:24: module 'm' has an input and a parameter named 'x'"},
    {"modules: {m: {inputs: [], body: relu}}\n", "2:11: module 'm' has a body"},
    {"modules: {m: {body: relu, inptus: x}}\n", "2:27: unknown key 'inptus' in a module"},
    {"modules: {m: {inputs: [], graph: {a: 'parameter([3])'}, outputs: a}}\n"
     "graph: {v: {from: x, body: [m]}}\n",
     "3:29: module 'm' has no input for the value that comes before it"},
    {"modules: {2m: {body: relu}}\n", "2:11: '2m' is not a name"},
    {"graph: {a: 1, 'a, b': 'split(x, 2)'}\n", "2:16: two values are named 'a'"},
    {"graph: {'a b': x}\n", "2:"},
    {"graph: {'a, b, c': 'split(x, 2)'}\n", "2:"},
    {"graph: {'a, b': x}\n", "2:"},
    {"graph: {a: {from: x}}\n",
     "2:12: a chain in a graph has 'from' and 'body': 'body' is missing"},
    {"graph: {a: {from: x, body: relu, to: y}}\n", "2:34: unknown key 'to' in a chain in a graph"},
    {"graph: {a: }\n", "2:"},
    {"graph: {a: {repeat: 2, graph: {b: x}}}\n", "2:12: a repeat in a graph has 'collect'"},
    {"graph: {a: {repeat: 2, graph: {b: x}, collect: c}}\n",
     "2:48: 'c' is not a value of the round's graph"},
    {"graph: {a: {repeat: 2, carry: {h: x}, graph: {b: x}, collect: b}}\n",
     "2:32: 'h' is carried, but the round's graph does not say what it is next"},
    {"graph: {a: {repeat: 2, graph: {b: x, c: x}, collect: [b, c]}}\n",
     "2:54: 2 lists are collected, but the key has 1 name"},
    {"graph: {a: '[x, y]', b: 'a[2]'}\n", "2:"},
    {"modules: {m: {graph: {p: x, q: x}, outputs: [p, q]}}\ngraph: {v: m(x), w: relu(v)}\n",
     "3:26: argument 'x' of 'relu' is a tensor or a number"},
    {"modules: {m: {graph: {p: x, q: x}, outputs: [p, q]}}\ngraph: {v: m(x), w: v.r}\n", "3:"},
};

START_TEST(a_wrong_graph_says_what_is_wrong)
{
    const char *text = ug_arena_format(arena, INPUT "%s", wrong[_i].text);
    const char *said = program_error(text);

    ck_assert_msg(*said && !strncmp(said, wrong[_i].error, strlen(wrong[_i].error)),
                  "%s\n  said   %s\n  wanted %s", text, said, wrong[_i].error);
}
END_TEST

START_TEST(values_that_wait_for_too_many_others)
{
    const char *text = INPUT "graph:\n  v0: relu(x)\n";

    for (int i = 999; i > 0; i--)
        text = ug_arena_format(arena, "%s  v%d: relu(v%d)\n", text, i, i - 1);
    program_load(text);
    expect_part(message(0), "more than 500 values and modules wait for 'v");
    ck_assert_str_eq(message(1), "");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("modules");
    TCase *t = tcase_create("modules");

    tcase_add_checked_fixture(t, program_setup, program_teardown);
    tcase_add_test(t, values_may_stand_in_any_order);
    tcase_add_test(t, a_cycle_is_reported_as_its_path);
    tcase_add_test(t, outputs_are_kept_together_or_taken_apart);
    tcase_add_test(t, rounds_carry_and_collect);
    tcase_add_test(t, what_is_collected_are_the_values_that_leave);
    tcase_add_test(t, rounds_see_what_is_around_them);
    tcase_add_test(t, lists_are_applied_member_by_member);
    tcase_add_test(t, one_set_of_parameters_for_all_calls_of_a_network);
    tcase_add_test(t, settings_come_by_position_name_or_default);
    tcase_add_test(t, modules_see_vars_but_no_values_of_the_file);
    tcase_add_test(t, layers_may_be_parameters);
    tcase_add_test(t, a_new_name_is_a_node_of_its_own);
    tcase_add_loop_test(t, a_wrong_graph_says_what_is_wrong, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, values_that_wait_for_too_many_others);
    suite_add_tcase(s, t);
    return s;
}
