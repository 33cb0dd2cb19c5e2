/* test_document.c -- YAML files as trees: what is kept, where it stands, what is refused and where.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/random.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

static const char *place(struct ug_pos pos)
{
    return ug_arena_format(arena, "%d:%d", pos.line, pos.column);
}

START_TEST(the_tree_is_the_file)
{
    const struct ug_yaml *y = read_yaml("b: {x: [1, two], 'q r': \"\\u00e9\"}\n"
                                        "a:\n"
                                        "  - ~\n"
                                        "  - |\n"
                                        "    one\n"
                                        "    two\n"
                                        "  - ''\n");

    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    ck_assert_int_eq(y->n, 2);
    ck_assert_str_eq(y->keys[0]->text, "b");
    ck_assert_str_eq(y->keys[1]->text, "a");
    const struct ug_yaml *b = ug_yaml_get(y, "b"), *a = ug_yaml_get(y, "a");
    ck_assert_str_eq(ug_yaml_get(b, "x")->items[1]->text, "two");
    ck_assert_str_eq(ug_yaml_get(b, "q r")->text, "é");
    ck_assert_str_eq(place(ug_yaml_key(b, "q r")->pos), "1:18");
    ck_assert(ug_yaml_is_null(a->items[0]));
    ck_assert_str_eq(a->items[1]->text, "one\ntwo\n");
    ck_assert(!ug_yaml_is_null(a->items[2]));
    ck_assert_ptr_null(ug_yaml_get(y, "c"));
    ck_assert_ptr_null(ug_yaml_get(a, "b"));
}
END_TEST

/* The places of characters, counted by hand. */
static const struct {
    const char *text;
    int offset;
    const char *place;
} places[] = {
    {"a: b c\n", 0, "1:4"},
    {"a: b c\n", 2, "1:6"},
    {"a: b c\n", 3, "1:7"},
    {"ä: é x\n", 3, "1:6"},
    {"a: \"b c\"\n", 0, "1:5"},
    {"a: \"\\\"b\\u00e9 c\"\n", 1, "1:7"},  /* b, behind an escaped quote */
    {"a: \"\\\"b\\u00e9 c\"\n", 5, "1:15"}, /* c, behind \u00e9 */
    {"a: 'it''s x'\n", 5, "1:11"},
    {"a: b\n   c\n", 2, "2:4"},
    {"a: >\n  b\n  c\n", 2, "3:3"},
    {"a: |  # text\n  b\n\n   c\n", 4, "4:4"},
    {"a: &x b\n", 0, "1:7"},
};

START_TEST(characters_have_places)
{
    const struct ug_yaml *y = read_yaml(places[_i].text);

    ck_assert_str_eq(place(ug_yaml_at(y->items[0], (size_t)places[_i].offset)), places[_i].place);
}
END_TEST

START_TEST(aliases_are_copies)
{
    const struct ug_yaml *y = read_yaml("a: &x {p: 1}\nb: *x\nc: [*x, &x 2, *x]\n");

    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    ck_assert_str_eq(ug_yaml_get(ug_yaml_get(y, "b"), "p")->text, "1");
    ck_assert_ptr_ne(ug_yaml_get(y, "a"), ug_yaml_get(y, "b"));
    ck_assert_str_eq(ug_yaml_get(y, "c")->items[2]->text, "2");
}
END_TEST

