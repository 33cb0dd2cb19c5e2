/* sweep.c -- unitgraph sweep: one run after the other, each as `unitgraph run` would do it. */
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/model/program.h"
#include "engine/run/checkpoint.h"
#include "engine/run/config.h"
#include "engine/run/folder.h"
#include "engine/run/progress.h"
#include "engine/run/sweep_results.h"

enum { MOST_ERRORS = 20 }; /* of a run that failed, shown at once */

struct sweep {
    const char *file;
    const struct ug_sweep_options *options;
    struct ug_diags *diags;
    struct ug_arena *arena;
    const char *out;
    struct ug_sweep_plan plan;
    struct ug_sweep_result *results; /* by run */
    struct ug_sweep_metric *metrics; /* of the file */
    int n_metrics;
    struct ug_progress progress;
};

/* ---- What there is to do ---- */

static void keep_metrics(struct sweep *s, const struct ug_program *p)
{
    const struct ug_validate_spec *v = &p->validate;

    s->n_metrics = v->n_metrics;
    s->metrics = ug_arena_array(s->arena, (size_t)v->n_metrics, sizeof *s->metrics);
    for (int i = 0; i < v->n_metrics; i++) {
        const char *name = v->metrics[i].label;
        s->metrics[i].name = ug_arena_copy(s->arena, name, strlen(name));
        s->metrics[i].rises = ug_program_rises(p, i);
    }
}

/* How far the run in a folder has come.  A finished run stays as it is: if the file says something
 * else by now, that is told. */
static void look_at(struct sweep *s, struct ug_sweep_result *r, struct ug_program *p)
{
    struct ug_diags *unsaid = ug_diags_new(); /* going on with the run will say it */
    struct ug_progress_made made = {0};
    const char *checkpoint = NULL;

    if (ug_checkpoint_choose(s->arena, r->folder, &checkpoint, unsaid) && checkpoint &&
        ug_checkpoint_origin(checkpoint, s->arena, &made, unsaid)) {
        r->step = made.step;
        r->state = made.step >= r->steps ? UG_SWEEP_FINISHED : UG_SWEEP_BEGUN;
    }
    if (r->state == UG_SWEEP_FINISHED && made.experiment &&
        strcmp(made.experiment, ug_config_text(p)))
        ug_warning(s->diags, UG_NOWHERE,
                   "'%s' was finished with another version of '%s': remove the folder to run it "
                   "again",
                   r->folder, s->file);
    ug_diags_free(unsaid);
}

/* Every combination is loaded before the first runs, so that a mistake shows at once. */
static bool look_at_run(struct sweep *s, int i)
{
    const struct ug_load_options options = {.sets = s->plan.runs[i].sets, .n_sets = s->plan.n_sets};
    struct ug_sweep_result *r = &s->results[i];
    struct ug_program *p = ug_program_load(s->file, &options, s->diags);
    const bool loaded = p && !ug_diags_errors(s->diags);

    r->folder = ug_arena_format(s->arena, "%s/%s", s->out, s->plan.runs[i].name);
    if (loaded && !p->train.present)
        ug_error(s->diags, (struct ug_pos){p->tree->pos.source, 0, 0},
                 "there is nothing to train: the file has no 'train'");
    else if (loaded) {
        r->steps = p->train.steps;
        look_at(s, r, p);
        if (!s->metrics)
            keep_metrics(s, p);
    }
    ug_program_free(p);
    return p && !ug_diags_errors(s->diags);
}

static bool prepare(struct sweep *s)
{
    if (!ug_sweep_plan(&s->plan, s->arena, &s->options->overrides, s->diags))
        return false;
    s->results = ug_arena_array(s->arena, (size_t)s->plan.n_runs, sizeof *s->results);
    for (int i = 0; i < s->plan.n_runs; i++)
        if (!look_at_run(s, i))
            return false;
    return true;
}

static void list(const struct sweep *s)
{
    long long steps = 0;

    for (int i = 0; i < s->plan.n_runs; i++) {
        const struct ug_sweep_result *r = &s->results[i];
        steps += r->steps > r->step ? r->steps - r->step : 0;
        fprintf(s->options->listing, "%-10s  %8lld of %lld steps  %s\n",
                ug_sweep_state_text(r->state), (long long)r->step, (long long)r->steps, r->folder);
    }
    fprintf(s->options->listing, "%d runs, %lld steps to go\n", s->plan.n_runs, steps);
}

/* ---- Running ---- */

static bool is_stopped(const struct sweep *s)
{
    return s->options->stop && *s->options->stop;
}

