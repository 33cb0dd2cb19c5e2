/* unitgraph validate: means over all samples, with the parameters that were asked for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const char *printed; /* by the last validate */

static enum ug_status validate(struct ug_validate_options o)
{
    const enum ug_status status = ug_validate(&o, capture(), diags);

    printed = captured();
    return status;
}

/* The value behind a word of what was printed, or of a file. */
static double value_of(const char *text, const char *word)
{
    const char *at = strstr(text, word);

    ck_assert_msg(at != NULL, "no '%s' in:\n%s", word, text);
    return strtod(at + strlen(word), NULL);
}

/* x holds 1 … 5, one a sample, in batches of 2, 2 and 1; a is 1 - 0.1 step, its average halves the
 * way each step. */
#define TEXT(optimizer, more)                                                                      \
    "unitgraph: 1\n"                                                                               \
    "data: {batch: 2, x: {tensors: x.safetensors, key: x}}\n"                                      \
    "graph: {a: 'parameter([1], init=ones)'}\n"                                                    \
    "losses: {A: sum(a)}\n"                                                                        \
    "train:\n"                                                                                     \
    "  steps: 4\n"                                                                                 \
    "  optimizers: {A: {minimize: A, parameters: [a], " optimizer "sgd: {lr: 0.1}}}\n"             \
    "validate:\n"                                                                                  \
    "  every: 1\n"                                                                                 \
    "  metrics:\n"                                                                                 \
    "    mean: mean(x)\n"                                                                          \
    "    square: mean(x ** 2)\n"                                                                   \
    "    parameter: sum(a)\n"                                                                      \
    "    noise: mean(x * normal_like(x)) + step\n"                                                 \
    "checkpoint: {every: 1" more "}\n"

static void run(const char *text)
{
    const struct ug_run_options o = {.seed = 7};
    const int64_t dim[] = {5, 1};

    experiment_tensor("x.safetensors", "x", 2, dim, 1.0f);
    experiment_run(experiment_write("text", text), "out", o);
}

/* By hand: (1 + 2 + 3 + 4 + 5) / 5 and (1 + 4 + 9 + 16 + 25) / 5.  The mean of the three batches'
 * means would be 3.33 and 13. */
START_TEST(a_smaller_last_batch_counts_for_less)
{
    run(TEXT("", ""));
    ck_assert_int_eq(validate((struct ug_validate_options){.run = folder_file("out"),
                                                           .checkpoint = "latest",
                                                           .json = folder_file("m.json")}),
                     UG_DONE);
    ck_assert_double_eq_tol(value_of(printed, "mean "), 3, 1e-6);
    ck_assert_double_eq_tol(value_of(printed, "square "), 11, 1e-6);
    expect_part(printed, "step 4, over 5 samples");
    char *json = experiment_text("m.json");
    ck_assert_double_eq_tol(value_of(json, "\"square\": "), 11, 1e-6);
    ck_assert_double_eq(value_of(json, "\"samples\": "), 5);
}
END_TEST

/* The same draws, step and order as in the run: what it wrote comes out again. */
START_TEST(the_figures_are_those_of_the_run)
{
    run(TEXT("", ""));
    char *metrics = experiment_text("out/metrics.jsonl");
    const double noise = value_of(strstr(metrics, "\"step\": 3,"), "\"validate/noise\": ");
    ck_assert_int_eq(
        validate((struct ug_validate_options){.run = folder_file("out"), .checkpoint = "3"}),
        UG_DONE);
    ck_assert_double_eq_tol(value_of(printed, "noise "), noise, 1e-5);
    ck_assert_double_eq_tol(value_of(printed, "parameter "), 0.7, 1e-6);
}
END_TEST

/* Averages after steps 1 and 2 with decay ½: (1 + 0.9) / 2, then (0.95 + 0.8) / 2. */
START_TEST(averages_are_used)
{
    run(TEXT("ema: 0.5, ", ""));
    ck_assert_int_eq(
        validate((struct ug_validate_options){.run = folder_file("out"), .checkpoint = "2"}),
        UG_DONE);
    ck_assert_double_eq_tol(value_of(printed, "parameter "), 0.875, 1e-6);
}
END_TEST

