/* train.c -- a run from its first step to its last, with all that happens on the way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/run/checkpoint.h"
#include "engine/run/config.h"
#include "engine/run/folder.h"
#include "engine/run/metrics.h"
#include "engine/run/progress.h"
#include "engine/run/samples.h"
#include "engine/run/validate.h"
#include "engine/run/weights.h"
#include "engine/unitgraph.h"

enum { LOG_EVERY = 10, FEWEST_LINES = 100 }; /* where the file does not say how often to log */

struct run {
    const struct ug_run_options *options;
    const char *file; /* as the user named it */
    struct ug_diags *diags;
    struct ug_arena *arena;
    struct ug_program *program;
    const char *out, *config;
    struct ug_dataset *data; /* NULL where the experiment has none */
    struct ug_trainer *trainer;
    struct ug_samples samples;
    struct ug_validation validation;
    struct ug_loader *loader;
    struct ug_metrics metrics;
    struct ug_progress progress;
    struct ug_progress_made made;
    double seconds_before; /* of training, before this session */
    int64_t saved;         /* step of the newest checkpoint; -1: none */
};

static const char *in_run(const struct run *r, const char *name)
{
    return ug_arena_format(r->arena, "%s/%s", r->out, name);
}

/* ---- Loading ---- */

static int64_t log_every(int64_t steps)
{
    const int64_t every = steps / FEWEST_LINES;

    return every < 1 ? 1 : every < LOG_EVERY ? every : LOG_EVERY;
}

/* What the command line says goes into the file too: config.yaml repeats the run. */
static void apply_options(struct run *r)
{
    const struct ug_run_options *o = r->options;
    struct ug_program *p = r->program;

    if (o->steps) {
        p->train.steps = o->steps;
        p->train.epochs = 0;
        ug_config_remove(p, "epochs");
        ug_config_set(p, "steps", ug_arena_format(p->arena, "%lld", (long long)o->steps));
    }
    if (o->seed >= 0) {
        p->train.seed = (uint64_t)o->seed;
        ug_config_set(p, "seed", ug_arena_format(p->arena, "%lld", (long long)o->seed));
    }
    if (!p->log.present)
        p->log = (struct ug_event_spec){.present = true, .every = log_every(p->train.steps)};
    if (o->init) {
        p->train.init = o->init;
        p->train.init_pos = UG_NOWHERE;
        ug_config_set(p, "init", o->init);
    }
}

static bool load(struct run *r)
{
    const struct ug_load_options options = {.sets = r->options->overrides.sets,
                                            .n_sets = r->options->overrides.n_sets};

    r->program = ug_program_load(r->file, &options, r->diags);
    if (!r->program || ug_diags_errors(r->diags))
        return false;
    if (!r->program->train.present) {
        ug_error(r->diags, (struct ug_pos){r->program->tree->pos.source, 0, 0},
                 "there is nothing to train: the file has no 'train'");
        return false;
    }
    r->made.experiment = ug_config_hash(ug_config_text(r->program));
    apply_options(r);
    r->config = ug_config_text(r->program);
    return true;
}

/* "graphs/unit.yaml" trains into "runs/unit". */
static const char *default_folder(struct ug_arena *a, const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');

    return ug_arena_format(a, "runs/%.*s",
                           (int)(dot && dot != name ? dot - name : (long)strlen(name)), name);
}

static bool holds_run(const struct run *r)
{
    return ug_file_exists(in_run(r, "config.yaml")) || ug_file_exists(in_run(r, "checkpoints")) ||
           ug_file_exists(in_run(r, "metrics.jsonl"));
}

static bool check_folder(struct run *r)
{
    r->out = r->options->out ? r->options->out : default_folder(r->arena, r->file);
    if (r->options->resume && r->options->init) {
        ug_error(r->diags, UG_NOWHERE,
                 "--init starts a run and --resume goes on with one: leave one of them out");
        return false;
    }
    if (r->options->resume || !holds_run(r))
        return true;
    struct ug_diag *e =
        ug_error(r->diags, UG_NOWHERE, "the folder '%s' holds a run already", r->out);
    ug_note(e, UG_NOWHERE, "go on with it by --resume, or choose another folder with --out");
    return false;
}

