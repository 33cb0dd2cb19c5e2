/* test_expr.c -- the form of expressions: trees against the grammar, places, and what is said about
 * mistakes.
 *
 * What trees are worth is the matter of test_quantity.c.
 */
#include <stdio.h>
#include <string.h>

#include "engine/model/expr.h"
#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

/* A tree with every bracket: (a + (b * c)). */
static const char *show(const struct ug_expr *x);

static const char *show_args(const struct ug_expr *x, int first)
{
    const char *out = "";

    for (int i = first; i < x->n_args; i++)
        out = ug_arena_format(arena, "%s%s%s%s%s", out, i > first ? ", " : "",
                              x->keywords && x->keywords[i] ? x->keywords[i] : "",
                              x->keywords && x->keywords[i] ? "=" : "", show(x->args[i]));
    return out;
}

static const char *show_slices(const struct ug_expr *x)
{
    const char *out = "";

    for (int i = 0; i < x->n_slices; i++) {
        const struct ug_slice *s = &x->slices[i];
        out = ug_arena_format(arena, "%s%s%s%s%s", out, i ? ", " : "", s->from ? show(s->from) : "",
                              s->range ? ":" : "", s->to ? show(s->to) : "");
    }
    return out;
}

static const char *show(const struct ug_expr *x)
{
    switch (x->kind) {
    case UG_EXPR_NUMBER:
        return ug_arena_format(arena, "%g", x->whole ? (double)x->integer : x->number);
    case UG_EXPR_BOOL:
        return x->number != 0 ? "true" : "false";
    case UG_EXPR_TEXT:
        return ug_arena_format(arena, "\"%s\"", x->text);
    case UG_EXPR_NAME:
        return x->text;
    case UG_EXPR_LIST:
        return ug_arena_format(arena, "[%s]", show_args(x, 0));
    case UG_EXPR_CALL:
        return ug_arena_format(arena, "%s(%s)", show(x->args[0]), show_args(x, 1));
    case UG_EXPR_MEMBER:
        return ug_arena_format(arena, "%s.%s", show(x->args[0]), x->text);
    case UG_EXPR_INDEX:
        return ug_arena_format(arena, "%s[%s]", show(x->args[0]), show_slices(x));
    case UG_EXPR_UNARY:
        return ug_arena_format(arena, "(%s %s)", ug_expr_op_text(x->op), show(x->args[0]));
    case UG_EXPR_BINARY:
        return ug_arena_format(arena, "(%s %s %s)", show(x->args[0]), ug_expr_op_text(x->op),
                               show(x->args[1]));
    case UG_EXPR_COND:
        return ug_arena_format(arena, "(%s if %s else %s)", show(x->args[0]), show(x->args[1]),
                               show(x->args[2]));
    }
    return "?";
}

/* The expression under the key `x` of a YAML text. */
static const struct ug_expr *parse(const char *yaml)
{
    struct ug_yaml *y = read_yaml(yaml);

    return y && y->n ? ug_expr_parse(arena, diags, y->items[0]) : NULL;
}

static const struct ug_expr *parse_plain(const char *text)
{
    return parse(ug_arena_format(arena, "x: %s\n", text));
}

static const struct {
    const char *text, *tree;
} trees[] = {
    {"a + b * c", "(a + (b * c))"},
    {"a - b - c", "((a - b) - c)"},
    {"a / b * c // d % e", "((((a / b) * c) // d) % e)"},
    {"a ** b ** c", "(a ** (b ** c))"},
    {"-a ** b", "(- (a ** b))"},
    {"a ** -b ** c", "(a ** (- (b ** c)))"},
    {"--a", "(- (- a))"},
    {"-a * b", "((- a) * b)"},
    {"a * -b", "(a * (- b))"},
    {"not a == b", "(not (a == b))"},
    {"not not a", "(not (not a))"},
    {"a or b and not c", "(a or (b and (not c)))"},
    {"a and b or c and d", "((a and b) or (c and d))"},
    {"a < b + 1 and c >= d", "((a < (b + 1)) and (c >= d))"},
    {"(a < b) == c", "((a < b) == c)"},
    {"a if b or c else d if e else f", "(a if (b or c) else (d if e else f))"},
    {"(a if b else c) + 1", "((a if b else c) + 1)"},
    {"f()", "f()"},
    {"f(a, b + 1, c=2, d=g(x))", "f(a, (b + 1), c=2, d=g(x))"},
    {"f(a == b)", "f((a == b))"},
    {"f(x).a.b", "f(x).a.b"},
    {"E1.stem.0.weight", "E1.stem.0.weight"},
    {"a.b[0].c(1)", "a.b[0].c(1)"},
    {"x[1]", "x[1]"},
    {"x[-1]", "x[(- 1)]"},
    {"x[:, 0:3]", "x[:, 0:3]"},
    {"x[1:][:n - 1]", "x[1:][:(n - 1)]"},
    {"x[a if b else c:d]", "x[(a if b else c):d]"},
    {"-x[0] ** 2", "(- (x[0] ** 2))"},
    {"[1, [2, x], \"t\"][0]", "[1, [2, x], \"t\"][0]"},
    {"1e-4", "0.0001"},
    {"-.5", "(- 0.5)"},
    {"2.", "2"},
    {"0x10 + 0o10", "(16 + 8)"},
    {"True", "true"},
    {"FALSE or x", "(false or x)"},
    {"-.inf", "(- inf)"},
    {"f(.inf, -.INF)", "f(inf, (- inf))"},
    {"iff or android", "(iff or android)"},
    {"μ1 + 1", "(μ1 + 1)"},
    {"f (x) [0]", "f(x)[0]"},
    {"+12", "12"},
};

