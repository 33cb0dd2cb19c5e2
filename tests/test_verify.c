/* --verify-resume: it compares what it says, and sees what differs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/run/verify.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const char text[] =
    "unitgraph: 1\n"
    "data: {x: {synthetic: {scene: shapes, domain: filled, count: 5}, size: 8}}\n"
    "modules: {m: {body: ['conv2d(2, 3, padding=1)', batch_norm(), 'conv2d(3, 1)']}}\n"
    "networks: {N: m()}\n"
    "graph: {y: N(x + normal_like(x)), kept: 'history(y, 3)'}\n"
    "losses: {A: 'mse_loss(y, x) + mean(kept)'}\n"
    "train:\n"
    "  steps: 8\n"
    "  optimizers: {A: {minimize: A, parameters: [N], ema: 0.5, adam: {lr: 0.01 / (1 + step)}}}\n"
    "samples: {every: 3, count: 1, columns: [x, y]}\n"
    "validate: {every: 2, metrics: {l1: 'l1_loss(y, x)'}}\n"
    "checkpoint: {every: 3, keep: 1}\n";

START_TEST(a_run_that_can_be_resumed)
{
    ck_assert_int_eq(
        ug_verify_resume(experiment_write("text", text), &as_written, 7, capture(), diags),
        UG_DONE);
    const char *printed = captured();
    expect_part(printed, "3 steps, saved, loaded, 4 more");
    expect_part(printed, "7 lines");
    expect_part(printed, "2 pictures");
    expect_part(printed, "moment");
    expect_part(printed, "average");
    expect_part(printed, "the same, bit for bit");
}
END_TEST

/* More steps than the file has are trained as if it had them. */
START_TEST(more_steps_than_the_file_has)
{
    ck_assert_int_eq(
        ug_verify_resume(experiment_write("text", text), &as_written, 10, capture(), diags),
        UG_DONE);
    const char *printed = captured();
    expect_part(printed, "10 lines");
}
END_TEST

/* The last byte of a file is changed: one bit of one value. */
static void flip(const char *path)
{
    size_t n;
    char *bytes = ug_file_read(folder_file(path), 1 << 20, &n, UG_NOWHERE, diags);

    ck_assert_ptr_nonnull(bytes);
    bytes[n - 1] ^= 1;
    folder_write(path, bytes, n);
    free(bytes);
}

static void change_metrics(const char *path)
{
    char *lines = experiment_text(path), *at = strstr(lines, "\"A\": ");

    ck_assert_ptr_nonnull(at);
    at[5] = at[5] == '9' ? '8' : '9';
    folder_write(path, lines, strlen(lines));
}

static const struct {
    const char *path;
    void (*change)(const char *);
    const char *said;
} changes[] = {
    {"b/latest/params.safetensors", flip, "parameter 'kept.images'"},
    {"b/latest/ema.safetensors", flip, "average 'kept.images'"},
    {"b/latest/optimizer.safetensors", flip, "moment 'A.exp_avg"},
    {"b/metrics.jsonl", change_metrics, "'A' in line 1 of metrics.jsonl"},
    {"b/samples/step-00000003.png", flip, "samples/step-00000003.png"},
};

START_TEST(what_differs_is_named)
{
    const char *file = experiment_write("text", text);
    const char *a, *b;

    experiment_run(file, "a", as_written);
    experiment_run(file, "b", as_written);
    a = folder_file("a");
    b = folder_file("b");
    ck_assert(ug_verify_same(a, b, capture(), diags));
    captured();
    changes[_i].change(changes[_i].path);
    ck_assert(!ug_verify_same(a, b, capture(), diags));
    expect_message(changes[_i].said);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("verify");
    TCase *t = tcase_create("verify");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, a_run_that_can_be_resumed);
    tcase_add_test(t, more_steps_than_the_file_has);
    tcase_add_loop_test(t, what_differs_is_named, 0, (int)(sizeof changes / sizeof *changes));
    suite_add_tcase(s, t);
    return s;
}