/* Everything that can be wrong with the experiment is found before the folder is touched. */
static bool prepare(struct run *r)
{
    struct ug_program *p = r->program;

    if (p->data.n && !(r->data = ug_dataset_open(&p->data, r->diags)))
        return false;
    if (!(r->trainer = ug_trainer_new(p, r->diags)))
        return false;
    if (p->samples.event.present && !ug_samples_open(&r->samples, r->trainer, r->diags))
        return false;
    return !p->validate.event.present || ug_validation_open(&r->validation, r->trainer, r->diags);
}

/* ---- Starting ---- */

static bool begin_anew(struct run *r)
{
    const struct ug_train_spec *t = &r->program->train;

    if (!ug_store_init(r->trainer->store, r->program, t->seed, r->diags))
        return false;
    if (t->init &&
        !ug_weights_read(t->init, t->init_pos, r->program, r->trainer->store->data, r->diags))
        return false;
    ug_trainer_start(r->trainer);
    r->made.seed = t->seed;
    return true;
}

/* The seed is the run's; another one would make it another run. */
static bool go_on(struct run *r, const char *checkpoint)
{
    const uint64_t experiment = r->made.experiment;

    if (!ug_checkpoint_read(checkpoint, r->trainer, &r->made, r->diags))
        return false;
    if (r->options->seed >= 0 && r->made.seed != (uint64_t)r->options->seed) {
        ug_error(r->diags, UG_NOWHERE, "the run in '%s' has the seed %llu; --seed cannot change it",
                 r->out, (unsigned long long)r->made.seed);
        return false;
    }
    if (r->made.experiment != experiment)
        ug_warning(r->diags, UG_NOWHERE, "'%s' has changed since the run in '%s' began", r->file,
                   r->out);
    r->made.experiment = experiment;
    r->saved = r->made.step;
    r->seconds_before = r->made.seconds;
    return true;
}

static bool set_start(struct run *r)
{
    const char *checkpoint = r->options->resume ? ug_checkpoint_find(r->arena, r->out, -1) : NULL;

    r->saved = -1;
    return checkpoint ? go_on(r, checkpoint) : begin_anew(r);
}

static bool write_config(struct run *r)
{
    struct ug_writer w;

    if (!ug_writer_open(&w, in_run(r, "config.yaml"), r->diags))
        return false;
    ug_writer_put(&w, r->config, strlen(r->config));
    return ug_writer_commit(&w, r->diags);
}

static bool open_folder(struct run *r)
{
    if (!ug_folder_make(r->out, r->diags) || !write_config(r) ||
        !ug_metrics_open(&r->metrics, in_run(r, "metrics.jsonl"), r->made.step, r->diags))
        return false;
    r->progress = (struct ug_progress){
        .out = r->options->progress,
        .terminal = r->options->terminal,
        .log = fopen(in_run(r, "log.txt"), "ae"),
        .unit = "step",
        .first = r->made.step,
        .last = r->program->train.steps,
    };
    return true;
}

/* ---- Events ---- */

static bool is_due(const struct ug_event_spec *e, int64_t finished)
{
    return e->present && e->every > 0 && finished % e->every == 0;
}

static struct ug_moment moment_of(const struct run *r, int64_t step)
{
    const struct ug_train_spec *t = &r->program->train;
    const int64_t largest = t->largest;
    const int64_t batch = r->program->data.batch;

    return (struct ug_moment){
        .seed = r->made.seed,
        .step = step,
        .steps = t->steps,
        .epoch = largest ? step * batch / largest : 0,
        .epochs = t->epochs > 0 ? (int64_t)ceil(t->epochs)
                  : largest     ? t->steps * batch / largest
                                : 0,
    };
}

static float term_value(const struct ug_step *s, const struct ug_term *t)
{
    return *(const float *)ug_exec_value(s->run.exec, t->node).data;
}

