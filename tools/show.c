/* show.c -- unitgraph show: the resolved file. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    bool origin = false;
    const struct option options[] = {
        {"origin", 0, OPTION_FLAG, &origin, 0, NULL,
         "say for each value which file and line it is from"},
        OPTION_SET(&sets),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        const struct ug_overrides overrides = overrides_of(&sets);
        status = command_end(diags, ug_show(words.items[0], &overrides, origin, stdout, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_show = {
    .name = "show",
    .arguments = "FILE [options]",
    .summary = "show the file with its includes merged in and its overrides applied",
    .text = "Prints the experiment as one file: included files first, then the file, then --set.\n",
    .examples = "  unitgraph show unit.yaml --origin\n"
                "  unitgraph show unit.yaml --set shared=2 > unit-shared2.yaml\n",
    .run = run,
};
