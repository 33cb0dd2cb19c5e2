/* session_events.c -- what happens beside the steps: lines of metrics, validation, samples,
 * checkpoints. */
#include <math.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/run/folder.h"
#include "engine/run/session.h"

static bool is_due(const struct ug_event_spec *e, int64_t finished)
{
    return e->present && e->every > 0 && finished % e->every == 0;
}

/* Validation is also due at the end, whose parameters are those that are used. */
static bool validation_is_due(const struct ug_session *r, int64_t finished)
{
    const struct ug_event_spec *e = &r->program->validate.event;

    return is_due(e, finished) || (e->present && finished == r->program->train.steps);
}

struct ug_moment ug_session_moment(const struct ug_session *r, int64_t step)
{
    return ug_moment_at(r->program, r->made.seed, step);
}

static float term_value(const struct ug_step *s, const struct ug_term *t)
{
    return *(const float *)ug_exec_value(s->run.exec, t->node).data;
}

static void put_terms(struct ug_session *r, const struct ug_step *s)
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
static void show_step(struct ug_session *r, const struct ug_step *s, int64_t finished)
{
    char text[300] = "";
    size_t at = 0;

    for (int i = 0; s && i < s->n_terms && at < sizeof text; i++)
        if (s->terms[i].name && !strchr(s->terms[i].name, '/'))
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.4g", at ? "  " : "",
                                   s->terms[i].name, (double)term_value(s, &s->terms[i]));
    ug_progress_step(&r->progress, finished, text);
}

/* Whether this validation is the best so far; what is not a number never is. */
static void judge(struct ug_session *r)
{
    const int metric = r->program->checkpoint.best;
    struct ug_best *best = &r->made.best;

    if (metric < 0 || !isfinite(r->validation.means[metric]))
        return;
    const double value = r->validation.means[metric];
    const bool highest = ug_validation_highest(&r->validation, metric);
    r->best_is_new = !best->metric || (highest ? value > best->value : value < best->value);
    if (r->best_is_new)
        *best = (struct ug_best){r->program->validate.metrics[metric].label, highest, value,
                                 r->made.step};
}

static bool validate(struct ug_session *r, const struct ug_moment *now)
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
    judge(r);
    ug_progress_say(&r->progress, "step %lld: validated over %lld samples:%s%s",
                    (long long)now->step, (long long)r->validation.count, text,
                    r->best_is_new ? "  (the best so far)" : "");
    return true;
}

/* One line holds all that is known of a step.  The step's values are read first: what runs beside
 * training uses their memory. */
static bool write_metrics(struct ug_session *r, const struct ug_step *s,
                          const struct ug_moment *now)
{
    const bool log = is_due(&r->program->log, now->step);
    const bool validation = validation_is_due(r, now->step);
    bool whole = true;

    if (!log && !validation)
        return true;
    ug_metrics_begin(&r->metrics, now->step, now->epoch, r->made.seconds);
    if (log)
        put_terms(r, s);
    if (validation)
        whole = validate(r, now);
    ug_reporter_tell(r->reporter);
    return ug_metrics_end(&r->metrics, r->diags) && whole;
}

static bool write_samples(struct ug_session *r, const struct ug_moment *now)
{
    struct ug_arena *a = ug_arena_new();
    const char *folder = ug_arena_format(a, "%s/samples", r->out);
    const char *path = ug_arena_format(a, "%s/step-%08lld.png", folder, (long long)now->step);
    const bool written =
        ug_folder_make(folder, r->diags) && ug_samples_write(&r->samples, path, now, r->diags);

    ug_arena_free(a);
    ug_reporter_tell(r->reporter);
    return written;
}

/* An update may overflow what its gradients did not show: that is no state to go on from. */
static bool is_sound(struct ug_session *r)
{
    for (int i = 0; i < r->program->train.n_optimizers; i++) {
        const char *what;
        const struct ug_param *p = ug_optimizer_unsound(&r->trainer->optimizers[i], &what);
        if (!p)
            continue;
        struct ug_diag *e =
            ug_error(r->diags, r->program->train.optimizers[i].pos,
                     "after step %lld %s of '%s' is not finite: '%s' has made it so",
                     (long long)r->made.step, what, p->name, r->program->train.optimizers[i].name);
        ug_note(e, UG_NOWHERE,
                "no checkpoint is written of that; a smaller lr or 'clip_norm' may help");
        if (r->saved >= 0)
            ug_note(e, UG_NOWHERE, "the newest checkpoint is that of step %lld",
                    (long long)r->saved);
        return false;
    }
    return true;
}

bool ug_session_save(struct ug_session *r)
{
    if (r->saved == r->made.step)
        return true;
    if (!is_sound(r) || !ug_metrics_sync(&r->metrics, r->diags) ||
        !ug_checkpoint_write(r->out, r->trainer, &r->made, r->config, r->program->checkpoint.keep,
                             r->diags))
        return false;
    r->saved = r->made.step;
    return true;
}

bool ug_session_events(struct ug_session *r, const struct ug_step *s)
{
    const int64_t finished = r->made.step;
    const struct ug_moment now = ug_session_moment(r, finished);

    r->best_is_new = false;
    r->made.seconds = r->seconds_before + ug_now() - r->progress.started;
    if (ug_progress_due(&r->progress, finished))
        show_step(r, s, finished);
    return write_metrics(r, s, &now) &&
           (!is_due(&r->program->samples.event, finished) || write_samples(r, &now)) &&
           (!(is_due(&r->program->checkpoint.event, finished) || r->best_is_new) ||
            ug_session_save(r));
}
