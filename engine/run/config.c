/* config.c -- edits the tree of the file, and writes it. */
#include "engine/run/config.h"

#include <stdlib.h>
#include <string.h>

#include "engine/model/settle.h"

/* ---- Changing the tree ---- */

static struct ug_yaml *new_scalar(struct ug_arena *a, const char *text)
{
    struct ug_yaml *y = ug_arena_alloc(a, sizeof *y);

    *y = (struct ug_yaml){
        .kind = UG_YAML_SCALAR, .plain = true, .text = text, .length = strlen(text), .folder = "."};
    return y;
}

void ug_config_put(struct ug_arena *a, struct ug_yaml *map, const char *key, const char *value)
{
    const int at = ug_yaml_index(map, key);
    int capacity = map->n, n = map->n;

    if (at >= 0 && value)
        map->items[at] = new_scalar(a, value);
    else if (at >= 0)
        ug_yaml_remove(map, at);
    if (at >= 0 || !value)
        return;
    UG_PUSH(a, map->keys, n, capacity, new_scalar(a, key));
    capacity = map->n;
    UG_PUSH(a, map->items, map->n, capacity, new_scalar(a, value));
}

void ug_config_set(struct ug_program *p, const char *key, const char *value)
{
    struct ug_yaml *train = ug_yaml_get(p->tree, "train");

    if (train)
        ug_config_put(p->arena, train, key, value);
}

void ug_config_set_seed(struct ug_program *p, uint64_t seed)
{
    p->train.seed = seed;
    ug_config_set(p, "seed", ug_arena_format(p->arena, "%llu", (unsigned long long)seed));
}

void ug_config_remove(struct ug_program *p, const char *key)
{
    ug_config_set(p, key, NULL);
}

/* ---- The whole ---- */

static const char *text_of(struct ug_program *p, bool origin)
{
    struct ug_diags *unsaid = ug_diags_new(); /* loading has said whatever is wrong with paths */

    ug_settle_paths(p->arena, unsaid, p->tree, p->vars);
    ug_diags_free(unsaid);
    return ug_yaml_text(p->arena, p->tree, origin);
}

const char *ug_config_text(struct ug_program *p)
{
    return text_of(p, false);
}

const char *ug_config_origins(struct ug_program *p)
{
    return text_of(p, true);
}