START_TEST(the_best_checkpoint)
{
    run(TEXT("", ", best: {metric: parameter, mode: max}"));
    ck_assert_int_eq(
        validate((struct ug_validate_options){.run = folder_file("out"), .checkpoint = "best"}),
        UG_DONE);
    ck_assert_double_eq_tol(value_of(printed, "parameter "), 0.9, 1e-6);
}
END_TEST

START_TEST(a_file_alone_and_other_data)
{
    static const char *const sets[] = {"data.x.tensors=/nowhere/at/all"};
    const int64_t dim[] = {3, 1};
    const char *path = experiment_tensor("y.safetensors", "x", 2, dim, 2.0f);

    run(TEXT("", ""));
    const char *file = folder_file("out/latest/params.safetensors");
    ck_assert_int_eq(validate((struct ug_validate_options){
                         .overrides = {sets, 1}, .run = file, .checkpoint = "latest"}),
                     UG_WRONG);
    forget_messages();
    const char *set = ug_arena_format(arena, "data.x.tensors=%s", path);
    ck_assert_int_eq(validate((struct ug_validate_options){
                         .overrides = {&set, 1}, .run = file, .checkpoint = "latest"}),
                     UG_DONE);
    ck_assert_double_eq_tol(value_of(printed, "mean "), 4, 1e-6);
}
END_TEST

/* x holds 1 … 5 and y 2, 4, 6: by hand, each metric over the samples of what it reads; the third
 * over (1, 2), (2, 4), (3, 6), (4, 2), (5, 4).  With batches of 2, y ends in the middle of one. */
START_TEST(each_source_counts_its_own_samples)
{
    static const char text[] =
        "unitgraph: 1\n"
        "data:\n"
        "  batch: 2\n"
        "  x: {tensors: x.safetensors, key: x}\n"
        "  y: {tensors: y.safetensors, key: x}\n"
        "graph: {a: 'parameter([1], init=ones)'}\n"
        "losses: {A: sum(a)}\n"
        "train: {steps: 1, optimizers: {A: {minimize: A, parameters: [a], sgd: {lr: 0}}}}\n"
        "validate:\n"
        "  every: 1\n"
        "  metrics:\n"
        "    first: mean(x ** 2)\n"
        "    second: mean(y ** 2)\n"
        "    both: mean(x * y)\n"
        "    distance: frechet_distance(x, y)\n"
        "    neither: sum(a)\n";
    static const char *const batches[] = {"data.batch=1", "data.batch=2", "data.batch=4",
                                          "data.batch=7"};
    const struct ug_run_options o = {.seed = 7};
    const int64_t five[] = {5, 1}, three[] = {3, 1};

    experiment_tensor("x.safetensors", "x", 2, five, 1.0f);
    experiment_tensor("y.safetensors", "x", 2, three, 2.0f);
    experiment_run(experiment_write("text", text), "out", o);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(validate((struct ug_validate_options){.run = folder_file("out"),
                                                               .overrides = {batches + i, 1},
                                                               .checkpoint = "latest"}),
                         UG_DONE);
        ck_assert_double_eq_tol(value_of(printed, "first "), 11, 1e-5);
        ck_assert_double_eq_tol(value_of(printed, "second "), 56.0 / 3, 1e-4);
        ck_assert_double_eq_tol(value_of(printed, "both "), (2 + 8 + 18 + 8 + 20) / 5.0, 1e-5);
        /* (3 - 4)² + 2.5 + 4 - 2 sqrt(2.5 * 4), with the variances of 1 … 5 and of 2, 4, 6 */
        ck_assert_double_eq_tol(value_of(printed, "distance "), 7.5 - 2 * sqrt(10), 1e-4);
        ck_assert_double_eq_tol(value_of(printed, "neither "), 1, 1e-6);
        ck_assert_ptr_nonnull(strstr(printed, "over 5 samples"));
        ck_assert_ptr_nonnull(strstr(printed, "18.6667  over 3\n"));
    }
}
END_TEST

