/* Sweeps: which runs a list of values makes, what becomes of them, and the tables. */
#include <stdlib.h>
#include <string.h>

#include "engine/run/folder.h"
#include "engine/run/sweep_results.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* ---- Combinations ---- */

static struct ug_sweep_plan plan_of(const char *const *sets, int n)
{
    const struct ug_overrides o = {sets, n};
    struct ug_sweep_plan plan;

    ck_assert_msg(ug_sweep_plan(&plan, arena, &o, diags), "%s", ug_diags_first(diags));
    return plan;
}

START_TEST(every_combination)
{
    static const char *const sets[] = {"shared=0,1", "steps=5", "lambda.gan=1, 10,100"};
    static const char *const names[] = {"shared=0,lambda.gan=1",   "shared=0,lambda.gan=10",
                                        "shared=0,lambda.gan=100", "shared=1,lambda.gan=1",
                                        "shared=1,lambda.gan=10",  "shared=1,lambda.gan=100"};
    const struct ug_sweep_plan plan = plan_of(sets, 3);

    ck_assert_int_eq(plan.n_runs, 6);
    ck_assert_int_eq(plan.n_axes, 2);
    for (int i = 0; i < 6; i++) {
        ck_assert_str_eq(plan.runs[i].name, names[i]);
        ck_assert_str_eq(plan.runs[i].sets[1], "steps=5");
    }
    ck_assert_str_eq(plan.runs[4].sets[0], "shared=1");
    ck_assert_str_eq(plan.runs[4].sets[2], "lambda.gan=10");
}
END_TEST

START_TEST(commas_inside_of_values)
{
    static const char *const sets[] = {"size=[64,64],[32,32]", "lr=min(1,2)",
                                       "word='a,b',\"c\\\",\"", "empty="};
    const struct ug_sweep_plan plan = plan_of(sets, 4);

    ck_assert_int_eq(plan.n_runs, 4);
    ck_assert_str_eq(plan.runs[0].sets[0], "size=[64,64]");
    ck_assert_str_eq(plan.runs[3].sets[0], "size=[32,32]");
    ck_assert_str_eq(plan.runs[3].sets[1], "lr=min(1,2)");
    ck_assert_str_eq(plan.runs[0].sets[2], "word='a,b'");
    ck_assert_str_eq(plan.runs[1].sets[2], "word=\"c\\\",\"");
    ck_assert_str_eq(plan.runs[1].sets[3], "empty=");
}
END_TEST

/* No value leads out of the folder, and no two share one. */
START_TEST(names_are_safe)
{
    static const char *const sets[] = {"folder=../a,.._a,a/../b,a b,\"\xc3\xa4\""};
    const struct ug_sweep_plan plan = plan_of(sets, 1);
    char lengthy[600] = "v=1,";

    for (int i = 0; i < plan.n_runs; i++) {
        ck_assert_ptr_null(strpbrk(plan.runs[i].name, "/ \"\xc3"));
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(plan.runs[i].name, plan.runs[k].name);
    }
    memset(lengthy + 4, '7', sizeof lengthy - 5);
    const char *const list[] = {lengthy};
    ck_assert_uint_lt(strlen(plan_of(list, 1).runs[1].name), 256);
}
END_TEST

START_TEST(wrong_values)
{
    static const char *const wrong[][2] = {
        {"a=1,,2", "b=1"}, {"a=1,", "b=1"}, {"a=1,1", "b=1"}, {"a=1,2", "a=3,4"}};
    char big[4000] = "a=0";
    struct ug_sweep_plan plan;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct ug_overrides o = {wrong[i], 2};
        ck_assert_msg(!ug_sweep_plan(&plan, arena, &o, diags), "%s", wrong[i][0]);
    }
    for (int i = 1; i < 200; i++)
        snprintf(big + strlen(big), sizeof big - strlen(big), ",%d", i);
    char other[4000];
    strcpy(other, big);
    other[0] = 'b';
    const char *const list[] = {big, other};
    const struct ug_overrides o = {list, 2};
    ck_assert(!ug_sweep_plan(&plan, arena, &o, diags));
}
END_TEST

/* ---- Tables ---- */

static void expect_file(const char *path, const char *text)
{
    ck_assert_str_eq(experiment_text(path), text);
}

static const char first_log[] =
    "{\"step\": 1, \"epoch\": 0, \"seconds\": 1.5, \"L\": 4, \"L/a\": 3, \"lr/all\": 1}\n"
    "{\"step\": 2, \"epoch\": 0, \"seconds\": 2.5, \"L\": 5, \"L/a\": 2, \"validate/psnr\": 20, "
    "\"validate/l1\": 0.5}\n"
    "{\"step\": 4, \"epoch\": 0, \"seconds\": 4.5, \"L\": 6, \"L/a\": 1, \"validate/psnr\": 19, "
    "\"validate/l1\": 0.25}\n";
static const char second_log[] =
    "{\"step\": 4, \"epoch\": 0, \"seconds\": 4, \"L\": null, \"validate/psnr\": 22, "
    "\"validate/l1\": 0.75}\n";

