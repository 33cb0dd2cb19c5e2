/* language.c -- unitgraph language: the reference of the file language. */
#include "tools/command.h"

static const struct option options[] = {
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    return ug_language(call->words[0], stdout, call->diags);
}

const struct command command_language = {
    .name = "language",
    .arguments = "[SECTION]",
    .summary = "explain how an experiment is written, or one section of it",
    .text =
        "Without a name, lists the sections of a file and what else there is to know. With one,\n"
        "shows its keys and examples; 'all' shows everything: it is Markdown, and begins with a\n"
        "whole experiment that runs.\n",
    .examples = "  unitgraph language\n"
                "  unitgraph language train\n"
                "  unitgraph language all | less\n",
    .options = options,
    .words = {0, 1},
    .run = run,
};
