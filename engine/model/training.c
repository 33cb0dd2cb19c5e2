/* training.c -- which optimizer has which parameters, and which are frozen. */
#include <math.h>
#include <string.h>

#include "engine/model/parts.h"
#include "engine/model/resolve.h"

static void freeze(struct ug_program *p, const struct ug_parts_of *of)
{
    const struct ug_yaml *frozen = ug_yaml_get(ug_yaml_get(p->tree, "train"), "frozen");
    struct ug_parts parts = {0};

    if (!frozen || ug_yaml_is_null(frozen))
        return;
    ug_parts_read_yaml(of, frozen, &parts);
    for (int i = 0; i < parts.n; i++)
        for (int k = 0; k < parts.items[i].n; k++)
            parts.items[i].params[k]->owner->frozen = true;
}

/* ---- Optimizers ---- */

struct ownership {
    struct ug_program *program;
    struct ug_diags *diags;
    struct ug_parts_of of;
    int *optimizer; /* by index of an owner: which has it; -1: none */
    bool partial;   /* something could not be resolved: nobody is said to be missing */
};

static void report_two(const struct ownership *o, const struct ug_optimizer_spec *second,
                       const struct ug_yaml *at, const struct ug_param *param,
                       const struct ug_param *owner)
{
    const struct ug_optimizer_spec *first =
        &o->program->train.optimizers[o->optimizer[owner->index]];
    struct ug_diag *diag =
        ug_error(o->diags, at->pos, "'%s' would be updated by two optimizers, '%s' and '%s'",
                 param->name, first->name, second->name);

    if (param != owner)
        ug_note(diag, owner->pos, "it is tied to '%s'", owner->name);
}

static void take_part(struct ownership *o, int index, const struct ug_part *part,
                      const struct ug_yaml *at)
{
    bool reported = false;

    for (int i = 0; i < part->n; i++) {
        const struct ug_param *owner = part->params[i]->owner;
        int *has = &o->optimizer[owner->index];

        if (owner->kind != UG_TRAINED || owner->frozen)
            continue;
        if (*has >= 0 && *has != index && !reported) {
            report_two(o, &o->program->train.optimizers[index], at, part->params[i], owner);
            reported = true;
        }
        if (*has < 0)
            *has = index;
    }
}

/* In the order of the program, each owner once. */
static void collect(struct ownership *o, int index)
{
    struct ug_optimizer_spec *spec = &o->program->train.optimizers[index];
    int capacity = 0;

    spec->params = NULL;
    spec->n_params = 0;
    for (int i = 0; i < o->of.n_params; i++)
        if (o->of.params[i]->owner == o->of.params[i] &&
            o->optimizer[o->of.params[i]->index] == index)
            UG_PUSH(o->program->arena, spec->params, spec->n_params, capacity, o->of.params[i]);
}

static void take_parameters(struct ownership *o, int index)
{
    struct ug_optimizer_spec *spec = &o->program->train.optimizers[index];
    const struct ug_yaml *train = ug_yaml_get(o->program->tree, "train");
    const struct ug_yaml *map = ug_yaml_get(ug_yaml_get(train, "optimizers"), spec->name);
    const struct ug_yaml *value = ug_yaml_get(map, "parameters");
    struct ug_parts parts = {0};

    if (!value || ug_yaml_is_null(value)) {
        ug_error(o->diags, spec->pos, "the optimizer '%s' needs 'parameters': networks or scopes",
                 spec->name);
        o->partial = true;
        return;
    }
    o->partial |= !ug_parts_read_yaml(&o->of, value, &parts) || parts.partial;
    for (int i = 0; i < parts.n; i++)
        take_part(o, index, &parts.items[i], value);
    collect(o, index);
}

/* ---- What losses reach ---- */

/* Marks the parameters that a gradient of `node` would reach. */
static void mark_reached(const struct ug_unfolded *u, const struct ug_node *node, bool *reached,
                         bool *seen)
{
    for (int id = node->id; id >= 0; id--)
        seen[id] = id == node->id;
    for (int id = node->id; id >= 0; id--) {
        const struct ug_node *n = u->graph->nodes[id];

        if (!seen[id])
            continue;
        if (n->op == &ug_op_param)
            reached[((const struct ug_param_attrs *)n->attrs)->param->index] = true;
        if (!n->op->gradient)
            continue;
        for (int i = 0; i < n->n_in; i++)
            seen[n->in[i]->id] = true;
    }
}