START_TEST(tables)
{
    static const char *const sets[] = {"train.seed=0,1", "a=0,\"x|y\""};
    static const struct ug_sweep_metric metrics[] = {{"psnr", true}, {"l1", false}};
    const struct ug_sweep_plan plan = plan_of(sets, 2);
    const struct ug_sweep_result results[] = {
        {UG_SWEEP_FINISHED, folder_file("0"), 4, 4},
        {UG_SWEEP_FAILED, folder_file("1"), 0, 4},
        {UG_SWEEP_BEGUN, folder_file("2"), 4, 5},
        {UG_SWEEP_TO_DO, folder_file("3"), 0, 4},
    };

    folder_write("0/metrics.jsonl", first_log, strlen(first_log));
    folder_write("2/metrics.jsonl", second_log, strlen(second_log));
    ck_assert(ug_sweep_results(folder_file("."), "four", &plan, results, metrics, 2, diags));
    expect_file(
        "results.csv",
        ug_arena_format(
            arena,
            "run,train.seed,a,state,step,seconds,psnr,best psnr,step of best psnr,l1,best l1,"
            "step of best l1,L,lowest L,L/a,lowest L/a\r\n"
            "\"train.seed=0,a=0\",0,0,finished,4,4.5,19,20,2,0.25,0.25,4,6,4,1,1\r\n"
            "\"%s\",0,\"\"\"x|y\"\"\",failed,0,,,,,,,,,,,\r\n"
            "\"train.seed=1,a=0\",1,0,unfinished,4,4,22,22,4,0.75,0.75,4,,,,\r\n"
            "\"%s\",1,\"\"\"x|y\"\"\",to do,0,,,,,,,,,,,\r\n",
            plan.runs[1].name, plan.runs[3].name));
    expect_file(
        "results.md",
        "# four\n\n"
        "Metrics of validation after the last step, and in brackets the best on the way:\n\n"
        "| train.seed | a | psnr | l1 |\n| --- | --- | --- | --- |\n"
        "| 0 | 0 | 19 (20) | 0.25 |\n"
        "| 0 | \"x\\|y\" | failed | failed |\n"
        "| 1 | 0 | 22 | 0.75 |\n"
        "| 1 | \"x\\|y\" | to do | to do |\n\n"
        "Means over 2 seeds, after the last step, ± standard deviation:\n\n"
        "| a | psnr | l1 |\n| --- | --- | --- |\n"
        "| 0 | 20.5 ± 2.1 | 0.5 ± 0.35 |\n"
        "| \"x\\|y\" | – | – |\n\n"
        "Losses and their terms, as last logged:\n\n"
        "| train.seed | a | L | L/a |\n| --- | --- | --- | --- |\n"
        "| 0 | 0 | 6 | 1 |\n| 0 | \"x\\|y\" | – | – |\n| 1 | 0 | – | – |\n| 1 | \"x\\|y\" | – | – "
        "|\n");
}
END_TEST

/* RFC 4180: what has a comma or a quote stands in quotes, and a quote is doubled. */
START_TEST(heads_are_quoted)
{
    static const char *const sets[] = {"a=0"};
    static const struct ug_sweep_metric metrics[] = {{"l1, \"mean\"", false}};
    const struct ug_sweep_plan plan = plan_of(sets, 1);
    const struct ug_sweep_result result = {UG_SWEEP_TO_DO, folder_file("0"), 0, 4};

    ck_assert(ug_sweep_results(folder_file("."), "one", &plan, &result, metrics, 1, diags));
    expect_part(experiment_text("results.csv"),
                "run,state,step,seconds,\"l1, \"\"mean\"\"\",\"best l1, \"\"mean\"\"\","
                "\"step of best l1, \"\"mean\"\"\"\r\n");
}
END_TEST

/* ---- Runs ---- */

static const char text[] =
    "unitgraph: 1\n"
    "vars: {scale: 1, rate: 1e-3}\n"
    "modules: {net: {body: ['conv2d(3, 3, padding=1)']}}\n"
    "data: {batch: 2, x: {synthetic: {scene: shapes, domain: filled, count: 4, seed: 1}, size: "
    "8}}\n"
    "networks: {N: net()}\n"
    "losses: {L: 'scale * l1_loss(N(x), x)'}\n"
    "train: {steps: 6, optimizers: {all: {minimize: L, parameters: [N], adam: {lr: rate}}}}\n"
    "log: {every: 1}\n"
    "validate: {every: 2, metrics: {psnr: 'psnr(N(x), x)', odd: '1 - ssim(N(x), x)'}}\n";

static enum ug_status sweep(const char *const *sets, int n, const char *out, FILE *listing)
{
    const struct ug_sweep_options o = {.overrides = {sets, n},
                                       .out = folder_file(out),
                                       .dry_run = listing != NULL,
                                       .listing = listing};

    return ug_sweep(experiment_write("text", text), &o, diags);
}

