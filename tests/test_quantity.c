/* test_quantity.c -- what expressions are worth: precedence, exactness, functions, words,
 * variables.
 *
 * The values were worked out with Python, whose arithmetic the language follows; where the language
 * differs (`and` gives a boolean, 8 / 2 is whole) by hand.
 */
#include <math.h>
#include <string.h>

#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

static const char vars_text[] = "dim: 64\n"
                                "half: dim / 2\n"
                                "lambda: {gan: 10, kl: lambda.gan / 100, deep: {er: [1, [2, 3]]}}\n"
                                "norm: instance_norm\n"
                                "sizes: [16, dim, reflect]\n"
                                "items:\n"
                                "  - dim // 3\n"
                                "  - 'max(2, 3)'\n"
                                "big: 0x10\n"
                                "octal: 0o17\n"
                                "sign: +12\n"
                                "yes: true\n"
                                "no: on\n"
                                "far: .inf\n";

static bool evaluate(const char *text, struct ug_quantity *out)
{
    struct ug_vars *vars = ug_vars_new(arena, diags, read_yaml(vars_text));
    struct ug_eval e = {.arena = arena, .diags = diags, .scope = &ug_vars_scope, .context = vars};
    struct ug_yaml *y = ug_arena_alloc(arena, sizeof *y);

    *y = (struct ug_yaml){
        .kind = UG_YAML_SCALAR, .text = text, .length = strlen(text), .end = strlen(text)};
    y->plain = true;
    struct ug_source *source = ug_arena_alloc(arena, sizeof *source);
    *source = (struct ug_source){"t.yaml", text, strlen(text)};
    y->pos = (struct ug_pos){source, 1, 1};
    return ug_evaluate_yaml(&e, y, out);
}

