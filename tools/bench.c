/* bench.c -- unitgraph bench: how fast training steps are. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    int64_t threads = 0;
    bool kernels = false;
    struct ug_bench_options o = {.steps = 0};
    const struct option options[] = {
        {"steps", 0, OPTION_NUMBER, &o.steps, 1, "N",
         "steps to time, or runs of each algorithm (default: what gives steady figures)"},
        {"kernels", 0, OPTION_FLAG, &kernels, 0, NULL,
         "time the algorithms for each convolution of the file, or for well-known layers"},
        {"trace", 0, OPTION_TEXT, &o.trace, 0, "FILE",
         "what ran when in one step, for ui.perfetto.dev or chrome://tracing"},
        {"json", 0, OPTION_FLAG, &o.json, 0, NULL, "all figures as JSON"},
        OPTION_SET(&sets),
        OPTION_THREADS(&threads),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 0, 1, argc, argv, &words);

    if (status == GO_ON && !words.n && !kernels)
        status = command_wrong(self, "it does not say on what");
    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        o.overrides = overrides_of(&sets);
        command_threads(threads);
        status = command_end(
            diags, (kernels ? ug_bench_kernels : ug_bench)(words.items[0], &o, stdout, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_bench = {
    .name = "bench",
    .arguments = "FILE [options] | --kernels [FILE]",
    .summary = "time training steps, op by op",
    .text = "Times training steps on the file's data, and leaves nothing behind: the median step "
            "and its\n"
            "spread, effective GFLOP/s beside what the machine reaches at most, peak memory, the "
            "time\n"
            "outside convolutions and matrix products, and the share of each op with how far it is "
            "from\n"
            "its roofline: the time that its arithmetic or its bytes take at best.\n\n"
            "With --kernels, times each algorithm that can compute a convolution, or one side of "
            "its\n"
            "gradient, next to what the choice among them rests on: of the convolutions of FILE's\n"
            "step, the most expensive first, or of a list of well-known layers.\n",
    .examples = "  unitgraph bench unit.yaml\n"
                "  unitgraph bench unit.yaml --threads 1 --steps 20 --set data.batch=4\n"
                "  unitgraph bench unit.yaml --trace step.json\n"
                "  unitgraph bench --kernels\n"
                "  unitgraph bench unit.yaml --kernels --set data.batch=4\n",
    .computes = true,
    .run = run,
};
