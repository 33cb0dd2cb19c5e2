/* Checkpoints: whole or not there, refused where they are damaged or another experiment's. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/run/checkpoint.h"
#include "engine/run/folder.h"
#include "engine/run/metrics.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const char text[] =
    "unitgraph: 1\n"
    "graph: {a: 'parameter([2, 3], init=constant(2))', b: 'parameter([4], init=ones)'}\n"
    "losses: {A: mean(a ** 2) + mean(b)}\n"
    "train:\n"
    "  steps: 6\n"
    "  optimizers: {A: {minimize: A, parameters: [a, b], ema: 0.5, adam: {lr: 0.1}}}\n"
    "checkpoint: {every: 1, keep: 3}\n";

static void run_whole(const char *out)
{
    experiment_run(experiment_write("text", text), out, as_written);
}

static enum ug_status resume(const char *file, const char *out)
{
    const struct ug_run_options o = {
        .seed = -1, .steps = 9, .resume = true, .out = folder_file(out)};

    return ug_run(file, &o, diags);
}

START_TEST(the_oldest_go)
{
    char target[64] = "";

    run_whole("out");
    ck_assert_int_eq(folder_count("out/checkpoints"), 3);
    ck_assert(ug_folder_exists(folder_file("out/checkpoints/step-00000004")));
    ck_assert_int_gt(readlink(folder_file("out/latest"), target, sizeof target - 1), 0);
    ck_assert_str_eq(target, "checkpoints/step-00000006");
}
END_TEST

START_TEST(moments_have_the_names_of_torch)
{
    float moment[6], average[6];

    run_whole("out");
    experiment_read("out/latest/optimizer.safetensors", "A.exp_avg.a", 6, moment);
    experiment_read("out/latest/optimizer.safetensors", "A.exp_avg_sq.b", 4, moment);
    experiment_read("out/latest/ema.safetensors", "a", 6, average);
    ck_assert_float_gt(average[0], 1.4f); /* behind the parameter, which went from 2 to 1.4 */
    char *state = experiment_text("out/latest/state.json");
    expect_part(state, "\"step\": 6,");
    expect_part(state, "\"A\": 6");
}
END_TEST

/* What a crash leaves between writing and renaming is not taken for a checkpoint, and is cleared
 * away, as other half-written files are; what is not the run's stays. */
START_TEST(half_written_ones_do_not_count)
{
    run_whole("out");
    folder_write("out/checkpoints/.step-00000002.tmp/params.safetensors", "x", 1);
    folder_write("out/checkpoints/.step-00000003.old/state.json", "x", 1);
    folder_write("out/samples/.ug-17-0.tmp", "x", 1);
    folder_write("out/.ug-17-0.tmp", "x", 1);
    folder_write("out/.notes", "x", 1);
    ck_assert_int_eq(resume(folder_file("text.yaml"), "out"), UG_DONE);
    ck_assert_int_eq(folder_count("out/checkpoints"), 3);
    ck_assert_int_eq(folder_count("out/samples"), 0);
    ck_assert(!ug_file_exists(folder_file("out/.ug-17-0.tmp")));
    ck_assert(ug_file_exists(folder_file("out/.notes")));
    ck_assert(ug_folder_exists(folder_file("out/checkpoints/step-00000007")));
}
END_TEST

/* Not every copy of a run keeps `latest` a link: some leave it out, some make a folder of it. */
START_TEST(copies_without_links_go_on)
{
    char target[64] = "";

    run_whole("out");
    ck_assert_int_eq(unlink(folder_file("out/latest")), 0);
    ck_assert_int_eq(resume(folder_file("text.yaml"), "out"), UG_DONE);
    char *log = experiment_text("out/log.txt");
    expect_part(log, "going on from step 6 of 9");

    ck_assert_int_eq(unlink(folder_file("out/latest")), 0);
    ck_assert_int_eq(
        rename(folder_file("out/checkpoints/step-00000007"), folder_file("out/latest")), 0);
    ck_assert_int_eq(resume(folder_file("text.yaml"), "out"), UG_DONE);
    ck_assert_int_gt(readlink(folder_file("out/latest"), target, sizeof target - 1), 0);
    ck_assert_str_eq(target, "checkpoints/step-00000009");
}
END_TEST

/* What may happen to a file of a checkpoint: other bytes, fewer, more, one of them changed, or
 * nothing left. */
enum damage { OTHER, CUT, LONGER, FLIPPED, GONE, DAMAGES };

