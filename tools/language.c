/* language.c -- unitgraph language: the reference of the file language. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    const struct option options[] = {OPTION_END};
    struct words words;
    int status = command_parse(self, options, 0, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        status = command_end(diags, ug_language(words.n ? words.items[0] : NULL, stdout, diags));
    }
    return status;
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
    .run = run,
};
