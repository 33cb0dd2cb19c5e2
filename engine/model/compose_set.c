/* compose_set.c -- --set NAME=EXPR: overrides what is in a composed tree, and makes no keys. */
#include <string.h>

#include "engine/model/compose_parts.h"
#include "engine/model/keys.h"

/* A place in the tree: the value of map->keys[index]. */
struct slot {
    struct ug_yaml *map;
    int index;
    enum ug_level level; /* of the map */
};

/* Follows "a.b.c" down from `map`.  Keys may have dots in them themselves (scopes under `init`). */
static bool follow(struct ug_yaml *map, const char *path, enum ug_level level, struct slot *slot)
{
    for (int i = 0; map && map->kind == UG_YAML_MAP && i < map->n; i++) {
        const size_t n = strlen(map->keys[i]->text);
        if (strncmp(map->keys[i]->text, path, n) || !n)
            continue;
        if (!path[n]) {
            *slot = (struct slot){map, i, level};
            return true;
        }
        if (path[n] == '.' &&
            follow(map->items[i], path + n + 1, ug_level_below(level, map->keys[i]->text), slot))
            return true;
    }
    return false;
}

/* What --set NAME means: a variable before a section. */
static bool follow_set(struct ug_yaml *root, const char *name, struct slot *slot)
{
    return follow(ug_yaml_get(root, "vars"), name, UG_ELSEWHERE, slot) ||
           follow(root, name, UG_ROOT, slot);
}

const struct ug_yaml *ug_yaml_find_set(struct ug_yaml *root, const char *name)
{
    struct slot slot;

    return follow_set(root, name, &slot) ? slot.map->items[slot.index] : NULL;
}

/* ---- Names that are not there ---- */

struct names {
    const char **items;
    int n, capacity;
};

static void add_name(struct ug_composer *c, struct names *names, const char *prefix,
                     const char *name)
{
    UG_PUSH(c->arena, names->items, names->n, names->capacity,
            ug_arena_format(c->arena, "%s%s%s", prefix, *prefix ? "." : "", name));
}

/* All that can be set: "lambda.gan", "train.steps". */
static void list_names(struct ug_composer *c, const struct ug_yaml *map, const char *prefix,
                       struct names *names)
{
    for (int i = 0; map && map->kind == UG_YAML_MAP && i < map->n; i++) {
        add_name(c, names, prefix, map->keys[i]->text);
        list_names(c, map->items[i], names->items[names->n - 1], names);
    }
}

/* How far a path leads: to this map, whose own path is the first `length` bytes. */
struct reach {
    const struct ug_yaml *map, *key; /* NULL: that of the file */
    size_t length;
};

static void go_down(const struct ug_yaml *map, const struct ug_yaml *key, const char *path,
                    size_t at, struct reach *reach)
{
    if (!map || map->kind != UG_YAML_MAP)
        return;
    if (!reach->map || at > reach->length)
        *reach = (struct reach){map, key, at};
    for (int i = 0; i < map->n; i++) {
        const size_t from = at + (at > 0), n = strlen(map->keys[i]->text);
        if (n && !strncmp(map->keys[i]->text, path + from, n) && path[from + n] == '.')
            go_down(map->items[i], map->keys[i], path, from + n, reach);
    }
}

static bool is_key(const struct ug_key *keys, const char *name)
{
    while (keys && keys->name && strcmp(keys->name, name))
        keys++;
    return keys && keys->name;
}

/* "train: {memory: 1GiB}" of the path "train.memory". */
static const char *nest(struct ug_composer *c, const char *path, const char *value)
{
    const char *dot = strchr(path, '.');

    if (!dot)
        return ug_arena_format(c->arena, "%s: %s", path, value);
    return ug_arena_format(c->arena, "%.*s: {%s}", (int)(dot - path), path,
                           nest(c, dot + 1, value));
}

/* Is this the path of a key that the language has?  Then what to write in the file, below the map
 * that the path reaches. */
static const char *to_write(struct ug_composer *c, const char *path, size_t reached,
                            const char *value)
{
    const char *dot = strrchr(path, '.');
    const char *parent = ug_arena_copy(c->arena, path, dot ? (size_t)(dot - path) : 0);

    if (!is_key(ug_keys_of(c->arena, parent), dot ? dot + 1 : path))
        return NULL;
    return nest(c, path + reached + (reached > 0), strlen(value) > 40 ? "…" : value);
}

