/* facts.c -- facts about data, parameters, training and events; of the graph: facts_graph.c. */
#include "engine/run/facts.h"

#include <stdlib.h>
#include <string.h>

#include "engine/run/folder.h"
#include "engine/run/load.h"
#include "engine/run/trainer.h"

void ug_facts_add(struct ug_facts *f, enum ug_fact_section section, const char *name,
                  const char *value, uint64_t hash)
{
    UG_PUSH(f->arena, f->items, f->n, f->capacity,
            ((struct ug_fact){section, ug_arena_copy(f->arena, name, strlen(name)),
                              ug_arena_copy(f->arena, value, strlen(value)), hash}));
}

static void say(struct ug_facts *f, enum ug_fact_section section, const char *name,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(struct ug_facts *f, enum ug_fact_section section, const char *name,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *value = ug_arena_vformat(f->arena, format, args);
    va_end(args);
    ug_facts_add(f, section, name, value, 0);
}

/* "x1" and "size" make "x1.size". */
static const char *join(struct ug_facts *f, const char *a, const char *b)
{
    return ug_arena_format(f->arena, "%s.%s", a, b);
}

/* ---- Data ---- */

static const char *source_of(struct ug_facts *f, const struct ug_data_entry *e)
{
    switch (e->kind) {
    case UG_DATA_IMAGES:
        return ug_arena_format(f->arena, "images %s", e->path);
    case UG_DATA_IDX:
        return ug_arena_format(f->arena, "idx %s%s%s", e->path, e->labels_path ? ", labels " : "",
                               e->labels_path ? e->labels_path : "");
    case UG_DATA_TENSORS:
        return ug_arena_format(f->arena, "tensors %s, %s", e->path, e->key);
    case UG_DATA_LABELS_OF:
        return ug_arena_format(f->arena, "labels of %s", e->of);
    case UG_DATA_SYNTHETIC:
        return ug_arena_format(f->arena, "%lld %s, %s, seed %llu", (long long)e->count, e->scene,
                               e->domain, (unsigned long long)e->scene_seed);
    }
    return "";
}

static const char *size_text(struct ug_facts *f, const int64_t size[2])
{
    return size[0] ? ug_arena_format(f->arena, "%lldx%lld", (long long)size[0], (long long)size[1])
                   : "as it is";
}

static void add_entry(struct ug_facts *f, const char *prefix, const struct ug_data_entry *e)
{
    static const char *const inverts[] = {"no", "yes", "both"};
    const char *name = ug_arena_format(f->arena, "%s%s", prefix, e->name);
    const enum ug_fact_section s = *prefix ? UG_FACT_EVENTS : UG_FACT_DATA;

    say(f, s, join(f, name, "source"), "%s", source_of(f, e));
    say(f, s, join(f, name, "size"), "%s", size_text(f, e->size));
    say(f, s, join(f, name, "resize"), "%lld", (long long)e->resize);
    say(f, s, join(f, name, "channels"), "%lld", (long long)e->channels);
    say(f, s, join(f, name, "range"), "[%g, %g]", e->range[0], e->range[1]);
    say(f, s, join(f, name, "flip"), "%s", e->flip ? "true" : "false");
    say(f, s, join(f, name, "shuffle"), "%s", e->shuffle ? "true" : "false");
    say(f, s, join(f, name, "skip_broken"), "%s", e->skip_broken ? "true" : "false");
    say(f, s, join(f, name, "invert"), "%s", inverts[e->invert]);
    say(f, s, join(f, name, "limit"), "%lld", (long long)e->limit);
    say(f, s, join(f, name, "pair"), "%s", e->pair ? e->pair : "-");
}

static void add_data(struct ug_facts *f, const struct ug_program *p)
{
    char shape[UG_SHAPE_TEXT];

    if (p->data.n)
        say(f, UG_FACT_DATA, "batch", "%lld", (long long)p->data.batch);
    for (int i = 0; i < p->data.n; i++)
        add_entry(f, "", &p->data.entries[i]);
    for (int i = 0; i < p->n_inputs; i++)
        if (!p->inputs[i].data)
            say(f, UG_FACT_DATA, p->inputs[i].name, "given, %s",
                ug_shape_text(&p->inputs[i].type.shape, shape));
}

/* ---- Parameters ---- */

static void add_counts(struct ug_facts *f, const struct ug_program *p)
{
    int64_t owned = 0, frozen = 0;

    for (int i = 0; i < p->params->n; i++) {
        const struct ug_param *param = p->params->items[i];
        if (param->kind != UG_TRAINED || param->owner != param)
            continue;
        owned += ug_param_count(param);
        frozen += param->frozen ? ug_param_count(param) : 0;
    }
    say(f, UG_FACT_TOTALS, "parameters", "%lld", (long long)owned);
    say(f, UG_FACT_TOTALS, "of them frozen", "%lld", (long long)frozen);
    for (int i = 0; i < p->n_networks; i++) {
        const char *name = p->networks[i].name;
        int64_t n = 0;
        for (int k = 0; k < p->params->n; k++) {
            const struct ug_param *param = p->params->items[k];
            if (param->kind == UG_TRAINED && ug_param_is_in(param, name))
                n += ug_param_count(param);
        }
        say(f, UG_FACT_TOTALS, ug_arena_format(f->arena, "parameters of %s", name), "%lld",
            (long long)n);
    }
}

static const char *init_text(struct ug_facts *f, const struct ug_init *init)
{
    static const char *const names[] = {
        [UG_INIT_DEFAULT] = "zeros",
        [UG_INIT_NORMAL] = "normal",
        [UG_INIT_UNIFORM] = "uniform",
        [UG_INIT_CONSTANT] = "constant",
        [UG_INIT_UNIT_NORMAL] = "unit normal",
        [UG_INIT_XAVIER_UNIFORM] = "xavier_uniform",
        [UG_INIT_XAVIER_NORMAL] = "xavier_normal",
        [UG_INIT_KAIMING_UNIFORM] = "kaiming_uniform",
        [UG_INIT_KAIMING_NORMAL] = "kaiming_normal",
        [UG_INIT_ORTHOGONAL] = "orthogonal",
        [UG_INIT_FILE] = "file",
    };

    if (init->kind == UG_INIT_FILE)
        return ug_arena_format(f->arena, "file %s", init->path);
    if (init->kind == UG_INIT_NORMAL || init->kind == UG_INIT_UNIFORM)
        return ug_arena_format(f->arena, "%s(%g, %g)", names[init->kind], init->a, init->b);
    return ug_arena_format(f->arena, "%s(%g)", names[init->kind], init->a);
}

static void add_params(struct ug_facts *f, const struct ug_program *p)
{
    for (int i = 0; i < p->params->n; i++) {
        const struct ug_param *param = p->params->items[i];
        if (param->owner == param)
            say(f, UG_FACT_INITIAL, param->name, "%s", init_text(f, &param->init));
        else
            say(f, UG_FACT_SHARING, param->name, "tied to %s", param->owner->name);
    }
}

/* ---- Training ---- */

/* The rate at five moments of the training: how it is written does not count. */
static void add_rate(struct ug_facts *f, const struct ug_program *p,
                     const struct ug_optimizer_spec *o)
{
    const int64_t steps = p->train.steps > 1 ? p->train.steps : 2, largest = p->train.largest;
    const char *text = "";
    double first = 0;
    bool constant = true;

    for (int i = 0; i <= 4; i++) {
        const int64_t step = i * (steps - 1) / 4;
        const int64_t epoch = largest ? step * p->data.batch / largest : 0;
        const double rate = ug_program_rate(p, o->lr, step, epoch);
        first = i ? first : rate;
        constant &= rate == first;
        text = ug_arena_format(f->arena, "%s%s%.6g", text, i ? ", " : "", rate);
    }
    if (constant)
        say(f, UG_FACT_OPTIMIZERS, join(f, o->name, "lr"), "%.6g", first);
    else
        say(f, UG_FACT_OPTIMIZERS, join(f, o->name, "lr"), "%s", text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "E1 (12 tensors), E2 (4 tensors)", in the order of names. */
static const char *updated_text(struct ug_facts *f, const struct ug_optimizer_spec *o)
{
    const char **groups = ug_arena_array(f->arena, (size_t)o->n_params, sizeof *groups);
    const char *text = "";
    int n = 0;

    for (int i = 0, next; i < o->n_params; i = next) {
        const char *name = o->params[i]->name;
        next = ug_params_top_end(o->params, i, o->n_params);
        groups[n++] = ug_arena_format(f->arena, "%.*s (%d tensor%s)", (int)ug_param_top(name), name,
                                      next - i, next - i == 1 ? "" : "s");
    }
    if (n)
        qsort(groups, (size_t)n, sizeof *groups, by_text);
    for (int i = 0; i < n; i++)
        text = ug_arena_format(f->arena, "%s%s%s", text, i ? ", " : "", groups[i]);
    return text;
}

static void add_optimizer(struct ug_facts *f, const struct ug_program *p,
                          const struct ug_optimizer_spec *o)
{
    const enum ug_fact_section s = UG_FACT_OPTIMIZERS;
    char value[UG_SETTING_TEXT];
    const char *name;

    say(f, s, join(f, o->name, "kind"), "%s", ug_optimizer_kind_name(o->kind));
    add_rate(f, p, o);
    say(f, s, join(f, o->name, "updates"), "%s", updated_text(f, o));
    for (int i = 0; ug_optimizer_setting(o, i, &name, value); i++)
        say(f, s, join(f, o->name, name), "%s", value);
}

static void add_training(struct ug_facts *f, const struct ug_program *p)
{
    const struct ug_train_spec *t = &p->train;
    const char *order = t->ordered ? "" : "simultaneous";

    if (!t->present)
        return;
    if (t->epochs > 0)
        say(f, UG_FACT_TRAINING, "epochs", "%g", t->epochs);
    else
        say(f, UG_FACT_TRAINING, "steps", "%lld", (long long)t->steps);
    say(f, UG_FACT_TRAINING, "seed", "%llu", (unsigned long long)t->seed);
    for (int i = 0; t->ordered && i < t->n_order; i++)
        order = ug_arena_format(f->arena, "%s%s%s", order, i ? ", " : "",
                                t->optimizers[t->order[i]].name);
    say(f, UG_FACT_TRAINING, "update", "%s", order);
    say(f, UG_FACT_TRAINING, "init", "%s", t->init ? t->init : "-");
    for (int i = 0; i < t->n_optimizers; i++)
        add_optimizer(f, p, &t->optimizers[i]);
}

/* ---- Beside the training ---- */

static void add_event(struct ug_facts *f, const char *name, const struct ug_event_spec *e)
{
    if (e->present)
        say(f, UG_FACT_EVENTS, name, "every %lld", (long long)e->every);
}

static void add_columns(struct ug_facts *f, const char *what, const struct ug_column *columns,
                        int n)
{
    const char *text = "";

    for (int i = 0; i < n; i++)
        text = ug_arena_format(f->arena, "%s%s%s", text, i ? ", " : "", columns[i].label);
    if (n)
        say(f, UG_FACT_EVENTS, what, "%s", text);
}

static void add_events(struct ug_facts *f, const struct ug_program *p)
{
    add_event(f, "log", &p->log);
    add_event(f, "samples", &p->samples.event);
    if (p->samples.event.present)
        say(f, UG_FACT_EVENTS, "samples.count", "%lld", (long long)p->samples.count);
    add_columns(f, "samples.columns", p->samples.columns, p->samples.n_columns);
    add_event(f, "validate", &p->validate.event);
    add_columns(f, "validate.metrics", p->validate.metrics, p->validate.n_metrics);
    for (int i = 0; p->validate.event.present && i < p->validate.data.n; i++)
        add_entry(f, "validate.", &p->validate.data.entries[i]);
    add_event(f, "checkpoint", &p->checkpoint.event);
    if (p->checkpoint.best >= 0 && p->checkpoint.best < p->validate.n_metrics)
        say(f, UG_FACT_EVENTS, "checkpoint.best", "%s",
            p->validate.metrics[p->checkpoint.best].label);
    for (int i = 0; i < p->n_translates; i++)
        say(f, UG_FACT_EVENTS, join(f, "translate", p->translates[i].name), "from %s",
            p->translates[i].from ? p->translates[i].from : "nothing");
}

/* ---- The whole ---- */

static bool add_cost(struct ug_facts *f, struct ug_program *p, struct ug_diags *diags)
{
    struct ug_trainer *t = p->train.present ? ug_trainer_new(p, NULL, diags) : NULL;

    if (t && t->n_steps) {
        const struct ug_plan *plan = ug_exec_plan(t->steps[0]->run.exec);
        say(f, UG_FACT_TOTALS, "arithmetic of a step", "%.4g GFLOP", plan->flops / 1e9);
        say(f, UG_FACT_TOTALS, "memory for values", "%.4g MB", (double)plan->bytes / 1e6);
    }
    ug_trainer_free(t);
    return t || !p->train.present;
}

bool ug_facts_of(struct ug_facts *f, const char *what, struct ug_diags *diags)
{
    struct ug_program *p = ug_load_bare(what, NULL, 0, diags);
    struct ug_unfolded *u = NULL;
    bool fine = p && !ug_diags_errors(diags);

    if (fine) {
        const unsigned optimized = p->train.present ? UG_WANT_OPTIMIZED : 0;
        const struct ug_request request = {.want = UG_WANT_VALUES | UG_WANT_LOSSES | optimized,
                                           .training = true};
        u = ug_unfold(p, &request, diags);
        fine = u && !ug_diags_errors(diags);
    }
    if (fine) {
        add_data(f, p);
        add_counts(f, p);
        add_params(f, p);
        ug_facts_of_graph(f, p, u);
        add_training(f, p);
        add_events(f, p);
        fine = add_cost(f, p, diags);
    }
    ug_unfolded_free(u);
    ug_program_free(p);
    return fine;
}