static const struct {
    const char *text, *value;
} values[] = {
    /* precedence and associativity */
    {"2 + 3 * 4", "14"},
    {"(2 + 3) * 4", "20"},
    {"2 - 3 - 4", "-5"},
    {"2 ** 3 ** 2", "512"},
    {"-2 ** 2", "-4"},
    {"(-2) ** 2", "4"},
    {"2 ** -1", "0.5"},
    {"2 ** -2 ** 2", "0.0625"},
    {"-2 ** -2", "-0.25"},
    {"--3", "3"},
    {"2 * -3", "-6"},
    {"2 - -3", "5"},
    {"7 // 2 * 2", "6"},
    {"2 * 7 // 2", "7"},
    {"100 / 10 / 5", "2"},
    {"1 + 2 < 4", "true"},
    {"1 < 2 and 2 < 3", "true"},
    {"true or false and false", "true"},
    {"not true or true", "true"},
    {"not (true or true)", "false"},
    {"not 1 == 2", "true"},
    {"1 if true else 2 if true else 3", "1"},
    {"1 if false else 2 if false else 3", "3"},
    {"1 + 1 if 2 > 1 else 5", "2"},
    {"1 if 2 > 1 or 1 / 0 else 5", "1"},
    {"false and 1 / 0", "false"},
    {"1 if true else 1 / 0", "1"},
    /* exact whole numbers */
    {"7 // 2", "3"},
    {"-7 // 2", "-4"},
    {"7 // -2", "-4"},
    {"7 % 3", "1"},
    {"-7 % 3", "2"},
    {"7 % -3", "-2"},
    {"-7.5 // 2", "-4"},
    {"-7.5 % 2", "0.5"},
    {"5.5 % -2", "-0.5"},
    {"8 / 2", "4"},
    {"7 / 2", "3.5"},
    {"9007199254740993 + 0", "9007199254740993"},
    {"9223372036854775807", "9223372036854775807"},
    {"3037000500 * 3037000500", "9.2233720370002493e+18"},
    {"2 ** 62", "4611686018427387904"},
    {"9223372036854775807 + 1", "9.2233720368547758e+18"},
    {"2 ** 0", "1"},
    {"4 ** 0.5", "2"},
    {"true + 1", "2"},
    /* numbers of the core schema */
    {"1e-4", "0.0001"},
    {"1E4", "10000"},
    {"1.0e3", "1000"},
    {".5 + 1.", "1.5"},
    {"0x1F + 0o17", "46"},
    {"+12", "12"},
    {"-.5", "-0.5"},
    {".inf", "inf"},
    {"-.inf", "-inf"},
    {"sign", "12"},
    {"octal + big", "31"},
    {"far", "inf"},
    /* texts, words, lists */
    {"\"a b\"", "\"a b\""},
    {"'q\\'\\n'", "\"q'\n\""},
    {"reflect", "\"reflect\""},
    {"no", "\"on\""},
    {"norm", "\"instance_norm\""},
    {"norm == \"instance_norm\"", "true"},
    {"norm != \"batch_norm\"", "true"},
    {"norm == 3", "false"},
    {"sizes", "[16, 64, \"reflect\"]"},
    {"items", "[21, 3]"},
    {"[1, dim, zeros]", "[1, 64, \"zeros\"]"},
    {"[]", "[]"},
    {"sizes[-1]", "\"reflect\""},
    {"sizes[0:2]", "[16, 64]"},
    {"sizes[:-1]", "[16, 64]"},
    {"sizes[5:]", "[]"},
    {"[1, 2] * 3", "[3, 6]"},
    {"[1, 2] + [10, 20]", "[11, 22]"},
    {"2 ** [1, [2, 3]]", "[2, [4, 8]]"},
    {"-[1, 2]", "[-1, -2]"},
    {"[1, 2] == [1, 2.0]", "true"},
    {"[1, 2] == [1, 3]", "false"},
    {"1 == true", "true"},
    /* variables */
    {"dim * 2 ** (1 + 1)", "256"},
    {"half", "32"},
    {"lambda.kl", "0.10000000000000001"},
    {"lambda.deep.er[1][0]", "2"},
    {"( dim\n )", "64"},
    /* functions */
    {"max(1, 2.5, 2)", "2.5"},
    {"min([4, 3])", "3"},
    {"min(3)", "3"},
    {"abs(-3)", "3"},
    {"abs([-1, 2])", "[1, 2]"},
    {"floor(-2.5)", "-3"},
    {"ceil(2.1)", "3"},
    {"round(2.5)", "2"},
    {"round(3.5)", "4"},
    {"round(-1.2)", "-1"},
    {"int(-2.7)", "-2"},
    {"int(3)", "3"},
    {"sqrt(16)", "4"},
    {"exp(0)", "1"},
    {"log(1)", "0"},
    {"len(sizes)", "3"},
    {"range(3)", "[0, 1, 2]"},
    {"range(1, 4)", "[1, 2, 3]"},
    {"range(5, 0, -2)", "[5, 3, 1]"},
    {"range(3, 1)", "[]"},
};

START_TEST(values_are_right)
{
    struct ug_quantity q;

    ck_assert_msg(evaluate(values[_i].text, &q), "%s: %s", values[_i].text, messages());
    ck_assert_msg(!strcmp(read_show(&q), values[_i].value), "%s = %s, not %s", values[_i].text,
                  read_show(&q), values[_i].value);
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
}
END_TEST

