/* What differs between two files, key by key. */

#include "engine/model/changes.h"
#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

/* "train.steps 5 -> 6; graph.y - -> x + 1", values of up to 20 characters. */
static const char *changes(const char *before, const char *after)
{
    const struct ug_changes found = ug_changes_find(arena, read_yaml(before), read_yaml(after));
    const char *all = "";

    for (int i = 0; i < found.n; i++)
        all = ug_arena_format(arena, "%s%s%s %s -> %s", all, i ? "; " : "", found.items[i].key,
                              ug_change_text(arena, found.items[i].before, 20),
                              ug_change_text(arena, found.items[i].after, 20));
    return all;
}

START_TEST(values)
{
    ck_assert_str_eq(changes("{a: 1, b: {c: x}}", "{a: 1, b: {c: x}}"), "");
    ck_assert_str_eq(changes("{a: 1, b: {c: x}}", "{a: 1, b: {c: y}}"), "b.c x -> y");
    ck_assert_str_eq(changes("{a: ~}", "{a: null}"), "");
    ck_assert_str_eq(changes("{a: ~}", "{a: 'null'}"), "a ~ -> null");
    ck_assert_str_eq(changes("{a: {b: 1}}", "{a: [1]}"), "a {b: 1} -> [1]");
}
END_TEST

/* How a text is quoted or laid out says nothing. */
START_TEST(forms)
{
    ck_assert_str_eq(changes("a: 'x + 1'\nb: [1, 2]\n", "b:\n- 1\n- 2\na: x + 1\n"), "");
}
END_TEST

START_TEST(parts_that_one_has)
{
    ck_assert_str_eq(changes("{a: 1, gone: {x: 1, y: [2, 3]}}", "{new: 2, a: 1}"),
                     "new - -> 2; gone {x: 1, y: [2, 3]} -> -");
    ck_assert_str_eq(changes("{l: [1, 2, 3]}", "{l: [1, 5]}"), "l[1] 2 -> 5; l[2] 3 -> -");
}
END_TEST

/* Calls give a module's parameters by position. */
START_TEST(order_of_parameters)
{
    ck_assert_str_eq(
        changes("{modules: {m: {params: {a: 1, b: 2}}}}", "{modules: {m: {params: {b: 2, a: 1}}}}"),
        "modules.m.params {a: 1, b: 2} -> {b: 2, a: 1}");
    ck_assert_str_eq(
        changes("{modules: {m: {params: {a: 1, b: 2}}}}", "{modules: {m: {params: {b: 2, a: 3}}}}"),
        "modules.m.params {a: 1, b: 2} -> {b: 2, a: 3}");
    ck_assert_str_eq(changes("{params: {a: 1, b: 2}}", "{params: {b: 2, a: 1}}"), "");
}
END_TEST

START_TEST(long_values_are_cut)
{
    ck_assert_str_eq(changes("{a: 12345678901234567890}", "{a: ä2345678901234567890X}"),
                     "a 12345678901234567890 -> ä234567890123456789…");
    ck_assert_str_eq(changes("{a: \"x\\ny\"}", "{a: {}}"), "a x y -> {}");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("changes");
    TCase *t = tcase_create("changes");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, values);
    tcase_add_test(t, forms);
    tcase_add_test(t, parts_that_one_has);
    tcase_add_test(t, order_of_parameters);
    tcase_add_test(t, long_values_are_cut);
    suite_add_tcase(s, t);
    return s;
}