START_TEST(trees_follow_the_grammar)
{
    const struct ug_expr *x = parse_plain(trees[_i].text[0] == '[' ? "0" : trees[_i].text);

    if (trees[_i].text[0] == '[') /* in YAML a list starts here: quote it */
        x = parse(ug_arena_format(arena, "x: '%s'\n", trees[_i].text));
    ck_assert_msg(x != NULL, "%s: %s", trees[_i].text, messages());
    ck_assert_msg(!strcmp(show(x), trees[_i].tree), "%s is %s", trees[_i].text, show(x));
}
END_TEST

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"a < b < c", "t.yaml:1:10: error: comparisons do not chain"},
    {"a == b != c", "t.yaml:1:11: error: comparisons do not chain"},
    {"a b", "t.yaml:1:6: error: an operator is missing in front of 'b'"},
    {"a +", "t.yaml:1:7: error: a value is missing at the end"},
    {"a + * b", "t.yaml:1:8: error: a value is missing in front of '*'"},
    {"a if b", "t.yaml:1:10: error: the 'else' of this 'if' is missing at the end"},
    {"f(a", "t.yaml:1:5: error: this '(' is never closed"},
    {"f(g(a)", "t.yaml:1:5: error: this '(' is never closed"},
    {"f(a))", "t.yaml:1:8: error: this ')' closes nothing"},
    {"f(a]", "t.yaml:1:7: error: an operator, ',' or ')' is missing in front of ']'"},
    {"f(a b)", "t.yaml:1:8: error: an operator, ',' or ')' is missing in front of 'b'"},
    {"f(,a)", "t.yaml:1:6: error: a value is missing in front of ','"},
    {"f(a,)", "t.yaml:1:8: error: a value is missing in front of ')'"},
    {"f(a=1, b)", "t.yaml:1:11: error: an argument without a name cannot follow"},
    {"f(a=1, a=2)", "t.yaml:1:11: error: argument 'a' is given twice"},
    {"f(a, b=)", "t.yaml:1:11: error: a value is missing in front of ')'"},
    {"a = b",
     "t.yaml:1:6: error: '=' gives an argument of a call its value; to compare, write '=='"},
    {"f(a + b = c)", "t.yaml:1:12: error: '=' gives an argument"},
    {"a, b", "t.yaml:1:5: error: a ',' cannot stand here"},
    {"(a, b)", "t.yaml:1:4: error: a list is written with [ ]"},
    {"x[0:4:2]", "t.yaml:1:9: error: a slice has no step"},
    {"x[]", "t.yaml:1:6: error: a value is missing in front of ']'"},
    {"3(x)", "t.yaml:1:5: error: only a name can be called"},
    {"f(x)(y)", "t.yaml:1:8: error: only a name can be called"},
    {"a.", "t.yaml:1:6: error: a name behind '.' is missing"},
    {"a ^ 2", "t.yaml:1:6: error: '^' is not an operator: a power is written '**'"},
    {"a && b", "t.yaml:1:6: error: '&&' is written 'and'"},
    {"a || b", "t.yaml:1:6: error: '||' is written 'or'"},
    {"a != !b", "t.yaml:1:9: error: '!' is written 'not'"},
    {"a <> b", "t.yaml:1:6: error: '<>' is written '!='"},
    {"a =< b", "t.yaml:1:6: error: '=<' is written '<='"},
    {"a ? b", "t.yaml:1:6: error: '?' is not an operator: a choice is written"},
    {"a @ b", "t.yaml:1:6: error: '@' is not an operator: a matrix product"},
    {"2x", "t.yaml:1:4: error: '2x' is not a number"},
    {"1e-4x", "t.yaml:1:4: error: '1e-4x' is not a number"},
    {"1_000", "t.yaml:1:4: error: '1_000' is not a number"},
    {"1e999", "t.yaml:1:4: error: '1e999' overflows"},
    {"695e0514", "t.yaml:1:4: error: '695e0514' overflows"},
    {"0x", "t.yaml:1:4: error: digits are missing behind '0x'"},
    {".nan", "t.yaml:1:4: error: '.nan' is nothing to compute with"},
    {"f(\"a)", "t.yaml:1:6: error: this quote is never closed"},
    {"a + 'b", "t.yaml:1:8: error: this quote is never closed"},
    {"f('\\q')", "t.yaml:1:7: error: unknown escape"},
    {"a + \"b\\", "t.yaml:1:10: error: unknown escape"},
    {"a − b", "t.yaml:1:6: error: this is a typographic minus sign"},
    {"a\u00a0+ b", "t.yaml:1:5: error: this is a blank of a special kind"},
    {"f(x #1)", "t.yaml:1:5: error: ' #' starts a comment and cuts the expression off inside this "
                "'(': quote it"},
    {"not", "t.yaml:1:7: error: a value is missing at the end"},
    {"1:30", "t.yaml:1:5: error: a ':' cannot stand here"},
    {"", "t.yaml:1:3: error: a value is missing here"},
    {"~", "t.yaml:1:4: error: a value is missing here"},
    {"{a: 1}", "t.yaml:1:4: error: an expression is needed here, not a map"},
};

