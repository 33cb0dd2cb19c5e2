/* trainer.c -- which step to run when, and updates, which may be tried first. */
#include "engine/run/trainer.h"

#include "engine/base/clock.h"
#include "engine/run/classes.h"
#include "engine/run/need.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 64 };

/* ---- Which optimizers are active together ---- */

/* Of two counts of steps, the first that is a multiple of both; 0: it comes after the last step. */
static int64_t common_multiple(int64_t a, int64_t b, int64_t steps)
{
    int64_t divisor = a, rest = b;

    while (rest) {
        const int64_t next = divisor % rest;
        divisor = rest, rest = next;
    }
    return a / divisor <= steps / b ? a / divisor * b : 0;
}

/* The counts of steps at which optimizers first come together; one more than MOST_STEPS: more. */
struct meetings {
    int64_t at[MOST_STEPS + 1];
    int n;
};

static void add_meeting(struct meetings *m, int64_t at)
{
    for (int i = 0; i < m->n; i++)
        if (m->at[i] == at)
            return;
    if (at && m->n <= MOST_STEPS)
        m->at[m->n++] = at;
}

static int last_first(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x < y) - (x > y);
}

/* Those active after n steps are those whose `every` divides n.  So each set that there is first comes
 * together at a least common multiple, and no two sets at the same. */
static void find_meetings(const struct ug_train_spec *t, struct meetings *m)
{
    *m = (struct meetings){.n = 0};
    for (int i = 0; i < t->n_optimizers; i++)
        add_meeting(m, common_multiple(1, t->optimizers[i].every, t->steps));
    for (int k = 0; k < m->n; k++)
        for (int i = 0; i < t->n_optimizers; i++)
            add_meeting(m, common_multiple(m->at[k], t->optimizers[i].every, t->steps));
    qsort(m->at, (size_t)m->n, sizeof *m->at, last_first);
}

struct ug_look ug_trainer_look(const struct ug_trainer *t)
{
    return (struct ug_look){
        .program = t->program,
        .store = t->store,
        .data = t->averaged,
        .share = t->n_steps ? t->steps[0]->run.exec : NULL,
    };
}

struct ug_step *ug_trainer_at(const struct ug_trainer *t, int64_t step)
{
    const struct ug_train_spec *spec = &t->program->train;

    for (int i = 0; i < t->n_steps; i++) {
        bool same = true;
        for (int k = 0; k < spec->n_optimizers && same; k++)
            same = t->steps[i]->active[k] == ((step + 1) % spec->optimizers[k].every == 0);
        if (same)
            return t->steps[i];
    }
    return NULL;
}

/* ---- Making one ---- */

/* Compiles the step of those that are active after `count` steps. */
static bool add_step(struct ug_trainer *t, int64_t count, const struct ug_budget *budget,
                     struct ug_diags *diags)
{
    const struct ug_train_spec *spec = &t->program->train;
    bool *active = ug_xcalloc((size_t)spec->n_optimizers, sizeof *active);
    struct ug_exec *share = t->n_steps ? t->steps[0]->run.exec : NULL;

    for (int i = 0; i < spec->n_optimizers; i++)
        active[i] = count % spec->optimizers[i].every == 0;
    struct ug_step *s =
        ug_step_new(t->program, t->unfolded, active, t->store, share, budget, diags);
    if (s)
        t->steps[t->n_steps++] = s;
    free(active);
    return s;
}

/* The last meeting is that of most optimizers, so its arena serves all others. */
static bool compile_steps(struct ug_trainer *t, const struct ug_dataset *data,
                          struct ug_diags *diags)
{
    const struct ug_train_spec *spec = &t->program->train;
    struct ug_budget budget = {.bytes = (size_t)spec->memory, .pos = spec->memory_pos};
    struct meetings meetings;
    bool made = true;

    find_meetings(spec, &meetings);
    if (meetings.n > MOST_STEPS) {
        ug_error(
            diags, spec->optimizers[0].pos,
            "the numbers of 'every' make more than %d sets of optimizers that are active together",
            MOST_STEPS);
        return false;
    }
    if (spec->memory)
        budget.beside = ug_need_of(t->program, t->store, data);
    t->steps = ug_xcalloc(MOST_STEPS, sizeof(*t->steps));
    for (int i = 0; i < meetings.n && made; i++)
        made = add_step(t, meetings.at[i], spec->memory ? &budget : NULL, diags);
    return made;
}

