/* labels.c -- the labels of another entry's samples; whether labels are classes. */
#include <stdlib.h>
#include <string.h>

#include "engine/data/entry.h"

enum { MOST_LABELS = 1 << 22 }; /* that are looked through */

static int64_t label_of(const struct ug_entry *of, int64_t item)
{
    return of->labels ? of->labels[item] : of->kind->label ? of->kind->label(of, item) : -1;
}

static bool open_labels(struct ug_entry *e, struct ug_diags *diags)
{
    const struct ug_entry *of = e->of;
    char text[UG_ORIGIN];

    if (!of || !of->opened)
        return false; /* its own error says why */
    if (!of->labels && label_of(of, 0) < 0) {
        ug_note(ug_error(diags, e->spec->pos, "'%s' has no labels", of->spec->name), UG_NOWHERE,
                "labels come from 'labels' beside 'idx', from the lines of a list file, "
                "from the subfolders of a folder, or from a scene that has them");
        return false;
    }
    for (int64_t i = 0; of->labels && i < of->items; i++)
        if (of->labels[i] < 0) {
            ug_error(diags, e->spec->pos, "the picture '%s' of '%s' has no label",
                     ug_entry_origin(of, i, text), of->spec->name);
            return false;
        }
    e->items = of->items;
    e->type = (struct ug_type){UG_I64, ug_shape_scalar()};
    return true;
}

static void read_label(const struct ug_entry *e, int64_t item, void *out)
{
    *(int64_t *)out = label_of(e->of, item);
}

const struct ug_source_kind ug_labels_source = {.open = open_labels, .values = read_label};

/* ---- Labels and classes ---- */

static bool is_class(int64_t label, int64_t classes)
{
    return label >= 0 && label < classes;
}

bool ug_dataset_labels_fit(const struct ug_dataset *d, const char *entry, int64_t classes,
                           struct ug_arena *arena, struct ug_misfit *misfit)
{
    const struct ug_entry *e = ug_dataset_entry(d, entry);
    const int64_t each = ug_shape_count(&e->type.shape), n = ug_entry_count(e);
    char text[UG_ORIGIN];
    bool fit = true;

    if (e->type.dtype != UG_I64 || n > MOST_LABELS / (each ? each : 1))
        return true;
    int64_t *labels = ug_xcalloc((size_t)each, sizeof *labels);
    for (int64_t i = 0; i < n && fit; i++) {
        const int64_t item = ug_entry_item(e, i);
        e->kind->values(e, item, labels);
        for (int64_t k = 0; k < each && fit; k++)
            if (!(fit = is_class(labels[k], classes))) {
                const char *origin = ug_entry_origin(e->of ? e->of : e, item, text);
                *misfit =
                    (struct ug_misfit){labels[k], ug_arena_copy(arena, origin, strlen(origin))};
            }
    }
    free(labels);
    return fit;
}
