/* test_bad.c -- files with one mistake each: bad/NAME.yaml, whose first line says where and what,
 * "# 3:5 unknown op".
 *
 * An error must stand at that place and hold that text; there may be others that follow from it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"
#include "engine/model/program.h"
#include "tests/harness_main.h"
#include "tests/harness_read.h"
#include "tests/harness_scratch.h"

enum { MOST_FILES = 200, LONGEST = 300 };

static char names[MOST_FILES][LONGEST];
static int n_names;

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Suites run in the folder tests/. */
static void find_files(void)
{
    DIR *folder = opendir("bad");

    for (const struct dirent *e; folder && (e = readdir(folder)) && n_names < MOST_FILES;)
        if (strstr(e->d_name, ".yaml"))
            snprintf(names[n_names++], LONGEST, "bad/%s", e->d_name);
    if (folder)
        closedir(folder);
    qsort(names, (size_t)n_names, LONGEST, by_name);
}

START_TEST(the_mistake_is_found)
{
    char place[40] = "", fragment[200] = "", wanted[LONGEST + 60];
    FILE *f = fopen(names[_i], "r");
    const char *m;
    int k = 0;

    ck_assert(f && fscanf(f, "# %39s%199[^\n]", place, fragment) >= 1);
    fclose(f);
    ug_program_free(ug_program_load(names[_i], NULL, diags));
    ck_assert_msg(ug_diags_errors(diags) > 0, "%s is taken for good", names[_i]);
    snprintf(wanted, sizeof wanted, "%s:%s: error: ", names[_i], place);
    const char *text = fragment + strspn(fragment, " ");
    while (*(m = message(k)) && !(strstr(m, wanted) == m && strstr(m, text)))
        k++;
    ck_assert_msg(*m, "%s: no \"%s\" at %s\n%s", names[_i], text, place, messages());
}
END_TEST

START_TEST(the_files_are_there)
{
    ck_assert_int_gt(n_names, 70);
}
END_TEST

/* Whole experiments with bytes, marks and lines changed: loading comes back, and says so if it made
 * nothing. */
static void mutate(const struct ug_random *r, uint64_t round, char *text, size_t *n)
{
    static const char marks[] = "{}[](),:-?&*#|>'\"%@\n\t =+/.~0";

    for (uint64_t k = 0; k <= round % 3; k++) {
        const uint64_t draw = 32 * round + 8 * k;
        const size_t at = ug_random_below(r, draw, *n), from = ug_random_below(r, draw + 1, *n);
        const size_t length = 1 + ug_random_below(r, draw + 2, 12);
        switch (ug_random_below(r, draw + 3, 4)) {
        case 0:
            text[at] = marks[ug_random_below(r, draw + 4, sizeof marks - 1)];
            break;
        case 1:
            text[at] = (char)ug_random_below(r, draw + 4, 256);
            break;
        case 2:
            if (at + length < *n) {
                memmove(text + at, text + at + length, *n - at - length);
                *n -= length;
            }
            break;
        default:
            if (at + length < *n && from + length < *n)
                memmove(text + at, text + from, length);
        }
    }
}

static const char *const experiments[] = {
    "systems/cyclegan.yaml", "systems/funit.yaml", "systems/munit.yaml",   "systems/vae_gan.yaml",
    "systems/wgan_gp.yaml",  "systems/gan.yaml",   "systems/pix2pix.yaml", "systems/vae.yaml",
};

START_TEST(mutations_do_no_harm)
{
    const struct ug_random r = {.seed = 11, .stream = (uint64_t)_i};
    char original[16384], text[16384];
    FILE *f = fopen(experiments[_i], "r");
    const size_t length = f ? fread(original, 1, sizeof original, f) : 0;

    ck_assert_uint_gt(length, 100);
    fclose(f);
    for (uint64_t round = 0; round < 100; round++) {
        struct ug_load_options o = {.without_data = true, .text = text, .length = length};
        memcpy(text, original, length);
        mutate(&r, round, text, &o.length);
        struct ug_program *p = ug_program_load("mutated.yaml", &o, diags);
        ck_assert(p || ug_diags_errors(diags));
        ug_program_free(p);
        forget_messages();
    }
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("bad");
    TCase *c = tcase_create("bad");

    find_files();
    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, the_files_are_there);
    tcase_add_loop_test(c, the_mistake_is_found, 0, n_names);
    tcase_add_loop_test(c, mutations_do_no_harm, 0, sizeof experiments / sizeof *experiments);
    suite_add_tcase(s, c);
    return s;
}
