/* test_diag.c -- messages as they are printed: place, line, mark, hints, order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

static struct ug_source source(const char *path, const char *text)
{
    return (struct ug_source){path, text, strlen(text)};
}

START_TEST(an_error_quotes_its_line)
{
    struct ug_source s = source("train.yaml", "a: 1\n      chanels: 64\nb: 2\n");
    const char *const keys[] = {"channels", "padding", "stride"};
    struct ug_diag *d = ug_error(diags, (struct ug_pos){&s, 2, 7}, "unknown key '%s' in op '%s'",
                                 "chanels", "conv2d");

    ug_suggest(d, "chanels", "keys", keys, 3);
    ck_assert_str_eq(messages(), "train.yaml:2:7: error: unknown key 'chanels' in op 'conv2d'\n"
                                 "    2 |       chanels: 64\n"
                                 "      |       ^~~~~~~ did you mean 'channels'?\n");
    ck_assert_uint_eq(ug_diags_errors(diags), 1);
    ck_assert_str_eq(ug_diags_first(diags), "unknown key 'chanels' in op 'conv2d'");
}
END_TEST

START_TEST(columns_count_characters)
{
    struct ug_source s = source("é.yaml", "ä: \"größe\" x\r\n\tb\n");

    ug_error(diags, (struct ug_pos){&s, 1, 4}, "one");
    ug_error(diags, (struct ug_pos){&s, 2, 2}, "two");
    ck_assert_str_eq(messages(), "é.yaml:1:4: error: one\n"
                                 "    1 | ä: \"größe\" x\n"
                                 "      |    ^~~~~~~\n"
                                 "é.yaml:2:2: error: two\n"
                                 "    2 | \tb\n"
                                 "      | \t^\n");
}
END_TEST

START_TEST(messages_are_sorted_by_place_and_kept_once)
{
    struct ug_source a = source("a.yaml", "1\n2\n3\n"), b = source("b.yaml", "1\n2\n");

    ug_error(diags, (struct ug_pos){&a, 3, 1}, "third");
    ug_error(diags, (struct ug_pos){&b, 1, 1}, "of b");
    ug_warning(diags, (struct ug_pos){&a, 2, 1}, "second");
    ug_note(ug_error(diags, (struct ug_pos){&a, 1, 1}, "first"), (struct ug_pos){&b, 2, 1},
            "see here");
    ug_note(ug_error(diags, (struct ug_pos){&a, 1, 1}, "first"), (struct ug_pos){&b, 2, 1},
            "see here");
    ug_error(diags, UG_NOWHERE, "nowhere");
    ck_assert_uint_eq(ug_diags_errors(diags), 4);
    ck_assert_uint_eq(ug_diags_warnings(diags), 1);
    ck_assert_str_eq(messages(), "unitgraph: error: nowhere\n"
                                 "a.yaml:1:1: error: first\n    1 | 1\n      | ^\n"
                                 "b.yaml:2:1: note: see here\n    2 | 2\n      | ^\n"
                                 "a.yaml:2:1: warning: second\n    2 | 2\n      | ^\n"
                                 "a.yaml:3:1: error: third\n    3 | 3\n      | ^\n"
                                 "b.yaml:1:1: error: of b\n    1 | 1\n      | ^\n");
}
END_TEST

START_TEST(a_limit_counts_the_rest)
{
    struct ug_source s = source("a.yaml", "1\n2\n3\n");

    for (int i = 1; i <= 3; i++)
        ug_error(diags, (struct ug_pos){&s, i, 1}, "no");
    ug_diags_print(diags, capture(), 1);
    ck_assert_str_eq(captured(),
                     "a.yaml:1:1: error: no\n    1 | 1\n      | ^\nunitgraph: 2 more errors\n");
}
END_TEST

/* What a message is about may be gone by the time that it is printed. */
START_TEST(messages_outlive_their_sources)
{
    char *text = strdup("abc\n"), *path = strdup("gone.yaml");
    struct ug_source *s = malloc(sizeof *s);

    *s = (struct ug_source){path, text, 4};
    ug_note(ug_error(diags, (struct ug_pos){s, 1, 1}, "this"), (struct ug_pos){s, 1, 2}, "that");
    memset(text, 'x', 4);
    memset(path, 'x', 4);
    free(text), free(path), free(s);
    ck_assert_str_eq(messages(), "gone.yaml:1:1: error: this\n    1 | abc\n      | ^~~\n"
                                 "gone.yaml:1:2: note: that\n    1 | abc\n      |  ^~\n");
}
END_TEST