START_TEST(mistakes_are_explained)
{
    ck_assert_msg(!parse_plain(mistakes[_i].text), "%s", mistakes[_i].text);
    ck_assert_msg(!strncmp(message(0), mistakes[_i].message, strlen(mistakes[_i].message)),
                  "%s: %s", mistakes[_i].text, message(0));
    ck_assert_uint_eq(ug_diags_errors(diags), 1);
}
END_TEST

START_TEST(a_cut_is_hinted_at)
{
    ck_assert(!parse("x: a + # b\n"));
    expect_part(messages(), "' #' starts a comment and cuts the expression off: quote it");
}
END_TEST

START_TEST(a_zero_in_front_is_warned_of)
{
    const struct ug_expr *x = parse("x: 010\n");

    ck_assert_str_eq(show(x), "10");
    ck_assert_str_eq(message(0),
                     "t.yaml:1:4: warning: '010' is the number 10: leave the zero in front out");
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
}
END_TEST

START_TEST(places_are_exact_in_every_style)
{
    const struct ug_expr *x = parse("x: >\n  f(a,\n    gg=b)\n  + c\n");

    ck_assert_str_eq(show(x), "(f(a, gg=b) + c)");
    ck_assert_int_eq(x->args[1]->pos.line, 4);
    ck_assert_int_eq(x->args[1]->pos.column, 5);
    ck_assert_int_eq(x->args[0]->keyword_pos[2].line, 3);
    ck_assert_int_eq(x->args[0]->keyword_pos[2].column, 5);
    ck_assert_int_eq(x->args[0]->args[2]->pos.column, 8);
    x = parse("x: \"'é' + bc\"\n");
    ck_assert_int_eq(x->args[1]->pos.column, 11);
}
END_TEST

START_TEST(sequences_are_lists)
{
    const struct ug_expr *x = parse("x: [a, 'f(1, 2)', [3]]\n");

    ck_assert_str_eq(show(x), "[a, f(1, 2), [3]]");
    x = parse("x:\n  - a + 1\n  - - 2\n");
    ck_assert_str_eq(show(x), "[(a + 1), [2]]");
}
END_TEST

/* A tree is made once for a node, and its errors are told once. */
START_TEST(parsing_twice_gives_the_same)
{
    struct ug_yaml *y = read_yaml("x: f(a)\ny: a +\n");

    ck_assert_ptr_eq(ug_expr_parse(arena, diags, y->items[0]),
                     ug_expr_parse(arena, diags, y->items[0]));
    ug_expr_parse(arena, diags, y->items[1]);
    ug_expr_parse(arena, diags, y->items[1]);
    ck_assert_uint_eq(ug_diags_errors(diags), 1);
}
END_TEST

