/* Training steps against arithmetic done by hand; the same bits whatever the threads, and whether
 * the run was interrupted or not. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include <unistd.h>

#include "engine/run/folder.h"
#include "engine/run/trainer.h"
#include "tests/harness_data.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static float param(const char *run, const char *name)
{
    char path[80];
    float value;

    snprintf(path, sizeof path, "%s/latest/params.safetensors", run);
    experiment_read(path, name, 1, &value);
    return value;
}

static void run_text(const char *name, const char *yaml)
{
    experiment_run(experiment_write(name, yaml), name, as_written);
}

/* ---- By hand: a starts as 2, b as 3, and both losses are a b ---- */

#define TWO_PLAYERS                                                                                \
    "unitgraph: 1\n"                                                                               \
    "graph:\n"                                                                                     \
    "  a: parameter([1], init=constant(2))\n"                                                      \
    "  b: parameter([1], init=constant(3))\n"                                                      \
    "losses: {A: sum(a * b), B: {product: sum(a * b)}}\n"                                          \
    "log: {every: 1}\n"

/* a <- 2 - 0.1 * 3, b <- 3 - 0.1 * 2 */
START_TEST(simultaneous_updates_see_the_old_parameters)
{
    run_text("s", TWO_PLAYERS "train:\n"
                              "  steps: 1\n"
                              "  optimizers:\n"
                              "    A: {minimize: A, parameters: [a], sgd: {lr: 0.1}}\n"
                              "    B: {minimize: B, parameters: [b], sgd: {lr: 0.1}}\n");
    ck_assert_float_eq_tol(param("s", "a"), 1.7f, 1e-6f);
    ck_assert_float_eq_tol(param("s", "b"), 2.8f, 1e-6f);
}
END_TEST

/* a <- 2 - 0.1 * 3 = 1.7, then b <- 3 - 0.1 * 1.7; each loss is logged as its optimizer saw it. */
START_TEST(ordered_updates_see_what_was_updated)
{
    run_text("o", TWO_PLAYERS "train:\n"
                              "  steps: 1\n"
                              "  update: [A, B]\n"
                              "  optimizers:\n"
                              "    B: {minimize: B, parameters: [b], sgd: {lr: 0.1}}\n"
                              "    A: {minimize: A, parameters: [a], sgd: {lr: 0.1}}\n");
    ck_assert_float_eq_tol(param("o", "a"), 1.7f, 1e-6f);
    ck_assert_float_eq_tol(param("o", "b"), 2.83f, 1e-6f);
    char *metrics = experiment_text("o/metrics.jsonl");
    expect_part(metrics, "\"A\": 6,");
    expect_part(metrics, "\"B/product\": 5.1");
}
END_TEST

/* The means of a and b are 1 and 3: 0 -> 0.5 -> 1.75.  The loss asks for b first, then a, and never
 * for c. */
START_TEST(state_follows_the_order_of_the_file)
{
    run_text("r", "unitgraph: 1\n"
                  "modules: {norm: {body: [batch_norm(momentum=0.5)]}}\n"
                  "networks: {N: norm()}\n"
                  "graph:\n"
                  "  x: ones_like([2, 1, 2, 2])\n"
                  "  a: N(x)\n"
                  "  c: N(x * 100)\n"
                  "  b: N(x * 3)\n"
                  "losses: {L: mean(b) + mean(a)}\n"
                  "train:\n"
                  "  steps: 1\n"
                  "  optimizers: {L: {minimize: L, parameters: [N], sgd: {lr: 0.1}}}\n");
    ck_assert_float_eq_tol(param("r", "N.running_mean"), 1.75f, 1e-6f);
}
END_TEST

/* Two networks that share nothing: each update sees the same in any order, and so does what the
 * batches' statistics are averaged into, which nothing in the step reads. */
