/* run.c -- unitgraph run: trains as a file says. */
#include "tools/command.h"

#include <unistd.h>

struct run {
    struct ug_run_options o;
    int64_t verify; /* steps; 0: train */
    bool quiet;
};

static const struct run defaults = {.o.seed = -1};

static const struct option options[] = {
    {"out", 'o', OPTION_TEXT, offsetof(struct run, o.out), 0, "DIR",
     "the run's folder (default: runs/NAME-OF-FILE)"},
    THE_SETS(offsetof(struct run, o.overrides)),
    {"steps", 0, OPTION_NUMBER, offsetof(struct run, o.steps), 1, "N",
     "train for N steps, whatever the file says"},
    {"seed", 0, OPTION_NUMBER, offsetof(struct run, o.seed), 0, "N", "seed of all random numbers"},
    {"init", 0, OPTION_TEXT, offsetof(struct run, o.init), 0, "FILE",
     "start from the parameters of a safetensors file"},
    {"resume", 0, OPTION_FLAG, offsetof(struct run, o.resume), 0, NULL,
     "go on with the run in the folder, bit for bit; without one, begin"},
    {"verify-resume", 0, OPTION_NUMBER, offsetof(struct run, verify), 2, "N",
     "prove it: N steps straight against N/2, saved, loaded, N/2; no folder is left"},
    {"trace", 0, OPTION_TEXT, offsetof(struct run, o.trace), 0, "FILE",
     "what ran when in one step, for ui.perfetto.dev or chrome://tracing"},
    THE_THREADS,
    THE_QUIET(offsetof(struct run, quiet)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct run *s = call->settings;
    struct ug_run_options *o = &s->o;
    const char *file = call->words[0];

    if (s->verify && (o->out || o->resume || o->steps))
        return command_wrong(call, "--verify-resume makes runs of its own: leave --out, --resume "
                                   "and --steps out");
    o->progress = s->quiet ? NULL : stderr;
    o->terminal = isatty(STDERR_FILENO);
    o->stop = command_catch_signals();
    return s->verify ? ug_verify_resume(file, o, s->verify, stdout, call->diags)
                     : ug_run(file, o, call->diags);
}

const struct command command_run = {
    .name = "run",
    .arguments = "FILE [options]",
    .summary = "train as the file says",
    .text =
        "Trains the networks of an experiment and leaves a folder with all that is known of it:\n"
        "config.yaml (the resolved file), metrics.jsonl (the losses), samples/ (pictures),\n"
        "checkpoints/ and latest (the newest of them), log.txt, about.json (the machine, the "
        "graph)\n"
        "and report.html: all of it on one page, kept up to date while the run goes on.\n\n"
        "Ctrl-C finishes the step, saves, and says how to go on. The same file, seed and build\n"
        "give the same bits, whatever the number of threads, interrupted or not.\n\n"
        "'checkpoint: {every: 1000, keep: 3, best: psnr}' keeps, besides the three newest, the "
        "one with\n"
        "the best psnr of 'validate'; 'best' points to it. The best is the highest for accuracy, "
        "psnr\n"
        "and ssim, and the lowest for what has no such op on the outside; 'best: {metric: gain, "
        "mode:\n"
        "max}' says it.\n\n"
        "--resume needs no other option: --set, --seed and --init of the beginning hold on, and "
        "the "
        "run's\n"
        "folder can stand for the file: 'unitgraph run runs/unit --resume'. A damaged\n"
        "checkpoint is named, and the one before it is used. Where the file has changed, a table "
        "says\n"
        "what; learning rates, factors, steps, data and what is logged may change, the networks, "
        "their\n"
        "initial values and the seed may not. Ctrl-C is no failure: the exit status is 0 then "
        "too.\n",
    .examples = "  unitgraph run unit.yaml\n"
                "  unitgraph run unit.yaml --out runs/strong --set lambda.gan=20 --seed 7\n"
                "  unitgraph run runs/strong --resume --steps 40000\n"
                "  unitgraph run unit.yaml --verify-resume 20\n"
                "  unitgraph run unit.yaml --steps 5 --out /tmp/try --trace step.json\n",
    .options = options,
    .settings = &defaults,
    .size = sizeof defaults,
    .words = {1, 1},
    .run = run,
    .computes = true,
};
