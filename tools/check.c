/* check.c -- unitgraph check: loads an experiment and shows what it would do. */
#include "tools/command.h"

struct check {
    struct ug_overrides overrides;
    bool params;
};

static const struct option options[] = {
    {"params", 0, OPTION_FLAG, offsetof(struct check, params), 0, NULL,
     "list every parameter: name, shape, what it is tied to (tab-separated)"},
    THE_SETS(offsetof(struct check, overrides)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct check *s = call->settings;

    return ug_check(call->words[0], &s->overrides, s->params, stdout, call->diags);
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
    .options = options,
    .size = sizeof(struct check),
    .words = {1, 1},
    .run = run,
};
