/* diff.c -- unitgraph diff: two experiments side by side. */
#include <unistd.h>

#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    struct ug_diff_options o = {.out = stdout};
    const struct option options[] = {
        {"all", 0, OPTION_FLAG, &o.all, 0, NULL, "every row, however many a section has"},
        {"json", 0, OPTION_FLAG, &o.json, 0, NULL, "a JSON list: section, name, a, b"},
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 2, 2, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        o.colour = isatty(STDOUT_FILENO);
        status = command_end(diags, ug_diff(words.items[0], words.items[1], &o, diags));
    }
    return status;
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
    .run = run,
};
