/* Going on with a run whose file, or command line, is no longer the same. */
#include <string.h>
#include <unistd.h>

#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const char whole_text[] =
    "unitgraph: 1\n"
    "vars: {weight: 1, width: 2}\n"
    "modules: {m: {params: {n: }, body: [linear(n)]}}\n"
    "networks: {N: m(width)}\n"
    "data: {batch: 2, x: {tensors: x.safetensors, key: x}}\n"
    "losses: {A: {one: weight * mean(N(x) ** 2)}}\n"
    "train:\n"
    "  steps: 4\n"
    "  optimizers: {A: {minimize: A, parameters: [N], adam: {lr: 0.1}}}\n"
    "checkpoint: {every: 2}\n";

static const char *with_data(const char *name, const char *text)
{
    const int64_t dim[] = {4, 3};

    experiment_tensor("x.safetensors", "x", 2, dim, 0.125f);
    return experiment_write(name, text);
}

/* The whole text with `from` replaced by `to`. */
static const char *changed(const char *from, const char *to)
{
    static char text[2000];
    const char *at = strstr(whole_text, from);

    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole_text), whole_text, to,
             at + strlen(from));
    return text;
}

/* A run of the whole text, gone on with as `text` says, to step 6. */
static enum ug_status go_on(const char *text)
{
    struct ug_run_options o = as_written;

    experiment_run(with_data("first", whole_text), "out", o);
    o.resume = true;
    o.steps = 6;
    o.out = folder_file("out");
    return ug_run(with_data("second", text), &o, diags);
}

static void check_row(const char *key, const char *before, const char *after)
{
    for (const char *line = strstr(messages(), key); line; line = strstr(line + 1, key)) {
        char a[80], b[80];
        if (sscanf(line + strlen(key), " %79s %79s", a, b) == 2 && !strcmp(a, before) &&
            !strcmp(b, after))
            return;
    }
    ck_abort_msg("no row '%s %s %s' in:\n%s", key, before, after, messages());
}

/* ---- What may change ---- */

static const struct {
    const char *from, *to, *key, *before, *after;
} allowed[] = {
    {"weight: 1", "weight: 0.5", "vars.weight", "1", "0.5"},
    {"lr: 0.1", "lr: 0.01", "train.optimizers.A.adam.lr", "0.1", "0.01"},
    {"steps: 4", "steps: 5", "train.steps", "4", "5"},
    {"every: 2", "every: 3", "checkpoint.every", "2", "3"},
    {"batch: 2", "batch: 1", "data.batch", "2", "1"},
};

START_TEST(what_makes_sense_is_tabled_and_done)
{
    const char *text = changed(allowed[_i].from, allowed[_i].to);

    ck_assert_int_eq(go_on(text), UG_DONE);
    check_row(allowed[_i].key, allowed[_i].before, allowed[_i].after);
    expect_part(messages(), "has changed since step 4 of the run");
}
END_TEST

START_TEST(the_same_file_says_nothing)
{
    ck_assert_int_eq(go_on(whole_text), UG_DONE);
    ck_assert_str_eq(messages(), "");
}
END_TEST

/* A changed file is the run's own from then on. */
START_TEST(a_change_is_said_once)
{
    const char *text = changed("lr: 0.1", "lr: 0.2");
    struct ug_run_options o = as_written;

    ck_assert_int_eq(go_on(text), UG_DONE);
    forget_messages();
    o.resume = true;
    o.steps = 8;
    experiment_run(with_data("second", text), "out", o);
    ck_assert_str_eq(messages(), "");
}
END_TEST

/* ---- What may not ---- */

static const struct {
    const char *from, *to, *key, *why;
} refused[] = {
    {"train:\n", "init: {N: zeros}\ntrain:\n", "init", "initial values are set once"},
    {"  steps: 4", "  seed: 3\n  steps: 4", "train.seed", "a run has one seed"},
    {"[linear(n)]", "[linear(n), relu()]", "modules.m.body[1]", "the networks are those"},
};

