/* document.c -- looking at a tree that was read. */
#include "engine/model/document.h"

#include <string.h>

bool ug_yaml_is_null(const struct ug_yaml *y)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    if (y->kind != UG_YAML_SCALAR || !y->plain)
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (!strcmp(y->text, nulls[i]))
            return true;
    return false;
}

static int find_key(const struct ug_yaml *map, const char *key)
{
    for (int i = 0; map && map->kind == UG_YAML_MAP && i < map->n; i++)
        if (!strcmp(map->keys[i]->text, key))
            return i;
    return -1;
}

struct ug_yaml *ug_yaml_get(const struct ug_yaml *map, const char *key)
{
    const int i = find_key(map, key);

    return i < 0 ? NULL : map->items[i];
}

struct ug_yaml *ug_yaml_key(const struct ug_yaml *map, const char *key)
{
    const int i = find_key(map, key);

    return i < 0 ? NULL : map->keys[i];
}

bool ug_yaml_is_cut(const struct ug_yaml *y)
{
    if (y->kind != UG_YAML_SCALAR || !y->plain || !y->pos.source || !y->length)
        return false;
    const char *after = y->pos.source->text + y->end;
    const size_t blanks = strspn(after, " \t");
    return blanks > 0 && after[blanks] == '#';
}
