/* test_bad.c -- files with one mistake each: bad/NAME.yaml, whose first line says where and what,
 * "# 3:5 unknown op".
 *
 * An error must stand at that place and hold that text; there may be others that follow from it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/program.h"
#include "tests/harness_main.h"
#include "tests/harness_read.h"

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
    ug_program_free(ug_program_load(names[_i], NULL, read_diags));
    ck_assert_msg(ug_diags_errors(read_diags) > 0, "%s is taken for good", names[_i]);
    snprintf(wanted, sizeof wanted, "%s:%s: error: ", names[_i], place);
    const char *text = fragment + strspn(fragment, " ");
    while (*(m = read_message(k)) && !(strstr(m, wanted) == m && strstr(m, text)))
        k++;
    ck_assert_msg(*m, "%s: no \"%s\" at %s\n%s", names[_i], text, place, read_messages());
}
END_TEST

START_TEST(the_files_are_there)
{
    ck_assert_int_gt(n_names, 70);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("bad");
    TCase *c = tcase_create("bad");

    find_files();
    tcase_add_checked_fixture(c, read_setup, read_teardown);
    tcase_add_test(c, the_files_are_there);
    tcase_add_loop_test(c, the_mistake_is_found, 0, n_names);
    suite_add_tcase(s, c);
    return s;
}
