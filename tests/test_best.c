/* checkpoint: {best: METRIC}: which checkpoint is kept as the best. */
#include <string.h>
#include <unistd.h>

#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static void setup(void)
{
    const int64_t dim[] = {3, 1, 2, 2};

    scratch_setup();
    experiment_tensor("x.safetensors", "x", 4, dim, 0.0f);
}

/* a is 1 - step / 10, so that step 4 is the nearest to 0.58; x is 0. */
static const char *write_text(const char *best)
{
    char text[2000];

    snprintf(text, sizeof text,
             "unitgraph: 1\n"
             "data: {batch: 2, x: {tensors: x.safetensors, key: x}}\n"
             "graph: {a: 'parameter([1], init=ones)', y: x + a, t: x + 0.58}\n"
             "losses: {A: sum(a)}\n"
             "train:\n"
             "  steps: 8\n"
             "  optimizers: {A: {minimize: A, parameters: [a], sgd: {lr: 0.1}}}\n"
             "validate:\n"
             "  every: 1\n"
             "  metrics: {far: mean(abs(y - t)), near: -mean(abs(y - t)), p: 'psnr(y, t)',\n"
             "            s: mean(y)}\n"
             "checkpoint: {every: 3, keep: 1, best: %s}\n",
             best);
    return experiment_write("text", text);
}

static void check_best(const char *out, const char *wanted)
{
    char link[80], target[80] = "";

    snprintf(link, sizeof link, "%s/best", out);
    ck_assert_int_gt(readlink(folder_file(link), target, sizeof target - 1), 0);
    ck_assert_str_eq(target, wanted);
    ck_assert(ug_folder_exists(folder_file(link)));
}

static const struct {
    const char *best, *step;
} cases[] = {
    {"far", "checkpoints/step-00000004"},
    {"p", "checkpoints/step-00000004"},
    {"{metric: near, mode: max}", "checkpoints/step-00000004"},
    {"near", "checkpoints/step-00000008"},
    {"{metric: p, mode: min}", "checkpoints/step-00000008"},
    {"s", "checkpoints/step-00000008"},
};

/* It is kept beside the newest, whatever `keep` says. */
START_TEST(the_best_is_kept)
{
    experiment_run(write_text(cases[_i].best), "out", as_written);
    check_best("out", cases[_i].step);
    const bool newest = strstr(cases[_i].step, "08");
    ck_assert_int_eq(folder_count("out/checkpoints"), newest ? 1 : 2);
}
END_TEST

START_TEST(the_best_survives_resuming)
{
    const char *file = write_text("p");
    struct ug_run_options first = as_written, again = as_written;

    first.steps = _i;
    again.resume = true;
    experiment_run(file, "out", first);
    experiment_run(file, "out", again);
    check_best("out", "checkpoints/step-00000004");
    ck_assert_int_eq(folder_count("out/checkpoints"), 2);
    char *state = experiment_text("out/latest/state.json");
    expect_part(state, "\"metric\": \"p\"");
}
END_TEST

/* Killed after the checkpoint stood and before `best` pointed to it. */
START_TEST(a_link_that_was_not_made_is_made_again)
{
    const char *file = write_text("p");
    struct ug_run_options first = as_written, again = as_written;

    first.steps = 5;
    again.resume = true;
    experiment_run(file, "out", first);
    ck_assert_int_eq(unlink(folder_file("out/best")), 0);
    ck_assert_int_eq(symlink("checkpoints/step-00000003", folder_file("out/best")), 0);
    experiment_run(file, "out", again);
    check_best("out", "checkpoints/step-00000004");
}
END_TEST

/* What was best by one metric says nothing about another. */
START_TEST(another_metric_starts_anew)
{
    struct ug_run_options first = as_written, again = as_written;

    first.steps = 5;
    again.resume = true;
    experiment_run(write_text("p"), "out", first);
    experiment_run(write_text("far"), "out", again);
    check_best("out", "checkpoints/step-00000006");
}
END_TEST

/* Nor does the best of what had the same name. */
START_TEST(another_expression_starts_anew)
{
    struct ug_run_options first = as_written, again = as_written;
    const char *file = write_text("far");
    char *text = experiment_text("text.yaml"), *far;

    first.steps = 5;
    again.resume = true;
    experiment_run(file, "out", first);
    ck_assert_ptr_nonnull(far = strstr(text, "far: mean(abs(y - t))"));
    memcpy(far, "far: sum(abs(y - t)) ", strlen("far: mean(abs(y - t))"));
    experiment_run(experiment_write("text", text), "out", again);
    check_best("out", "checkpoints/step-00000006");
}
END_TEST

static void check_error(const char *best, const char *said)
{
    forget_messages();
    ck_assert_int_eq(ug_run(write_text(best),
                            &(struct ug_run_options){.seed = -1, .out = folder_file("out")}, diags),
                     UG_WRONG);
    ck_assert_str_eq(ug_diags_first(diags), said);
}

START_TEST(what_is_no_metric)
{
    check_error("l1", "'validate' has no metric 'l1'");
    check_error("{metric: p, mode: most}", "'mode' is min or max, not 'most'");
    check_error("[p]", "'best' is a metric: 'best: psnr', or 'best: {metric: psnr, mode: max}'");
    check_error("{mode: max}", "'best' needs 'metric'");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("best");
    TCase *t = tcase_create("best");

    tcase_add_checked_fixture(t, setup, scratch_teardown);
    tcase_add_loop_test(t, the_best_is_kept, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(t, the_best_survives_resuming, 1, 8);
    tcase_add_test(t, a_link_that_was_not_made_is_made_again);
    tcase_add_test(t, another_metric_starts_anew);
    tcase_add_test(t, another_expression_starts_anew);
    tcase_add_test(t, what_is_no_metric);
    suite_add_tcase(s, t);
    return s;
}
