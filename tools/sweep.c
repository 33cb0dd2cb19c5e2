/* sweep.c -- unitgraph sweep: an experiment with every combination of some values. */
#include "tools/command.h"

#include <unistd.h>

struct sweep {
    struct ug_sweep_options o;
    bool quiet;
};

static const struct option options[] = {
    {"set", 0, OPTION_SETS, offsetof(struct sweep, o.overrides), 0, "NAME=A,B,…",
     "the values of the file to go through; with one value: the same for all"},
    {"out", 'o', OPTION_TEXT, offsetof(struct sweep, o.out), 0, "DIR",
     "folder of the runs (default: runs/NAME-OF-FILE-sweep)"},
    {"dry-run", 0, OPTION_FLAG, offsetof(struct sweep, o.dry_run), 0, NULL,
     "only list what would run"},
    THE_THREADS,
    THE_QUIET(offsetof(struct sweep, quiet)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct sweep *s = call->settings;
    struct ug_sweep_options *o = &s->o;

    o->listing = stdout;
    o->progress = s->quiet ? NULL : stderr;
    o->terminal = isatty(STDERR_FILENO);
    o->stop = command_catch_signals();
    return ug_sweep(call->words[0], o, call->diags);
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
    .options = options,
    .size = sizeof(struct sweep),
    .words = {1, 1},
    .run = run,
    .computes = true,
};