/* Whether a loss reaches spans[i] of the optimizer's block, whichever order they stand in. */
static void find_reached(const struct ug_trainer *t, int optimizer, bool *reached)
{
    const struct ug_optimizer_spec *o = &t->program->train.optimizers[optimizer];
    const struct ug_block *b = &t->store->blocks[optimizer];

    for (int s = 0; s < t->n_steps; s++)
        for (int i = 0; i < b->n_spans; i++)
            for (int k = 0; k < o->n_params; k++)
                if (o->params[k] == b->spans[i].param && t->steps[s]->reached[optimizer][k])
                    reached[i] = true;
}

static bool make_optimizers(struct ug_trainer *t, struct ug_diags *diags)
{
    const struct ug_train_spec *spec = &t->program->train;
    const size_t n = (size_t)spec->n_optimizers;
    bool made = true;

    t->optimizers = ug_xcalloc(n, sizeof *t->optimizers);
    t->rates = ug_xcalloc(n, sizeof *t->rates);
    for (int i = 0; i < spec->n_optimizers && made; i++) {
        struct ug_block *b = &t->store->blocks[i];
        bool *reached = ug_xcalloc((size_t)b->n_spans, sizeof *reached);
        find_reached(t, i, reached);
        made = ug_optimizer_init(&t->optimizers[i], &spec->optimizers[i], b, reached,
                                 ug_step_tries(spec, i), diags);
        free(reached);
    }
    return made;
}

static void find_averages(struct ug_trainer *t)
{
    const struct ug_train_spec *spec = &t->program->train;

    t->averaged = ug_xcalloc((size_t)t->store->n_params, sizeof *t->averaged);
    memcpy(t->averaged, t->store->data, (size_t)t->store->n_params * sizeof *t->averaged);
    for (int i = 0; i < spec->n_optimizers; i++) {
        const struct ug_block *b = &t->store->blocks[i];
        for (int k = 0; t->optimizers[i].average && k < b->n_spans; k++)
            t->averaged[b->spans[k].param->index] = t->optimizers[i].average + b->spans[k].at;
    }
    for (int i = 0; i < t->program->params->n; i++) {
        const struct ug_param *p = t->program->params->items[i];
        t->averaged[i] = t->averaged[p->owner->index];
    }
}

/* ---- Running ---- */

struct ug_moment ug_moment_at(const struct ug_program *p, uint64_t seed, int64_t step)
{
    const struct ug_train_spec *t = &p->train;
    const int64_t batch = p->data.batch;

    return (struct ug_moment){
        .seed = seed,
        .step = step,
        .steps = t->steps,
        .epoch = t->largest ? step * batch / t->largest : 0,
        .epochs = ug_program_epochs(p),
    };
}

static bool phase_is_finite(const struct ug_trainer *t, const struct ug_step *s, int phase,
                            struct ug_fault *fault)
{
    for (int i = 0; i < s->n_terms; i++) {
        const struct ug_term *term = &s->terms[i];
        if (term->phase == phase &&
            !isfinite(*(const float *)ug_exec_value(s->run.exec, term->node).data))
            return false;
    }
    for (int i = 0; i < s->phases[phase].n; i++) {
        fault->optimizer = s->phases[phase].optimizers[i];
        if (!ug_optimizer_finite(&t->optimizers[fault->optimizer]))
            return false;
    }
    return true;
}

static bool find_rates(struct ug_trainer *t, const struct ug_step *s, int phase,
                       const struct ug_moment *now, struct ug_fault *fault)
{
    for (int i = 0; i < s->phases[phase].n; i++) {
        const int optimizer = s->phases[phase].optimizers[i];
        const struct ug_expr *lr = t->program->train.optimizers[optimizer].lr;
        t->rates[optimizer] = ug_program_rate(t->program, lr, now->step, now->epoch);
        if (!isfinite(t->rates[optimizer])) {
            *fault = (struct ug_fault){NULL, lr->pos, optimizer, now->step, now->epoch};
            return false;
        }
    }
    return true;
}

/* An update that is not the step's last is tried: what comes after it may go wrong. */
static void update(struct ug_trainer *t, int optimizer, bool tried)
{
    const double start = t->times ? ug_now() : 0;

    if (tried)
        ug_optimizer_try(&t->optimizers[optimizer], t->rates[optimizer]);
    else
        ug_optimizer_update(&t->optimizers[optimizer], t->rates[optimizer]);
    if (t->times)
        t->times->updates[optimizer] = (struct ug_time){start, ug_now()};
}

/* Ends what the first phases tried, by keeping or undoing it. */
static void end_trials(struct ug_trainer *t, const struct ug_step *s, int phases,
                       void (*end)(struct ug_optimizer *o))
{
    for (int k = 0; k < phases; k++)
        for (int i = 0; i < s->phases[k].n; i++)
            end(&t->optimizers[s->phases[k].optimizers[i]]);
}

