/* train.c -- unitgraph run: step after step, until the last, a signal, or a value that is not
 * finite. */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/run/bundle.h"
#include "engine/run/classes.h"
#include "engine/run/session.h"

enum { MOST_SAMPLES = 16 }; /* of a batch that are named */

/* ---- When a value is not finite ---- */

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

static void report_fault(struct ug_session *r, const struct ug_fault *f,
                         const struct ug_batch *batch, const struct ug_moment *now)
{
    const long long step = (long long)now->step;
    const char *what = ug_arena_format(r->arena, "step %lld: %s", step + 1,
                                       ug_fault_text(r->arena, r->program, f));
    struct ug_diag *e = ug_error(r->diags, f->pos, "%s", what);

    if (r->progress.log)
        fprintf(r->progress.log, "%s\n", what);
    note_label(r, batch, f->node, e);
    for (int i = 0; i < batch->n && batch->origins; i++)
        note_samples(r, batch, i, e);
    if (ug_session_save(r))
        ug_note(e, UG_NOWHERE, "the parameters of before this step are kept in '%s'",
                ug_session_path(r, ug_arena_format(r->arena, "checkpoints/step-%08lld", step)));
    write_bundle(r, batch, now, f->pos, what, e);
}

/* ---- The loop ---- */

/* On data that was asked for at that moment. */
static bool take_step(struct ug_session *r, const struct ug_batch *batch, double asked)
{
    const struct ug_moment now = ug_session_moment(r, r->made.step);
    struct ug_step *s = ug_trainer_at(r->trainer, now.step);
    struct ug_fault fault;

    if (s && !ug_trainer_run(r->trainer, s, batch, &now, &fault)) {
        report_fault(r, &fault, batch, &now);
        return false;
    }
    if (s && r->trace && !ug_trace_step(r->trace, s, now.step, asked, r->diags))
        return false;
    r->made.step++;
    return ug_session_events(r, s);
}

static bool is_stopped(const struct ug_session *r)
{
    return r->options->stop && *r->options->stop;
}

static bool train(struct ug_session *r)
{
    static const struct ug_batch nothing = {0};
    const int64_t all = r->program->train.steps;
    const int64_t steps = r->until && r->until < all ? r->until : all;

    if (r->data && r->made.step < steps) {
        r->loader = ug_loader_start(r->data, UG_DRAW_TRAINING, r->program->data.batch, r->made.seed,
                                    r->made.step, steps, r->diags);
        if (!r->loader)
            return false;
    }
    if (r->options->trace)
        r->trace = ug_trace_new(r->options->trace, r->trainer, r->made.step, steps);
    r->progress.started = ug_now();
    while (r->made.step < steps && !is_stopped(r)) {
        const double asked = ug_now();
        const struct ug_batch *batch = r->loader ? ug_loader_next(r->loader, r->diags) : &nothing;
        if (!batch || !take_step(r, batch, asked))
            return false;
    }
    return ug_session_save(r);
}

static void say_start(struct ug_session *r)
{
    if (r->made.step)
        ug_progress_say(&r->progress, "%s: going on from step %lld of %lld, into %s", r->file,
                        (long long)r->made.step, (long long)r->program->train.steps, r->out);
    else
        ug_progress_say(&r->progress, "%s: %lld steps, into %s", r->file,
                        (long long)r->program->train.steps, r->out);
}

static void say_end(struct ug_session *r)
{
    const int64_t skipped = r->data ? ug_dataset_skipped(r->data) : 0;

    if (skipped)
        ug_progress_say(&r->progress, "%lld broken pictures were left out", (long long)skipped);
    if (r->loader && ug_loader_waited(r->loader) > 0.05 * (ug_now() - r->progress.started))
        ug_progress_say(&r->progress, "training waited %.1f s for data",
                        ug_loader_waited(r->loader));
    if (r->made.step < r->program->train.steps)
        ug_progress_say(&r->progress,
                        "stopped after step %lld of %lld; go on with: unitgraph run %s --out %s "
                        "--resume",
                        (long long)r->made.step, (long long)r->program->train.steps, r->file,
                        r->out);
    else
        ug_progress_say(&r->progress, "finished: %s/latest has the parameters of step %lld", r->out,
                        (long long)r->made.step);
}

enum ug_status ug_session_run(struct ug_session *r)
{
    if (!ug_session_prepare(r))
        return UG_WRONG;
    if (!ug_session_open(r))
        return UG_FAILED;
    say_start(r);
    const bool done = train(r);
    ug_progress_end(&r->progress);
    if (!done)
        return UG_FAILED;
    say_end(r);
    return UG_DONE;
}

enum ug_status ug_run(const char *file, const struct ug_run_options *o, struct ug_diags *diags)
{
    struct ug_session r = {
        .options = o, .file = file, .diags = diags, .arena = ug_arena_new(), .lock = -1};
    const enum ug_status status = ug_session_run(&r);

    ug_session_free(&r);
    return status;
}