static void damage_file(const char *path, enum damage damage)
{
    size_t n;
    char *bytes = ug_file_read(folder_file(path), 1 << 20, &n, UG_NOWHERE, diags);

    ck_assert_ptr_nonnull(bytes);
    bytes[n / 2] ^= 1;
    if (damage == OTHER)
        folder_write(path, "not a tensor", 12);
    else if (damage == GONE)
        ck_assert_int_eq(unlink(folder_file(path)), 0);
    else
        folder_write(path, bytes, damage == CUT ? n / 2 : damage == LONGER ? n + 1 : n);
    free(bytes);
}

/* A damaged checkpoint is named, and the run goes on from the one before it to the same end. */
START_TEST(the_one_before_a_damaged_one_is_used)
{
    static const char *const files[] = {"params.safetensors", "optimizer.safetensors",
                                        "ema.safetensors", "state.json"};
    const char *file = files[_i / DAMAGES];
    char path[80];

    run_whole("whole");
    run_whole("out");
    ck_assert_int_eq(resume(folder_file("text.yaml"), "whole"), UG_DONE);
    snprintf(path, sizeof path, "out/checkpoints/step-00000006/%s", file);
    damage_file(path, (enum damage)(_i % DAMAGES));
    ck_assert_int_eq(resume(folder_file("text.yaml"), "out"), UG_DONE);
    const char *said = messages();
    ck_assert_msg(strstr(said, "out/latest' is damaged") && strstr(said, file), "%s", said);
    char *log = experiment_text("out/log.txt");
    expect_part(log, "going on from step 5 of 9");
    expect_part(log, "is damaged");
    for (int i = 0; i < 3; i++) {
        char a[80], b[80];
        snprintf(a, sizeof a, "whole/latest/%s", files[i]);
        snprintf(b, sizeof b, "out/latest/%s", files[i]);
        ck_assert_msg(experiment_same(a, b), "%s differs", files[i]);
    }
}
END_TEST

START_TEST(damaged_ones_are_refused)
{
    char path[80];

    run_whole("out");
    for (int step = 4; step <= 6; step++) {
        snprintf(path, sizeof path, "out/checkpoints/step-%08d/params.safetensors", step);
        damage_file(path, CUT);
    }
    ck_assert_int_eq(resume(folder_file("text.yaml"), "out"), UG_WRONG);
    expect_message("has no checkpoint that is whole");
    expect_part(messages(), "step-00000004' is damaged");
}
END_TEST

/* As one edits it who wants more steps counted than were taken. */
START_TEST(an_edited_state_is_damaged)
{
    run_whole("out");
    ck_assert_ptr_null(ug_checkpoint_fault(arena, folder_file("out/latest")));
    char *state = experiment_text("out/latest/state.json");
    *(strstr(state, "\"step\": 6") + 8) = '7';
    folder_write("out/latest/state.json", state, strlen(state));
    ck_assert_str_eq(ug_checkpoint_fault(arena, folder_file("out/latest")),
                     "its 'state.json' is not what was written");
}
END_TEST

START_TEST(another_experiment_is_refused)
{
    run_whole("out");
    const char *other =
        experiment_write("other", "unitgraph: 1\n"
                                  "graph: {a: 'parameter([3, 2])'}\n"
                                  "losses: {A: mean(a)}\n"
                                  "train:\n"
                                  "  steps: 6\n"
                                  "  optimizers: {A: {minimize: A, parameters: [a], "
                                  "sgd: {lr: 0.1}}}\n");
    ck_assert_int_eq(resume(other, "out"), UG_WRONG);
    expect_message("does not fit the graph");
}
END_TEST

/* What is near is looked for among those that have no counterpart: E fits. */
START_TEST(a_network_of_another_name_is_found)
{
    static const char named[] =
        "unitgraph: 1\n"
        "modules: {net: {body: ['linear(3)']}}\n"
        "networks: {E: net(), %s: net()}\n"
        "inputs: {x: [1, 3]}\n"
        "graph: {y: E(x) + %s(x)}\n"
        "data: {batch: 1, x2: {synthetic: {scene: shapes, domain: filled, count: 1}, size: 4}}\n"
        "losses: {L: 'mean(E(flatten(x2[:, :, 0:1, 0:1]))) + mean(%s(flatten(x2[:, :, 0:1, "
        "0:1])))'}\n"
        "train: {steps: 1, optimizers: {A: {minimize: L, parameters: [E, %s], sgd: {lr: 1}}}}\n";
    const struct ug_run_options o = {.seed = -1};
    struct ug_run_options other = {.seed = -1, .out = folder_file("other")};

    experiment_run(experiment_write("g", ug_arena_format(arena, named, "G", "G", "G", "G")), "g",
                   o);
    other.init = folder_file("g/latest/params.safetensors");
    ck_assert_int_eq(
        ug_run(experiment_write("gen", ug_arena_format(arena, named, "Gen", "Gen", "Gen", "Gen")),
               &other, diags),
        UG_WRONG);
    expect_message("2 missing, 2 unknown, 0 that differ");
    expect_part(messages(), "near: Gen.weight");
    expect_part(messages(), "near: G.bias");
    ck_assert_ptr_null(strstr(messages(), "near: E."));
    expect_part(messages(), "'unitgraph convert' writes a file with other names");
}
END_TEST

