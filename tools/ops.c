/* ops.c -- unitgraph ops: the reference of ops, from their own descriptions. */
#include "tools/command.h"

static const struct option options[] = {
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    return ug_ops(call->words[0], stdout, call->diags);
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
    .options = options,
    .words = {0, 1},
    .run = run,
};
