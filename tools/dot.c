/* dot.c -- unitgraph dot: a picture of the graph. */
#include "tools/command.h"

#include <stdlib.h>
#include <string.h>

static bool find_level(const char *word, enum ug_dot_level *level)
{
    static const char *const words[] = {"network", "layer", "op"};

    for (int i = 0; i < 3; i++) {
        if (!strcmp(word, words[i])) {
            *level = (enum ug_dot_level)i;
            return true;
        }
    }
    return false;
}

/* The text is made whole in memory, so that an error leaves no half a drawing behind. */
static enum ug_status write_dot(const char *file, const char *path,
                                const struct ug_overrides *overrides, enum ug_dot_level level,
                                bool backward, struct ug_diags *diags)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        abort();
    enum ug_status status = ug_dot(file, overrides, level, backward, memory, diags);
    fclose(memory);
    if (status == UG_DONE) {
        if (!path)
            fwrite(text, 1, length, stdout);
        else if (!ug_file_write(path, text, length, diags))
            status = UG_FAILED;
    }
    free(text);
    return status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct texts sets = {NULL, 0};
    const char *path = NULL, *word = "layer";
    bool backward = false;
    enum ug_dot_level level = UG_DOT_LAYER;
    const struct option options[] = {
        {"output", 'o', OPTION_TEXT, &path, 0, "FILE",
         "where to write it (default: standard output)"},
        {"level", 0, OPTION_TEXT, &word, 0, "LEVEL", "network, layer (default) or op"},
        {"backward", 0, OPTION_FLAG, &backward, 0, NULL, "the gradient graph too"},
        OPTION_SET(&sets),
        OPTION_END,
    };
    struct words words;
    int status = command_parse(self, options, 1, 1, argc, argv, &words);

    if (status == GO_ON && !find_level(word, &level))
        status = command_wrong(self, "--level is network, layer or op, not '%s'", word);
    if (status == GO_ON) {
        struct ug_diags *diags = ug_diags_new();
        const struct ug_overrides overrides = overrides_of(&sets);
        status =
            command_end(diags, write_dot(words.items[0], path, &overrides, level, backward, diags));
    }
    texts_free(&sets);
    return status;
}

const struct command command_dot = {
    .name = "dot",
    .arguments = "FILE [options]",
    .summary = "draw the graph, for Graphviz and Netron",
    .text =
        "Writes the graph in DOT: one box a network call, a layer, or an op; frames around "
        "scopes;\n"
        "shapes on the edges; parameters that are tied share a colour. Graphviz draws it, Netron\n"
        "opens it as it is. The same file gives the same bytes.\n",
    .examples = "  unitgraph dot unit.yaml --level network | dot -Tsvg > unit.svg\n"
                "  unitgraph dot unit.yaml -o unit.dot\n"
                "  unitgraph dot unit.yaml --level op --backward -o gradients.dot\n",
    .run = run,
};
