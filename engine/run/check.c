/* check.c -- what an experiment would do, without doing it. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/amount.h"
#include "engine/run/check_memory.h"
#include "engine/run/fit.h"
#include "engine/run/trainer.h"
#include "engine/unitgraph.h"

enum { MOST_NAMES = 8 };

struct checking {
    struct ug_program *program;
    struct ug_dataset *data;
    struct ug_trainer *trainer; /* NULL without `train` */
    struct ug_diags *diags;
    FILE *out;
};

/* ---- --params ---- */

/* name, shape, what it is tied to; states are not listed. */
static void list_params(const struct ug_program *p, FILE *out)
{
    char shape[UG_SHAPE_TEXT];
    int n;
    struct ug_param **params = ug_program_list_params(p, &n);

    for (int i = 0; i < n; i++)
        if (params[i]->kind == UG_TRAINED)
            fprintf(out, "%s\t%s\t%s\n", params[i]->name,
                    ug_shape_text(&params[i]->type.shape, shape),
                    params[i]->owner == params[i] ? "" : params[i]->owner->name);
}

/* ---- Data, networks, sharing ---- */

static void show_entry(const struct checking *c, const struct ug_dataset *data, const char *name)
{
    const struct ug_type type = ug_dataset_type(data, name);
    char shape[UG_SHAPE_TEXT];

    fprintf(c->out, "  %-20s %lld samples of %s%s\n", name, (long long)ug_dataset_count(data, name),
            ug_shape_text(&type.shape, shape), type.dtype == UG_F32 ? "" : " int64");
}

static void show_data(const struct checking *c)
{
    const struct ug_data_spec *spec = &c->program->data;

    if (!spec->n)
        return;
    fprintf(c->out, "data, in batches of %lld\n", (long long)spec->batch);
    for (int i = 0; i < spec->n; i++)
        show_entry(c, c->data, spec->entries[i].name);
    fputc('\n', c->out);
}

/* Whether samples or validation have an entry of their own, not that of training. */
static bool is_own(const struct checking *c, const struct ug_data_entry *entry)
{
    const struct ug_data_spec *training = &c->program->data;

    for (int i = 0; i < training->n; i++)
        if (!strcmp(training->entries[i].name, entry->name))
            return training->entries[i].pos.source != entry->pos.source ||
                   training->entries[i].pos.line != entry->pos.line;
    return true;
}

/* Of samples or validation: what stands in for the data of training.  False after an error. */
static bool show_own_data(const struct checking *c, const char *whose,
                          const struct ug_event_spec *event, const struct ug_data_spec *spec)
{
    struct ug_dataset *data;
    int own = 0;

    for (int i = 0; event->present && i < spec->n; i++)
        own += is_own(c, &spec->entries[i]);
    if (!own)
        return true;
    if (!(data = ug_dataset_open(spec, c->diags)))
        return false;
    fprintf(c->out, "data of %s\n", whose);
    for (int i = 0; i < spec->n; i++)
        if (is_own(c, &spec->entries[i]))
            show_entry(c, data, spec->entries[i].name);
    fputc('\n', c->out);
    ug_dataset_close(data);
    return true;
}

/* Parameters under a network's names; those tied to another's are counted there too. */
static void show_network(const struct checking *c, const struct ug_network *network)
{
    const struct ug_params *params = c->program->params;
    int64_t elements = 0, tied = 0;
    int tensors = 0;
    char a[UG_AMOUNT_TEXT], b[UG_AMOUNT_TEXT];

    for (int i = 0; i < params->n; i++) {
        const struct ug_param *p = params->items[i];
        if (p->kind != UG_TRAINED || !ug_param_is_in(p, network->name))
            continue;
        tensors++;
        elements += ug_param_count(p);
        tied += p->owner != p ? ug_param_count(p) : 0;
    }
    fprintf(c->out, "  %-20s %-20s %4d tensors %14s parameters", network->name, network->module,
            tensors, ug_amount_commas(elements, a));
    if (tied > 0)
        fprintf(c->out, ", %s of them tied to another's", ug_amount_commas(tied, b));
    fputc('\n', c->out);
}