static void put_terms(struct run *r, const struct ug_step *s)
{
    const struct ug_train_spec *t = &r->program->train;

    for (int i = 0; s && i < s->n_terms; i++)
        if (s->terms[i].name)
            ug_metrics_put(&r->metrics, "", s->terms[i].name, (double)term_value(s, &s->terms[i]));
    for (int i = 0; s && i < t->n_optimizers; i++)
        if (s->active[i])
            ug_metrics_put(&r->metrics, "lr/", t->optimizers[i].name, r->trainer->rates[i]);
}

/* The losses as wholes: their terms are in metrics.jsonl. */
static void show_step(struct run *r, const struct ug_step *s, int64_t finished)
{
    char text[300] = "";
    size_t at = 0;

    for (int i = 0; s && i < s->n_terms && at < sizeof text; i++)
        if (s->terms[i].name && !strchr(s->terms[i].name, '/'))
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.4g", at ? "  " : "",
                                   s->terms[i].name, (double)term_value(s, &s->terms[i]));
    ug_progress_step(&r->progress, finished, text);
}

static bool validate(struct run *r, const struct ug_moment *now)
{
    const struct ug_validate_spec *spec = &r->program->validate;
    char text[300] = "";
    size_t at = 0;

    if (!ug_validation_run(&r->validation, now, r->diags))
        return false;
    for (int i = 0; i < spec->n_metrics; i++) {
        ug_metrics_put(&r->metrics, "validate/", spec->metrics[i].label, r->validation.means[i]);
        if (at < sizeof text)
            at += (size_t)snprintf(text + at, sizeof text - at, "  %s %.4g", spec->metrics[i].label,
                                   r->validation.means[i]);
    }
    ug_progress_say(&r->progress, "step %lld: validated over %lld samples:%s", (long long)now->step,
                    (long long)r->validation.count, text);
    return true;
}

/* One line holds all that is known of a step.  The step's values are read first: what runs beside
 * training uses their memory. */
static bool write_metrics(struct run *r, const struct ug_step *s, const struct ug_moment *now)
{
    const bool log = is_due(&r->program->log, now->step);
    const bool validation = is_due(&r->program->validate.event, now->step);
    bool whole = true;

    if (!log && !validation)
        return true;
    ug_metrics_begin(&r->metrics, now->step, now->epoch, r->made.seconds);
    if (log)
        put_terms(r, s);
    if (validation)
        whole = validate(r, now);
    return ug_metrics_end(&r->metrics, r->diags) && whole;
}

static bool write_samples(struct run *r, const struct ug_moment *now)
{
    struct ug_arena *a = ug_arena_new();
    const char *folder = ug_arena_format(a, "%s/samples", r->out);
    const char *path = ug_arena_format(a, "%s/step-%08lld.png", folder, (long long)now->step);
    const bool written =
        ug_folder_make(folder, r->diags) && ug_samples_write(&r->samples, path, now, r->diags);

    ug_arena_free(a);
    return written;
}

static bool save(struct run *r)
{
    if (r->saved == r->made.step)
        return true;
    if (!ug_checkpoint_write(r->out, r->trainer, &r->made, r->config, r->program->checkpoint.keep,
                             r->diags))
        return false;
    r->saved = r->made.step;
    return true;
}

static bool handle_events(struct run *r, const struct ug_step *s)
{
    const int64_t finished = r->made.step;
    const struct ug_moment now = moment_of(r, finished);

    r->made.seconds = r->seconds_before + ug_now() - r->progress.started;
    if (ug_progress_due(&r->progress, finished))
        show_step(r, s, finished);
    return write_metrics(r, s, &now) &&
           (!is_due(&r->program->samples.event, finished) || write_samples(r, &now)) &&
           (!is_due(&r->program->checkpoint.event, finished) || save(r));
}

/* ---- When a value is not finite ---- */

