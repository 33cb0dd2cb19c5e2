/* gradcheck.c -- unitgraph gradcheck: are the gradients of an experiment right? */
#include "tools/command.h"

static const struct ug_gradcheck_options defaults = {.seed = -1, .directions = 2};

static const struct option options[] = {
    {"params", 0, OPTION_TEXT, offsetof(struct ug_gradcheck_options, params), 0, "FILE",
     "parameters to check at (default: the initial values)"},
    {"terms", 0, OPTION_FLAG, offsetof(struct ug_gradcheck_options, terms), 0, NULL,
     "also each term of a loss by itself"},
    {"directions", 0, OPTION_NUMBER, offsetof(struct ug_gradcheck_options, directions), 1, "N",
     "random directions a comparison, of which the worst counts (default: 2)"},
    {"seed", 0, OPTION_NUMBER, offsetof(struct ug_gradcheck_options, seed), 0, "N",
     "seed of directions, initial values, draws and the batch"},
    THE_SETS(offsetof(struct ug_gradcheck_options, overrides)),
    THE_THREADS,
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct ug_gradcheck_options *o = call->settings;

    o->out = stdout;
    return ug_gradcheck(call->words[0], o, call->diags);
}

const struct command command_gradcheck = {
    .name = "gradcheck",
    .arguments = "FILE [options]",
    .summary = "compare the gradients of an experiment with differences of its losses",
    .text =
        "For what each optimizer minimises, and each network that it updates, takes the "
        "derivative\n"
        "along a random direction twice: from the gradients of the graph as training runs it, and\n"
        "from the loss a little ahead and a little behind, on the first batch of the data. All in\n"
        "float64, whose differences are good to about 9 digits; an error up to 1e-6 agrees. Where "
        "a\n"
        "network differs, its parameters follow one by one. A file without 'train' is checked by "
        "its\n"
        "'losses', a file without 'data' with normal random inputs.\n\n"
        "What gradients stop at on purpose is held still in the differences: detach, comparisons,\n"
        "positions of maxima, spectral_norm's vectors, draws, history. Where that matters, a line\n"
        "says how much the loss itself would change. Tied parameters move together; those that an\n"
        "optimizer does not update do not move for it. Steps from 1e-4 down to 1e-9 of the\n"
        "parameters' size are tried, so that kinks (relu, l1_loss) are stepped over by none; the\n"
        "point lies 1e-3 beside the parameters, for at the start relu's input is often 0 "
        "exactly.\n\n"
        "Exit status: 0 all agree, 1 some differ, 2 the file is wrong. A comparison takes up to "
        "some\n"
        "14 forward passes; make the pictures small with --set where that is too long.\n",
    .examples =
        "  unitgraph gradcheck unit.yaml --set size=32 --set dim=16\n"
        "  unitgraph gradcheck unit.yaml --terms --params runs/unit/latest/params.safetensors\n",
    .options = options,
    .settings = &defaults,
    .size = sizeof defaults,
    .words = {1, 1},
    .run = run,
    .computes = true,
};
