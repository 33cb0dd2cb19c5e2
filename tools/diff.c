/* diff.c -- unitgraph diff: two experiments side by side. */
#include <unistd.h>

#include "tools/command.h"

static const struct option options[] = {
    {"all", 0, OPTION_FLAG, offsetof(struct ug_diff_options, all), 0, NULL,
     "every row, however many a section has"},
    {"json", 0, OPTION_FLAG, offsetof(struct ug_diff_options, json), 0, NULL,
     "a JSON list: section, name, a, b"},
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    struct ug_diff_options *o = call->settings;

    o->out = stdout;
    o->colour = isatty(STDOUT_FILENO);
    return ug_diff(call->words[0], call->words[1], o, call->diags);
}

const struct command command_diff = {
    .name = "diff",
    .arguments = "A B [options]",
    .summary = "what differs between two experiments",
    .text =
        "A and B are files, or folders of runs, whose config.yaml is taken. Compares what the\n"
        "experiments are, not how they are written: parameters, arithmetic and memory of a step, "
        "data,\n"
        "layers, values, tied parameters, initial values, losses and their factors, optimizers, "
        "the\n"
        "schedule, what is logged and saved. '+' only B has it, '-' only A, '~' it differs.\n\n"
        "A value or a loss is listed where it is itself computed otherwise, not where only what\n"
        "goes into it is. A learning rate counts by its values from the first step to the last.\n\n"
        "Exit status: 0 the same experiment, 1 they differ, 2 a file is wrong.\n",
    .examples = "  unitgraph diff graphs/unit_2017.yaml graphs/unit_2018.yaml\n"
                "  unitgraph diff runs/shared1 runs/shared2 --json\n",
    .options = options,
    .size = sizeof(struct ug_diff_options),
    .words = {2, 2},
    .run = run,
};
