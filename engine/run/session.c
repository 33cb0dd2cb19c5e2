/* session.c -- how a run begins: the experiment, the folder, the checkpoint to go on from. */
#include "engine/run/session.h"

#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/report/about.h"
#include "engine/run/config.h"
#include "engine/run/folder.h"
#include "engine/run/sets.h"
#include "engine/run/weights.h"

enum { LOG_EVERY = 10, FEWEST_LINES = 100 }; /* where the file does not say how often to log */

const char *ug_session_path(const struct ug_session *r, const char *name)
{
    return ug_arena_format(r->arena, "%s/%s", r->out, name);
}

/* ---- The folder ---- */

/* "graphs/unit.yaml" trains into "runs/unit"; a run's folder into itself. */
static const char *default_folder(struct ug_arena *a, const char *file)
{
    if (ug_folder_exists(file))
        return file;
    return ug_arena_format(a, "runs/%s", ug_file_stem(a, file));
}

static bool holds_run(const struct ug_session *r)
{
    return ug_file_exists(ug_session_path(r, "config.yaml")) ||
           ug_file_exists(ug_session_path(r, "checkpoints")) ||
           ug_file_exists(ug_session_path(r, "metrics.jsonl"));
}

/* The checkpoint to go on from, and what its run was told; none is fine. */
static bool find_start(struct ug_session *r)
{
    r->out = r->options->out ? r->options->out : default_folder(r->arena, r->file);
    r->saved = -1;
    if (!r->options->resume)
        return true;
    if (r->options->init) {
        ug_error(r->diags, UG_NOWHERE,
                 "--init starts a run and --resume goes on with one: leave one of them out");
        return false;
    }
    if (!ug_checkpoint_choose(r->arena, r->out, &r->checkpoint, r->diags))
        return false;
    r->again = !r->checkpoint && ug_file_exists(ug_session_path(r, "state.json"));
    const char *from = r->again ? r->out : r->checkpoint;
    const char *fault = r->again ? ug_checkpoint_fault(r->arena, r->out) : NULL;
    if (fault) {
        ug_note(ug_error(r->diags, UG_NOWHERE, "the beginning of the run in '%s' is damaged: %s",
                         r->out, fault),
                UG_NOWHERE, "begin again in another folder, with --out");
        return false;
    }
    return !from || ug_checkpoint_origin(from, r->arena, &r->made, r->diags);
}

static bool check_folder(struct ug_session *r)
{
    if (r->options->resume || !holds_run(r))
        return true;
    struct ug_diag *e =
        ug_error(r->diags, UG_NOWHERE, "the folder '%s' holds a run already", r->out);
    ug_note(e, UG_NOWHERE, "go on with it by --resume, or choose another folder with --out");
    return false;
}

/* ---- The experiment ---- */

static int64_t log_every(int64_t steps)
{
    const int64_t every = steps / FEWEST_LINES;

    return every < 1 ? 1 : every < LOG_EVERY ? every : LOG_EVERY;
}

/* What the command line says goes into the file too: config.yaml repeats the run. */
static void apply_options(struct ug_session *r)
{
    const struct ug_run_options *o = r->options;
    struct ug_program *p = r->program;

    if (o->steps) {
        p->train.steps = o->steps;
        p->train.epochs = 0;
        ug_config_remove(p, "epochs");
        ug_config_set(p, "steps", ug_arena_format(p->arena, "%lld", (long long)o->steps));
    }
    if (o->seed >= 0 || r->again)
        ug_config_set_seed(p, o->seed >= 0 ? (uint64_t)o->seed : r->made.seed);
    if (p->train.steps < r->least_steps)
        p->train.steps = r->least_steps;
    if (r->logs_all)
        p->log = (struct ug_event_spec){.present = true, .every = 1};
    if (!p->log.present)
        p->log = (struct ug_event_spec){.present = true, .every = log_every(p->train.steps)};
    const char *init = o->init ? o->init : r->again ? r->made.init : NULL;
    if (init) {
        p->train.init = init;
        p->train.init_pos = UG_NOWHERE;
        ug_config_set(p, "init", init);
    }
}

/* What the run was told when it began stands in its own file: a key that --set removed cannot be
 * removed from it once more. */
static bool load_file(struct ug_session *r)
{
    const struct ug_overrides kept = {r->made.sets, r->made.n_sets};
    const struct ug_overrides added = r->options->overrides;
    const struct ug_overrides sets = ug_sets_join(r->arena, kept, added);
    const struct ug_overrides applied = ug_session_is_own_file(r) ? added : sets;
    const struct ug_load_options options = {.sets = applied.sets, .n_sets = applied.n_sets};

    r->program = ug_program_load(r->file, &options, r->diags);
    if (!r->program || ug_diags_errors(r->diags))
        return false;
    if (!r->program->train.present) {
        ug_error(r->diags, (struct ug_pos){r->program->tree->pos.source, 0, 0},
                 "there is nothing to train: the file has no 'train'");
        return false;
    }
    r->experiment = ug_session_experiment(r);
    const struct ug_overrides settled = ug_sets_settle(r->arena, sets, r->program->tree);
    r->made.sets = settled.sets;
    r->made.n_sets = settled.n_sets;
    apply_options(r);
    r->config = ug_config_text(r->program);
    if (r->options->init)
        r->made.init = ug_yaml_get(ug_yaml_get(r->program->tree, "train"), "init")->text;
    return true;
}

