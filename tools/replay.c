/* replay.c -- unitgraph replay: a step that failed, once more. */
#include "tools/command.h"

struct replay {
    bool all;
};

static const struct option options[] = {
    {"all", 0, OPTION_FLAG, offsetof(struct replay, all), 0, NULL,
     "every value and parameter of the step, not only those up to the fault"},
    THE_THREADS,
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct replay *s = call->settings;

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
        "Exit status: 1 the fault came again, 0 it did not, 2 the file is wrong. The bits are the\n"
        "run's, whatever the number of threads.\n",
    .examples = "  unitgraph replay runs/unit/fault-00000042.safetensors\n"
                "  unitgraph replay fault-00000042.safetensors --all | less -S\n",
    .options = options,
    .size = sizeof(struct replay),
    .words = {1, 1},
    .run = run,
};