static const struct {
    const char *text, *message; /* the start of it */
} errors[] = {
    {"1 / 0", "t.yaml:1:5: error: division by zero"},
    {"1 // (1 - 1)", "t.yaml:1:7: error: division by zero"},
    {"5 % 0.0", "t.yaml:1:5: error: division by zero"},
    {"0 ** -1", "t.yaml:1:6: error: division by zero"},
    {"(-8) ** 0.5", "t.yaml:1:2: error: -8 ** 0.5 is not a number"},
    {"1e200 * 1e200", "t.yaml:1:1: error: 1e+200 * 1e+200 overflows"},
    {"exp(1e3)", "t.yaml:1:5: error: exp(1000) overflows"},
    {"sqrt(-1)", "t.yaml:1:6: error: the square root of -1"},
    {"log(0)", "t.yaml:1:5: error: the logarithm of 0"},
    {"dmi + 1", "t.yaml:1:1: error: unknown name 'dmi'"},
    {"reflect if true else 3", "t.yaml:1:1: error: unknown name 'reflect'"},
    {"norm == batch_norm", "t.yaml:1:9: error: unknown name 'batch_norm'"},
    {"norm + 1", "t.yaml:1:1: error: '+' takes numbers and tensors, not the word 'instance_norm'"},
    {"lambda * 2", "t.yaml:1:1: error: '*' cannot take a map of variables"},
    {"lambda.gna", "t.yaml:1:1: error: there is no 'gna' in this"},
    {"dim.x", "t.yaml:1:1: error: 64 has no member 'x'"},
    {"sizes[3]", "t.yaml:1:7: error: index 3 of a list of 3"},
    {"sizes[-4]", "t.yaml:1:7: error: index -4 of a list of 3"},
    {"sizes[0.5]", "t.yaml:1:7: error: an index must be a whole number, not 0.5"},
    {"dim[0]", "t.yaml:1:1: error: 64 cannot be indexed"},
    {"[1, 2] + [1, 2, 3]", "t.yaml:1:1: error: lists of 2 and of 3 members cannot go in step"},
    {"1 if norm else 2", "t.yaml:1:6: error: a condition must be true or false, not the word"},
    {"norm < 3", "t.yaml:1:1: error: '<' takes numbers"},
    {"max()", "t.yaml:1:1: error: 'max' needs an argument"},
    {"abs(1, 2)", "t.yaml:1:8: error: 'abs' takes one argument"},
    {"abs(x=1)", "t.yaml:1:5: error: the arguments of 'abs' have no names"},
    {"len(3)", "t.yaml:1:5: error: 'len' takes a list, not 3"},
    {"range(10 ** 9)", "t.yaml:1:1: error: a range may have at most 100000 members"},
    {"range(1, 2, 0)", "t.yaml:1:13: error: the step of 'range' must not be 0"},
    {"sin(1)", "t.yaml:1:1: error: 'sin' cannot be called here"},
};

START_TEST(errors_are_told)
{
    struct ug_quantity q;

    ck_assert_msg(!evaluate(errors[_i].text, &q), "%s is %s", errors[_i].text, read_show(&q));
    ck_assert_msg(!strncmp(message(0), errors[_i].message, strlen(errors[_i].message)),
                  "%s: %s not %s", errors[_i].text, message(0), errors[_i].message);
}
END_TEST

START_TEST(cycles_are_paths)
{
    ug_vars_new(arena, diags, read_yaml("a: b + 1\nb: 2 * c.d\nc: {d: a}\ne: e\n"));
    ck_assert_uint_eq(ug_diags_errors(diags), 2);
    ck_assert_str_eq(message(0),
                     "t.yaml:1:4: error: these variables need one another: a -> b -> c.d -> a");
    ck_assert_str_eq(message(1), "t.yaml:4:4: error: these variables need one another: e -> e");
}
END_TEST

START_TEST(long_chains_end)
{
    const char *text = "";

    for (int i = 0; i < 100; i++)
        text = ug_arena_format(arena, "%sv%d: v%d + 1\n", text, i, i + 1);
    ug_vars_new(arena, diags, read_yaml(ug_arena_format(arena, "%sv100: 0\n", text)));
    expect_part(message(0), "more than 40 variables wait");
}
END_TEST

