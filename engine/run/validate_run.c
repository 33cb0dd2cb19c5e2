/* validate_run.c -- unitgraph validate: a run's metrics over the whole of their data. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/checkpoint.h"
#include "engine/run/folder.h"
#include "engine/run/trained.h"
#include "engine/run/validate.h"
#include "engine/unitgraph.h"

struct evaluation {
    const struct ug_validate_options *options;
    struct ug_diags *diags;
    struct ug_arena *arena;
    struct ug_trained trained;
    struct ug_validation validation;
    struct ug_moment now;
};

/* ---- Loading ---- */

/* Step and seed of the checkpoint, where the parameters stand in one: random draws and `step` are
 * then those of the run. */
static void find_moment(struct evaluation *e)
{
    const char *slash = strrchr(e->trained.path, '/');
    const char *folder =
        slash ? ug_arena_copy(e->arena, e->trained.path, (size_t)(slash - e->trained.path)) : ".";
    struct ug_progress_made made = {.step = e->trained.program->train.steps,
                                    .seed = e->trained.program->train.seed};
    struct ug_diags *unsaid = ug_diags_new();

    if (e->trained.file && ug_file_exists(ug_arena_format(e->arena, "%s/state.json", folder)))
        ug_checkpoint_origin(folder, e->arena, &made, unsaid);
    ug_diags_free(unsaid);
    e->now = ug_moment_at(e->trained.program, made.seed, made.step);
}

static bool is_experiment(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

/* A run's file is in its parameters, and so are the settled paths of its data. */
static bool load_program(struct evaluation *e)
{
    const struct ug_validate_options *o = e->options;
    const struct ug_load_options load = {.sets = o->overrides.sets, .n_sets = o->overrides.n_sets};

    if (is_experiment(o->run) && !ug_folder_exists(o->run))
        return ug_trained_begin(&e->trained, o->run, &load, e->diags);
    return ug_trained_open(&e->trained,
                           ug_checkpoint_weights(e->arena, o->run, o->checkpoint, e->diags), load,
                           e->arena, e->diags);
}

static bool load(struct evaluation *e)
{
    if (!load_program(e))
        return false;
    if (!e->trained.program->validate.event.present)
        ug_note(ug_error(e->diags, UG_NOWHERE, "the file of this run has no 'validate'"),
                UG_NOWHERE, "write 'validate: {every: 100, metrics: {l1: \"l1_loss(y, x)\"}}'");
    return e->trained.program->validate.event.present;
}

static bool open(struct evaluation *e)
{
    struct ug_trained *t = &e->trained;

    if (!ug_trained_read(t, e->diags))
        return false;
    const struct ug_look look = ug_trained_look(t);
    find_moment(e);
    return ug_validation_open(&e->validation, &look, e->diags);
}

/* ---- Telling ---- */

static void print_table(const struct evaluation *e, FILE *out)
{
    const struct ug_validation *v = &e->validation;
    int width = 6;

    for (int i = 0; i < v->spec->n_metrics; i++)
        if ((int)strlen(v->spec->metrics[i].label) > width)
            width = (int)strlen(v->spec->metrics[i].label);
    fprintf(out, "%s, step %lld, over %lld samples\n", e->trained.path, (long long)e->now.step,
            (long long)v->count);
    for (int i = 0; i < v->spec->n_metrics; i++) {
        fprintf(out, "  %-*s  %.6g", width, v->spec->metrics[i].label, v->means[i]);
        if (v->counts[i] < v->count)
            fprintf(out, "  over %lld", (long long)v->counts[i]);
        fputc('\n', out);
    }
}

static bool write_json(const struct evaluation *e)
{
    const struct ug_validation *v = &e->validation;
    json_t *metrics = json_object();

    for (int i = 0; i < v->spec->n_metrics; i++) /* what JSON cannot hold becomes null */
        if (json_object_set_new(metrics, v->spec->metrics[i].label, json_real(v->means[i])))
            json_object_set_new(metrics, v->spec->metrics[i].label, json_null());
    json_t *all =
        json_pack("{s:s, s:I, s:I, s:o}", "parameters", e->trained.path, "step",
                  (json_int_t)e->now.step, "samples", (json_int_t)v->count, "metrics", metrics);
    char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
    if (!text)
        ug_error(e->diags, UG_NOWHERE, "cannot write '%s': a name in it is not UTF-8",
                 e->options->json);
    ug_file_sweep(e->options->json);
    const bool written =
        text && ug_file_write(e->options->json, ug_arena_format(e->arena, "%s\n", text),
                              strlen(text) + 1, e->diags);
    free(text);
    json_decref(all);
    return written;
}

/* ---- The command ---- */

static enum ug_status evaluate(struct evaluation *e, FILE *out)
{
    if (!load(e))
        return UG_WRONG;
    if (!open(e) || !ug_validation_run(&e->validation, &e->now, e->diags))
        return UG_FAILED;
    print_table(e, out);
    return !e->options->json || write_json(e) ? UG_DONE : UG_FAILED;
}

enum ug_status ug_validate(const struct ug_validate_options *o, FILE *out, struct ug_diags *diags)
{
    struct evaluation e = {.options = o, .diags = diags, .arena = ug_arena_new()};
    const enum ug_status status = evaluate(&e, out);

    ug_validation_close(&e.validation);
    ug_trained_close(&e.trained);
    ug_arena_free(e.arena);
    return status;
}
