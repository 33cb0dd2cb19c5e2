/* The command line as a user meets it: exit statuses, help, messages, files. Runs the program that
 * the environment names in UNITGRAPH. */
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

enum { LARGEST_OUTPUT = 1 << 16 };

static char output[LARGEST_OUTPUT]; /* of the last command: standard output and error together */

static const char *program(void)
{
    const char *path = getenv("UNITGRAPH");

    return path ? path : "unitgraph";
}

/* Runs `unitgraph ARGUMENTS`, with FOLDER as its working directory; the exit status. */
static int run(const char *arguments)
{
    char command[4096];

    snprintf(command, sizeof command, "cd '%s' && exec 2>&1 && '%s' %s", folder_file("."),
             program(), arguments);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    const size_t n = fread(output, 1, sizeof output - 1, f);
    output[n] = '\0';
    const int status = pclose(f);
    ck_assert_msg(WIFEXITED(status), "'unitgraph %s' ended by signal %d", arguments,
                  WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void expect(const char *arguments, int status, const char *part)
{
    const int got = run(arguments);

    ck_assert_msg(got == status, "'unitgraph %s' gave %d, not %d: %s", arguments, got, status,
                  output);
    ck_assert_msg(strstr(output, part) != NULL, "'unitgraph %s' does not say '%s': %s", arguments,
                  part, output);
}

static const char small[] =
    "unitgraph: 1\n"
    "modules: {double: {body: ['conv2d(3, 4, stride=2, padding=1)', 'conv_transpose2d(3, 4, "
    "stride=2, padding=1)']}}\n"
    "data: {batch: 2, x: {synthetic: {scene: shapes, domain: filled, count: 5, seed: 1}, size: "
    "8}}\n"
    "networks: {N: double(), M: double()}\n"
    "share: ['N.0 = M.0']\n"
    "graph: {y: N(x), z: M(y)}\n"
    "losses: {L: {same: 'l1_loss(z, x)', none: 0 * mean(y)}}\n"
    "train:\n"
    "  steps: 3\n"
    "  optimizers: {all: {minimize: L, parameters: [N, M], adam: {lr: 1e-3}}}\n"
    "checkpoint: {every: 2}\n"
    "translate: {there: {from: x, to: N(x)}, draw: {to: 'N(normal_like([1, 3, 8, 8]))'}}\n";

static void setup(void)
{
    scratch_setup();
    experiment_write("small", small);
}

START_TEST(help_and_version)
{
    static const char *const commands[] = {"run",       "sweep",     "check",  "eval",   "show",
                                           "dot",       "translate", "report", "replay", "diff",
                                           "gradcheck", "ops",       "bench"};
    char arguments[80];

    expect("--help", 0, "usage: unitgraph COMMAND");
    expect("help", 0, "usage: unitgraph COMMAND");
    expect("", 2, "usage: unitgraph COMMAND");
    expect("--version", 0, "unitgraph " UG_VERSION "\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        snprintf(arguments, sizeof arguments, "%s --help", commands[i]);
        expect(arguments, 0, "examples:\n  unitgraph ");
        snprintf(arguments, sizeof arguments, "help %s", commands[i]);
        expect(arguments, 0, "usage: unitgraph ");
    }
}
END_TEST

START_TEST(wrong_command_lines)
{
    expect("rum small.yaml", 2, "did you mean 'run'?");
    expect("--quiet", 2, "unknown option '--quiet'");
    expect("run small.yaml --stpes 3", 2, "did you mean '--steps'?");
    expect("dot small.yaml --depth 1", 2, "options: --help, --output");
    expect("dot small.yaml -o x.svg", 2,
           "it writes DOT, no pictures: unitgraph dot small.yaml | dot -Tsvg -o x.svg");
    expect("run small.yaml --steps", 2, "--steps needs an argument: N");
    expect("run small.yaml --steps three", 2, "takes a whole number, not 'three'");
    expect("run small.yaml --steps 0", 2, "is at least 1");
    expect("run small.yaml --quiet=1", 2, "takes no argument");
    expect("run", 2, "usage: unitgraph run FILE");
    expect("run small.yaml other.yaml", 2, "'other.yaml' is one argument too many");
    expect("eval small.yaml", 2, "needs --out");
    expect("dot small.yaml --level deep", 2, "network, layer or op");
    expect("sweep small.yaml --set train.steps=1,,2", 2, "has an empty value");
    expect("report a b", 2, "needs --output");
    expect("report nowhere", 2, "there is no folder 'nowhere'");
    expect("run nowhere.yaml", 2, "nowhere.yaml");
    expect("run small.yaml --set no.such=1", 2, "--set no.such=1");
}
END_TEST

START_TEST(options_stand_anywhere)
{
    expect("run --steps=1 small.yaml --out a -q", 0, "");
    expect("run --out b --quiet -- small.yaml", 0, "");
    ck_assert(ug_file_exists(folder_file("a/latest/params.safetensors")));
    ck_assert(ug_file_exists(folder_file("b/checkpoints/step-00000002/params.safetensors")));
}
END_TEST

START_TEST(a_run_and_what_follows)
{
    expect("run small.yaml", 0, "finished: runs/small/latest has the parameters of step 3");
    expect("run small.yaml", 2, "holds a run already");
    expect("run small.yaml --resume --init p.safetensors", 2, "leave one of them out");
    expect("run small.yaml --resume --steps 4", 0, "going on from step 3 of 4");
    expect("translate runs/small draw drawn --count 2", 0, "");
    ck_assert(ug_file_exists(folder_file("drawn/draw-0002.png")));
    expect("translate runs/small there drawn/draw-0001.png new/there.png", 0, "");
    ck_assert(ug_file_exists(folder_file("new/there.png")));
    expect("translate runs/small/latest/params.safetensors there drawn again", 0, "");
    ck_assert(ug_file_exists(folder_file("again/draw-0001.png")));
    expect("translate runs/small three drawn again", 2, "did you mean 'there'?");
    expect("translate runs/small there nowhere again", 2, "nowhere");
    expect("translate runs/small there drawn again --step 1", 2, "no checkpoint of step 1");
    expect("translate nowhere there drawn again", 2, "there is no run 'nowhere'");
    expect("eval small.yaml --params runs/small/latest/params.safetensors --out o.st", 2, "'x'");
}
END_TEST

START_TEST(check_tells)
{
    expect("check small.yaml", 0, "N.0 = M.0: 2 tensors");
    expect("check small.yaml", 0, "L.none");
    expect("check small.yaml --params", 0,
           "N.0.weight\t3x3x4x4\t\nN.0.bias\t3\t\nN.1.weight\t3x3x4x4\t\nN.1.bias\t3\t\n"
           "M.0.weight\t3x3x4x4\tN.0.weight\nM.0.bias\t3\tN.0.bias\n");
    experiment_write("wrong", "unitgraph: 1\ngrahp: {}\nlosses: {L: men(1)}\n");
    expect("check wrong.yaml", 2, "wrong.yaml:2:1: error:");
    expect("check wrong.yaml", 2, "wrong.yaml:3:13: error:");
}
END_TEST

START_TEST(drawings_are_the_same_each_time)
{
    expect("dot small.yaml -o 1.dot", 0, "");
    expect("dot small.yaml --output 2.dot --level layer", 0, "");
    ck_assert(experiment_same("1.dot", "2.dot"));
    expect("dot small.yaml", 0, "\"y/N.0\" [label=\"{y/N.0|op_code=call_function\\l|conv2d\\l");
    expect("dot small.yaml --level network", 0, "\"x\" -> \"y/N\" [label=\"2x3x8x8\"];");
    expect("dot small.yaml --level op --backward", 0, "\"grad/");
    experiment_write("bare", "unitgraph: 1\n"
                             "data: {x: {images: no/such/folder, size: 8, channels: 3}}\n"
                             "graph: {y: 'conv2d(x, 2, 3)'}\n");
    expect("dot bare.yaml", 0, "1x3x8x8");
    expect("check bare.yaml", 2, "no/such/folder");
}
END_TEST

/* A full disk; one that fills up while a file is written leaves none. */
START_TEST(what_cannot_be_written_fails)
{
    static const char *const printers[] = {
        "ops",      "check small.yaml", "show small.yaml",           "dot small.yaml",
        "help dot", "--version",        "bench small.yaml --steps 1"};
    char arguments[80];

    for (size_t i = 0; i < sizeof printers / sizeof *printers; i++) {
        snprintf(arguments, sizeof arguments, "%s >/dev/full", printers[i]);
        expect(arguments, 1, "standard output");
    }
    expect("dot small.yaml -o no/such/folder.dot", 1, "no/such/folder.dot");
    ck_assert_int_eq(symlink("/dev/full", folder_file("full.dot")), 0);
    expect("dot small.yaml -o full.dot", 1, "No space left on device");
}
END_TEST

START_TEST(ops_explain_themselves)
{
    expect("ops", 0, "conv2d");
    expect("ops leaky_relu", 0, "negative_slope");
    expect("ops conv3d", 2, "did you mean 'conv2d'?");
}
END_TEST

START_TEST(bench_times)
{
    expect("bench small.yaml --steps 2", 0, "GFLOP/s");
    expect("bench small.yaml --steps 2 --json", 0, "{\"steps\": 2, \"step_seconds\": ");
}
END_TEST

/* The ops make up the step: its arithmetic is theirs, and each takes some time. */
START_TEST(bench_counts_what_ops_do)
{
    double flops, all = 0, machine, outside;
    json_t *bench, *ops, *op;
    size_t i;

    ck_assert_int_eq(run("bench small.yaml --steps 1 --json"), 0);
    bench = json_loads(output, 0, NULL);
    ck_assert_int_eq(json_unpack(bench, "{s:F, s:F, s:{s:F}, s:o}", "flops", &flops,
                                 "outside_products", &outside, "machine", "flops", &machine, "ops",
                                 &ops),
                     0);
    json_array_foreach(ops, i, op)
    {
        ck_assert(json_number_value(json_object_get(op, "seconds")) > 0);
        ck_assert(json_number_value(json_object_get(op, "bytes")) > 0);
        all += json_number_value(json_object_get(op, "flops"));
    }
    ck_assert_double_eq_tol(all, flops, 1e-4 * flops);
    ck_assert(flops > 0 && machine > 1e8 && outside > 0 && outside < 1);
    json_decref(bench);
}
END_TEST

/* A trace holds the waiting, the calls, the updates and the end of one step, one after the other. */
static void check_trace(const char *path)
{
    char *text = experiment_text(path);
    json_t *trace = json_loads(text, 0, NULL), *events, *event;
    double end = 0;
    int kernels = 0, updates = 0, ends = 0;
    size_t i;

    ck_assert_ptr_nonnull(trace);
    events = json_object_get(trace, "traceEvents");
    json_array_foreach(events, i, event)
    {
        const char *phase, *category = "";
        double ts = 0, length = 0;

        ck_assert_int_eq(json_unpack(event, "{s:s, s?s, s?F, s?F}", "ph", &phase, "cat", &category,
                                     "ts", &ts, "dur", &length),
                         0);
        ck_assert(!strcmp(phase, "M") || (ts >= end - 1e-3 && length >= 0));
        end = ts + length;
        kernels += !strcmp(category, "forward") || !strcmp(category, "backward");
        updates += !strcmp(category, "update");
        ends += !strcmp(category, "end");
    }
    ck_assert(kernels > 10 && updates == 1 && ends == 1);
    expect_part(text, "\"name\":\"convolve\"");
    expect_part(text, "small.yaml:");
    json_decref(trace);
}

START_TEST(steps_are_traced)
{
    expect("run small.yaml --out plain", 0, "finished");
    expect("run small.yaml --out traced --trace run.json", 0, "finished");
    ck_assert(
        experiment_same("plain/latest/params.safetensors", "traced/latest/params.safetensors"));
    check_trace("run.json");
    expect("run small.yaml --out short --steps 1 --trace short.json", 0, "finished");
    check_trace("short.json");
    expect("bench small.yaml --steps 1 --trace bench.json", 0, "GFLOP/s");
    check_trace("bench.json");
    expect("run small.yaml --out refused --trace no/such/folder.json", 1, "no/such/folder.json");
}
END_TEST

/* How many jobs a line of `bench --kernels --json` lists; each has a time for what is taken. */
static size_t timed_jobs(const char *arguments)
{
    json_error_t error;

    ck_assert_int_eq(run(arguments), 0);
    json_t *list = json_loads(output, 0, &error);
    ck_assert_msg(json_is_array(list), "%s: %s", error.text, output);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *taken = NULL;
        double flops, seconds = 0;
        json_t *ways, *way;

        ck_assert_int_eq(json_unpack(json_array_get(list, i), "{s:s, s:F, s:o}", "taken", &taken,
                                     "flops", &flops, "algorithms", &ways),
                         0);
        way = json_object_get(ways, taken);
        ck_assert(flops > 0 && json_number_value(json_object_get(way, "predicted_seconds")) > 0);
        seconds = json_number_value(json_object_get(way, "seconds"));
        ck_assert(seconds > 0 && seconds < 60);
    }
    const size_t n = json_array_size(list);
    json_decref(list);
    return n;
}

/* conv2d and its transposed counterpart: three sides of each, but of those to x; the networks are
 * equal. */
START_TEST(bench_times_algorithms)
{
    expect("bench small.yaml --kernels --steps 1", 0, "4x4 3->3 @8x8 batch 2 stride 2 padding 1");
    expect("bench small.yaml --kernels --steps 1", 0, "predictions rest on\n");
    ck_assert_uint_eq(timed_jobs("bench small.yaml --kernels --steps 1 --json"), 3);
    ck_assert_uint_gt(timed_jobs("bench --kernels --steps 1 --json"), 60);
    expect("bench", 2, "it does not say on what");
}
END_TEST

/* UNITGRAPH_CPU chooses the instructions; a name that nothing here answers to is an error. */
START_TEST(instructions_are_chosen)
{
    setenv("UNITGRAPH_CPU", "portable", 1);
    expect("run small.yaml --out a", 0, "finished: a/latest");
    setenv("UNITGRAPH_CPU", "portible", 1);
    expect("check small.yaml", 2, "UNITGRAPH_CPU=portible: this processor has portable");
    expect("check small.yaml", 2, "did you mean 'portable'?");
    setenv("UNITGRAPH_CPU", "", 1);
    expect("check small.yaml", 0, "");
    unsetenv("UNITGRAPH_CPU");
    expect("--help", 0, "UNITGRAPH_CPU");
}
END_TEST

/* A run of many steps in another process, which says what it does to a pipe that nobody reads. */
static pid_t start_long_run(const char *out)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        execl(program(), "unitgraph", "run", folder_file("small.yaml"), "--out", out, "--steps",
              "1000000", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    return child;
}

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

/* An interrupted run saves, says how to go on, and goes on. */
START_TEST(signals_end_a_run_well)
{
    signal(SIGHUP, SIG_DFL); /* the tests themselves may run under nohup */
    const pid_t child = start_long_run(folder_file("long"));

    for (int i = 0; i < 1000 && !ug_file_exists(folder_file("long/latest")); i++)
        usleep(20000);
    kill(child, ending_signals[_i]);
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    char *log = experiment_text("long/log.txt");
    expect_part(log, "go on with: unitgraph run ");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("commands");
    TCase *t = tcase_create("commands");

    tcase_add_checked_fixture(t, setup, scratch_teardown);
    tcase_add_test(t, help_and_version);
    tcase_add_test(t, wrong_command_lines);
    tcase_add_test(t, options_stand_anywhere);
    tcase_add_test(t, a_run_and_what_follows);
    tcase_add_test(t, check_tells);
    tcase_add_test(t, drawings_are_the_same_each_time);
    tcase_add_test(t, what_cannot_be_written_fails);
    tcase_add_test(t, ops_explain_themselves);
    tcase_add_test(t, bench_times);
    tcase_add_test(t, bench_counts_what_ops_do);
    tcase_add_test(t, steps_are_traced);
    tcase_add_test(t, bench_times_algorithms);
    tcase_add_test(t, instructions_are_chosen);
    tcase_add_loop_test(t, signals_end_a_run_well, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
