/* rate.c -- the value of an lr at a step: the only expression that is evaluated while training
 * runs. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/model/keys.h"

enum { POOL = 64 }; /* members that the lists of one lr may have in all */

struct moment {
    struct ug_vars *vars;
    double step, steps, epoch, epochs;
};

static enum ug_found lookup(void *context, const struct ug_expr *name, struct ug_quantity *out)
{
    const struct moment *m = context;
    const struct {
        const char *name;
        double value;
    } counters[] = {
        {"step", m->step}, {"steps", m->steps}, {"epoch", m->epoch}, {"epochs", m->epochs}};
    const enum ug_found found = ug_vars_lookup(m->vars, name->text, out);

    if (found != UG_UNKNOWN)
        return found;
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        if (!strcmp(counters[i].name, name->text)) {
            *out = ug_quantity_int((int64_t)counters[i].value);
            return UG_FOUND;
        }
    return UG_UNKNOWN;
}

static void suggest(void *context, const char *name, struct ug_diag *diag)
{
    const struct moment *m = context;

    ug_vars_scope.suggest(m->vars, name, diag);
    ug_note(diag, UG_NOWHERE, "an lr may also use step, steps, epoch and epochs");
}

static const struct ug_scope rate_scope = {.lookup = lookup, .suggest = suggest};

/* False after an error, which is told where there are diagnostics. */
static bool evaluate(struct moment *m, const struct ug_expr *lr, struct ug_diags *diags,
                     double *out)
{
    struct ug_quantity pool[POOL], q;
    struct ug_eval e = {
        .diags = diags, .scope = &rate_scope, .context = m, .pool = pool, .pool_size = POOL};

    return ug_evaluate(&e, lr, &q) &&
           ug_want_real(diags, lr->pos, "an lr", &q, 0.0, (double)FLT_MAX, out);
}

int64_t ug_program_epochs(const struct ug_program *p)
{
    const struct ug_train_spec *t = &p->train;
    const double samples = (double)t->steps * (double)p->data.batch;
    const double epochs = t->epochs > 0.0 ? t->epochs
                          : t->largest    ? samples / (double)t->largest
                                          : 0.0;

    return (int64_t)fmin(ceil(epochs), 0x1p53);
}

static struct moment moment_of(const struct ug_program *p, int64_t step, int64_t epoch)
{
    return (struct moment){p->vars, (double)step, (double)p->train.steps, (double)epoch,
                           (double)ug_program_epochs(p)};
}

void ug_check_rate(struct ug_sections *s, const struct ug_expr *lr)
{
    /* How long a run is may be known only from its data: a schedule may divide by these, or by what
     * is left of them. */
    struct moment first = {s->program->vars, 0.0, 1000003.0, 0.0, 1009.0};
    double rate;

    if (s->program->train.steps)
        first.steps = (double)s->program->train.steps;
    evaluate(&first, lr, s->diags, &rate);
}

double ug_program_rate(const struct ug_program *p, const struct ug_expr *lr, int64_t step,
                       int64_t epoch)
{
    struct moment m = moment_of(p, step, epoch);
    double rate;

    return evaluate(&m, lr, NULL, &rate) ? rate : (double)NAN;
}

const char *ug_program_rate_fault(struct ug_arena *a, const struct ug_program *p,
                                  const struct ug_expr *lr, int64_t step, int64_t epoch)
{
    struct moment m = moment_of(p, step, epoch);
    struct ug_diags *own = ug_diags_new();
    double rate;

    evaluate(&m, lr, own, &rate);
    const char *first = ug_diags_first(own);
    const char *why = first ? ug_arena_copy(a, first, strlen(first)) : "";
    ug_diags_free(own);
    return why;
}
