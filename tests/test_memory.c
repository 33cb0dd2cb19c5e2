/* test_memory.c -- train.memory: the same training in less memory, or a refusal that says how much it
 * takes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

enum { LARGEST_TEXT = 1 << 14, N_WEIGHTS = 12 * 3 * 3 * 3 };

/* Random numbers, statistics of batches, a pool of pictures and a second phase: all that could come
 * out otherwise when it is computed twice. */
static const char system_text[] =
    "unitgraph: 1\n"
    "modules:\n"
    "  block: {params: {c: }, body: [{residual: ['conv2d(c, 3, padding=1)', batch_norm(), relu(), "
    "dropout(0.25), 'conv2d(c, 3, padding=1)', instance_norm()]}]}\n"
    "  generator:\n"
    "    body: ['conv2d(12, 3, padding=1)', {repeat: 4, body: [block(12)]}, "
    "'conv2d(3, 3, padding=1)', tanh()]\n"
    "  critic:\n"
    "    body: ['conv2d(12, 3, padding=1, spectral_norm=true)', leaky_relu(0.2), "
    "'conv2d(12, 4, stride=2, padding=1)', instance_norm(), leaky_relu(0.2), 'conv2d(1, 3)']\n"
    "data:\n"
    "  batch: 8\n"
    "  x: {synthetic: {scene: shapes, domain: outline, count: 9, seed: 1}, size: 48, flip: true}\n"
    "  y: {synthetic: {scene: shapes, domain: filled, count: 7, seed: 2}, size: 48}\n"
    "networks: {G: generator(), D: critic()}\n"
    "graph:\n"
    "  fake: G(x + 0.1 * normal_like(x))\n"
    "  kept: history(fake, 8)\n"
    "losses:\n"
    "  D: mse_loss(D(y), 1) + mse_loss(D(kept), 0)\n"
    "  G: {gan: 'mse_loss(D(fake), 1)', same: 'l1_loss(fake, x)'}\n"
    "train:\n"
    "  steps: 4\n"
    "  memory: 1TiB\n"
    "  update: simultaneous\n"
    "  optimizers:\n"
    "    D: {minimize: D, parameters: [D], adam: {lr: 1e-2, betas: [0.5, 0.9]}}\n"
    "    G: {minimize: G, parameters: [G], ema: 0.9, adam: {lr: 1e-2}}\n";

/* Most of it parameters. */
static const char large_text[] =
    "unitgraph: 1\n"
    "data: {batch: 2, x: {synthetic: {scene: shapes, domain: filled, count: 4, seed: 1}, size: "
    "16}}\n"
    "modules: {net: {body: ['conv2d(512, 3, padding=1)', relu(), 'conv2d(512, 3, padding=1)', "
    "relu(), 'conv2d(3, 3, padding=1)']}}\n"
    "networks: {N: net()}\n"
    "graph: {y: N(x)}\n"
    "losses: {L: 'mse_loss(y, x)'}\n"
    "train:\n"
    "  steps: 4\n"
    "  memory: 1TiB\n"
    "  update: simultaneous\n"
    "  optimizers: {L: {minimize: L, parameters: [N], ema: 0.9, adam: {lr: 1e-3}}}\n";

static void setup(void)
{
    ug_set_threads(2); /* each has memory of its own */
    scratch_setup();
}

static const char *const orders[] = {"train.update=simultaneous", "train.update=[D, G]"};

static enum ug_status check(const char *file, const char *order, const char *memory,
                            char text[LARGEST_TEXT])
{
    const char *const sets[] = {order, memory};
    FILE *out = fmemopen(text, LARGEST_TEXT, "w");
    const enum ug_status status =
        ug_check(file, &(struct ug_check_options){.overrides = {sets, 2}}, out, diags);

    ck_assert_int_eq(fclose(out), 0);
    return status;
}

static void run(const char *file, const char *order, const char *memory, const char *out)
{
    const char *const sets[] = {order, memory};
    const struct ug_run_options options = {.seed = 7, .overrides = {sets, 2}};

    experiment_run(file, out, options);
}