START_TEST(what_makes_none_is_refused)
{
    ck_assert_int_eq(go_on(changed(refused[_i].from, refused[_i].to)), UG_WRONG);
    expect_message("cannot change any more");
    expect_part(messages(), refused[_i].key);
    expect_part(messages(), refused[_i].why);
    char *config = experiment_text("out/config.yaml");
    ck_assert_ptr_null(strstr(config, refused[_i].to));
}
END_TEST

/* The parameter and both its shapes are named, and the table still says what has changed. */
START_TEST(a_network_of_another_width_does_not_fit)
{
    ck_assert_int_eq(go_on(changed("width: 2", "width: 5")), UG_WRONG);
    check_row("vars.width", "2", "5");
    check_row("N.weight", "2x3", "5x3");
}
END_TEST

START_TEST(another_optimizer_has_no_state)
{
    ck_assert_int_eq(go_on(changed("{A: {minimize: A, p", "{B: {minimize: A, p")), UG_WRONG);
    expect_message("the run has no optimizer 'B'");
}
END_TEST

START_TEST(averages_cannot_be_added)
{
    ck_assert_int_eq(go_on(changed("adam: {", "ema: 0.5, adam: {")), UG_WRONG);
    expect_message("keeps no averages");
}
END_TEST

/* ---- The command line ---- */

static void run_with(const char *out, const char *const *sets, int n, int64_t steps, bool resume)
{
    struct ug_run_options o = as_written;

    o.overrides = (struct ug_overrides){sets, n};
    o.steps = steps;
    o.resume = resume;
    experiment_run(folder_file("text.yaml"), out, o);
}

/* --resume takes no other option: what --set said when the run began holds, in any folder. */
START_TEST(sets_hold_on)
{
    static const char *const sets[] = {"weight=3", "train.optimizers.A.adam.lr=0.25",
                                       "data.x.tensors=y.safetensors"};
    const int64_t dim[] = {4, 3};
    char here[1000], folder[1000];

    with_data("text", whole_text);
    strcpy(folder, experiment_tensor("y.safetensors", "x", 2, dim, 0.5f));
    *strrchr(folder, '/') = '\0';
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(folder), 0);
    run_with("whole", sets, 3, 0, false);
    run_with("parts", sets, 3, 2, false);
    ck_assert_int_eq(chdir(here), 0);
    run_with("parts", NULL, 0, 0, true);
    ck_assert(experiment_same("whole/config.yaml", "parts/config.yaml"));
    ck_assert(
        experiment_same("whole/latest/params.safetensors", "parts/latest/params.safetensors"));
    ck_assert_str_eq(messages(), "");
}
END_TEST

/* A run's folder stands for the file that it keeps. */
START_TEST(a_folder_is_enough)
{
    static const char *const sets[] = {"weight=3"};
    struct ug_run_options o = as_written;

    with_data("text", whole_text);
    run_with("whole", sets, 1, 0, false);
    run_with("parts", sets, 1, 2, false);
    o.resume = true;
    o.steps = 4;
    ck_assert_int_eq(ug_run(folder_file("parts"), &o, diags), UG_DONE);
    ck_assert(
        experiment_same("whole/latest/params.safetensors", "parts/latest/params.safetensors"));
    ck_assert(experiment_same("whole/config.yaml", "parts/config.yaml"));
    /* a length that was asked for is no change of the file, now or later */
    for (o.steps = 5; o.steps < 7; o.steps++)
        ck_assert_int_eq(ug_run(folder_file("parts"), &o, diags), UG_DONE);
    ck_assert_uint_eq(ug_diags_warnings(diags), 0);
    o.resume = false;
    ck_assert_int_eq(ug_run(folder_file("parts"), &o, diags), UG_WRONG);
    expect_message("holds a run already");
}
END_TEST

/* Its file has no such key any more: the run is not told to remove it once more. */
START_TEST(a_key_that_was_removed_stays_removed)
{
    static const char *const sets[] = {"checkpoint=~"};
    struct ug_run_options o = as_written;

    with_data("text", whole_text);
    run_with("parts", sets, 1, 2, false);
    o.resume = true;
    o.steps = 3;
    ck_assert_int_eq(ug_run(folder_file("parts"), &o, diags), UG_DONE);
    run_with("parts", NULL, 0, 5, true); /* the file that it began with has it */
    ck_assert_ptr_null(strstr(experiment_text("parts/config.yaml"), "checkpoint:"));
}
END_TEST