static const struct {
    const char *text, *message; /* the start of the first message */
} refused[] = {
    {"a: 1\nb: 2\na: 3\n", "t.yaml:3:1: error: 'a' is given twice"},
    {"a: {b: 1, b: 2}\n", "t.yaml:1:11: error: 'b' is given twice"},
    {"a: !!int 3\n", "t.yaml:1:4: error: tags are not part"},
    {"a: !x [1]\n", "t.yaml:1:4: error: tags are not part"},
    {"<<: 1\n", "t.yaml:1:1: error: '<<' is not part"},
    {"a: 1\n---\nb: 1\n", "t.yaml:2:1: error: a file holds one document"},
    {"? [a]\n: 1\n", "t.yaml:1:3: error: a key must be a text"},
    {"{a: 1}: 2\n", "t.yaml:1:1: error: a key must be a text"},
    {"a:\n\tb: 1\n", "t.yaml:2:1: error: a tab cannot indent a line"},
    {"a:\n  b: 1\n\tc: 2\n", "t.yaml:3:1: error: a tab cannot indent a line"},
    {"a: \"x\n", "t.yaml:1:4: error: this quote is never closed"},
    {"a: {b: 1\n", "t.yaml:1:4: error: this '{' is never closed"},
    {"a: [1, 2\nb: 3\n", "t.yaml:1:4: error: this '[' is never closed"},
    {"a: {b, c: 1}\n", "t.yaml:1:5: error: 'b' is a key without a value"},
    {"a: {b:3, c: 1}\n", "t.yaml:1:5: error: 'b:3' is a key without a value: write 'b: 3'"},
    {": 1\n", "t.yaml:1:1: error: a key is missing"},
    {"a: *b\n", "t.yaml:1:4: error: there is no anchor '&b' above"},
    {"a: &b [*b]\n", "t.yaml:1:8: error: '*b' stands inside of what it names"},
    {"a: 1\nb\nc: 2\n", "t.yaml:2:1: error: this needs a ':'"},
    {"a: b: c\n", "t.yaml:1:5: error: a ': ' cannot stand here"},
    {"a: 1\n  b: 2\n", "t.yaml:2:4: error: a ': ' cannot stand here"},
    {"a:\n  b: 1\n c: 2\n", "t.yaml:3:2: error: this does not stand in line"},
    {"a: @x\n", "t.yaml:1:4: error: a value cannot start with this character"},
    {"a: - mean(x)\n", "t.yaml:1:4: error: '- ' starts a list item: for a minus sign write '-x' "
                       "without the blank or quote it"},
    {"a: \xff\n", "t.yaml:1:4: error: this is not UTF-8 (byte 0xff)"},
    {"a: \xc0\xaf\n", "t.yaml:1:4: error: this is not UTF-8"},
    {"a: \xed\xa0\x80\n", "t.yaml:1:4: error: this is not UTF-8"},
    {"a: \x01\n", "t.yaml:1:4: error: U+0001 is a control character"},
    {"a: \xe2\x80\xa8\n", "t.yaml:1:4: error: U+2028"},
    {"a: 1\rb: 2\n", "t.yaml:1:5: error: U+000D"},
    {"a: \"\\0\"\n", "t.yaml:1:4: error: a text cannot hold the character"},
    {"%YAML 3.0\n---\na: 1\n", "t.yaml:1:"},
    /* what YAML makes of expressions */
    {"a: {b: max(1, 2), c: 3}\n",
     "t.yaml:1:11: error: a comma inside [ ] or { } ends a value: quote it"},
    {"a: [conv2d(dim, 4), relu]\n",
     "t.yaml:1:11: error: a comma inside [ ] or { } ends a value: quote it"},
    {"a: {b: f(g(1), h(2, 3))}\n",
     "t.yaml:1:9: error: a comma inside [ ] or { } ends a value: quote it"},
    {"a: {b: f(1 + h(2, 3))}\n",
     "t.yaml:1:15: error: a comma inside [ ] or { } ends a value: quote it"},
    {"a: {f(1, 2): 3}\n", "t.yaml:1:6: error: a comma inside [ ] or { } ends a value: quote it"},
    {"a: {b: x[0]}\n",
     "t.yaml:1:9: error: inside [ ] or { }, YAML ends a value at , : { } [ ]: quote it"},
    {"a: [x[0:1], 2]\n",
     "t.yaml:1:6: error: inside [ ] or { }, YAML ends a value at , : { } [ ]: quote it"},
    {"a: {b: x[:, 0:3]}\n", "t.yaml:1:9: error: a comma inside [ ] or { } ends a value: quote it"},
    {"a: x[0: 3]\n", "t.yaml:1:5: error: a ': ' inside this bracket ends a key: quote"},
    {"a:\n  - x[0: 3]\n", "t.yaml:2:6: error: a ': ' inside this bracket ends a key: quote"},
};

