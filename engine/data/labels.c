/* labels.c -- the labels of another entry's samples. */
#include "engine/data/entry.h"

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