START_TEST(order_is_nothing_to_those_that_share_nothing)
{
    static const char *const orders[] = {"simultaneous", "[A, B]", "[B, A]"};
    static const char *const two[] = {"0.bias", "1.bias", "1.running_mean", "1.running_var"};

    for (int i = 0; i < 3; i++)
        run_text(
            orders[i],
            ug_arena_format(
                arena,
                "unitgraph: 1\n"
                "data: {batch: 4, x: {synthetic: {scene: hills, domain: day, count: 9}, size: 8}}\n"
                "modules:\n"
                "  net: {body: ['conv2d(2, 1)', 'batch_norm(momentum=0.9)', 'conv2d(3, 1)']}\n"
                "networks: {A: net(), B: net()}\n"
                "losses: {A: 'mse_loss(A(x), x)', B: 'mse_loss(B(x), x)'}\n"
                "train:\n"
                "  steps: 2\n"
                "  update: %s\n"
                "  optimizers:\n"
                "    A: {minimize: A, parameters: [A], sgd: {lr: 0.1, weight_decay: 1}}\n"
                "    B: {minimize: B, parameters: [B], adam: {lr: 0.1}, ema: 0.5}\n",
                orders[i]));
    for (int i = 1; i < 3; i++)
        for (int k = 0; k < 8; k++) {
            char *name = ug_arena_format(arena, "%s.%s", k < 4 ? "A" : "B", two[k % 4]);
            float want[2], got[2];
            experiment_read("simultaneous/latest/params.safetensors", name, 2, want);
            experiment_read(ug_arena_format(arena, "%s/latest/params.safetensors", orders[i]), name,
                            2, got);
            ck_assert_msg(!memcmp(want, got, sizeof got), "%s: %s", orders[i], name);
        }
}
END_TEST

/* Of three steps B takes part in the second: b <- 3 - 0.1 * 1.7.  a sees 3, 3, 2.83. */
START_TEST(every_skips_steps)
{
    run_text("e", TWO_PLAYERS "train:\n"
                              "  steps: 3\n"
                              "  optimizers:\n"
                              "    A: {minimize: A, parameters: [a], sgd: {lr: 0.1}}\n"
                              "    B: {minimize: B, parameters: [b], every: 2, adam: {lr: 0.1}}\n");
    ck_assert_float_eq_tol(param("e", "b"), 2.9f, 1e-6f); /* Adam's first step is lr */
    ck_assert_float_eq_tol(param("e", "a"), 2.0f - 0.3f - 0.3f - 0.29f, 1e-6f);
    char *metrics = experiment_text("e/metrics.jsonl"), *line = strchr(metrics, '\n');
    *line = '\0';
    ck_assert_ptr_null(strstr(metrics, "\"B/product\"")); /* not computed in the first step */
    ck_assert_ptr_nonnull(strstr(line + 1, "\"B/product\""));
}
END_TEST

/* There is a step for each set of optimizers that comes together, however late, and for no other. */
START_TEST(optimizers_meet)
{
    static const int64_t every[] = {4, 6, 1000003};
    enum { N = sizeof every / sizeof *every };
    static const char text[] =
        "unitgraph: 1\n"
        "graph: {a: 'parameter([1], init=ones)', b: 'parameter([1], init=ones)', c: "
        "'parameter([1], init=ones)'}\n"
        "losses: {A: sum(a), B: sum(b), C: sum(c)}\n"
        "train:\n"
        "  steps: 4000000000000\n"
        "  optimizers:\n"
        "    A: {minimize: A, parameters: [a], every: 4, sgd: {lr: 0.1}}\n"
        "    B: {minimize: B, parameters: [b], every: 6, sgd: {lr: 0.1}}\n"
        "    C: {minimize: C, parameters: [c], every: 1000003, sgd: {lr: 0.1}}\n";
    struct ug_program *p = ug_program_load(
        "meet.yaml", &(struct ug_load_options){.text = text, .length = strlen(text)}, diags);
    ck_assert_msg(p != NULL, "%s", messages());
    struct ug_trainer *t = ug_trainer_new(p, NULL, diags);

    ck_assert_msg(t != NULL, "%s", messages());
    ck_assert_int_eq(t->n_steps, 7); /* A, B, AB, C, AC, BC, ABC */
    for (int64_t times = 1; times <= 12; times++)
        for (int64_t count = times; count < times * 1000004; count += times * 1000002) {
            const struct ug_step *s = ug_trainer_at(t, count - 1);
            int active = 0;
            for (int i = 0; i < N; i++) {
                active += count % every[i] == 0;
                ck_assert(!s || s->active[i] == (count % every[i] == 0));
            }
            ck_assert_int_eq(s != NULL, active > 0);
        }
    ug_trainer_free(t);
    ug_program_free(p);
}
END_TEST

