/* settle.c -- paths made absolute. */
#include "engine/model/settle.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

struct settling {
    struct ug_arena *arena;
    struct ug_diags *diags;
    struct ug_vars *vars;
};

static const char *absolute(struct ug_arena *arena, const char *path)
{
    char folder[PATH_MAX];

    if (*path == '/' || !getcwd(folder, sizeof folder))
        return path;
    while (!strncmp(path, "./", 2))
        path += 2;
    return ug_arena_format(arena, "%s/%s", strcmp(folder, "/") ? folder : "", path);
}

static void set_text(struct ug_yaml *scalar, const char *text)
{
    scalar->text = text;
    scalar->length = strlen(text);
}

static void settle_path(struct settling *s, struct ug_yaml *map, const char *key)
{
    struct ug_yaml *scalar = ug_yaml_get(map, key);

    if (!scalar || scalar->kind != UG_YAML_SCALAR || ug_yaml_is_null(scalar))
        return;
    const char *path = ug_vars_path(s->vars, s->arena, s->diags, scalar);
    if (path)
        set_text(scalar, absolute(s->arena, path));
}

static void settle_data(struct settling *s, const struct ug_yaml *section)
{
    static const char *const keys[] = {"images", "idx", "labels", "tensors"};

    for (int i = 0; section && section->kind == UG_YAML_MAP && i < section->n; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            settle_path(s, section->items[i], keys[k]);
}

/* The text behind `file(`, up to its closing quote; NULL if there is none. */
static const char *find_file(const char *text, size_t *length)
{
    const char *call = strstr(text, "file(");

    if (!call || (call > text && (call[-1] == '_' || call[-1] == '.')))
        return NULL;
    const char *quote = call + strlen("file(");
    quote += strspn(quote, " ");
    const char *end = *quote == '"' || *quote == '\'' ? strchr(quote + 1, *quote) : NULL;
    if (!end || memchr(quote, '\\', (size_t)(end - quote)))
        return NULL;
    *length = (size_t)(end - quote) - 1;
    return quote + 1;
}

static void settle_files(struct settling *s, struct ug_yaml *y)
{
    size_t n = 0;

    if (y->kind != UG_YAML_SCALAR) {
        for (int i = 0; i < y->n; i++)
            settle_files(s, y->items[i]);
        return;
    }
    const char *name = find_file(y->text, &n);
    if (!name)
        return;
    const char *path = ug_vars_path_text(s->vars, s->arena, s->diags,
                                         ug_arena_copy(s->arena, name, n), y->folder, y->pos);
    if (path)
        set_text(y, ug_arena_format(s->arena, "%.*s%s%s", (int)(name - y->text), y->text,
                                    absolute(s->arena, path), name + n));
}

void ug_settle_paths(struct ug_arena *arena, struct ug_diags *diags, struct ug_yaml *tree,
                     struct ug_vars *vars)
{
    struct settling s = {arena, diags, vars};

    settle_data(&s, ug_yaml_get(tree, "data"));
    settle_data(&s, ug_yaml_get(ug_yaml_get(tree, "samples"), "data"));
    settle_data(&s, ug_yaml_get(ug_yaml_get(tree, "validate"), "data"));
    settle_path(&s, ug_yaml_get(tree, "train"), "init");
    if (ug_yaml_get(tree, "init"))
        settle_files(&s, ug_yaml_get(tree, "init"));
    ug_vars_quote(vars);
}
