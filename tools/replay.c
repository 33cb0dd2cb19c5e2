/* replay.c -- unitgraph replay: a step that failed, once more. */
#include "tools/command.h"

struct replay {
    bool all, gradcheck;
};

static const struct option options[] = {
    {"all", 0, OPTION_FLAG, offsetof(struct replay, all), 0, NULL,
     "every value and parameter of the step, not only those up to the fault"},
    {"gradcheck", 0, OPTION_FLAG, offsetof(struct replay, gradcheck), 0, NULL,
     "instead, check the gradients of its losses in float64, as 'unitgraph gradcheck' does"},
    THE_THREADS,
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct replay *s = call->settings;
    const struct ug_gradcheck_options check = {
        .bundle = true, .terms = true, .directions = 1, .seed = -1, .out = stdout};

    if (s->gradcheck)
        return ug_gradcheck(call->words[0], &check, call->diags);
    return ug_replay(call->words[0], s->all, stdout, call->diags);
}

const struct command command_replay = {
    .name = "replay",
    .arguments = "BUNDLE [options]",
    .summary = "run a step that failed once more, and show where it goes wrong",
    .text =
        "A value that is not finite stops 'unitgraph run', which then leaves the step in one "
        "file:\n"
        "RUN/fault-00000042.safetensors holds the batch, the parameters and moments as the step\n"
        "found them, the resolved file, the pictures' names. That file is all that replay needs;\n"
        "send it to whoever can help.\n\n"
        "Prints a line a value, in the order of computing: its name, the op, the file and line it "
        "is\n"
        "from, shape, smallest, largest and mean element, and the share of those that are not "
        "finite,\n"
        "up to the first value that has one, marked '>', and then what that was computed from.\n"
        "'conv2d: pad' is a part of conv2d; 'grad y' is a gradient on its way through y.\n\n"
        "--gradcheck tells whether it is the mathematics or float32: at the parameters as the "
        "step\n"
        "found them, the gradient of each loss and term is compared with differences; of one that\n"
        "is not finite in float64 either, the first such value is named.\n\n"
        "Exit status: 1 the fault came again, 0 it did not, 2 the file is wrong. The bits are the\n"
        "run's, whatever the number of threads.\n",
    .examples = "  unitgraph replay runs/unit/fault-00000042.safetensors\n"
                "  unitgraph replay fault-00000042.safetensors --all | less -S\n"
                "  unitgraph replay fault-00000042.safetensors --gradcheck\n",
    .options = options,
    .size = sizeof(struct replay),
    .words = {1, 1},
    .run = run,
};