/* The average starts as 2: after a <- 1.7 it is 0.5 * 2 + 0.5 * 1.7. */
START_TEST(averages_follow)
{
    float average;

    run_text("m", TWO_PLAYERS "train:\n"
                              "  steps: 1\n"
                              "  optimizers:\n"
                              "    A: {minimize: A, parameters: [a], ema: 0.5, sgd: {lr: 0.1}}\n"
                              "    B: {minimize: B, parameters: [b], sgd: {lr: 0.1}}\n");
    experiment_read("m/latest/ema.safetensors", "a", 1, &average);
    ck_assert_float_eq_tol(average, 1.85f, 1e-6f);
    experiment_read("m/latest/ema.safetensors", "b", 1, &average);
    ck_assert_float_eq_tol(average, 2.8f, 1e-6f);
}
END_TEST

/* lr = 0.1 * (1 - step / steps): 0.1, then 0.05.  a <- 2 - 0.1 - 0.05 for the loss a. */
START_TEST(rates_are_expressions)
{
    run_text("r", "unitgraph: 1\n"
                  "graph: {a: 'parameter([1], init=constant(2))'}\n"
                  "losses: {A: sum(a)}\n"
                  "train:\n"
                  "  steps: 2\n"
                  "  optimizers:\n"
                  "    A: {minimize: A, parameters: [a], sgd: {lr: 0.1 * (1 - step / steps)}}\n");
    ck_assert_float_eq_tol(param("r", "a"), 1.85f, 1e-6f);
}
END_TEST

/* ---- A small adversarial experiment with everything in it that has a memory ---- */

static const char system_text[] =
    "unitgraph: 1\n"
    "modules:\n"
    "  generator:\n"
    "    body: ['conv2d(4, 3, padding=1)', batch_norm(), relu(), dropout(0.25), 'conv2d(3, 3, "
    "padding=1)', tanh()]\n"
    "  critic:\n"
    "    body: ['conv2d(4, 3, stride=2, padding=1, spectral_norm=true)', leaky_relu(0.2), "
    "'conv2d(1, 3)']\n"
    "data:\n"
    "  batch: 2\n"
    "  x: {synthetic: {scene: shapes, domain: outline, count: 9, seed: 1}, size: 12, flip: true}\n"
    "  y: {synthetic: {scene: shapes, domain: filled, count: 7, seed: 2}, size: 12}\n"
    "networks: {G: generator(), D: critic()}\n"
    "graph:\n"
    "  fake: G(x + 0.1 * normal_like(x))\n"
    "  kept: history(fake, 4)\n"
    "losses:\n"
    "  D: mse_loss(D(y), 1) + mse_loss(D(kept), 0)\n"
    "  G: {gan: 'mse_loss(D(fake), 1)', same: 'l1_loss(fake, x)'}\n"
    "train:\n"
    "  steps: 7\n"
    "  seed: 5\n"
    "  update: [D, G]\n"
    "  optimizers:\n"
    "    D: {minimize: D, parameters: [D], adam: {lr: 1e-2, betas: [0.5, 0.9]}, clip_norm: 1}\n"
    "    G: {minimize: G, parameters: [G], every: 2, ema: 0.9, adam: {lr: 1e-2 / (1 + step)}}\n"
    "log: {every: 1}\n"
    "samples: {every: 3, count: 2, columns: [x, fake]}\n"
    "validate: {every: 2, metrics: {distance: 'l1_loss(fake, x)'}}\n"
    "checkpoint: {every: 3, keep: 2}\n";