START_TEST(refusals_have_places)
{
    read_yaml(refused[_i].text);
    ck_assert_msg(!strncmp(message(0), refused[_i].message, strlen(refused[_i].message)), "%s: %s",
                  refused[_i].text, messages());
}
END_TEST

/* One mistake gives one message, and the rest of the file is still read. */
START_TEST(pieces_are_reported_once)
{
    const struct ug_yaml *y =
        read_yaml("a: {b: max(1, 2, 3), c: 3}\nd: [f(1, padding=[1, 2]), 5]\n");

    ck_assert_uint_eq(ug_diags_errors(diags), 2);
    ck_assert_ptr_null(y); /* libyaml stops at the inner '[' */
    y = read_yaml("a: {b: max(1, 2, 3), c: 3}\nd: [f(1, (2), g), 5]\n");
    ck_assert_int_eq(ug_yaml_get(y, "a")->n, 2);
    ck_assert(ug_yaml_get(ug_yaml_get(y, "a"), "b")->broken);
    ck_assert_int_eq(ug_yaml_get(y, "d")->n, 2);
    ck_assert_str_eq(ug_yaml_get(y, "d")->items[1]->text, "5");
}
END_TEST

START_TEST(comments_that_cut_are_noticed)
{
    const struct ug_yaml *y = read_yaml("a: f(x #1\nb: f(x) # fine\nc: '#'\nd: 3\n");

    ck_assert(ug_yaml_is_cut(ug_yaml_get(y, "a")));
    ck_assert(ug_yaml_is_cut(ug_yaml_get(y, "b")));
    ck_assert(!ug_yaml_is_cut(ug_yaml_get(y, "c")));
    ck_assert(!ug_yaml_is_cut(ug_yaml_get(y, "d")));
}
END_TEST

/* 10 to the 9th copies of one value. */
START_TEST(alias_bombs_do_not_go_off)
{
    const char *text = "a0: &a0 [x]\n";

    for (int i = 1; i <= 9; i++) {
        text = ug_arena_format(arena, "%sa%d: &a%d [", text, i, i);
        for (int k = 0; k < 10; k++)
            text = ug_arena_format(arena, "%s%s*a%d", text, k ? ", " : "", i - 1);
        text = ug_arena_format(arena, "%s]\n", text);
    }
    ck_assert_ptr_null(read_yaml(text));
    expect_part(message(0), "too many values: a file may have 200000");
}
END_TEST

START_TEST(depth_is_bounded)
{
    char text[400] = "a: ";

    memset(text + 3, '[', 150);
    memset(text + 153, ']', 150);
    ck_assert_ptr_null(read_yaml(text));
    expect_part(message(0), "too deep: at most 100");
}
END_TEST

START_TEST(files_are_regular_and_bounded)
{
    const struct ug_pos from = UG_NOWHERE;
    const char *folder = folder_file("sub/x"), *big = folder_file("big.yaml");
    FILE *f = fopen(big, "w");

    ck_assert_ptr_null(ug_yaml_read_file(arena, diags, folder_file("none.yaml"), from));
    expect_part(messages(), "No such file");
    mkdir(folder, 0777);
    ck_assert_ptr_null(ug_yaml_read_file(arena, diags, folder, from));
    expect_part(messages(), "is a folder, and holds no run");
    mkfifo(folder_file("pipe"), 0666);
    ck_assert_ptr_null(ug_yaml_read_file(arena, diags, folder_file("pipe"), from));
    expect_part(messages(), "is not a regular file");
    fseek(f, 5 << 20, SEEK_SET);
    fputc(' ', f);
    fclose(f);
    ck_assert_ptr_null(ug_yaml_read_file(arena, diags, big, from));
    expect_part(messages(), "is too large: at most 4194304 bytes");
    const struct ug_yaml *y = ug_yaml_read_file(arena, diags,
                                                folder_write("in/a.yaml",
                                                             "\xef\xbb\xbf"
                                                             "a: 1\r\n",
                                                             9),
                                                from);
    ck_assert_str_eq(ug_yaml_get(y, "a")->text, "1");
    ck_assert_str_eq(strrchr(y->folder, '/'), "/in");
}
END_TEST

/* What is written reads as the same tree. */
static const char *written(const struct ug_yaml *y)
{
    ug_yaml_write(y, capture(), false);
    return captured();
}