static void show_networks(const struct checking *c)
{
    const struct ug_params *params = c->program->params;
    int64_t owned = 0;
    char text[UG_AMOUNT_TEXT];

    fputs("networks\n", c->out);
    for (int i = 0; i < c->program->n_networks; i++)
        show_network(c, &c->program->networks[i]);
    for (int i = 0; i < params->n; i++)
        if (params->items[i]->kind == UG_TRAINED && params->items[i]->owner == params->items[i])
            owned += ug_param_count(params->items[i]);
    fprintf(c->out, "  in all %s parameters, each tied one counted once\n\n",
            ug_amount_commas(owned, text));
}

static void show_ties(const struct checking *c)
{
    if (!c->program->n_ties)
        return;
    fputs("sharing\n", c->out);
    for (int i = 0; i < c->program->n_ties; i++) {
        const struct ug_tie *t = &c->program->ties[i];
        fprintf(c->out, "  %s = %s: %d tensor%s%s\n", t->left, t->right, t->n, t->n == 1 ? "" : "s",
                t->n ? "" : ", so it ties nothing");
    }
    fputc('\n', c->out);
}

/* ---- Values and losses ---- */

static void show_value(const struct checking *c, const struct ug_value *v)
{
    char shape[UG_SHAPE_TEXT];

    fprintf(c->out, "  %-20s %s%s\n", v->name, ug_shape_text(&v->node->type.shape, shape),
            v->node->type.dtype == UG_F32 ? "" : " int64");
}

static void show_values(const struct checking *c, const struct ug_unfolded *u)
{
    if (u->inputs.n + u->values.n)
        fputs("values\n", c->out);
    for (int i = 0; i < u->inputs.n; i++)
        show_value(c, &u->inputs.items[i]);
    for (int i = 0; i < u->values.n; i++)
        show_value(c, &u->values.items[i]);
    if (u->losses.n)
        fputs("\nlosses\n", c->out);
    for (int i = 0; i < u->losses.n; i++) {
        int terms = 0;
        for (int k = 0; k < u->terms.n; k++)
            terms += u->terms.items[k].loss == i;
        fprintf(c->out, "  %s", u->losses.items[i].name);
        if (terms)
            fprintf(c->out, ", the sum of %d terms", terms);
        fputs(u->losses.items[i].pruned ? ": pruned, for its factor is 0\n" : "\n", c->out);
        for (int k = 0; k < u->terms.n; k++)
            if (u->terms.items[k].loss == i && u->terms.items[k].pruned)
                fprintf(c->out, "    %s: pruned, for its factor is 0\n", u->terms.items[k].name);
    }
    fputc('\n', c->out);
}

/* ---- Training ---- */

/* "E1 (12 tensors), E2 (4 tensors)" */
static void show_updated(const struct checking *c, const struct ug_optimizer_spec *o)
{
    const char *comma = "";

    for (int i = 0, next; i < o->n_params; i = next) {
        const char *name = o->params[i]->name;
        next = ug_params_top_end(o->params, i, o->n_params);
        fprintf(c->out, "%s%.*s (%d tensor%s)", comma, (int)ug_param_top(name), name, next - i,
                next - i == 1 ? "" : "s");
        comma = ", ";
    }
}

static bool is_reached(const struct checking *c, int optimizer, int param)
{
    for (int i = 0; i < c->trainer->n_steps; i++)
        if (c->trainer->steps[i]->reached[optimizer][param])
            return true;
    return false;
}

/* Of an optimizer whose `every` is more than all steps there is a warning instead. */
static bool ever_updates(const struct checking *c, int optimizer)
{
    for (int i = 0; i < c->trainer->n_steps; i++)
        if (c->trainer->steps[i]->active[optimizer])
            return true;
    return false;
}