/* metrics.jsonl without the seconds, which differ. */
static const char *metrics_of(const char *run)
{
    char path[80];

    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    char *text = experiment_text(path), *to = text;
    for (const char *from = text; *from;) {
        if (!strncmp(from, "\"seconds\": ", 11))
            from += strcspn(from, ",");
        else
            *to++ = *from++;
    }
    *to = '\0';
    return text;
}

static void check_same_runs(const char *a, const char *b)
{
    static const char *const files[] = {"latest/params.safetensors", "latest/ema.safetensors",
                                        "latest/optimizer.safetensors", "samples/step-00000006.png",
                                        "config.yaml"};
    char x[80], y[80];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(x, sizeof x, "%s/%s", a, files[i]);
        snprintf(y, sizeof y, "%s/%s", b, files[i]);
        ck_assert_msg(experiment_same(x, y), "%s and %s differ", x, y);
    }
    ck_assert_str_eq(metrics_of(a), metrics_of(b));
}

START_TEST(an_interrupted_run_is_the_same_run)
{
    const char *file = experiment_write("system", system_text);
    struct ug_run_options first = as_written, again = as_written;

    first.steps = 4;
    again.steps = 7;
    experiment_run(file, "whole", again);
    experiment_run(file, "parts", first);
    again.resume = true;
    experiment_run(file, "parts", again);
    check_same_runs("whole", "parts");
}
END_TEST

/* From a checkpoint older than what the run had reached: the lines after it are written again. */
START_TEST(a_crash_costs_nothing_but_time)
{
    const char *file = experiment_write("system", system_text);
    struct ug_run_options again = as_written;

    again.resume = true;
    experiment_run(file, "whole", as_written);
    experiment_run(file, "crashed", as_written);
    unlink(folder_file("crashed/latest"));
    ck_assert_int_eq(symlink("checkpoints/step-00000006", folder_file("crashed/latest")), 0);
    experiment_run(file, "crashed", again);
    check_same_runs("whole", "crashed");
}
END_TEST

START_TEST(threads_change_nothing)
{
    const char *file = experiment_write("system", system_text);
    const int threads = omp_get_max_threads();

    ug_set_threads(1);
    experiment_run(file, "one", as_written);
    ug_set_threads(2);
    experiment_run(file, "two", as_written);
    ug_set_threads(threads);
    check_same_runs("one", "two");
}
END_TEST

START_TEST(a_run_keeps_what_it_should)
{
    static const char *const there[] = {"config.yaml",
                                        "metrics.jsonl",
                                        "log.txt",
                                        "samples/step-00000003.png",
                                        "latest/state.json",
                                        "checkpoints/step-00000006/params.safetensors",
                                        "checkpoints/step-00000007/optimizer.safetensors"};
    const char *file = experiment_write("system", system_text);
    char path[80];

    experiment_run(file, "out", as_written);
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
        snprintf(path, sizeof path, "out/%s", there[i]);
        ck_assert_msg(ug_file_exists(folder_file(path)), "no %s", path);
    }
    ck_assert_int_eq(folder_count("out/checkpoints"), 2); /* keep: 2; step 3 is gone */
    char *metrics = experiment_text("out/metrics.jsonl");
    expect_part(metrics, "\"lr/D\": 0.01");
    expect_part(strstr(metrics, "\"step\": 7,"),
                "\"validate/distance\": "); /* the end, which 2 does not divide */
    ck_assert_int_eq(
        ug_run(file, &(struct ug_run_options){.seed = -1, .out = folder_file("out")}, diags),
        UG_WRONG);
    expect_message("holds a run already");
}
END_TEST