/* `more`: parameters of the same network that have none either. */
static void report_missing(const struct ownership *o, const struct ug_param *param, int more,
                           const char *loss, struct ug_pos pos)
{
    const char *others = more ? ug_arena_format(o->program->arena, ", nor have %d others of '%.*s'",
                                                more, (int)ug_param_top(param->name), param->name)
                              : "";

    ug_note(ug_error(o->diags, param->pos,
                     "the parameter '%s' has no optimizer, although the loss '%s' reaches it%s",
                     param->name, loss, others),
            pos, "give its network to an optimizer, or name it in 'train.frozen'");
}

static bool is_missing(const struct ownership *o, const struct ug_param *owner)
{
    return !owner->frozen && owner->kind == UG_TRAINED && o->optimizer[owner->index] < 0;
}

static bool same_top(const char *a, const char *b)
{
    const size_t n = ug_param_top(a);

    return n == ug_param_top(b) && !strncmp(a, b, n);
}

/* One message for each network, or value, that parameters of one loss belong to. */
static void report_of_loss(const struct ownership *o, const bool *reached, bool *reported,
                           const struct ug_value *loss)
{
    struct ug_param **params = o->program->params->items;
    const int n = o->program->params->n;

    for (int i = 0; i < n; i++) {
        const struct ug_param *first = params[i]->owner;
        int more = -1;
        if (!reached[i] || !is_missing(o, first) || reported[first->index])
            continue;
        for (int k = i; k < n; k++) {
            const struct ug_param *other = params[k]->owner;
            if (!reached[k] || !is_missing(o, other) || reported[other->index] ||
                !same_top(first->name, other->name))
                continue;
            reported[other->index] = true;
            more++;
        }
        report_missing(o, first, more, loss->name, loss->pos);
    }
}

static void check_reached(const struct ownership *o, const struct ug_unfolded *u)
{
    const size_t n = (size_t)o->program->params->n;
    bool *reached = ug_arena_array(o->program->arena, n, sizeof *reached);
    bool *reported = ug_arena_array(o->program->arena, n, sizeof *reported);
    bool *seen = ug_arena_array(u->graph->arena, (size_t)u->graph->n, sizeof *seen);

    for (int l = 0; l < u->losses.n; l++) {
        memset(reached, 0, n * sizeof *reached);
        mark_reached(u, u->losses.items[l].node, reached, seen);
        report_of_loss(o, reached, reported, &u->losses.items[l]);
    }
}

void ug_resolve_training(struct ug_program *p, const struct ug_unfolded *u, struct ug_diags *diags)
{
    struct ownership o = {
        .program = p,
        .diags = diags,
        .of = ug_parts_open(p, diags),
        .optimizer = ug_arena_array(p->arena, (size_t)p->params->n, sizeof *o.optimizer),
    };
    const size_t errors = ug_diags_errors(diags);

    freeze(p, &o.of);
    if (!p->train.n_optimizers)
        return;
    for (int i = 0; i < p->params->n; i++)
        o.optimizer[i] = -1;
    for (int i = 0; i < p->train.n_optimizers; i++)
        take_parameters(&o, i);
    o.partial |=
        ug_yaml_get(ug_yaml_get(p->tree, "train"), "optimizers")->n != p->train.n_optimizers;
    if (!o.partial && ug_diags_errors(diags) == errors)
        check_reached(&o, u);
}

/* ---- What shows only in view of all steps ---- */

static void warn_of_steps(const struct ug_program *p, const struct ug_optimizer_spec *o,
                          struct ug_diags *diags)
{
    const struct ug_train_spec *t = &p->train;
    const int64_t last = t->steps / o->every * o->every - 1; /* in which it takes part */
    const int64_t epoch = t->largest ? last * p->data.batch / t->largest : 0;

    if (last < 0)
        ug_warning(diags, o->pos,
                   "the optimizer '%s' never updates: it takes part in each %lldth step, and there "
                   "are %lld",
                   o->name, (long long)o->every, (long long)t->steps);
    else if (isnan(ug_program_rate(p, o->lr, last, epoch)))
        ug_warning(diags, o->lr->pos,
                   "the learning rate of '%s' fails in step %lld, if not before: %s", o->name,
                   (long long)last + 1, ug_program_rate_fault(p->arena, p, o->lr, last, epoch));
}

void ug_warn_of_steps(const struct ug_program *p, struct ug_diags *diags)
{
    for (int i = 0; i < p->train.n_optimizers && p->train.steps; i++)
        warn_of_steps(p, &p->train.optimizers[i], diags);
}