START_TEST(runs_are_those_of_run)
{
    static const char *const sets[] = {"scale=1,2", "rate=1e-3,1e-2"};
    static const char *const one[] = {"scale=2", "rate=1e-3"};
    const struct ug_run_options o = {.seed = -1, .overrides = {one, 2}};

    ck_assert_int_eq(sweep(sets, 2, "all", NULL), UG_DONE);
    ck_assert_int_eq(folder_count("all"), 7);
    experiment_run(folder_file("text.yaml"), "one", o);
    ck_assert(experiment_same("all/scale=2,rate=1e-3/latest/params.safetensors",
                              "one/latest/params.safetensors"));
    char *table = experiment_text("all/results.csv");
    expect_part(table, "\"scale=2,rate=1e-2\",2,1e-2,finished,6,");
    ck_assert(ug_file_exists(folder_file("all/compare.html")));
}
END_TEST

/* What is finished is let be, what was begun goes on, and both end as if nothing had happened. */
START_TEST(goes_on)
{
    static const char *const sets[] = {"scale=1,2,3"}, *const begun[] = {"scale=2"};
    const struct ug_run_options o = {.seed = -1, .steps = 3, .overrides = {begun, 1}};

    ck_assert_int_eq(sweep(sets, 1, "straight", NULL), UG_DONE);
    ck_assert_int_eq(sweep((const char *const[]){"scale=1"}, 1, "first", NULL), UG_DONE);
    ck_assert_int_eq(rename(folder_file("first/run"), folder_file("all/scale=1")), 0);
    experiment_run(folder_file("text.yaml"), "all/scale=2", o);
    char *log = experiment_text("all/scale=1/log.txt");

    ck_assert_int_eq(sweep(sets, 1, "all", capture()), UG_DONE);
    const char *listing = captured();
    expect_part(listing, "finished           6 of 6 steps");
    expect_part(listing, "unfinished         3 of 6 steps");
    expect_part(listing, "to do              0 of 6 steps");
    expect_part(listing, "3 runs, 9 steps to go");
    ck_assert(!ug_file_exists(folder_file("all/results.csv")));

    ck_assert_int_eq(sweep(sets, 1, "all", NULL), UG_DONE);
    expect_file("all/scale=1/log.txt", log);
    ck_assert(experiment_same("all/scale=2/latest/params.safetensors",
                              "straight/scale=2/latest/params.safetensors"));
    ck_assert(experiment_same("all/scale=3/latest/params.safetensors",
                              "straight/scale=3/latest/params.safetensors"));
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
}
END_TEST

START_TEST(one_fails)
{
    static const char *const sets[] = {"rate=1e-3,1e38,1e-2"};

    ck_assert_int_eq(sweep(sets, 1, "all", NULL), UG_FAILED);
    ck_assert_uint_eq(ug_diags_errors(diags), 1);
    expect_message("rate=1e38' failed: step 2");
    ck_assert(ug_file_exists(folder_file("all/rate=1e-2/checkpoints/step-00000006")));
}
END_TEST

/* A mistake in any combination is found before the first one runs. */
START_TEST(mistakes_show_first)
{
    static const char *const sets[] = {"scale=1,nothing"};

    ck_assert_int_eq(sweep(sets, 1, "all", NULL), UG_WRONG);
    ck_assert(!ug_file_exists(folder_file("all")));
}
END_TEST

/* Files that differ behind the first dot of their names have folders of their own, as runs do. */
START_TEST(folders_by_name)
{
    static const char *const sets[] = {"scale=1,2"};
    struct ug_sweep_options o = {.overrides = {sets, 1}, .dry_run = true};
    char *listing = NULL;
    size_t length = 0;

    o.listing = open_memstream(&listing, &length);
    ck_assert_int_eq(ug_sweep(experiment_write("unit.v2", text), &o, diags), UG_DONE);
    fclose(o.listing);
    expect_part(listing, " runs/unit.v2-sweep/scale=1\n");
    free(listing);
}
END_TEST

/* What is better is known from the expression: more psnr, less of 1 - ssim. */
START_TEST(best_is_known)
{
    ck_assert_int_eq(sweep((const char *const[]){"rate=0.1"}, 1, "all", NULL), UG_DONE);
    char *about = experiment_text("all/run/about.json");
    expect_part(about, "\"rising\": [\n    \"psnr\"\n  ]");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("sweep");
    TCase *t = tcase_create("sweep");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, every_combination);
    tcase_add_test(t, commas_inside_of_values);
    tcase_add_test(t, names_are_safe);
    tcase_add_test(t, wrong_values);
    tcase_add_test(t, tables);
    tcase_add_test(t, heads_are_quoted);
    tcase_add_test(t, runs_are_those_of_run);
    tcase_add_test(t, goes_on);
    tcase_add_test(t, one_fails);
    tcase_add_test(t, mistakes_show_first);
    tcase_add_test(t, folders_by_name);
    tcase_add_test(t, best_is_known);
    suite_add_tcase(s, t);
    return s;
}