/* config.yaml stands for itself: running it anywhere gives the same parameters. */
START_TEST(the_config_repeats_the_run)
{
    const char *file = experiment_write("system", system_text);
    struct ug_run_options o = as_written;

    o.seed = 11;
    o.steps = 2;
    experiment_run(file, "first", o);
    experiment_run(folder_file("first/config.yaml"), "second", as_written);
    ck_assert(experiment_same("first/latest/optimizer.safetensors",
                              "second/latest/optimizer.safetensors"));
    ck_assert(experiment_same("first/config.yaml", "second/config.yaml"));
}
END_TEST

/* What the command line said when the run began holds when it goes on, and is not said again. */
START_TEST(a_resumed_run_keeps_its_options)
{
    const char *file = experiment_write("system", system_text);
    struct ug_run_options o = as_written, again = as_written;

    experiment_run(file, "before", o);
    o.seed = 11;
    o.steps = 2;
    o.init = folder_file("before/latest/params.safetensors");
    experiment_run(file, "first", o);
    again.resume = true;
    experiment_run(file, "first", again);
    experiment_run(file, "first", again);
    experiment_run(folder_file("first/config.yaml"), "second", as_written);
    ck_assert(experiment_same("first/config.yaml", "second/config.yaml"));
    ck_assert(experiment_same("first/latest/optimizer.safetensors",
                              "second/latest/optimizer.safetensors"));
    again.steps = 3;
    again.out = folder_file("first");
    ck_assert_int_eq(ug_run(file, &again, diags), UG_WRONG);
    expect_message("has done 7 steps already");
    ck_assert(experiment_same("first/config.yaml", "second/config.yaml"));
}
END_TEST

/* Killed before its first checkpoint, it begins again as it was begun; one whose checkpoints are lost
 * does not. */
START_TEST(a_run_killed_early_keeps_its_options)
{
    static const char *const sets[] = {"train.optimizers.D.clip_norm=0.5"};
    const char *file = experiment_write("system", system_text);
    struct ug_run_options o = as_written, again = as_written;

    experiment_run(file, "before", o);
    o.seed = 11;
    o.init = folder_file("before/latest/params.safetensors");
    o.overrides = (struct ug_overrides){sets, 1};
    experiment_run(file, "told", o);
    experiment_run(file, "killed", o);
    ug_folder_remove(folder_file("killed/checkpoints"));
    again.resume = true;
    again.out = folder_file("killed");
    ck_assert_int_eq(ug_run(file, &again, diags), UG_WRONG);
    expect_message("the checkpoints of the run in");
    forget_messages();
    unlink(folder_file("killed/latest"));
    char *state = experiment_text("killed/state.json"), *seed = strstr(state, "\"seed\": 11");
    seed[8] = '2';
    folder_write("killed/state.json", state, strlen(state));
    ck_assert_int_eq(ug_run(file, &again, diags), UG_WRONG);
    expect_message("the beginning of the run in");
    forget_messages();
    seed[8] = '1';
    folder_write("killed/state.json", state, strlen(state));
    experiment_run(file, "killed", again);
    check_same_runs("told", "killed");
}
END_TEST

static volatile int stop_now = 1;

START_TEST(stopping_saves)
{
    const char *file = experiment_write("system", system_text);
    struct ug_run_options o = as_written;

    o.stop = &stop_now;
    experiment_run(file, "stopped", o);
    ck_assert(ug_file_exists(folder_file("stopped/checkpoints/step-00000000/params.safetensors")));
}
END_TEST

/* Found before the first step, not when the first grid is due. */
START_TEST(a_grid_that_is_too_large_is_refused)
{
    struct ug_run_options o = as_written;

    o.out = folder_file("out");
    ck_assert_int_eq(
        ug_run(experiment_write("text", "unitgraph: 1\n"
                                        "graph: {a: 'parameter([1], init=ones)', p: 'zeros_like("
                                        "[100000, 1, 1, 1])'}\n"
                                        "losses: {A: sum(a)}\n"
                                        "train: {steps: 9, optimizers: {A: {minimize: A, "
                                        "parameters: [a], sgd: {lr: 0}}}}\n"
                                        "samples: {every: 9, count: 100000, columns: [p, p]}\n"),
               &o, diags),
        UG_WRONG);
    expect_message("a grid of 100000 times 2 pictures is too large");
}
END_TEST

