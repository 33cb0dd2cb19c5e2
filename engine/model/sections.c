/* sections.c -- the sections of a file that are read key by key, and the keys at its top. */
#include "engine/model/sections.h"

#include <string.h>

#include "engine/model/keys.h"

/* Every section there is, whoever reads it. */
static const struct ug_key sections[] = {
    {"unitgraph", "the version of the language", .type = UG_KEY_OTHER},
    {"include", "files that are merged in first", .type = UG_KEY_OTHER},
    {"vars", "quantities with names", .type = UG_KEY_OTHER},
    {"modules", "kinds of networks", .type = UG_KEY_OTHER},
    {"data", "inputs that come from files", .type = UG_KEY_OTHER},
    {"inputs", "inputs that are given from outside", .type = UG_KEY_OTHER},
    {"networks", "modules with parameters of their own", .type = UG_KEY_OTHER},
    {"share", "equations between scopes", .type = UG_KEY_OTHER},
    {"init", "initial values of parameters", .type = UG_KEY_OTHER},
    {"graph", "values and how they depend on one another", .type = UG_KEY_OTHER},
    {"losses", "what is minimised", .type = UG_KEY_OTHER},
    {"train", "how long, in which order, by which optimizers", .type = UG_KEY_OTHER},
    {"log", "lines in metrics.jsonl", .type = UG_KEY_OTHER},
    {"samples", "grids of pictures", .type = UG_KEY_OTHER},
    {"checkpoint", "parameters kept on disk", .type = UG_KEY_OTHER},
    {"validate", "metrics over data that is not trained on", .type = UG_KEY_OTHER},
    {"translate", "what the command of this name runs", .type = UG_KEY_OTHER},
    {.name = NULL},
};

const struct ug_key *ug_keys_of(struct ug_arena *arena, const char *path)
{
    const size_t n = strcspn(path, ".");
    const char *section = ug_arena_copy(arena, path, n), *rest = path + n + (path[n] == '.');

    if (!*path)
        return sections;
    if (!strcmp(section, "data"))
        return ug_data_keys_of(rest);
    return !strcmp(section, "train") ? ug_train_keys_of(rest) : ug_event_keys_of(section, rest);
}

/* Sections without anything in them, and keys that are no section. */
static void check_top(struct ug_sections *s, const struct ug_yaml *tree)
{
    for (int i = 0; i < tree->n; i++)
        if (ug_yaml_is_null(tree->items[i]) && !tree->items[i]->broken)
            ug_refuse_empty(s, tree->items[i],
                            ug_arena_format(s->arena, "'%s'", tree->keys[i]->text));
    ug_refuse_unknown(s, tree, "the file", sections);
}

void ug_check_sections(const struct ug_yaml *tree, struct ug_arena *arena, struct ug_diags *diags)
{
    struct ug_sections s = {.arena = arena, .diags = diags};

    check_top(&s, tree);
}

void ug_read_sections(struct ug_program *p, struct ug_vars *vars, struct ug_diags *diags)
{
    struct ug_sections s = {
        .program = p,
        .arena = p->arena,
        .diags = diags,
        .eval = {.arena = p->arena, .diags = diags, .scope = &ug_vars_scope, .context = vars},
    };

    p->vars = vars;
    check_top(&s, p->tree);
    ug_read_data(&s);
    ug_read_inputs(&s);
    ug_read_train(&s);
    ug_read_events(&s);
    ug_read_translate(&s);
}
