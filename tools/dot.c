/* dot.c -- unitgraph dot: a picture of the graph. */
#include "tools/command.h"

#include <stdlib.h>
#include <string.h>

struct dot {
    struct ug_overrides overrides;
    const char *output; /* NULL: standard output */
    const char *level;
    bool backward;
};

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
static enum ug_status write_dot(const char *file, const struct dot *s, enum ug_dot_level level,
                                struct ug_diags *diags)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        abort();
    enum ug_status status = ug_dot(file, &s->overrides, level, s->backward, memory, diags);
    fclose(memory);
    if (status == UG_DONE) {
        if (!s->output)
            fwrite(text, 1, length, stdout);
        else if (!ug_file_write(s->output, text, length, diags))
            status = UG_FAILED;
    }
    free(text);
    return status;
}

/* "svg", if that is the kind of picture that a file's name asks for. */
static const char *picture_kind(const char *path)
{
    static const char *const kinds[] = {"svg", "png", "pdf", "jpg"};
    const char *dot = path ? strrchr(path, '.') : NULL;

    for (int i = 0; dot && i < 4; i++)
        if (!strcmp(dot + 1, kinds[i]))
            return kinds[i];
    return NULL;
}

static const struct dot defaults = {.level = "layer"};

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, offsetof(struct dot, output), 0, "FILE",
     "where to write it (default: standard output)"},
    {"level", 0, OPTION_TEXT, offsetof(struct dot, level), 0, "LEVEL",
     "network, layer (default) or op"},
    {"backward", 0, OPTION_FLAG, offsetof(struct dot, backward), 0, NULL, "the gradient graph too"},
    THE_SETS(offsetof(struct dot, overrides)),
    OPTION_END,
};

static enum ug_status run(const struct call *call)
{
    const struct dot *s = call->settings;
    enum ug_dot_level level;

    if (!find_level(s->level, &level))
        return command_wrong(call, "--level is network, layer or op, not '%s'", s->level);
    const char *kind = picture_kind(s->output);
    if (kind)
        return command_wrong(call, "it writes DOT, no pictures: unitgraph dot %s | dot -T%s -o %s",
                             call->words[0], kind, s->output);
    return write_dot(call->words[0], s, level, call->diags);
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
    .options = options,
    .settings = &defaults,
    .size = sizeof defaults,
    .words = {1, 1},
    .run = run,
};