/* Without this it would train, and leave a config.yaml that names another folder. */
START_TEST(a_path_that_no_config_can_hold_is_refused)
{
    struct ug_run_options o = as_written;
    const int64_t dim[] = {4, 3};
    static const char text[] =
        "unitgraph: 1\n"
        "modules: {m: {body: [linear(2)]}}\n"
        "networks: {N: m()}\n"
        "data: {batch: 2, x: {tensors: x.safetensors, key: x}}\n"
        "losses: {A: mean(N(x))}\n"
        "train: {steps: 1, optimizers: {A: {minimize: A, parameters: [N], sgd: {lr: 0}}}}\n";

    experiment_tensor("l\xe2/x.safetensors", "x", 2, dim, 0.125f);
    const char *file = folder_write("l\xe2/t.yaml", text, strlen(text));
    o.out = folder_file("out");
    ck_assert_int_eq(ug_run(file, &o, diags), UG_WRONG);
    expect_message("not UTF-8");
    ck_assert(!ug_file_exists(folder_file("out")));
}
END_TEST

/* ---- What is not finite ---- */

/* a: 0.05, then -0.05, whose logarithm is not a number; the state before that step is kept, also of
 * the optimizer that had made its update of the step already. */
START_TEST(a_value_that_is_not_finite_stops_the_run)
{
    const char *file = experiment_write(
        "nan", "unitgraph: 1\n"
               "graph:\n"
               "  a: parameter([1], init=constant(0.05))\n"
               "  b: parameter([1], init=constant(1))\n"
               "losses:\n"
               "  A: sum(a) + 0 * sum(log(a))\n"
               "  B: sum(b)\n"
               "train:\n"
               "  steps: 5\n"
               "  update: [B, A]\n"
               "  optimizers:\n"
               "    A: {minimize: A, parameters: [a], sgd: {lr: 0.1}}\n"
               "    B: {minimize: B, parameters: [b], sgd: {lr: 0.25, momentum: 0.5}}\n");
    struct ug_run_options o = as_written;

    o.out = folder_file("nan");
    ck_assert_int_eq(ug_run(file, &o, diags), UG_FAILED);
    expect_message("step 2: ");
    expect_message("a result of 'log'");
    ck_assert_float_eq_tol(param("nan", "a"), -0.05f, 1e-6f);
    ck_assert_float_eq(param("nan", "b"), 0.75f);
    char *state = experiment_text("nan/latest/state.json");
    expect_part(state, "\"step\": 1,");
    expect_part(state, "\"B\": 1");
}
END_TEST

/* The loss and its gradient are finite, what the last update makes of them is not: step 2's checkpoint
 * stays the newest. */
START_TEST(an_update_that_overflows_leaves_no_checkpoint)
{
    struct ug_run_options o = as_written;
    const char *file =
        experiment_write("over", "unitgraph: 1\n"
                                 "graph: {a: 'parameter([1], init=ones)'}\n"
                                 "losses: {A: sum(a)}\n"
                                 "train: {steps: 3, optimizers: {A: {minimize: A, parameters: [a], "
                                 "sgd: {lr: '1e-3 if step < 2 else 3e38', weight_decay: 10}}}}\n"
                                 "checkpoint: {every: 1, keep: 1}\n");

    o.out = folder_file("over");
    ck_assert_int_eq(ug_run(file, &o, diags), UG_FAILED);
    expect_message("after step 3 the value of 'a' is not finite: 'A' has made it so");
    ck_assert(ug_folder_exists(folder_file("over/checkpoints/step-00000002")));
    ck_assert(!ug_folder_exists(folder_file("over/checkpoints/step-00000003")));
}
END_TEST