/* The last part of a longer name: "steps" for "train.steps". */
static const char *ending_so(const struct names *names, const char *name)
{
    const size_t length = strlen(name);

    for (int i = 0; i < names->n; i++) {
        const size_t n = strlen(names->items[i]);
        if (n > length && names->items[i][n - length - 1] == '.' &&
            !strcmp(names->items[i] + n - length, name))
            return names->items[i];
    }
    return NULL;
}

/* "did you mean": a name that ends so, one that is near in the same map, or near anywhere; or else
 * what the map has. */
static void suggest(struct ug_composer *c, struct ug_diag *d, const struct ug_yaml *root,
                    const char *name, const struct reach *reach)
{
    const char *parent = ug_arena_copy(c->arena, name, reach->length),
               *rest = name + reach->length + (reach->length > 0);
    struct names all = {0}, here = {0};

    list_names(c, ug_yaml_get(root, "vars"), "", &all);
    list_names(c, root, "", &all);
    for (int i = 0; i < reach->map->n; i++)
        add_name(c, &here, "", reach->map->keys[i]->text);
    const int there = here.n;
    for (const struct ug_key *k = ug_keys_of(c->arena, parent); k && k->name; k++)
        add_name(c, &here, "", k->name);
    const char *near = ug_nearest(rest, here.items, (size_t)here.n), *ends = ending_so(&all, name);
    if (!ends && near)
        ends = *parent ? ug_arena_format(c->arena, "%s.%s", parent, near) : near;
    if (!ends && !*parent)
        ends = ug_nearest(name, all.items, (size_t)all.n);
    if (ends)
        ug_note(d, UG_NOWHERE, "did you mean '%s'?", ends);
    else
        ug_suggest(d, "", *parent ? ug_arena_format(c->arena, "'%s' has", parent) : "it has",
                   here.items, (size_t)there);
}

static void refuse_new_key(struct ug_composer *c, const struct ug_yaml *root, const char *name,
                           const char *value, struct ug_pos pos)
{
    struct reach reach = {0};
    struct ug_diag *d =
        ug_error(c->diags, pos, "'%s' is not in the file: --set overrides what is there", name);

    go_down(ug_yaml_get(root, "vars"), NULL, name, 0, &reach);
    go_down(root, NULL, name, 0, &reach);
    const char *write = to_write(c, name, reach.length, value);
    if (write && reach.key)
        ug_note(d, reach.key->pos, "write '%s' here, and it can be set", write);
    else if (write)
        ug_note(d, UG_NOWHERE, "write '%s' in the file, and it can be set", write);
    else
        suggest(c, d, root, name, &reach);
}

/* Whether every key of a map that is laid over another is in it already. */
static bool only_known_keys(struct ug_composer *c, const struct ug_yaml *base,
                            const struct ug_yaml *over)
{
    bool known = true;

    for (int i = 0; base->kind == UG_YAML_MAP && over->kind == UG_YAML_MAP && i < over->n; i++) {
        const int at = ug_yaml_index(base, over->keys[i]->text);
        if (at < 0) {
            struct ug_diag *d = ug_error(c->diags, over->keys[i]->pos,
                                         "'%s' is not in the file: --set overrides what is there",
                                         over->keys[i]->text);
            struct names names = {0};
            list_names(c, base, "", &names);
            ug_suggest(d, over->keys[i]->text, "keys", names.items, (size_t)names.n);
        }
        known &= at >= 0 && only_known_keys(c, base->items[at], over->items[i]);
    }
    return known;
}

/* ---- Setting ---- */

void ug_apply_set(struct ug_composer *c, struct ug_yaml *root, const char *set)
{
    struct ug_source *source = ug_arena_alloc(c->arena, sizeof *source);
    const char *equals = strchr(set, '=');
    struct slot slot;

    source->path = ug_arena_format(c->arena, "--set %s", set);
    const struct ug_pos pos = {source, 0, 0};
    if (!equals || equals == set || !equals[1]) {
        ug_error(c->diags, pos, "--set takes NAME=EXPR");
        return;
    }
    const char *name = ug_arena_copy(c->arena, set, (size_t)(equals - set));
    struct ug_yaml *value =
        ug_yaml_read_text(c->arena, c->diags, source->path, "", equals + 1, strlen(equals + 1));
    if (!value)
        return;
    if (!follow_set(root, name, &slot)) {
        refuse_new_key(c, root, name, equals + 1, pos);
        return;
    }
    struct ug_yaml **item = &slot.map->items[slot.index];
    if (ug_yaml_is_null(value) && slot.level != UG_PARAMS)
        ug_yaml_remove(slot.map, slot.index);
    else if (only_known_keys(c, *item, value))
        *item = ug_yaml_merge(c, *item, value,
                              ug_level_below(slot.level, slot.map->keys[slot.index]->text));
}