static void show_left_alone(const struct checking *c, int optimizer)
{
    const struct ug_optimizer_spec *o = &c->program->train.optimizers[optimizer];
    int left = 0;

    for (int i = 0; i < o->n_params && ever_updates(c, optimizer); i++) {
        if (is_reached(c, optimizer, i))
            continue;
        if (!left)
            fputs("    left alone, for its loss does not reach them:", c->out);
        if (left < MOST_NAMES)
            fprintf(c->out, " %s", o->params[i]->name);
        left++;
    }
    if (left > MOST_NAMES)
        fprintf(c->out, " and %d more", left - MOST_NAMES);
    if (left)
        fputc('\n', c->out);
}

static void show_frozen(const struct checking *c)
{
    const struct ug_params *params = c->program->params;
    int n = 0;
    int64_t elements = 0;
    char text[UG_AMOUNT_TEXT];

    for (int i = 0; i < params->n; i++)
        if (params->items[i]->frozen && params->items[i]->owner == params->items[i]) {
            n++;
            elements += ug_param_count(params->items[i]);
        }
    if (n)
        fprintf(c->out, "  frozen: %d tensors, %s parameters\n", n,
                ug_amount_commas(elements, text));
}

static void show_training(const struct checking *c)
{
    const struct ug_train_spec *t = &c->program->train;
    char text[UG_AMOUNT_TEXT];

    fprintf(c->out, "training, %s steps, updates %s\n", ug_amount_commas(t->steps, text),
            t->ordered ? "one after the other" : "simultaneous");
    for (int i = 0; i < t->n_order; i++) {
        const struct ug_optimizer_spec *o = &t->optimizers[t->order[i]];
        int64_t elements = 0;
        for (int k = 0; k < o->n_params; k++)
            elements += ug_param_count(o->params[k]);
        fprintf(c->out, "  %-20s %s updates ", o->name, ug_optimizer_kind_name(o->kind));
        show_updated(c, o);
        fprintf(c->out, ": %s parameters", ug_amount_commas(elements, text));
        if (o->every > 1)
            fprintf(c->out, ", every %lld steps", (long long)o->every);
        if (o->ema > 0)
            fprintf(c->out, ", averaged with decay %g", o->ema);
        fputc('\n', c->out);
        show_left_alone(c, t->order[i]);
    }
    show_frozen(c);
}

/* ---- The whole ---- */

static bool check_training(struct checking *c)
{
    if (c->program->data.n && !(c->data = ug_dataset_open(&c->program->data, c->diags)))
        return false;
    show_data(c);
    if (!show_own_data(c, "samples", &c->program->samples.event, &c->program->samples.data) ||
        !show_own_data(c, "validate", &c->program->validate.event, &c->program->validate.data))
        return false;
    if (c->program->train.present && !(c->trainer = ug_trainer_new(c->program, c->data, c->diags)))
        return false;
    return true;
}

static bool check(struct checking *c)
{
    const struct ug_request request = {.want = UG_WANT_VALUES | UG_WANT_LOSSES, .training = true};
    struct ug_unfolded *u = ug_unfold(c->program, &request, c->diags);

    if (!u)
        return false;
    const bool fine = check_training(c);
    if (fine) {
        show_networks(c);
        show_ties(c);
        show_values(c, u);
    }
    ug_unfolded_free(u);
    if (!fine || !c->trainer)
        return fine;
    show_training(c);
    return ug_check_memory(c->trainer, c->data, c->out, c->diags);
}

enum ug_status ug_check(const char *file, const struct ug_check_options *o, FILE *out,
                        struct ug_diags *diags)
{
    const struct ug_load_options options = {.sets = o->overrides.sets,
                                            .n_sets = o->overrides.n_sets};
    struct checking c = {.diags = diags, .out = out};
    bool fine = false;

    if (o->fit)
        return ug_fit(file, o, out, diags);
    c.program = ug_program_load(file, &options, diags);
    if (c.program && !ug_diags_errors(diags)) {
        fine = true;
        if (o->params)
            list_params(c.program, out);
        else
            fine = check(&c);
    }
    ug_trainer_free(c.trainer);
    ug_dataset_close(c.data);
    ug_program_free(c.program);
    return fine && !ug_diags_errors(diags) ? UG_DONE : UG_WRONG;
}
