/* test_files.c -- every description that the project ships, and one of each neighbouring system.
 *
 * graphs/ *.yaml are checked with small networks on folders of pictures made here; tests/systems/
 * *.yaml are checked and trained for the two steps that they ask for.
 */
#include <check.h>
#include <glob.h>
#include <string.h>

#include "engine/data/picture.h"
#include "engine/unitgraph.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

enum { SIDE = 24, PICTURES = 3 };

/* A folder of a few coloured gradients, no two alike. */
static void make_pictures(const char *name)
{
    struct ug_picture p;
    char file[64];

    ck_assert(ug_picture_make(&p, 3, SIDE, SIDE));
    for (int k = 0; k < PICTURES; k++) {
        for (int i = 0; i < 3 * SIDE * SIDE; i++)
            p.planes[i] = (float)((i * (k + 1)) % SIDE) / SIDE;
        snprintf(file, sizeof file, "%s/%d.png", name, k);
        ck_assert(ug_picture_write_png(folder_file(file), &p, diags));
    }
    ug_picture_free(&p);
}

static bool mentions(const char *file, const char *text)
{
    FILE *f = fopen(file, "r");
    char line[512];
    bool found = false;

    ck_assert_ptr_nonnull(f);
    while (!found && fgets(line, sizeof line, f))
        found = strncmp(line, text, strlen(text)) == 0;
    fclose(f);
    return found;
}

static void expect_done(enum ug_status status, const char *file)
{
    ck_assert_msg(status == UG_DONE, "%s: status %d\n%s", file, (int)status, messages());
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
}

/* The paths that match, sorted; at least `least` of them. */
static glob_t matches(const char *pattern, size_t least)
{
    glob_t found;

    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, least);
    return found;
}

/* The folders of pictures that the shipped files ask for, by variable. */
static const char *const folders[] = {"folder_1", "folder_2",     "lines",
                                      "colours",  "unseen_lines", "unseen_colours"};
enum { N_FOLDERS = sizeof folders / sizeof *folders, SET = 512 };

/* --set for each folder that the file has, to pictures made here. */
static int set_folders(const char *file, char sets[N_FOLDERS][SET], const char *list[N_FOLDERS])
{
    char line[64];
    int n = 0;

    for (int i = 0; i < N_FOLDERS; i++) {
        snprintf(line, sizeof line, "  %s: ", folders[i]);
        if (!mentions(file, line) || (i < 2 && mentions(file, "  folder_1: ~")))
            continue;
        snprintf(sets[n], SET, "%s=%s", folders[i], folder_file(folders[i]));
        list[n] = sets[n];
        n++;
    }
    return n;
}

START_TEST(shipped_files_check)
{
    glob_t found = matches("../graphs/*.yaml", 6);
    char sets[N_FOLDERS][SET];
    const char *list[N_FOLDERS];

    for (int i = 0; i < N_FOLDERS; i++)
        make_pictures(folders[i]);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *const file = found.gl_pathv[i];
        const struct ug_overrides o = {list, set_folders(file, sets, list)};

        expect_done(ug_check(file, &(struct ug_check_options){.overrides = o}, capture(), diags),
                    file);
        ck_assert_str_ne(captured(), "");
    }
    globfree(&found);
}
END_TEST

START_TEST(systems_train)
{
    glob_t found = matches("systems/*.yaml", 9);

    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *const file = found.gl_pathv[i];
        const char *const name = strrchr(file, '/') + 1;
        char run[256];

        snprintf(run, sizeof run, "runs/%s", name);
        const struct ug_run_options o = {.out = folder_file(run), .seed = -1};
        expect_done(ug_run(file, &o, diags), file);

        char params[300];
        snprintf(params, sizeof params, "%s/latest/params.safetensors", run);
        FILE *f = fopen(folder_file(params), "rb");
        ck_assert_msg(f, "%s left no parameters", file);
        fclose(f);
    }
    globfree(&found);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("files");
    TCase *t = tcase_create("files");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, shipped_files_check);
    tcase_add_test(t, systems_train);
    suite_add_tcase(s, t);
    return s;
}