/* Lists from a pool: nothing is allocated, and what does not fit is an error. */
START_TEST(pool_is_enough_or_says_so)
{
    struct ug_vars *vars = ug_vars_new(arena, diags, NULL);
    struct ug_quantity pool[4], q;
    struct ug_eval e = {
        .diags = diags, .scope = &ug_vars_scope, .context = vars, .pool = pool, .pool_size = 4};
    struct ug_yaml *map = read_yaml("a: max([1, 2, 3])\nb: max([1, 2, 3, 4])\n");
    const struct ug_expr *a = ug_expr_parse(arena, diags, map->items[0]);
    const struct ug_expr *b = ug_expr_parse(arena, diags, map->items[1]);

    ck_assert(ug_evaluate(&e, a, &q));
    ck_assert_str_eq(read_show(&q), "3");
    e.pool_used = 0;
    ck_assert(!ug_evaluate(&e, b, &q));
    ck_assert_str_eq(message(0),
                     "t.yaml:2:8: error: lists here may have no more than 4 members in all");
}
END_TEST

START_TEST(paths_take_variables)
{
    struct ug_yaml *vars_map = read_yaml("set: {name: faces}\nn: 3\n");
    struct ug_vars *vars = ug_vars_new(arena, diags, vars_map);
    struct ug_yaml *map =
        read_yaml("a: data/${set.name}/${n}.png\nb: /abs/${n}\nc: ${m}\nd: x${n\ne: ${set}\n");

    map->items[0]->folder = "in";
    ck_assert_str_eq(ug_vars_path(vars, arena, diags, map->items[0]), "in/data/faces/3.png");
    ck_assert_str_eq(ug_vars_path(vars, arena, diags, map->items[1]), "/abs/3");
    for (int i = 2; i < 5; i++)
        ck_assert_ptr_null(ug_vars_path(vars, arena, diags, map->items[i]));
    ck_assert_str_eq(message(0), "t.yaml:3:4: error: unknown variable 'm'");
    ck_assert_str_eq(message(1), "t.yaml:4:4: error: the '${' in this is never closed");
    expect_part(message(2), "t.yaml:5:4: error: 'set' is a map");
}
END_TEST

START_TEST(conversions_check)
{
    const struct ug_pos at = UG_NOWHERE;
    struct ug_quantity q = ug_quantity_real(4.0);
    const char *const words[] = {"zeros", "reflect", NULL};
    int64_t i;
    double x;
    bool b;

    ck_assert(ug_want_int(diags, at, "n", &q, 0, 10, &i) && i == 4);
    q = ug_quantity_real(0x1p63);
    ck_assert(!ug_want_int(diags, at, "n", &q, 0, INT64_MAX, &i));
    ck_assert_str_eq(message(0),
                     "unitgraph: error: n must be a whole number, not 9.22337203685e+18");
    q = ug_quantity_int(-1);
    ck_assert(!ug_want_int(NULL, at, "n", &q, 0, 3, &i));
    ck_assert(!ug_want_int(diags, at, "m", &q, 0, 3, &i));
    ck_assert_str_eq(message(1), "unitgraph: error: m must be from 0 to 3, not -1");
    ck_assert(ug_want_real(diags, at, "x", &q, -INFINITY, 0, &x) && x == -1.0);
    q = ug_quantity_text("no");
    ck_assert(!ug_want_bool(diags, at, "b", &q, &b));
    expect_part(messages(), "write 'false'");
    q = ug_quantity_text("reflct");
    ck_assert_int_eq(ug_want_word(diags, at, "mode", &q, words), -1);
    expect_part(messages(), "did you mean 'reflect'?");
    q = ug_quantity_text("reflect");
    ck_assert_int_eq(ug_want_word(diags, at, "mode", &q, words), 1);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("quantity");
    TCase *c = tcase_create("quantity");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_loop_test(c, values_are_right, 0, sizeof values / sizeof *values);
    tcase_add_loop_test(c, errors_are_told, 0, sizeof errors / sizeof *errors);
    tcase_add_test(c, cycles_are_paths);
    tcase_add_test(c, long_chains_end);
    tcase_add_test(c, pool_is_enough_or_says_so);
    tcase_add_test(c, paths_take_variables);
    tcase_add_test(c, conversions_check);
    suite_add_tcase(s, c);
    return s;
}