static bool run_phase(struct ug_trainer *t, struct ug_step *s, int phase,
                      const struct ug_moment *now, struct ug_fault *fault)
{
    struct ug_exec *exec = s->run.exec;
    const struct ug_phase *p = &s->phases[phase];

    if (t->look)
        ug_exec_watch(exec, phase, now->seed, (uint64_t)now->step, t->look, t->look_context);
    else if (t->times)
        ug_exec_time(exec, phase, now->seed, (uint64_t)now->step, t->times->calls);
    else
        ug_exec_run(exec, phase, now->seed, (uint64_t)now->step);
    if (!phase_is_finite(t, s, phase, fault)) {
        fault->node = ug_exec_find_fault(exec, phase, now->seed, (uint64_t)now->step);
        fault->pos = fault->node ? fault->node->pos : UG_NOWHERE;
        return false;
    }
    if (!find_rates(t, s, phase, now, fault))
        return false;
    for (int i = 0; i < p->n; i++)
        update(t, p->optimizers[i], phase + 1 < s->n_phases);
    return true;
}

static void store_states(const struct ug_trainer *t, const struct ug_step *s)
{
    for (int i = 0; i < s->n_states; i++) {
        const struct ug_tensor next = ug_exec_value(s->run.exec, s->states[i].next);
        void *home = t->store->data[s->states[i].param->owner->index];
        if (next.data != home)
            memcpy(home, next.data,
                   (size_t)ug_shape_count(&next.shape) * ug_dtype_size(next.dtype));
    }
}

bool ug_trainer_run(struct ug_trainer *t, struct ug_step *s, const struct ug_batch *batch,
                    const struct ug_moment *now, struct ug_fault *fault)
{
    *fault = (struct ug_fault){0};
    if (t->times)
        t->times->whole.start = ug_now();
    for (int i = 0; i < batch->n; i++)
        ug_exec_bind(s->run.exec, batch->names[i], batch->tensors[i].data);
    ug_exec_count(s->run.exec, now->step, now->steps, now->epoch, now->epochs);
    for (int phase = 0; phase < s->n_phases; phase++)
        if (!run_phase(t, s, phase, now, fault)) {
            end_trials(t, s, phase, ug_optimizer_undo);
            return false;
        }
    const double kept = t->times ? ug_now() : 0;
    end_trials(t, s, s->n_phases - 1, ug_optimizer_keep);
    store_states(t, s);
    if (t->times) {
        t->times->whole.end = ug_now();
        t->times->keeping = (struct ug_time){kept, t->times->whole.end};
    }
    return true;
}

/* ---- The whole ---- */

/* Training has nobody to ask for a value but the data. */
static bool check_inputs(const struct ug_trainer *t, struct ug_diags *diags)
{
    const struct ug_values *used = &t->unfolded->inputs;
    const struct ug_program *p = t->program;
    bool fed = true;

    for (int i = 0; i < used->n; i++)
        for (int k = 0; k < p->n_inputs; k++)
            if (!p->inputs[k].data && !strcmp(p->inputs[k].name, used->items[i].name)) {
                ug_error(diags, p->inputs[k].pos,
                         "training needs values for the input '%s': make it an entry of 'data'",
                         p->inputs[k].name);
                fed = false;
            }
    return fed;
}

struct ug_trainer *ug_trainer_new(struct ug_program *p, const struct ug_dataset *data,
                                  struct ug_diags *diags)
{
    const struct ug_request request = {.want = UG_WANT_OPTIMIZED, .training = true};
    struct ug_trainer *t = ug_xcalloc(1, sizeof *t);

    t->program = p;
    t->unfolded = ug_unfold(p, &request, diags);
    if (t->unfolded && !ug_diags_errors(diags) && check_inputs(t, diags) &&
        (!data || ug_classes_check(t->unfolded->graph, data, &p->data, diags)) &&
        (t->store = ug_store_new(p, diags)) && compile_steps(t, data, diags) &&
        make_optimizers(t, diags)) {
        find_averages(t);
        return t;
    }
    ug_trainer_free(t);
    return NULL;
}

void ug_trainer_free(struct ug_trainer *t)
{
    if (!t)
        return;
    for (int i = t->n_steps - 1; i >= 0; i--)
        ug_step_free(t->steps[i]);
    for (int i = 0; t->optimizers && i < t->program->train.n_optimizers; i++)
        ug_optimizer_free(&t->optimizers[i]);
    free(t->steps);
    free(t->optimizers);
    free(t->rates);
    free(t->averaged);
    ug_store_free(t->store);
    ug_unfolded_free(t->unfolded);
    free(t);
}

void ug_trainer_start(struct ug_trainer *t)
{
    for (int i = 0; i < t->program->train.n_optimizers; i++)
        ug_optimizer_start(&t->optimizers[i]);
}