/* The reason is that of making it, not of having looked whether it is there. */
START_TEST(folders_that_cannot_be_made)
{
    const char *link = folder_file("link");

    ck_assert(ug_folder_make(folder_file("a"), diags));
    ck_assert(ug_folder_make(folder_file("a"), diags));
    ck_assert_int_eq(symlink("nowhere", link), 0);
    ck_assert(!ug_folder_make(link, diags));
    expect_message("File exists");
}
END_TEST

START_TEST(two_runs_share_no_folder)
{
    run_whole("out");
    const int lock = ug_folder_lock(folder_file("out"), diags);
    ck_assert_int_ge(lock, 0);
    ck_assert_int_eq(resume(folder_file("text.yaml"), "out"), UG_FAILED);
    expect_message("another process");
    close(lock);
    forget_messages();
    ck_assert_int_eq(resume(folder_file("text.yaml"), "out"), UG_DONE);
}
END_TEST

START_TEST(resuming_nothing_starts)
{
    experiment_write("text", text);
    ck_assert_int_eq(resume(folder_file("text.yaml"), "new"), UG_DONE);
    ck_assert(ug_folder_exists(folder_file("new/checkpoints/step-00000009")));
}
END_TEST

/* A folder that cannot be written to ends the run with a message, and leaves what was there. */
START_TEST(a_checkpoint_that_cannot_be_written_fails)
{
    const struct ug_run_options o = {.seed = -1, .out = folder_file("out")};

    folder_write("out/checkpoints", "a file where a folder should be", 8);
    experiment_write("text", text);
    ck_assert_int_eq(ug_run(folder_file("text.yaml"),
                            &(struct ug_run_options){.seed = -1, .resume = true, .out = o.out},
                            diags),
                     UG_FAILED);
    expect_message("checkpoints");
}
END_TEST

/* Lines of steps that will be taken again go, and so does half a line. */
START_TEST(metrics_are_cut_back)
{
    static const char lines[] = "{\"step\": 1, \"seconds\": 0}\n"
                                "{\"step\": 2, \"seconds\": 0}\n"
                                "{\"step\": 3, \"seconds\": 0}\n"
                                "{\"step\": 2, \"sec";
    const char *path = folder_write("metrics.jsonl", lines, strlen(lines));
    struct ug_metrics m;

    ck_assert(ug_metrics_open(&m, path, 2, diags));
    ug_metrics_begin(&m, 3, 0, 1.5);
    ug_metrics_put(&m, "", "G/rec_1", (double)0.1f);
    ug_metrics_put(&m, "validate/", "a \"b\"", 1.0 / 0.0);
    ck_assert(ug_metrics_end(&m, diags));
    ug_metrics_close(&m);
    char *now = experiment_text("metrics.jsonl");
    ck_assert_str_eq(now, "{\"step\": 1, \"seconds\": 0}\n"
                          "{\"step\": 2, \"seconds\": 0}\n"
                          "{\"step\": 3, \"epoch\": 0, \"seconds\": 1.500, \"G/rec_1\": 0.1, "
                          "\"validate/a \\\"b\\\"\": null}\n");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("checkpoint");
    TCase *t = tcase_create("checkpoints");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, the_oldest_go);
    tcase_add_test(t, moments_have_the_names_of_torch);
    tcase_add_test(t, half_written_ones_do_not_count);
    tcase_add_test(t, copies_without_links_go_on);
    tcase_add_loop_test(t, the_one_before_a_damaged_one_is_used, 0, 4 * DAMAGES);
    tcase_add_test(t, damaged_ones_are_refused);
    tcase_add_test(t, an_edited_state_is_damaged);
    tcase_add_test(t, another_experiment_is_refused);
    tcase_add_test(t, a_network_of_another_name_is_found);
    tcase_add_test(t, folders_that_cannot_be_made);
    tcase_add_test(t, two_runs_share_no_folder);
    tcase_add_test(t, resuming_nothing_starts);
    tcase_add_test(t, a_checkpoint_that_cannot_be_written_fails);
    tcase_add_test(t, metrics_are_cut_back);
    suite_add_tcase(s, t);
    return s;
}
