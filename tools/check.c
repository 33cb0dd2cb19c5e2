/* check.c -- unitgraph check: loads an experiment and shows what it would do. */
#include "tools/command.h"

#define CHECK(field) offsetof(struct ug_check_options, field)

static const struct option options[] = {
    {"params", 0, OPTION_FLAG, CHECK(params), 0, NULL,
     "list every parameter: name, shape, what it is tied to (tab-separated)"},
    {"fit", 0, OPTION_TEXT, CHECK(fit), 0, "SIZE",
     "find the largest batch whose run fits in so much memory: 4GiB"},
    {"vary", 0, OPTION_TEXT, CHECK(vary), 0, "NAME",
     "with --fit: another number of the file to find (default: data.batch)"},
    THE_SETS(CHECK(overrides)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct ug_check_options *o = call->settings;

    if (o->vary && !o->fit)
        return command_wrong(call, "--vary says what --fit is to find: give both");
    return ug_check(call->words[0], o, stdout, call->diags);
}

const struct command command_check = {
    .name = "check",
    .arguments = "FILE [options]",
    .summary = "load without running: networks, shapes, memory, and all that is wrong",
    .text =
        "Reads the file and the headers of its data, and shows the networks and their parameters,\n"
        "the shapes of the values, the arithmetic of a step, the memory the run will need and the\n"
        "values that take most of it, what is tied to what, which optimizer updates what, and the\n"
        "losses left out for their weight is 0.\n",
    .examples = "  unitgraph check unit.yaml\n"
                "  unitgraph check unit.yaml --set size=128\n"
                "  unitgraph check unit.yaml --params | cut -f1,2\n"
                "  unitgraph check unit.yaml --fit 4GiB\n"
                "  unitgraph check unit.yaml --fit 4GiB --vary size\n",
    .options = options,
    .size = sizeof(struct ug_check_options),
    .words = {1, 1},
    .run = run,
};
