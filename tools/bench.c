/* bench.c -- unitgraph bench: how fast training steps are. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    int64_t threads = 0;
    struct ug_bench_options o = {.steps = 0};
    const struct option options[] = {
        {"steps", 0, OPTION_NUMBER, &o.steps, 1, "N",
         "steps to time (default: about ten seconds of them)"},
        {"json", 0, OPTION_FLAG, &o.json, 0, NULL, "one line of JSON, without the shares of ops"},
        OPTION_SET(&sets),
        OPTION_THREADS(&threads),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        o.overrides = overrides_of(&sets);
        command_threads(threads);
        status = command_end(diags, ug_bench(words.items[0], &o, stdout, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_bench = {
    .name = "bench",
    .arguments = "FILE [options]",
    .summary = "time training steps, op by op",
    .text = "Times training steps on the file's data, and leaves nothing behind: the median step "
            "and its\n"
            "spread, effective GFLOP/s, peak memory, and the share of each op.\n",
    .examples = "  unitgraph bench unit.yaml\n"
                "  unitgraph bench unit.yaml --threads 1 --steps 20 --set data.batch=4\n",
    .computes = true,
    .run = run,
};
