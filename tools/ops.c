/* ops.c -- unitgraph ops: the reference of ops, from their own descriptions. */
#include "tools/command.h"

static int run(const struct command *self, int argc, char **argv)
{
    const struct option options[] = {OPTION_END};
    struct words words;
    int status = command_parse(self, options, 0, 1, argc, argv, &words);

    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        status = command_end(diags, ug_ops(words.n ? words.items[0] : NULL, stdout, diags));
    }
    return status;
}

const struct command command_ops = {
    .name = "ops",
    .arguments = "[NAME]",
    .summary = "list the ops, or explain one",
    .text = "Without a name, lists every op by family. With one, shows its arguments and their "
            "defaults,\n"
            "its formula or source, and an example that runs.\n",
    .examples = "  unitgraph ops\n"
                "  unitgraph ops conv2d\n",
    .run = run,
};