static const struct {
    const char *text, *left, *right, *message;
} equations[] = {
    {"last(E1.res, n) = last(E2.res, n)", "last(E1.res, n)", "last(E2.res, n)", NULL},
    {"E1.res[0:2] = E2.res[1:3]", "E1.res[0:2]", "E2.res[1:3]", NULL},
    {"E1.stem.0.weight = E2.stem.0.weight", "E1.stem.0.weight", "E2.stem.0.weight", NULL},
    {"E1.res", NULL, NULL,
     "t.yaml:1:10: error: the '=' between the two sides is missing at the end"},
    {"a = b = c", NULL, NULL, "t.yaml:1:10: error: an equation has two sides"},
    {"a == b", NULL, NULL,
     "t.yaml:1:6: error: the '=' between the two sides is missing in front of '=='"},
    {"a = ", NULL, NULL, "t.yaml:1:7: error: a value is missing at the end"},
};

START_TEST(equations_have_two_sides)
{
    struct ug_yaml *y = read_yaml(ug_arena_format(arena, "x: %s\n", equations[_i].text));
    const struct ug_expr *left, *right;
    const bool good = ug_expr_parse_equation(arena, diags, y->items[0], &left, &right);

    if (equations[_i].message) {
        ck_assert(!good);
        ck_assert_msg(!strncmp(message(0), equations[_i].message, strlen(equations[_i].message)),
                      "%s", message(0));
    } else {
        ck_assert(good);
        ck_assert_str_eq(show(left), equations[_i].left);
        ck_assert_str_eq(show(right), equations[_i].right);
    }
}
END_TEST

/* Nesting and length end in a sentence, not in a crash. */
static const struct {
    const char *open, *close;
    int n;
    const char *fragment;
} endless[] = {
    {"(", ")", 500, "too deep: at most 200 levels"},
    {"f(", ")", 500, "too deep"},
    {"-", "", 500, "too deep"},
    {"not ", "", 500, "too deep"},
    {"2 ** ", "", 500, "too deep"},
    {"1 + ", "", 500, "too long: at most 200 operators"},
    {"1 if 1 else ", "", 500, "too deep"},
    {"1 + ", "", 6000, "too long: at most 16384 characters"},
    {"[", "]", 500, "too deep"},
    {"", ".a", 500, "too long"},
    {"", "[0]", 500, "too long"},
};

START_TEST(endless_expressions_end)
{
    struct ug_yaml y = {.kind = UG_YAML_SCALAR, .plain = true};
    char *text = ug_arena_alloc(arena, 65536), *at = text;

    for (int i = 0; i < endless[_i].n; i++)
        at = stpcpy(at, endless[_i].open);
    at = stpcpy(at, "x");
    for (int i = 0; i < endless[_i].n; i++)
        at = stpcpy(at, endless[_i].close);
    y.text = text;
    y.length = strlen(text);
    ck_assert_ptr_null(ug_expr_parse(arena, diags, &y));
    expect_part(message(0), endless[_i].fragment);
}
END_TEST

START_TEST(names_are_names)
{
    ck_assert(ug_is_name("x1_"));
    ck_assert(ug_is_name("_"));
    ck_assert(ug_is_name("größe"));
    ck_assert(!ug_is_name(""));
    ck_assert(!ug_is_name("1x"));
    ck_assert(!ug_is_name("a-b"));
    ck_assert(!ug_is_name("a b"));
    ck_assert(!ug_is_name("if"));
    ck_assert(!ug_is_name("True"));
    ck_assert(!ug_is_name("a\u00a0"));
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("expr");
    TCase *c = tcase_create("expr");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_loop_test(c, trees_follow_the_grammar, 0, sizeof trees / sizeof *trees);
    tcase_add_loop_test(c, mistakes_are_explained, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(c, a_cut_is_hinted_at);
    tcase_add_test(c, a_zero_in_front_is_warned_of);
    tcase_add_test(c, places_are_exact_in_every_style);
    tcase_add_test(c, sequences_are_lists);
    tcase_add_test(c, parsing_twice_gives_the_same);
    tcase_add_loop_test(c, equations_have_two_sides, 0, sizeof equations / sizeof *equations);
    tcase_add_loop_test(c, endless_expressions_end, 0, sizeof endless / sizeof *endless);
    tcase_add_test(c, names_are_names);
    suite_add_tcase(s, c);
    return s;
}