/* Features are twice the values: 4 times the distance of 1 … 5 from 2, 4, 6, which is by hand that
 * below. */
START_TEST(a_file_that_is_not_trained)
{
    static const char text[] =
        "unitgraph: 1\n"
        "data: {batch: 2, x: {tensors: x.safetensors, key: x}, y: {tensors: y.safetensors, key: "
        "x}}\n"
        "modules: {features: {body: ['linear(1, bias=false)']}}\n"
        "networks: {F: features()}\n"
        "init: {F: 'file(\"f.safetensors\")'}\n"
        "validate: {every: 1, metrics: {fid: 'frechet_distance(F(x), F(y))'}}\n";
    const int64_t five[] = {5, 1}, three[] = {3, 1}, one[] = {1, 1};

    experiment_tensor("x.safetensors", "x", 2, five, 1.0f);
    experiment_tensor("y.safetensors", "x", 2, three, 2.0f);
    experiment_tensor("f.safetensors", "weight", 2, one, 2.0f);
    ck_assert_int_eq(validate((struct ug_validate_options){.run = experiment_write("fid", text),
                                                           .checkpoint = "latest"}),
                     UG_DONE);
    ck_assert_double_eq_tol(value_of(printed, "fid "), 4 * (7.5 - 2 * sqrt(10)), 1e-3);
    ck_assert_int_eq(validate((struct ug_validate_options){.run = folder_file("gone.yaml"),
                                                           .checkpoint = "latest"}),
                     UG_WRONG);
}
END_TEST

static void check_error(const char *which, const char *said)
{
    forget_messages();
    ck_assert_int_eq(
        validate((struct ug_validate_options){.run = folder_file("out"), .checkpoint = which}),
        UG_WRONG);
    expect_message(said);
}

/* What stands in for the data of training is of a size of its own: check says which. */
START_TEST(check_shows_what_stands_in)
{
    const char *file = experiment_write(
        "own", "unitgraph: 1\n"
               "data:\n"
               "  x: {synthetic: {scene: shapes, domain: filled, count: 5, seed: 1}, size: 16}\n"
               "  y: {synthetic: {scene: shapes, domain: filled, count: 5, seed: 2}, size: 16}\n"
               "graph: {z: x - y}\n"
               "losses: {L: mean(z)}\n"
               "validate:\n"
               "  every: 1\n"
               "  data:\n"
               "    x: {synthetic: {scene: shapes, domain: filled, count: 3, seed: 3}}\n"
               "  metrics: {m: mean(abs(x))}\n");

    ck_assert_int_eq(ug_check(file, &(struct ug_check_options){0}, capture(), diags), UG_DONE);
    const char *text = captured();
    expect_part(text, "\ndata of validate\n"
                      "  x                    3 samples of 3x64x64\n\n");
    ck_assert_ptr_null(strstr(text, "data of samples"));
}
END_TEST

START_TEST(checkpoints_that_are_not_there)
{
    run(TEXT("", ""));
    check_error("best", "has no best checkpoint");
    check_error("17", "has no checkpoint of step 17");
    check_error("newest", "a checkpoint is 'latest', 'best' or a step, not 'newest'");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("validate");
    TCase *t = tcase_create("validate");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, a_smaller_last_batch_counts_for_less);
    tcase_add_test(t, a_file_that_is_not_trained);
    tcase_add_test(t, each_source_counts_its_own_samples);
    tcase_add_test(t, the_figures_are_those_of_the_run);
    tcase_add_test(t, averages_are_used);
    tcase_add_test(t, the_best_checkpoint);
    tcase_add_test(t, a_file_alone_and_other_data);
    tcase_add_test(t, check_shows_what_stands_in);
    tcase_add_test(t, checkpoints_that_are_not_there);
    suite_add_tcase(s, t);
    return s;
}
