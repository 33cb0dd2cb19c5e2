/* train.c -- unitgraph run: step after step, until the last, a signal, or a value that is not
 * finite. */
#include "engine/base/clock.h"
#include "engine/run/session.h"

/* On data that was asked for at that moment. */
static bool take_step(struct ug_session *r, const struct ug_batch *batch, double asked)
{
    const struct ug_moment now = ug_session_moment(r, r->made.step);
    struct ug_step *s = ug_trainer_at(r->trainer, now.step);
    struct ug_fault fault;

    if (s && !ug_trainer_run(r->trainer, s, batch, &now, &fault)) {
        ug_session_report(r, &fault, batch, &now);
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
    if (r->again)
        ug_progress_say(&r->progress, "%s: no checkpoint yet: begins again, %lld steps, into %s",
                        r->file, (long long)r->program->train.steps, r->out);
    else if (r->made.step)
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
