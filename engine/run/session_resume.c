/* session_resume.c -- going on from a checkpoint, also where the file has changed since. */
#include <string.h>

#include "engine/model/changes.h"
#include "engine/run/config.h"
#include "engine/run/session.h"

enum { MOST_ROWS = 30, WIDEST_KEY = 50, WIDEST_VALUE = 30 };

/* ---- What has changed ---- */

/* What a run cannot change on its way.  All else takes effect from the next step on, as long as the
 * checkpoint's parameters and moments fit. */
static const struct {
    const char *key, *why;
} fixed[] = {
    {"modules", "the networks are those the run began with"},
    {"networks", "the networks are those the run began with"},
    {"share", "the networks are those the run began with"},
    {"inputs", "the networks are those the run began with"},
    {"init", "initial values are set once, when a run begins"},
    {"train.init", "initial values are set once, when a run begins"},
    {"train.seed", "a run has one seed"},
};

/* Why a change cannot be made, or NULL. */
static const char *refusal_of(const char *key)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const size_t n = strlen(fixed[i].key);
        if (!strncmp(key, fixed[i].key, n) && strchr(".[", key[n]))
            return fixed[i].why;
    }
    return NULL;
}

static void note_row(struct ug_diag *d, const int widths[3], const char *key, const char *before,
                     const char *after, const char *why)
{
    ug_note(d, UG_NOWHERE, "%-*s  %-*s  %-*s%s%s", widths[0], key, widths[1], before,
            why ? widths[2] : 0, after, why ? "  " : "", why ? why : "");
}

static int wider(int width, const char *text, int most)
{
    const int n = (int)strlen(text);

    return n <= width ? width : n < most ? n : most;
}

/* A line a change, under a heading. */
static void note_changes(struct ug_session *r, const struct ug_changes *c, struct ug_diag *d)
{
    const int n = c->n < MOST_ROWS ? c->n : MOST_ROWS;
    static const char *const heading[] = {"key", "in the run", "in the file"};
    const char *text[MOST_ROWS][2];
    int widths[3];

    for (int i = 0; i < 3; i++)
        widths[i] = (int)strlen(heading[i]);
    for (int i = 0; i < n; i++) {
        text[i][0] = ug_change_text(r->arena, c->items[i].before, WIDEST_VALUE);
        text[i][1] = ug_change_text(r->arena, c->items[i].after, WIDEST_VALUE);
        widths[0] = wider(widths[0], c->items[i].key, WIDEST_KEY);
        widths[1] = wider(widths[1], text[i][0], WIDEST_VALUE);
        widths[2] = wider(widths[2], text[i][1], WIDEST_VALUE);
    }
    note_row(d, widths, heading[0], heading[1], heading[2], NULL);
    for (int i = 0; i < n; i++)
        note_row(d, widths, c->items[i].key, text[i][0], text[i][1], refusal_of(c->items[i].key));
    if (c->n > n)
        ug_note(d, UG_NOWHERE, "… and %d more", c->n - n);
}

/* What was the best of a metric may not be so for another expression or over other pictures. */
static bool concerns_best(const struct ug_session *r, const char *key)
{
    static const char data[] = "validate.data", metrics[] = "validate.metrics.";

    return !strncmp(key, data, strlen(data)) ||
           (r->made.best.metric && !strncmp(key, metrics, strlen(metrics)) &&
            !strcmp(key + strlen(metrics), r->made.best.metric));
}

/* False, after an error, where the file has become another experiment. */
static bool check_changes(struct ug_session *r)
{
    struct ug_diags *unsaid = ug_diags_new();
    const char *texts[] = {r->made.experiment, r->experiment};
    const struct ug_yaml *trees[2];
    bool fine = true;

    for (int i = 0; i < 2; i++)
        trees[i] = ug_yaml_read_text(r->arena, unsaid, "", "", texts[i], strlen(texts[i]));
    ug_diags_free(unsaid);
    const struct ug_changes c = ug_changes_find(r->arena, trees[0], trees[1]);
    for (int i = 0; i < c.n; i++) {
        fine &= !refusal_of(c.items[i].key);
        if (concerns_best(r, c.items[i].key))
            r->made.best = (struct ug_best){.metric = NULL};
    }
    if (!c.n)
        return true;
    struct ug_diag *d = fine ? ug_warning(r->diags, UG_NOWHERE,
                                          "'%s' has changed since step %lld of the run in "
                                          "'%s'",
                                          r->file, (long long)r->made.step, r->out)
                             : ug_error(r->diags, UG_NOWHERE,
                                        "'%s' has changed in what the run in '%s' cannot "
                                        "change any more",
                                        r->file, r->out);
    note_changes(r, &c, d);
    if (!fine)
        ug_note(d, UG_NOWHERE,
                "begin a run of its own with --out, from these parameters with "
                "--init %s/params.safetensors where they fit",
                r->checkpoint);
    return fine;
}

/* ---- Going on ---- */

/* The seed is the run's; another one would make it another run. */
static bool check_options(struct ug_session *r)
{
    if (r->options->seed >= 0 && r->made.seed != (uint64_t)r->options->seed) {
        ug_error(r->diags, UG_NOWHERE, "the run in '%s' has the seed %llu; --seed cannot change it",
                 r->out, (unsigned long long)r->made.seed);
        return false;
    }
    if (r->made.step > r->program->train.steps) {
        ug_error(r->diags, UG_NOWHERE,
                 "the run in '%s' has done %lld steps already, more than the %lld asked for",
                 r->out, (long long)r->made.step, (long long)r->program->train.steps);
        return false;
    }
    return true;
}

/* What the command line said when the run began, config.yaml goes on saying. */
static void restore_options(struct ug_session *r)
{
    if (r->made.seed != r->program->train.seed)
        ug_config_set_seed(r->program, r->made.seed);
    if (r->made.init)
        ug_config_set(r->program, "init", r->made.init);
    r->config = ug_config_text(r->program);
}

/* The best of another metric says nothing about this one, and one whose checkpoint is gone cannot be
 * kept. */
static void check_best(struct ug_session *r)
{
    const int metric = r->program->checkpoint.best;
    struct ug_best *best = &r->made.best;

    if (best->metric && (metric < 0 || !ug_checkpoint_find(r->arena, r->out, best->step) ||
                         strcmp(best->metric, r->program->validate.metrics[metric].label) ||
                         best->highest != ug_validation_highest(&r->validation, metric)))
        *best = (struct ug_best){.metric = NULL};
}

/* Where a network has changed, reading says which parameters do not fit any more. */
bool ug_session_go_on(struct ug_session *r)
{
    const bool fine = check_changes(r);

    if (!ug_checkpoint_read(r->checkpoint, r->trainer, r->diags) || !fine || !check_options(r))
        return false;
    restore_options(r);
    check_best(r);
    r->saved = r->made.step;
    r->seconds_before = r->made.seconds;
    return true;
}
