/* report.c -- unitgraph report: a page about runs. */
#include <limits.h>
#include "tools/command.h"

struct report {
    const char *output;
};

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, offsetof(struct report, output), 0, "FILE",
     "where to write it (default, for one run: RUN/report.html)"},
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct report *s = call->settings;

    if (call->n_words > 1 && !s->output)
        return command_wrong(call, "a page about several runs needs --output FILE");
    return ug_report((const char *const *)call->words, call->n_words, s->output, call->diags);
}

const struct command command_report = {
    .name = "report",
    .arguments = "RUN … [-o FILE]",
    .summary = "write a page about a run, or about several beside each other",
    .text =
        "Writes one HTML file with all that is known of a run: the curves of its losses and "
        "metrics,\n"
        "its sample grids with a slider over the steps, its graph, the resolved file with where "
        "each\n"
        "value came from, the machine and the speed. It opens from disk in any browser and needs\n"
        "neither a server nor a network. `unitgraph run` keeps such a page up to date while it\n"
        "trains: RUN/report.html; this command writes it anew.\n\n"
        "Several runs share one page: a colour each, their curves over each other, what differs\n"
        "between their files in a table, their samples side by side.\n",
    .examples = "  unitgraph report runs/unit\n"
                "  unitgraph report runs/unit runs/strong -o compare.html\n"
                "  unitgraph report runs/* -o compare.html\n",
    .options = options,
    .size = sizeof(struct report),
    .words = {1, INT_MAX},
    .run = run,
};
