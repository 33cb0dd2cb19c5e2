/* replay.c -- unitgraph replay: a step that failed, once more. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    int64_t threads = 0;
    bool all = false;
    const struct option options[] = {
        {"all", 0, OPTION_FLAG, &all, 0, NULL,
         "every value and parameter of the step, not only those up to the fault"},
        OPTION_THREADS(&threads),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        command_threads(threads);
        status = command_end(diags, ug_replay(words.items[0], all, stdout, diags));
    }
    return status;
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
    .run = run,
};
