/* show.c -- unitgraph show: the resolved file. */
#include "tools/command.h"

struct show {
    struct ug_overrides overrides;
    bool origin;
};

static const struct option options[] = {
    {"origin", 0, OPTION_FLAG, offsetof(struct show, origin), 0, NULL,
     "say for each value which file and line it is from"},
    THE_SETS(offsetof(struct show, overrides)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct show *s = call->settings;

    return ug_show(call->words[0], &s->overrides, s->origin, stdout, call->diags);
}

const struct command command_show = {
    .name = "show",
    .arguments = "FILE [options]",
    .summary = "show the file with its includes merged in and its overrides applied",
    .text = "Prints the experiment as one file: included files first, then the file, then --set.\n",
    .examples = "  unitgraph show unit.yaml --origin\n"
                "  unitgraph show unit.yaml --set shared=2 > unit-shared2.yaml\n",
    .options = options,
    .size = sizeof(struct show),
    .words = {1, 1},
    .run = run,
};
