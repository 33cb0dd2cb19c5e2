/* classes.c -- finds labels that are no class before the step that would read them. */
#include "engine/run/classes.h"

#include <string.h>

const char *ug_classes_entry(const struct ug_node *node)
{
    const struct ug_node *labels = node->op->classes ? node->in[node->n_in - 1] : NULL;

    if (!labels || labels->op != &ug_op_input || labels->type.dtype != UG_I64)
        return NULL;
    return ((const struct ug_input_attrs *)labels->attrs)->name;
}

static bool has_entry(const struct ug_data_spec *spec, const char *name)
{
    int i = 0;

    while (i < spec->n && strcmp(spec->entries[i].name, name))
        i++;
    return i < spec->n;
}

const char *ug_classes_text(struct ug_arena *a, const char *entry, const struct ug_misfit *m,
                            int64_t classes)
{
    return ug_arena_format(a, "the label '%s' of %s is %lld, but there are %lld classes: 0 to %lld",
                           entry, m->origin, (long long)m->label, (long long)classes,
                           (long long)classes - 1);
}

bool ug_classes_check(const struct ug_graph *g, const struct ug_dataset *data,
                      const struct ug_data_spec *spec, struct ug_diags *diags)
{
    struct ug_arena *arena = ug_arena_new();
    bool fit = true;

    for (int i = 0; i < g->n; i++) {
        const struct ug_node *node = g->nodes[i];
        const char *entry = ug_classes_entry(node);
        struct ug_misfit m;
        if (!entry || !has_entry(spec, entry))
            continue;
        const int64_t classes = node->op->classes(&node->in[0]->type, &node->type);
        if (ug_dataset_labels_fit(data, entry, classes, arena, &m))
            continue;
        ug_error(diags, node->pos, "%s", ug_classes_text(arena, entry, &m, classes));
        fit = false;
    }
    ug_arena_free(arena);
    return fit;
}