/* The least that the file says it can do with, as an override. */
static void find_least(const char *file, const char *order, char memory[60])
{
    static const char before[] = "the least this file can do with is ";
    char text[LARGEST_TEXT];
    const char *found;

    ck_assert_int_eq(check(file, order, "train.memory=1kB", text), UG_WRONG);
    ck_assert_int_eq(ug_diags_errors(diags), 1);
    found = strstr(ug_diags_first(diags), before);
    ck_assert_ptr_nonnull(found);
    snprintf(memory, 60, "train.memory=%ldMiB", strtol(found + sizeof before - 1, NULL, 10));
    forget_messages();
}

START_TEST(the_same_bits_in_less_memory)
{
    const char *file = experiment_write("system", system_text);
    char least[60], text[LARGEST_TEXT];
    float a[N_WEIGHTS], b[N_WEIGHTS];

    find_least(file, orders[_i], least);
    ck_assert_int_eq(check(file, orders[_i], least, text), UG_DONE);
    expect_part(text, "computed again");
    run(file, orders[_i], "train.memory=1TiB", "whole");
    run(file, orders[_i], least, "lean");
    ck_assert(
        experiment_same("whole/latest/optimizer.safetensors", "lean/latest/optimizer.safetensors"));
    experiment_read("whole/latest/params.safetensors", "G.0.weight", N_WEIGHTS, a);
    experiment_read("lean/latest/params.safetensors", "G.0.weight", N_WEIGHTS, b);
    ck_assert_mem_eq(a, b, sizeof a);
}
END_TEST

/* Bytes "in all", as `check` rounds them. */
static double predicted(const char *text)
{
    static const char name[] = "in all               ";
    const char *all = strstr(text, name);

    ck_assert_ptr_nonnull(all);
    return strtod(all + sizeof name - 1, NULL) * 1e6;
}

START_TEST(a_budget_is_never_exceeded_by_the_prediction)
{
    const char *file = experiment_write("system", system_text);
    char least[60], text[LARGEST_TEXT], memory[60];

    find_least(file, orders[0], least);
    for (int more = 0; more < 12; more += 3) {
        snprintf(memory, sizeof memory, "train.memory=%ldMiB",
                 strtol(strchr(least, '=') + 1, NULL, 10) + more);
        ck_assert_int_eq(check(file, orders[0], memory, text), UG_DONE);
        ck_assert_double_le(predicted(text),
                            strtod(strchr(memory, '=') + 1, NULL) * 0x1p20 + 0.05e6);
    }
}
END_TEST

/* ---- How large a run may be ---- */

static const char *fit(const char *file, const char *memory, const char *vary,
                       enum ug_status expected)
{
    const struct ug_check_options o = {.fit = memory, .vary = vary};

    ck_assert_int_eq(ug_check(file, &o, capture(), diags), expected);
    return captured();
}

/* The number on the line that begins so. */
static long found(const char *text, const char *line)
{
    const char *at = strstr(text, line);

    ck_assert_msg(at, "no '%s' in: %s", line, text);
    return strtol(at + strlen(line), NULL, 10);
}

static double predicted_for(const char *file, const char *key, long n)
{
    char set[60], text[LARGEST_TEXT];

    snprintf(set, sizeof set, "%s=%ld", key, n);
    ck_assert_int_eq(check(file, set, set, text), UG_DONE);
    return predicted(text);
}

START_TEST(the_largest_batch_is_found)
{
    const char *file = experiment_write("system", system_text);
    const char *text = fit(file, "80MB", NULL, UG_DONE);
    const long plain = found(text, "\n  as the file is "), lean = found(text, "memory: 80MB");

    ck_assert_double_le(predicted_for(file, "data.batch", plain), 80.05e6);
    ck_assert_double_gt(predicted_for(file, "data.batch", plain + 1), 79.95e6);
    ck_assert_int_gt(lean, plain);
}
END_TEST

