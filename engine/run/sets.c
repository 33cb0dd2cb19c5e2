/* sets.c -- joins two lists by their names. */
#include "engine/run/sets.h"

#include <stdlib.h>
#include <string.h>

static bool same_name(const char *a, const char *b)
{
    const size_t n = strcspn(a, "=");

    return n == strcspn(b, "=") && !strncmp(a, b, n);
}

struct ug_sets ug_sets_join(struct ug_arena *a, struct ug_sets kept, struct ug_sets added)
{
    const char **all = ug_arena_array(a, (size_t)(kept.n + added.n), sizeof *all);
    int n = 0;

    for (int i = 0; i < kept.n; i++) {
        bool replaced = false;
        for (int k = 0; k < added.n; k++)
            replaced |= same_name(kept.items[i], added.items[k]);
        if (!replaced)
            all[n++] = kept.items[i];
    }
    for (int i = 0; i < added.n; i++)
        all[n++] = added.items[i];
    return (struct ug_sets){all, n};
}

/* A scalar as YAML writes it, without the blank before and the end of the line after. */
static const char *written(struct ug_arena *a, const struct ug_yaml *scalar)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        abort();
    ug_yaml_write(scalar, out, false);
    fclose(out);
    const char *copy = ug_arena_copy(a, text + 1, length - 2);
    free(text);
    return copy;
}

struct ug_sets ug_sets_settle(struct ug_arena *a, struct ug_sets sets, struct ug_yaml *tree)
{
    const char **settled = ug_arena_array(a, (size_t)sets.n, sizeof *settled);

    for (int i = 0; i < sets.n; i++) {
        const char *name = ug_arena_copy(a, sets.items[i], strcspn(sets.items[i], "="));
        const struct ug_yaml *value = ug_yaml_find_set(tree, name);
        settled[i] = value && value->kind == UG_YAML_SCALAR
                         ? ug_arena_format(a, "%s=%s", name, written(a, value))
                         : ug_arena_copy(a, sets.items[i], strlen(sets.items[i]));
    }
    return (struct ug_sets){settled, sets.n};
}