/* One of two crops shows nothing, and is divided by its standard deviation. */
START_TEST(a_picture_of_one_colour_is_named)
{
    struct ug_run_options o = as_written;

    write_columns("pictures/a.png", 2, (const unsigned char[]){20, 120});
    write_plain("pictures/b.png", 2, 2, 200);
    const char *file = experiment_write(
        "flat",
        "unitgraph: 1\n"
        "data: {batch: 2, x: {images: pictures, size: 2, channels: 1}}\n"
        "graph: {a: 'parameter([1], init=ones)', d: 'x - mean(x, dim=[2, 3], keepdim=true)',"
        " s: 'mean(square(d), dim=[2, 3], keepdim=true)'}\n"
        "losses: {A: 'sum(a) * mean(d / sqrt(s))'}\n"
        "train: {steps: 1, optimizers: {A: {minimize: A, parameters: [a], "
        "sgd: {lr: 0.1}}}}\n");
    o.out = folder_file("flat");
    ck_assert_msg(ug_run(file, &o, diags) == UG_FAILED, "%s", messages());
    expect_part(messages(), "pictures/b.png' is of one colour: its variance is 0");
    ck_assert_ptr_null(strstr(messages(), "a.png' is of one colour"));
}
END_TEST

static const char *const classifiers[] = {"cross_entropy(n, y)", "mse_loss(n, one_hot(y, 2))"};

/* A network with two classes, trained by one of these on the labels of `data`. */
static const char *classifier(const char *name, const char *data, const char *more, int way)
{
    return experiment_write(
        name, ug_arena_format(arena,
                              "unitgraph: 1\n"
                              "data:\n"
                              "  batch: 3\n"
                              "%s"
                              "modules: {net: {body: [flatten, linear(2)]}}\n"
                              "networks: {N: net()}\n"
                              "graph: {n: N(x)}\n"
                              "losses: {L: '%s'}\n"
                              "train: {steps: 1, optimizers: {N: {minimize: L, parameters: [N], "
                              "sgd: {lr: 0.1}}}}\n%s",
                              data, classifiers[way], more));
}

/* Labels 0 … 2 of three folders, for two classes: only the last picture's is none of them. */
START_TEST(a_label_that_is_no_class_is_named)
{
    struct ug_run_options o = as_written;

    for (int i = 0; i < 3; i++)
        write_plain(ug_arena_format(arena, "zoo/%d/picture.png", i), 4, 4, 40 * i);
    const char *file = classifier(
        "label", "  x: {images: zoo, size: 4, channels: 1, shuffle: false}\n  y: {labels_of: x}\n",
        "", _i);
    o.out = folder_file("label");
    ck_assert_int_eq(ug_run(file, &o, diags), UG_WRONG); /* before the first step */
    expect_part(messages(), "zoo/2/picture.png is 2, but there are 2 classes: 0 to 1");
    ck_assert_int_eq(access(o.out, F_OK), -1);
    forget_messages();
    ck_assert_int_eq(ug_check(file, &(struct ug_check_options){0}, capture(), diags), UG_WRONG);
    captured();
    expect_part(messages(), "zoo/2/picture.png is 2, but there are 2 classes: 0 to 1");
}
END_TEST

/* Data that only metrics or samples read are looked at before the first step too. */
START_TEST(a_label_beside_training_that_is_no_class_is_named)
{
    static const char *const readers[] = {
        "validate: {every: 1, data: {x: {images: zoo, size: 4, channels: 1}}, "
        "metrics: {c: 'cross_entropy(n, y)'}}\n",
        "samples: {every: 1, count: 3, data: {x: {images: zoo, size: 4, channels: 1}}, "
        "columns: [{shown: 'x * cross_entropy(n, y)'}]}\n"};
    struct ug_run_options o = as_written;

    for (int i = 0; i < 4; i++)
        write_plain(ug_arena_format(arena, "%s/%d/picture.png", i < 2 ? "two" : "zoo", i), 4, 4,
                    40);
    for (int i = 0; i < 3; i++)
        write_plain(ug_arena_format(arena, "zoo/%d/picture.png", i), 4, 4, 40);
    const char *file = classifier(
        "label", "  x: {images: two, size: 4, channels: 1}\n  y: {labels_of: x}\n", readers[_i], 0);
    o.out = folder_file("label");
    ck_assert_int_eq(ug_run(file, &o, diags), UG_WRONG);
    expect_part(messages(), "zoo/2/picture.png is 2, but there are 2 classes: 0 to 1");
    forget_messages();
    ck_assert_int_eq(ug_check(file, &(struct ug_check_options){0}, capture(), diags), UG_WRONG);
    captured();
    expect_part(messages(), "zoo/2/picture.png is 2, but there are 2 classes: 0 to 1");
}
END_TEST