/* Twice halved, pictures must have sides that 4 divides. */
START_TEST(sizes_that_do_not_suit_are_passed_over)
{
    const char *file = experiment_write(
        "halved",
        "unitgraph: 1\n"
        "vars: {size: 8}\n"
        "data: {batch: 1, x: {synthetic: {scene: shapes, domain: filled, count: 1, seed: 1}, "
        "size: size}}\n"
        "modules: {net: {body: [{repeat: 2, body: ['conv2d(32, 4, stride=2, padding=1)']}, "
        "{repeat: 2, body: ['conv_transpose2d(3, 4, stride=2, padding=1)']}]}}\n"
        "networks: {N: net()}\n"
        "graph: {y: N(x)}\n"
        "losses: {L: 'mse_loss(y, x)'}\n"
        "train: {steps: 1, optimizers: {L: {minimize: L, parameters: [N], sgd: {lr: 1}}}}\n");
    const long size = found(fit(file, "40MB", "size", UG_DONE), "\n  as the file is ");

    ck_assert_int_eq(size % 4, 0);
    ck_assert_double_le(predicted_for(file, "size", size), 40.05e6);
    ck_assert_double_gt(predicted_for(file, "size", size + 4), 39.95e6);
}
END_TEST

START_TEST(what_cannot_be_found_is_said)
{
    const char *file = experiment_write("large", large_text);

    expect_part(fit(file, "1MB", NULL, UG_WRONG), "none: data.batch=1 takes ");
    fit(file, "4 apples", NULL, UG_WRONG);
    expect_part(ug_diags_first(diags),
                "--fit takes a size of memory, like 4GiB or 800MB, not '4 apples'");
    forget_messages();
    fit(file, "1GB", "data.bach", UG_WRONG);
    ck_assert_int_gt(ug_diags_errors(diags), 0);
    expect_part(ug_diags_first(diags), "data.bach");
}
END_TEST

/* ---- What check says, and what the process takes ---- */

/* Resident bytes of `unitgraph run`, at the most. */
static double measure_run(const char *file, const char *order, const char *memory)
{
    struct rusage usage;
    int status;
    const pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (!child) {
        execlp(getenv("UNITGRAPH"), "unitgraph", "run", file, "--out", folder_file("measured"),
               "--quiet", "--threads", "2", "--set", order, "--set", memory, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(wait4(child, &status, 0, &usage), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return (double)usage.ru_maxrss * 1024;
}

/* With grids and validation. */
static const char events_text[] = "samples: {every: 2, count: 3, columns: [x, fake]}\n"
                                  "validate: {every: 2, metrics: {far: 'l1_loss(fake, x)'}}\n";

/* Most of it parameters; most of it values; values in little memory. */
START_TEST(the_prediction_is_what_the_process_takes)
{
    char whole[sizeof system_text + sizeof events_text];
    snprintf(whole, sizeof whole, "%s%s", system_text, events_text);
    const char *file =
        _i ? experiment_write("system", whole) : experiment_write("large", large_text);
    char memory[60] = "train.memory=1TiB", text[LARGEST_TEXT];

    if (_i == 2)
        find_least(file, orders[0], memory);
    ck_assert_int_eq(check(file, orders[0], memory, text), UG_DONE);
    const double said = predicted(text), used = measure_run(file, orders[0], memory);
    ck_assert_msg(fabs(said - used) < 0.05 * used, "%.1f MB are said, %.1f are used", said / 1e6,
                  used / 1e6);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("memory");
    TCase *c = tcase_create("memory");

    tcase_add_checked_fixture(c, setup, scratch_teardown);
    tcase_add_loop_test(c, the_same_bits_in_less_memory, 0, 2);
    tcase_add_test(c, a_budget_is_never_exceeded_by_the_prediction);
    tcase_add_test(c, the_largest_batch_is_found);
    tcase_add_test(c, sizes_that_do_not_suit_are_passed_over);
    tcase_add_test(c, what_cannot_be_found_is_said);
#ifndef __SANITIZE_ADDRESS__ /* which has a memory of its own */
    tcase_add_loop_test(c, the_prediction_is_what_the_process_takes, 0, 3);
#endif
    suite_add_tcase(s, c);
    return s;
}
