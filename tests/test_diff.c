/* Two experiments side by side: however they are written, what they are is compared. */
#include <stdlib.h>
#include <string.h>

#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const char first[] =
    "unitgraph: 1\n"
    "modules:\n"
    "  net: {body: ['conv2d(4, 3, padding=1)', relu(), 'conv2d(3, 3, padding=1)']}\n"
    "data: {batch: 2, x: {synthetic: {scene: shapes, domain: filled, count: 5, seed: 1}, size: "
    "8}}\n"
    "networks: {N: net(), M: net()}\n"
    "share: ['N.0 = M.0']\n"
    "graph: {y: N(x), z: M(y)}\n"
    "losses: {L: {same: '2 * l1_loss(z, x)', small: 0.5 * mean(y ** 2)}}\n"
    "train:\n"
    "  steps: 3\n"
    "  optimizers: {all: {minimize: L, parameters: [N, M], adam: {lr: 1e-3}}}\n";

/* The same with variables, a module that repeats, another order, defaults written out. */
static const char rewritten[] =
    "unitgraph: 1\n"
    "train:\n"
    "  update: simultaneous\n"
    "  seed: 0\n"
    "  steps: n\n"
    "  optimizers:\n"
    "    all:\n"
    "      parameters: [N, M]\n"
    "      adam: {betas: [0.9, 0.999], lr: 0.001 + 0 * step}\n"
    "      minimize: L.small + 0 * 1 + L.same if false else L\n"
    "vars: {n: 3, width: 4, weight: 1}\n"
    "losses:\n"
    "  L:\n"
    "    small: weight / 2 * mean(y ** 2)\n"
    "    same: (weight + 1) * l1_loss(z, x)\n"
    "graph:\n"
    "  z: M(y)\n"
    "  y: N(x)\n"
    "share: ['[N.0] = [M.0]']\n"
    "networks: {M: other(3), N: other(width - 1)}\n"
    "modules:\n"
    "  other:\n"
    "    params: {out: }\n"
    "    body:\n"
    "      - conv2d(width, [3, 3], stride=1, padding=[1, 1])\n"
    "      - relu\n"
    "      - when: width > 3\n"
    "        body: ['conv2d(out, 3, padding=1)']\n"
    "data:\n"
    "  x: {size: [8, 8], flip: false, synthetic: {domain: filled, scene: shapes, seed: 1, count: "
    "5}}\n"
    "  batch: 2\n";

/* What diff prints of FOLDER/a.yaml and FOLDER/b.yaml. */
static const char *diff(const char *a, const char *b, struct ug_diff_options o,
                        enum ug_status status)
{
    o.out = capture();
    const char *path = experiment_write("a", a);
    const enum ug_status got = ug_diff(path, experiment_write("b", b), &o, diags);
    const char *text = captured();
    ck_assert_msg(got == status, "diff gave %d, not %d:\n%s%s", got, status, text, messages());
    return text;
}

static const struct ug_diff_options plain = {.all = false};

START_TEST(how_it_is_written_does_not_count)
{
    const char *text = diff(first, rewritten, plain, UG_DONE);

    expect_part(text, "are the same experiment\n");
}
END_TEST

/* `first` with one text replaced. */
static char *with(const char *old, const char *new)
{
    const char *at = strstr(first, old);
    char *text = calloc(1, sizeof first + strlen(new));

    ck_assert_ptr_nonnull(at);
    memcpy(text, first, (size_t)(at - first));
    strcat(text, new);
    strcat(text, at + strlen(old));
    return text;
}

static const struct {
    const char *old, *new, *expected;
} changes[] = {
    {"adam: {lr: 1e-3}", "adam: {lr: 1e-3, betas: [0.5, 0.999]}",
     "\noptimizers\n~ all.betas  [0.9, 0.999]  [0.5, 0.999]"},
    {"adam: {lr: 1e-3}", "sgd: {lr: 1e-3, nesterov: true, momentum: 0.5}", "+ all.nesterov "},
    {"adam: {lr: 1e-3}", "adam: {lr: 1e-3}, clip_norm: 2, every: 3", "~ all.every      1  3"},
    {"lr: 1e-3", "lr: 2e-3", "\noptimizers\n~ all.lr  0.001"},
    {"'2 * l1", "'3 * l1", "\nlosses\n~ L.same, its factor  2"},
    {"l1_loss(z, x)", "l1_loss(z, y)", "\nlosses\n~ L.same  "},
    {"z: M(y)", "z: M(x)", "\nvalues\n~ z "},
    {"relu()", "leaky_relu(0.2)", "\nlayers\n~ N.1  relu, 2x4x8x8  leaky_relu, 2x4x8x8\n"},
    {"relu()", "relu(), sigmoid()", "+ N.3 "},
    {"share: ['N.0 = M.0']\n", "", "- M.0.weight "},
    {"steps: 3", "steps: 4", "\ntraining\n~ steps  3"},
    {"size: 8", "size: 12", "\ndata\n~ x.size "},
    {"conv2d(3, 3, padding=1)", "conv2d(3, 3, padding=1, padding_mode=reflect)",
     "but with other settings"},
};

START_TEST(what_differs_is_listed)
{
    char *b = with(changes[_i].old, changes[_i].new);
    const char *text = diff(first, b, plain, UG_FAILED);

    expect_part(text, changes[_i].expected);
    free(b);
}
END_TEST

/* What is downstream of a change is no change of its own. */
START_TEST(one_change_is_one_row)
{
    char *b = with("z: M(y)", "z: M(x)");
    const char *text = diff(first, b, (struct ug_diff_options){.json = true}, UG_FAILED);
    const char *found = strstr(text, "\"values\"");

    ck_assert_ptr_nonnull(found);
    ck_assert_ptr_null(strstr(found + 1, "\"values\""));
    expect_part(text, "\"name\": \"z\"");
    ck_assert_ptr_null(strstr(text, "\"layers\""));
    ck_assert_ptr_null(strstr(text, "\"losses\""));
    free(b);
}
END_TEST

START_TEST(a_run_is_its_resolved_file)
{
    const char *file = experiment_write("a", first);
    const struct ug_diff_options o = {.out = stderr};

    experiment_run(file, "run", (struct ug_run_options){.seed = -1, .steps = 1});
    ck_assert_int_eq(ug_diff(folder_file("run"), folder_file("run/config.yaml"), &o, diags),
                     UG_DONE);
    ck_assert_int_eq(ug_diff(file, folder_file("nowhere.yaml"), &o, diags), UG_WRONG);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("diff");
    TCase *c = tcase_create("diff");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, how_it_is_written_does_not_count);
    tcase_add_loop_test(c, what_differs_is_listed, 0, (int)(sizeof changes / sizeof *changes));
    tcase_add_test(c, one_change_is_one_row);
    tcase_add_test(c, a_run_is_its_resolved_file);
    suite_add_tcase(s, c);
    return s;
}
