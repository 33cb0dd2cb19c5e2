/* session_fault.c -- a step that went wrong: what was found, in which pictures, and a bundle. */
#include <string.h>

#include "engine/run/bundle.h"
#include "engine/run/classes.h"
#include "engine/run/session.h"

enum { MOST_SAMPLES = 16 }; /* of a batch that are named */

/* "x1 of this batch: photos/a.png, photos/b.png" */
static void note_samples(struct ug_session *r, const struct ug_batch *batch, int entry,
                         struct ug_diag *diag)
{
    const char *text = "";

    for (int64_t i = 0; i < r->program->data.batch && i < MOST_SAMPLES; i++)
        text = ug_arena_format(r->arena, "%s%s%s", text, i ? ", " : "", batch->origins[entry][i]);
    ug_note(diag, UG_NOWHERE, "%s of this batch: %s%s", batch->names[entry], text,
            r->program->data.batch > MOST_SAMPLES ? ", …" : "");
}

/* Whether each channel of a picture [C, H, W] has one value throughout. */
static bool is_flat(const float *x, int64_t channels, int64_t area)
{
    for (int64_t c = 0; c < channels; c++, x += area)
        for (int64_t i = 1; i < area; i++)
            if (x[i] != x[0])
                return false;
    return area > 1;
}

/* Names the first picture whose crop has nothing on it: what divides by its spread divides by 0. */
static void note_flat(const struct ug_batch *batch, int entry, struct ug_diag *diag)
{
    const struct ug_tensor *x = &batch->tensors[entry];
    const int64_t *dim = x->shape.dim;

    if (x->dtype != UG_F32 || x->shape.rank != 4)
        return;
    for (int64_t i = 0; i < dim[0]; i++)
        if (is_flat((const float *)x->data + i * dim[1] * dim[2] * dim[3], dim[1],
                    dim[2] * dim[3])) {
            ug_note(diag, UG_NOWHERE,
                    "what the step saw of '%s' is of one colour: its variance is 0",
                    batch->origins[entry][i]);
            return;
        }
}

static int entry_named(const struct ug_batch *batch, const char *name)
{
    int i = 0;

    while (i < batch->n && strcmp(batch->names[i], name))
        i++;
    return i < batch->n ? i : -1;
}

/* The entry of a batch whose labels a node reads; -1: it reads none. */
static int labels_of(const struct ug_batch *batch, const struct ug_node *node)
{
    const char *name = node ? ug_classes_entry(node) : NULL;

    return name ? entry_named(batch, name) : -1;
}

/* The picture that has the label of a sample, where it is one of a picture. */
static const char *labelled(const struct ug_session *r, const struct ug_batch *batch, int entry,
                            int64_t sample)
{
    const struct ug_data_spec *data = &r->program->data;

    for (int i = 0; i < data->n; i++)
        if (data->entries[i].of && !strcmp(data->entries[i].name, batch->names[entry]))
            entry = entry_named(batch, data->entries[i].of);
    return batch->origins[entry][sample];
}

/* Names the label that is no class, of those too many to be looked through before. */
static void note_label(const struct ug_session *r, const struct ug_batch *batch,
                       const struct ug_node *node, struct ug_diag *diag)
{
    const int entry = labels_of(batch, node);

    if (entry < 0 || !batch->origins)
        return;
    const int64_t classes = node->op->classes(&node->in[0]->type, &node->type);
    const struct ug_tensor *labels = &batch->tensors[entry];
    const int64_t each = ug_shape_span(&labels->shape, 1, labels->shape.rank);
    for (int64_t i = 0; i < ug_shape_count(&labels->shape); i++) {
        const struct ug_misfit m = {((const int64_t *)labels->data)[i],
                                    labelled(r, batch, entry, i / each)};
        if (m.label >= 0 && m.label < classes)
            continue;
        ug_note(diag, UG_NOWHERE, "%s",
                ug_classes_text(r->arena, batch->names[entry], &m, classes));
        return;
    }
}

static void write_bundle(struct ug_session *r, const struct ug_batch *batch,
                         const struct ug_moment *now, struct ug_pos pos, const char *message,
                         struct ug_diag *e)
{
    const char *name =
        ug_arena_format(r->arena, "fault-%08lld.safetensors", (long long)now->step + 1);
    const char *path = ug_session_path(r, name);
    const struct ug_fault_report report = {
        .trainer = r->trainer, .batch = batch, .now = *now, .pos = pos, .message = message};

    if (!ug_bundle_write(path, &report, r->diags))
        return;
    ug_note(e, UG_NOWHERE, "all that the step takes is in '%s': see where it goes wrong with",
            path);
    ug_note(e, UG_NOWHERE, "    unitgraph replay %s", path);
}

void ug_session_report(struct ug_session *r, const struct ug_fault *f, const struct ug_batch *batch,
                       const struct ug_moment *now)
{
    const long long step = (long long)now->step;
    const char *what = ug_arena_format(r->arena, "step %lld: %s", step + 1,
                                       ug_fault_text(r->arena, r->program, f));
    struct ug_diag *e = ug_error(r->diags, f->pos, "%s", what);

    if (r->progress.log)
        fprintf(r->progress.log, "%s\n", what);
    note_label(r, batch, f->node, e);
    for (int i = 0; i < batch->n && batch->origins; i++) {
        note_samples(r, batch, i, e);
        note_flat(batch, i, e);
    }
    if (ug_session_save(r))
        ug_note(e, UG_NOWHERE, "the parameters of before this step are kept in '%s'",
                ug_session_path(r, ug_arena_format(r->arena, "checkpoints/step-%08lld", step)));
    write_bundle(r, batch, now, f->pos, what, e);
}
