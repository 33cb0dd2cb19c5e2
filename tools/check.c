/* check.c -- unitgraph check: loads an experiment and shows what it would do. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    bool params = false;
    const struct option options[] = {
        {"params", 0, OPTION_FLAG, &params, 0, NULL,
         "list every parameter: name, shape, what it is tied to (tab-separated)"},
        OPTION_SET(&sets),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        const struct ug_overrides overrides = overrides_of(&sets);
        status = command_end(diags, ug_check(words.items[0], &overrides, params, stdout, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_check = {
    .name = "check",
    .arguments = "FILE [options]",
    .summary = "load without running: networks, shapes, memory, and all that is wrong",
    .text =
        "Reads the file and the headers of its data, and shows the networks and their parameters,\n"
        "the shapes of the values, the arithmetic of a step, the memory the run will need, what "
        "is\n"
        "tied to what, which optimizer updates what, and the losses left out for their weight is "
        "0.\n",
    .examples = "  unitgraph check unit.yaml\n"
                "  unitgraph check unit.yaml --set size=128\n"
                "  unitgraph check unit.yaml --params | cut -f1,2\n",
    .run = run,
};
