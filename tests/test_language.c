/* test_language.c -- that the reference of the language, graphs/language.md, is true: its examples
 * load, and it leaves out no key that the program knows. */
#include <string.h>

#include "tests/harness_experiment.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const struct ug_check_options unchanged;

/* What `unitgraph language SECTION` prints, in the arena. */
static const char *reference(const char *section)
{
    ck_assert_int_eq(ug_language(section, capture(), diags), UG_DONE);
    return captured();
}

START_TEST(whole_files_in_it_load)
{
    const char *const fence = "```yaml\n", *at = reference("all");
    int n = 0;

    for (; (at = strstr(at, fence)); n++) {
        at += strlen(fence);
        const char *end = strstr(at, "```\n");
        ck_assert_ptr_nonnull(end);
        const char *text = ug_arena_format(arena, "%.*s", (int)(end - at), at);
        ck_assert_msg(!ug_check(experiment_write("example", text), &unchanged, capture(), diags),
                      "%s", messages());
        captured();
        at = end;
    }
    ck_assert_int_eq(n, 3);
}
END_TEST

/* Where a key that there is not makes the program list those that there are. */
static const struct place {
    const char *yaml, *section;
} places[] = {
    {"data: {batch: 1, x: {images: a, zzz: 1}}\n", "data"},
    {"data: {batch: 1, x: {synthetic: {scene: shapes, domain: night, count: 1, zzz: 1}}}\n",
     "data"},
    {"modules: {m: {zzz: 1}}\n", "modules"},
    {"train: {zzz: 1}\n", "train"},
    {"train: {steps: 1, optimizers: {o: {minimize: a, parameters: [a], adam: {}, zzz: 1}}}\n",
     "train"},
    {"train: {steps: 1, optimizers: {o: {minimize: a, parameters: [a], adam: {zzz: 1}}}}\n",
     "train"},
    {"train: {steps: 1, optimizers: {o: {minimize: a, parameters: [a], sgd: {zzz: 1}}}}\n",
     "train"},
    {"train: {steps: 1, optimizers: {o: {minimize: a, parameters: [a], rmsprop: {zzz: 1}}}}\n",
     "train"},
    {"log: {every: 1, zzz: 1}\n", "log"},
    {"samples: {every: 1, columns: [x], zzz: 1}\n", "samples"},
    {"validate: {every: 1, metrics: {a: x}, zzz: 1}\n", "validate"},
    {"checkpoint: {every: 1, zzz: 1}\n", "checkpoint"},
    {"translate: {t: {to: x, zzz: 1}}\n", "translate"},
    {"zzz: 1\n", "all"},
};

/* The keys that there are, after the message about 'zzz'. */
static char *list_of_keys(void)
{
    const char *said = messages(), *list = strstr(said, "'zzz'");

    list = list ? strstr(list, "keys: ") : NULL;
    ck_assert_msg(list != NULL, "no list of keys in\n%s", said);
    list += strlen("keys: ");
    char *copy = ug_arena_format(arena, "%.*s", (int)strcspn(list, "\n"), list);
    ck_assert_msg(!strstr(copy, "…"), "the list is cut: %s", copy);
    return copy;
}

/* As a word of the text: `key`, or key: at its place in an example. */
static bool says(const char *text, const char *key)
{
    const size_t n = strlen(key);

    for (const char *at = text; (at = strstr(at, key)); at += n)
        if (at > text && strchr("` {\n", at[-1]) && at[n] && strchr("`:", at[n]))
            return true;
    return false;
}

START_TEST(it_says_every_key)
{
    const struct place *p = &places[_i];
    const char *text = reference(p->section);
    char *rest;
    int n = 0;

    ck_assert_int_eq(ug_check(experiment_write("wrong", p->yaml), &unchanged, capture(), diags),
                     UG_WRONG);
    captured();
    for (char *key = strtok_r(list_of_keys(), ", ", &rest); key;
         key = strtok_r(NULL, ", ", &rest), n++)
        ck_assert_msg(says(text, key), "'%s' does not say '%s'", p->section, key);
    ck_assert_int_ge(n, 1);
}
END_TEST

START_TEST(sections_are_shown_by_name)
{
    const char *list = reference(NULL), *train = reference("train");

    expect_part(list, "  checkpoint    parameters kept on disk\n");
    ck_assert_int_eq(strncmp(train, "## train: ", 10), 0);
    ck_assert_ptr_null(strstr(train + 1, "\n## "));
    ck_assert_int_eq(ug_language("trian", stdout, diags), UG_WRONG);
    expect_message("the language has no section 'trian'");
    expect_part(messages(), "did you mean 'train'?");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *suite = suite_create("language");
    TCase *tests = tcase_create("reference");

    tcase_add_checked_fixture(tests, scratch_setup, scratch_teardown);
    tcase_add_test(tests, whole_files_in_it_load);
    tcase_add_loop_test(tests, it_says_every_key, 0, sizeof places / sizeof *places);
    tcase_add_test(tests, sections_are_shown_by_name);
    suite_add_tcase(suite, tests);
    return suite;
}