START_TEST(files_cannot_steer_the_terminal)
{
    struct ug_source s = source("a\033.yaml", "x \033[31m\n");

    ug_note(ug_error(diags, (struct ug_pos){&s, 1, 1}, "name '%s'", "\033]0;"), UG_NOWHERE,
            "or \a");
    ck_assert_ptr_null(strpbrk(messages(), "\033\a"));
}
END_TEST

START_TEST(long_lines_are_cut)
{
    static char text[5001];

    memset(text, 'x', 5000);
    memcpy(text + 3000, " here ", 6);
    struct ug_source s = source("a.yaml", text);
    ug_error(diags, (struct ug_pos){&s, 1, 3002}, "long");
    const char *m = messages(), *mark = strchr(m, '^'), *word = strstr(m, " here ") + 1;
    ck_assert_uint_lt(strlen(m), 700);
    /* the mark stands under the word */
    const char *mark_line = mark, *word_line = word;
    while (mark_line[-1] != '\n')
        mark_line--;
    while (word_line[-1] != '\n')
        word_line--;
    ck_assert_int_eq(mark - mark_line, word - word_line);
}
END_TEST

static const struct {
    const char *wrong, *hint;
} hints[] = {
    {"instancenorm", "did you mean 'instance_norm'?"},
    {"erlu", "did you mean 'relu'?"},              /* neighbours swapped */
    {"instance", "did you mean 'instance_norm'?"}, /* the end left out */
    {"RELU", "did you mean 'relu'?"},
    {"softmax", "names: relu, leaky_relu, instance_norm"},
    {"rlx", "names: relu, leaky_relu, instance_norm"}, /* one letter of three may be wrong */
    {"x", "names: relu, leaky_relu, instance_norm"},
};

START_TEST(suggestions_are_near)
{
    const char *const names[] = {"relu", "leaky_relu", "instance_norm"};

    ug_suggest(ug_error(diags, UG_NOWHERE, "no"), hints[_i].wrong, "names", names, 3);

    expect_part(messages(), hints[_i].hint);
}
END_TEST

START_TEST(suggestions_survive_anything)
{
    static char longest[5000];
    const char *const names[] = {longest, ""};

    memset(longest, 'y', sizeof longest - 1);
    struct ug_diag *d = ug_error(diags, UG_NOWHERE, "no");
    ug_suggest(d, longest, "names", names, 2);
    ug_suggest(d, "", "names", names + 1, 1);
    ug_suggest(d, "x", "names", NULL, 0);
    expect_part(messages(), "there are no names here");
}
END_TEST

START_TEST(many_errors_are_counted)
{
    struct ug_source s = source("a.yaml", "");

    for (int i = 0; i < 5000; i++)
        ug_error(diags, (struct ug_pos){&s, i + 1, 1}, "no");
    ck_assert_uint_eq(ug_diags_errors(diags), 5000);
    expect_part(messages(), "unitgraph: 4000 more errors\n");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("diag");
    TCase *c = tcase_create("diag");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, an_error_quotes_its_line);
    tcase_add_test(c, columns_count_characters);
    tcase_add_test(c, messages_are_sorted_by_place_and_kept_once);
    tcase_add_test(c, a_limit_counts_the_rest);
    tcase_add_test(c, messages_outlive_their_sources);
    tcase_add_test(c, files_cannot_steer_the_terminal);
    tcase_add_test(c, long_lines_are_cut);
    tcase_add_loop_test(c, suggestions_are_near, 0, sizeof hints / sizeof *hints);
    tcase_add_test(c, suggestions_survive_anything);
    tcase_add_test(c, many_errors_are_counted);
    suite_add_tcase(s, c);
    return s;
}
