/* report.c -- unitgraph report: a page about runs. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    const char *out = NULL;
    const struct option options[] = {
        {"output", 'o', OPTION_TEXT, &out, 0, "FILE",
         "where to write it (default, for one run: RUN/report.html)"},
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, argc, argc, argv, &words);

    if (status == GO_ON && words.n > 1 && !out)
        status = command_wrong(self, "a page about several runs needs --output FILE");
    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        status =
            command_end(diags, ug_report((const char *const *)words.items, words.n, out, diags));
    }
    return status;
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
    .run = run,
};