static void expect_same(const struct ug_yaml *a, const struct ug_yaml *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->n, b->n);
    ck_assert_msg(!strcmp(a->text, b->text), "%s became %s", a->text, b->text);
    ck_assert_int_eq(ug_yaml_is_null(a), ug_yaml_is_null(b));
    for (int i = 0; i < a->n; i++) {
        if (a->keys)
            expect_same(a->keys[i], b->keys[i]);
        expect_same(a->items[i], b->items[i]);
    }
}

START_TEST(writing_and_reading_are_inverse)
{
    const struct ug_yaml *y = read_yaml(
        "a: {b: [1, 'x # y', \"q: r\", ~, '~', '', ' z', \"\\n\\t\\e\\\\\\\"\"], c: {}, d: []}\n"
        "'k: l': -1\n'- m': '- n'\n'null': \"[1]\"\no: |\n  p\n  q\n"
        "s: [[1, [2]], {t: u, v: [w]}]\n'#x': '&y'\nz: 'a:'\ne: -x + 1\n"
        "f: '---'\ng: 'é'\n'Ox{': \"\\N\\L\\uFEFF\"\n'(]': 'a)'\n");

    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    const char *text = written(y);
    const struct ug_yaml *again = read_yaml(text);
    ck_assert_msg(ug_diags_errors(diags) == 0, "%s%s", text, messages());
    expect_same(y, again);
}
END_TEST

/* Bytes of a valid file changed, removed and doubled at random: whatever comes out, the reader
 * comes back. */
START_TEST(mutations_do_no_harm)
{
    static const char seedling[] =
        "unitgraph: 1\nvars: {a: &x 1, b: [1, \"max(2, 3)\"], c: a * 2}\n"
        "modules:\n  m:\n    params: {f: , g: relu}\n    body:\n      - conv2d(f, 3)\n"
        "      - residual: [norm(), 'x[:, 0:3]']\ngraph:\n  y: >\n    m(x,\n    *x)\n";
    const struct ug_random r = {.seed = 7};
    char text[2 * sizeof seedling];

    for (uint64_t round = 0; round < 3000; round++) {
        size_t n = sizeof seedling - 1;
        memcpy(text, seedling, n);
        for (uint64_t k = 0; k < 1 + round % 4; k++) {
            const size_t at = ug_random_below(&r, 16 * round + 4 * k, n);
            const char byte = (char)ug_random_below(&r, 16 * round + 4 * k + 1, 256);
            const uint64_t how = ug_random_below(&r, 16 * round + 4 * k + 2, 3);
            if (how == 0)
                text[at] = "{}[]:,-?&*#|>'\"%@\n\t "[(unsigned char)byte % 20];
            else if (how == 1)
                text[at] = byte;
            else
                memmove(text + at, text + at + 1, --n - at);
        }
        struct ug_yaml *y = ug_yaml_read_text(arena, diags, "m", "", text, n);
        ck_assert(y || ug_diags_errors(diags));
        struct ug_yaml *graph = y ? ug_yaml_get(y, "graph") : NULL;
        for (int i = 0; graph && i < graph->n; i++)
            ug_expr_parse(arena, diags, graph->items[i]);
        if (y && y->kind == UG_YAML_MAP)
            ug_vars_new(arena, diags, ug_yaml_get(y, "vars"));
        forget_messages();
    }
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("document");
    TCase *c = tcase_create("document");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, the_tree_is_the_file);
    tcase_add_loop_test(c, characters_have_places, 0, sizeof places / sizeof *places);
    tcase_add_test(c, aliases_are_copies);
    tcase_add_loop_test(c, refusals_have_places, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, pieces_are_reported_once);
    tcase_add_test(c, comments_that_cut_are_noticed);
    tcase_add_test(c, alias_bombs_do_not_go_off);
    tcase_add_test(c, depth_is_bounded);
    tcase_add_test(c, files_are_regular_and_bounded);
    tcase_add_test(c, writing_and_reading_are_inverse);
    tcase_add_test(c, mutations_do_no_harm);
    suite_add_tcase(s, c);
    return s;
}