/* Names of folders may be any bytes; what YAML and JSON keep of them must be UTF-8. */
static bool check_config(const struct ug_session *r)
{
    struct ug_diags *own = ug_diags_new();
    const bool reads =
        ug_yaml_read_text(r->arena, own, "config.yaml", "", r->config, strlen(r->config));

    if (!reads)
        ug_note(ug_error(r->diags, UG_NOWHERE, "the run's config.yaml could not be read again: %s",
                         ug_diags_first(own)),
                UG_NOWHERE, "the path of a file or a folder in it is no UTF-8: rename that");
    ug_diags_free(own);
    return reads;
}

static bool load(struct ug_session *r)
{
    return load_file(r) && check_config(r);
}

/* Everything that can be wrong with the experiment is found before the folder is touched. */
static bool prepare(struct ug_session *r)
{
    struct ug_program *p = r->program;

    if (p->data.n && !(r->data = ug_dataset_open(&p->data, r->diags)))
        return false;
    if (!(r->trainer = ug_trainer_new(p, r->data, r->diags)))
        return false;
    const struct ug_look look = ug_trainer_look(r->trainer);
    if (p->samples.event.present && !ug_samples_open(&r->samples, &look, r->diags))
        return false;
    return !p->validate.event.present || ug_validation_open(&r->validation, &look, r->diags);
}

/* ---- Starting ---- */

static bool begin_anew(struct ug_session *r)
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

static bool set_start(struct ug_session *r)
{
    const bool set = r->checkpoint ? ug_session_go_on(r) : begin_anew(r);

    r->made.experiment = r->experiment;
    return set;
}

static bool write_config(struct ug_session *r)
{
    struct ug_writer w;

    if (!ug_writer_open(&w, ug_session_path(r, "config.yaml"), r->diags))
        return false;
    ug_writer_put(&w, r->config, strlen(r->config));
    return ug_writer_commit(&w, r->diags);
}

/* The folder is the run's alone, and clean of what a killed one had half written. */
static bool take_folder(struct ug_session *r)
{
    if (!ug_folder_make(r->out, r->diags) || (r->lock = ug_folder_lock(r->out, r->diags)) < 0)
        return false;
    ug_folder_sweep(r->out);
    ug_folder_sweep(ug_session_path(r, "samples"));
    ug_folder_sweep(ug_session_path(r, "checkpoints"));
    return true;
}

/* A run takes long: what its reader should know beforehand is not kept until its end. */
static void say_warnings(struct ug_session *r)
{
    if (r->progress.log)
        ug_diags_print(r->diags, r->progress.log, 0);
    if (r->progress.out) {
        ug_diags_print(r->diags, r->progress.out, 0);
        ug_diags_forget_warnings(r->diags);
    }
}

bool ug_session_open(struct ug_session *r)
{
    if (!take_folder(r) ||
        (!r->checkpoint &&
         !ug_checkpoint_write_beginning(r->out, r->trainer, &r->made, r->diags)) ||
        !write_config(r) ||
        (r->checkpoint && !ug_checkpoint_link_best(r->out, &r->made, r->diags)) ||
        !ug_about_write(r->program, r->file, ug_session_path(r, "about.json"), r->diags) ||
        !ug_metrics_open(&r->metrics, ug_session_path(r, "metrics.jsonl"), r->made.step, r->diags))
        return false;
    r->progress = (struct ug_progress){
        .out = r->options->progress,
        .terminal = r->options->terminal,
        .log = fopen(ug_session_path(r, "log.txt"), "ae"),
        .unit = "step",
        .first = r->made.step,
        .last = r->program->train.steps,
    };
    say_warnings(r);
    r->reporter = ug_reporter_start(r->out);
    return true;
}

bool ug_session_prepare(struct ug_session *r)
{
    return find_start(r) && load(r) && check_folder(r) && prepare(r) && set_start(r);
}

/* The last page of the report takes memory: it comes when the run's own is free. */
void ug_session_free(struct ug_session *r)
{
    ug_loader_stop(r->loader);
    ug_trace_free(r->trace);
    ug_metrics_close(&r->metrics);
    ug_samples_close(&r->samples);
    ug_validation_close(&r->validation);
    ug_trainer_free(r->trainer);
    ug_dataset_close(r->data);
    ug_program_free(r->program);
    ug_reporter_stop(r->reporter, r->diags);
    if (r->progress.log)
        fclose(r->progress.log);
    if (r->lock >= 0)
        close(r->lock);
    ug_arena_free(r->arena);
}
