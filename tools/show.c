/* show.c -- unitgraph show: the resolved file. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    bool origin = false;
    const struct option options[] = {
        {"origin", 0, OPTION_FLAG, &origin, 0, NULL,
         "add the file and line that each value came from"},
        OPTION_SET(&sets),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        const struct ug_overrides o = overrides_of(&sets);
        status = command_end(diags, ug_show(words.items[0], &o, origin, stdout, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_show = {
    .name = "show",
    .arguments = "FILE",
    .summary = "print the file with its includes and overrides merged in",
    .text = "Prints what the program reads when it is given FILE: included files merged, --set "
            "applied,\n"
            "paths absolute. The output is a file that describes the same experiment.\n",
    .examples = "  unitgraph show my.yaml --origin\n"
                "  unitgraph show my.yaml --set lambda.gan=5 > other.yaml\n",
    .run = run,
};