/* Of so many labels, nobody knows before the step that reads one. */
START_TEST(a_label_among_millions_is_named_when_it_is_read)
{
    enum { LABELS = (1 << 22) + 1 };
    char *head = ug_arena_format(
        arena, "        {\"y\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]}}       ",
        LABELS, LABELS);
    const size_t n = strlen(head) & ~(size_t)7;
    unsigned char *bytes = ug_arena_alloc(arena, n + LABELS);
    struct ug_run_options o = as_written;

    memcpy(bytes, head, n);
    memset(bytes, 0, 8);
    bytes[0] = (unsigned char)(n - 8);
    memset(bytes + n, 2, LABELS);
    folder_write("y.safetensors", bytes, n + LABELS);
    const char *file =
        classifier("label",
                   "  x: {synthetic: {scene: shapes, domain: filled, count: 9}, size: 4}\n"
                   "  y: {tensors: y.safetensors, key: y}\n",
                   "", _i);
    o.out = folder_file("label");
    ck_assert_msg(ug_run(file, &o, diags) == UG_FAILED, "%s", messages());
    expect_part(messages(), " is 2, but there are 2 classes: 0 to 1");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("train");
    TCase *steps = tcase_create("steps"), *runs = tcase_create("runs");

    tcase_add_checked_fixture(steps, scratch_setup, scratch_teardown);
    tcase_add_test(steps, simultaneous_updates_see_the_old_parameters);
    tcase_add_test(steps, ordered_updates_see_what_was_updated);
    tcase_add_test(steps, state_follows_the_order_of_the_file);
    tcase_add_test(steps, order_is_nothing_to_those_that_share_nothing);
    tcase_add_test(steps, every_skips_steps);
    tcase_add_test(steps, optimizers_meet);
    tcase_add_test(steps, averages_follow);
    tcase_add_test(steps, rates_are_expressions);
    tcase_add_test(steps, a_grid_that_is_too_large_is_refused);
    tcase_add_test(steps, a_path_that_no_config_can_hold_is_refused);
    tcase_add_test(steps, a_value_that_is_not_finite_stops_the_run);
    tcase_add_test(steps, an_update_that_overflows_leaves_no_checkpoint);
    tcase_add_test(steps, a_picture_of_one_colour_is_named);
    tcase_add_loop_test(steps, a_label_that_is_no_class_is_named, 0, 2);
    tcase_add_loop_test(steps, a_label_beside_training_that_is_no_class_is_named, 0, 2);
    tcase_add_loop_test(steps, a_label_among_millions_is_named_when_it_is_read, 0, 2);
    suite_add_tcase(s, steps);
    tcase_add_checked_fixture(runs, scratch_setup, scratch_teardown);
    tcase_add_test(runs, an_interrupted_run_is_the_same_run);
    tcase_add_test(runs, a_crash_costs_nothing_but_time);
    tcase_add_test(runs, threads_change_nothing);
    tcase_add_test(runs, a_run_killed_early_keeps_its_options);
    tcase_add_test(runs, a_run_keeps_what_it_should);
    tcase_add_test(runs, the_config_repeats_the_run);
    tcase_add_test(runs, a_resumed_run_keeps_its_options);
    tcase_add_test(runs, stopping_saves);
    suite_add_tcase(s, runs);
    return s;
}