/* What the other options said stands in config.yaml; neither it nor the file that the run began with
 * is a change of the other. */
START_TEST(a_folder_says_what_the_options_said)
{
    struct ug_run_options o = as_written;

    with_data("text", whole_text);
    experiment_run(folder_file("text.yaml"), "first", o);
    o.init = folder_file("first/latest/params.safetensors");
    o.seed = 7;
    o.steps = 2;
    experiment_run(folder_file("text.yaml"), "out", o);
    o = as_written;
    o.resume = true;
    for (int i = 0; i < 4; i++) {
        static const char *const files[] = {"out", "out/config.yaml", "text.yaml", "out"};
        o.out = folder_file("out");
        o.steps = 3 + i;
        ck_assert_int_eq(ug_run(folder_file(files[i]), &o, diags), UG_DONE);
        ck_assert_str_eq(messages(), "");
    }
    ck_assert_ptr_nonnull(strstr(experiment_text("out/config.yaml"), "seed: 7"));
    ck_assert_ptr_nonnull(strstr(experiment_text("out/config.yaml"), "first/latest/params"));
    char *config = experiment_text("out/config.yaml");
    memcpy(strstr(config, "lr: 0.1"), "lr: 0.2", 7);
    memcpy(strstr(config, "seed: 7"), "seed: 8", 7);
    folder_write("out/config.yaml", config, strlen(config));
    ck_assert_int_eq(ug_run(folder_file("out"), &o, diags), UG_WRONG);
    check_row("train.optimizers.A.adam.lr", "0.1", "0.2");
    check_row("train.seed", "-", "8");
}
END_TEST

/* The text of a path in `vars` is quoted in config.yaml, where a backslash stands for itself no more. */
START_TEST(a_backslash_in_a_path_is_kept)
{
    struct ug_run_options o = as_written;
    const int64_t dim[] = {4, 3};

    static const char text[] =
        "unitgraph: 1\n"
        "vars: {file: './d/x\\y.safetensors'}\n"
        "modules: {m: {body: [linear(2)]}}\n"
        "networks: {N: m()}\n"
        "data: {batch: 2, x: {tensors: \"${file}\", key: x}}\n"
        "losses: {A: mean(N(x))}\n"
        "train: {steps: 4, optimizers: {A: {minimize: A, parameters: [N], sgd: {lr: 0}}}}\n";

    experiment_tensor("d/x\\y.safetensors", "x", 2, dim, 0.125f);
    o.steps = 2;
    experiment_run(experiment_write("text", text), "out", o);
    o.resume = true;
    o.steps = 4;
    ck_assert_int_eq(ug_run(folder_file("out"), &o, diags), UG_DONE);
    ck_assert_str_eq(messages(), "");
}
END_TEST

/* A new --set wins over the one of the beginning, and is a change like one in the file. */
START_TEST(a_new_set_wins)
{
    static const char *const before[] = {"weight=3"}, *const after[] = {"weight=4"};

    with_data("text", whole_text);
    run_with("out", before, 1, 2, false);
    run_with("out", after, 1, 0, true);
    check_row("vars.weight", "3", "4");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("resume");
    TCase *t = tcase_create("resume");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_loop_test(t, what_makes_sense_is_tabled_and_done, 0,
                        (int)(sizeof allowed / sizeof *allowed));
    tcase_add_test(t, the_same_file_says_nothing);
    tcase_add_test(t, a_change_is_said_once);
    tcase_add_loop_test(t, what_makes_none_is_refused, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(t, a_network_of_another_width_does_not_fit);
    tcase_add_test(t, another_optimizer_has_no_state);
    tcase_add_test(t, averages_cannot_be_added);
    tcase_add_test(t, sets_hold_on);
    tcase_add_test(t, a_folder_is_enough);
    tcase_add_test(t, a_key_that_was_removed_stays_removed);
    tcase_add_test(t, a_folder_says_what_the_options_said);
    tcase_add_test(t, a_backslash_in_a_path_is_kept);
    tcase_add_test(t, a_new_set_wins);
    suite_add_tcase(s, t);
    return s;
}