/* The table and the page as they stand, so that they can be looked at before the end. */
static bool write_results(struct sweep *s)
{
    const char *title = ug_arena_format(s->arena, "%s: %d runs", s->file, s->plan.n_runs);
    const char **begun = ug_arena_array(s->arena, (size_t)s->plan.n_runs, sizeof *begun);
    int n = 0;

    for (int i = 0; i < s->plan.n_runs; i++)
        if (ug_file_exists(ug_arena_format(s->arena, "%s/config.yaml", s->results[i].folder)))
            begun[n++] = s->results[i].folder;
    if (!ug_sweep_results(s->out, title, &s->plan, s->results, s->metrics, s->n_metrics, s->diags))
        return false;
    return !n || ug_report(begun, n, ug_arena_format(s->arena, "%s/compare.html", s->out),
                           s->diags) == UG_DONE;
}

static void fail(struct sweep *s, int i, const struct ug_diags *why)
{
    const char *reason = ug_diags_first(why);

    s->results[i].state = UG_SWEEP_FAILED;
    if (s->options->progress)
        ug_diags_print(why, s->options->progress, MOST_ERRORS);
    ug_error(s->diags, UG_NOWHERE, "the run '%s' failed: %s", s->results[i].folder,
             reason ? reason : "it does not say why");
}

/* Trains one run; how many steps it took. */
static int64_t run_one(struct sweep *s, int i)
{
    struct ug_sweep_result *r = &s->results[i];
    const struct ug_run_options options = {.overrides = {s->plan.runs[i].sets, s->plan.n_sets},
                                           .out = r->folder,
                                           .seed = -1,
                                           .resume = true,
                                           .progress = s->options->progress,
                                           .terminal = s->options->terminal,
                                           .stop = s->options->stop};
    const int64_t before = r->step;
    struct ug_diags *own = ug_diags_new();
    struct ug_progress_made made = {0};
    const enum ug_status status = ug_run(s->file, &options, own);
    const char *checkpoint = ug_checkpoint_find(s->arena, r->folder, -1);

    if (checkpoint && ug_checkpoint_origin(checkpoint, s->arena, &made, own))
        r->step = made.step;
    r->state = r->step >= r->steps ? UG_SWEEP_FINISHED : r->step ? UG_SWEEP_BEGUN : UG_SWEEP_TO_DO;
    if (status != UG_DONE)
        fail(s, i, own);
    ug_diags_free(own);
    return r->step - before;
}

/* After run `i`, from how long the steps so far have taken. */
static void say_left(struct sweep *s, int i, double steps, double seconds)
{
    double left = 0;
    int runs = 0;

    for (int k = i + 1; k < s->plan.n_runs; k++)
        if (s->results[k].state != UG_SWEEP_FINISHED) {
            left += (double)(s->results[k].steps - s->results[k].step);
            runs++;
        }
    const double minutes = steps > 0 ? left * seconds / steps / 60 : 0;
    if (minutes >= 1)
        ug_progress_say(&s->progress, "about %.0f min left, for %d runs", minutes, runs);
}

static bool run_all(struct sweep *s)
{
    const double began = ug_now();
    double steps = 0;

    for (int i = 0; i < s->plan.n_runs && !is_stopped(s); i++) {
        const struct ug_sweep_result *r = &s->results[i];
        ug_progress_say(&s->progress, "run %d of %d: %s%s", i + 1, s->plan.n_runs,
                        s->plan.runs[i].name,
                        r->state == UG_SWEEP_FINISHED ? " is finished already" : "");
        if (r->state == UG_SWEEP_FINISHED)
            continue;
        steps += (double)run_one(s, i);
        if (!write_results(s))
            return false;
        if (!is_stopped(s))
            say_left(s, i, steps, ug_now() - began);
    }
    return true;
}

static int count(const struct sweep *s, enum ug_sweep_state state)
{
    int n = 0;

    for (int i = 0; i < s->plan.n_runs; i++)
        n += s->results[i].state == state;
    return n;
}

static enum ug_status run(struct sweep *s)
{
    if (!prepare(s))
        return UG_WRONG;
    if (s->options->dry_run) {
        list(s);
        return UG_DONE;
    }
    if (!ug_folder_make(s->out, s->diags) || !run_all(s) || !write_results(s))
        return UG_FAILED;
    ug_progress_say(&s->progress, "%d of %d runs are finished%s: %s/results.md, %s/compare.html",
                    count(s, UG_SWEEP_FINISHED), s->plan.n_runs,
                    is_stopped(s) ? "; the same command goes on" : "", s->out, s->out);
    return count(s, UG_SWEEP_FAILED) ? UG_FAILED : UG_DONE;
}

/* "graphs/unit.yaml" is swept into "runs/unit-sweep". */
static const char *default_folder(struct ug_arena *a, const char *file)
{
    return ug_arena_format(a, "runs/%s-sweep", ug_file_stem(a, file));
}

enum ug_status ug_sweep(const char *file, const struct ug_sweep_options *o, struct ug_diags *diags)
{
    struct sweep s = {.file = file,
                      .options = o,
                      .diags = diags,
                      .arena = ug_arena_new(),
                      .progress = {.out = o->progress}};

    s.out = o->out ? o->out : default_folder(s.arena, file);
    const enum ug_status status = run(&s);
    ug_arena_free(s.arena);
    return status;
}
