/* sets.c -- joins two lists by their names. */
#include "engine/run/sets.h"

#include <string.h>

static bool same_name(const char *a, const char *b)
{
    const size_t n = strcspn(a, "=");

    return n == strcspn(b, "=") && !strncmp(a, b, n);
}

struct ug_overrides ug_sets_join(struct ug_arena *a, struct ug_overrides kept,
                                 struct ug_overrides added)
{
    const char **all = ug_arena_array(a, (size_t)(kept.n_sets + added.n_sets), sizeof *all);
    int n = 0;

    for (int i = 0; i < kept.n_sets; i++) {
        bool replaced = false;
        for (int k = 0; k < added.n_sets; k++)
            replaced |= same_name(kept.sets[i], added.sets[k]);
        if (!replaced)
            all[n++] = kept.sets[i];
    }
    for (int i = 0; i < added.n_sets; i++)
        all[n++] = added.sets[i];
    return (struct ug_overrides){all, n};
}

/* A scalar as YAML writes it, without the blank before and the end of the line after. */
static const char *written(struct ug_arena *a, const struct ug_yaml *scalar)
{
    char *text = ug_yaml_text(a, scalar, false);

    text[strlen(text) - 1] = '\0';
    return text + 1;
}

struct ug_overrides ug_sets_settle(struct ug_arena *a, struct ug_overrides sets,
                                   struct ug_yaml *tree)
{
    const char **settled = ug_arena_array(a, (size_t)sets.n_sets, sizeof *settled);

    for (int i = 0; i < sets.n_sets; i++) {
        const char *name = ug_arena_copy(a, sets.sets[i], strcspn(sets.sets[i], "="));
        const struct ug_yaml *value = ug_yaml_find_set(tree, name);
        settled[i] = value && value->kind == UG_YAML_SCALAR
                         ? ug_arena_format(a, "%s=%s", name, written(a, value))
                         : ug_arena_copy(a, sets.sets[i], strlen(sets.sets[i]));
    }
    return (struct ug_overrides){settled, sets.n_sets};
}
