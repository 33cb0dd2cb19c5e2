/* bench.c -- unitgraph bench: how fast training steps are. */
#include "tools/command.h"

struct bench {
    struct ug_bench_options o;
    bool kernels;
};

static const struct option options[] = {
    {"steps", 0, OPTION_NUMBER, offsetof(struct bench, o.steps), 1, "N",
     "steps to time, or runs of each algorithm (default: what gives steady figures)"},
    {"kernels", 0, OPTION_FLAG, offsetof(struct bench, kernels), 0, NULL,
     "time the algorithms for each convolution of the file, or for well-known layers"},
    {"trace", 0, OPTION_TEXT, offsetof(struct bench, o.trace), 0, "FILE",
     "what ran when in one step, for ui.perfetto.dev or chrome://tracing"},
    {"json", 0, OPTION_FLAG, offsetof(struct bench, o.json), 0, NULL, "all figures as JSON"},
    THE_SETS(offsetof(struct bench, o.overrides)),
    THE_THREADS,
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct bench *s = call->settings;

    if (!call->n_words && !s->kernels)
        return command_wrong(call, "it does not say on what");
    return (s->kernels ? ug_bench_kernels : ug_bench)(call->words[0], &s->o, stdout, call->diags);
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
    .options = options,
    .size = sizeof(struct bench),
    .words = {0, 1},
    .run = run,
    .computes = true,
};
