/* sweep.c -- unitgraph sweep: an experiment with every combination of some values. */
#include "tools/command.h"

#include <unistd.h>

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    int64_t threads = 0;
    bool quiet = false;
    struct ug_sweep_options o = {.listing = stdout};
    const struct option options[] = {
        {"set", 0, OPTION_TEXTS, &sets, 0, "NAME=A,B,…",
         "the values of the file to go through; with one value: the same for all"},
        {"out", 'o', OPTION_TEXT, &o.out, 0, "DIR",
         "folder of the runs (default: runs/NAME-OF-FILE-sweep)"},
        {"dry-run", 0, OPTION_FLAG, &o.dry_run, 0, NULL, "only list what would run"},
        OPTION_THREADS(&threads),
        {"quiet", 'q', OPTION_FLAG, &quiet, 0, NULL, "no progress on the terminal"},
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        o.overrides = overrides_of(&sets);
        o.progress = quiet ? NULL : stderr;
        o.terminal = isatty(STDERR_FILENO);
        command_threads(threads);
        o.stop = command_catch_signals();
        status = command_end(diags, ug_sweep(words.items[0], &o, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_sweep = {
    .name = "sweep",
    .arguments = "FILE --set NAME=A,B,… [options]",
    .summary = "train with every combination of some values, and compare",
    .text =
        "Trains an experiment once for every combination of the values that --set gives, each into "
        "an\n"
        "ordinary run folder, DIR/shared=0,lambda.gan=10, and leaves beside them results.csv and\n"
        "results.md (last and best metrics and losses) and compare.html (all runs on one page).\n"
        "Where train.seed is among the values, results.md has means over the seeds too.\n\n"
        "The same command goes on after an interruption: what is finished is not run again, what\n"
        "was begun goes on where it stopped. A run that fails is named, and the others go on.\n\n"
        "Commas inside brackets and quotes part no values: --set \"size=[64,64],[32,32]\" has "
        "two.\n",
    .examples =
        "  unitgraph sweep unit.yaml --set shared=0,1,2,3 --set lambda.gan=1,10 -o runs/ablation\n"
        "  unitgraph sweep unit.yaml --set shared=0,1,2,3 --dry-run\n"
        "  unitgraph sweep unit.yaml --set train.seed=1,2,3 --set train.steps=5000\n",
    .computes = true,
    .run = run,
};