static const char *describe_fault(const struct run *r, const struct ug_fault *f)
{
    const struct ug_node *n = f->node;
    const char *optimizer = r->program->train.optimizers[f->optimizer].name;

    if (!n && f->pos.source)
        return ug_arena_format(r->arena, "the learning rate of '%s' is not finite", optimizer);
    if (!n)
        return ug_arena_format(r->arena, "a gradient for '%s' is not finite", optimizer);
    if (n->op == &ug_op_input)
        return ug_arena_format(r->arena, "the input '%s' is not finite",
                               ((const struct ug_input_attrs *)n->attrs)->name);
    if (n->op == &ug_op_param)
        return ug_arena_format(r->arena, "the parameter '%s' is not finite",
                               ((const struct ug_param_attrs *)n->attrs)->param->name);
    return ug_arena_format(r->arena, "%s'%s' is not finite: a result of '%s'",
                           n->backward ? "the gradient at " : "", n->place ? n->place : n->op->name,
                           n->called ? n->called->name : n->op->name);
}

static void report_fault(struct run *r, const struct ug_fault *f, const struct ug_batch *batch)
{
    const int64_t step = r->made.step;
    struct ug_diag *e =
        ug_error(r->diags, f->pos, "step %lld: %s", (long long)step + 1, describe_fault(r, f));

    for (int i = 0; i < batch->n; i++)
        for (int64_t k = 0; k < r->program->data.batch && batch->origins; k++)
            ug_note(e, UG_NOWHERE, "%s: %s", batch->names[i], batch->origins[i][k]);
    if (save(r))
        ug_note(e, UG_NOWHERE, "the parameters of before this step are kept in '%s'",
                in_run(r, ug_arena_format(r->arena, "checkpoints/step-%08lld", (long long)step)));
}

/* ---- The loop ---- */

static bool take_step(struct run *r, const struct ug_batch *batch)
{
    const struct ug_moment now = moment_of(r, r->made.step);
    struct ug_step *s = ug_trainer_at(r->trainer, now.step);
    struct ug_fault fault;

    if (s && !ug_trainer_run(r->trainer, s, batch, &now, &fault)) {
        report_fault(r, &fault, batch);
        return false;
    }
    r->made.step++;
    return handle_events(r, s);
}

static bool is_stopped(const struct run *r)
{
    return r->options->stop && *r->options->stop;
}

static bool train(struct run *r)
{
    static const struct ug_batch nothing = {0};
    const int64_t steps = r->program->train.steps;

    if (r->data && r->made.step < steps) {
        r->loader = ug_loader_start(r->data, UG_DRAW_TRAINING, r->program->data.batch, r->made.seed,
                                    r->made.step, steps, r->diags);
        if (!r->loader)
            return false;
    }
    r->progress.started = ug_now();
    while (r->made.step < steps && !is_stopped(r)) {
        const struct ug_batch *batch = r->loader ? ug_loader_next(r->loader, r->diags) : &nothing;
        if (!batch || !take_step(r, batch))
            return false;
    }
    return save(r);
}

static void say_start(struct run *r)
{
    if (r->made.step)
        ug_progress_say(&r->progress, "%s: going on from step %lld of %lld, into %s", r->file,
                        (long long)r->made.step, (long long)r->program->train.steps, r->out);
    else
        ug_progress_say(&r->progress, "%s: %lld steps, into %s", r->file,
                        (long long)r->program->train.steps, r->out);
}

static void say_end(struct run *r)
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

static enum ug_status run(struct run *r)
{
    if (!load(r) || !check_folder(r) || !prepare(r) || !set_start(r))
        return UG_WRONG;
    if (!open_folder(r))
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
    struct run r = {.options = o, .file = file, .diags = diags, .arena = ug_arena_new()};
    const enum ug_status status = run(&r);

    ug_loader_stop(r.loader);
    ug_metrics_close(&r.metrics);
    if (r.progress.log)
        fclose(r.progress.log);
    ug_samples_close(&r.samples);
    ug_validation_close(&r.validation);
    ug_trainer_free(r.trainer);
    ug_dataset_close(r.data);
    ug_program_free(r.program);
    ug_arena_free(r.arena);
    return status;
}
