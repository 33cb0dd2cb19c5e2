/* module.c -- running a module's body or graph, and settling what the networks are. */
#include <string.h>

#include "engine/model/unfold.h"

/* The outputs by name: one by itself, several as a bundle.  `lookup` reports what it does not find.
 */
struct outputs {
    struct ug_unfolding *u;
    const struct ug_module *module;
    const struct ug_env *labels; /* of a chain */
    struct ug_making *graph;     /* or NULL */
    const struct ug_env *inputs;
};

static bool find_label(const struct outputs *o, const struct ug_name_decl *name,
                       struct ug_quantity *out)
{
    int found = 0;

    for (int i = 0; i < o->labels->n; i++)
        if (!strcmp(o->labels->bound[i].name, name->name) && ++found)
            *out = o->labels->bound[i].value;
    if (found == 1)
        return true;
    if (found) {
        ug_error(o->u->b.diags, name->pos, "module '%s' has %d steps with the label '%s'",
                 o->module->name, found, name->name);
        return false;
    }
    struct ug_diag *diag = ug_error(o->u->b.diags, name->pos, "module '%s' has no label '%s'",
                                    o->module->name, name->name);
    const char **names = ug_arena_array(o->u->arena, (size_t)o->labels->n, sizeof *names);
    for (int i = 0; i < o->labels->n; i++)
        names[i] = o->labels->bound[i].name;
    if (o->labels->n)
        ug_suggest(diag, name->name, "labels", names, (size_t)o->labels->n);
    else
        ug_note(diag, UG_NOWHERE, "labels outside of a repeat name the outputs of a chain");
    return false;
}

static bool find_output(const struct outputs *o, const struct ug_name_decl *name,
                        struct ug_quantity *out)
{
    for (int i = 0; i < o->inputs->n; i++)
        if (!strcmp(o->inputs->bound[i].name, name->name)) {
            *out = o->inputs->bound[i].value;
            return true;
        }
    if (o->graph)
        return ug_make_value(o->graph, name->name, out) == UG_FOUND;
    return find_label(o, name, out);
}

static bool gather(const struct outputs *o, struct ug_quantity *out)
{
    const struct ug_module *m = o->module;
    struct ug_quantity bundle = {.kind = UG_Q_BUNDLE, .n = m->n_outputs};
    const char **names;
    bool fine = true;

    if (m->n_outputs == 1)
        return find_output(o, &m->outputs[0], out);
    names = ug_arena_array(o->u->arena, (size_t)m->n_outputs, sizeof *names);
    bundle.items = ug_arena_array(o->u->arena, (size_t)m->n_outputs, sizeof *bundle.items);
    for (int i = 0; i < m->n_outputs; i++) {
        names[i] = m->outputs[i].name;
        fine &= find_output(o, &m->outputs[i], &bundle.items[i]);
    }
    bundle.names = names;
    *out = bundle;
    return fine;
}

static bool run_body(struct ug_unfolding *u, const struct ug_module *m, struct ug_env *inputs,
                     struct ug_env *settings, struct ug_at at, struct ug_quantity *out)
{
    struct ug_env labels = ug_env_layer(UG_ENV_BOUND, NULL);
    const struct outputs o = {u, m, &labels, NULL, inputs};

    inputs->up = &labels;
    settings->up = inputs;
    *out = inputs->bound[0].value;
    return ug_run_chain(u, &m->chain, settings, &labels, at, out) &&
           (m->n_outputs == 0 || gather(&o, out));
}

static bool run_graph(struct ug_unfolding *u, const struct ug_module *m, struct ug_env *inputs,
                      struct ug_env *settings, struct ug_at at, struct ug_quantity *out)
{
    struct ug_making graph = ug_make_graph(u, &m->graph, at, NULL);
    const struct outputs o = {u, m, NULL, &graph, inputs};

    graph.env.values = &graph;
    inputs->up = &graph.env;
    settings->up = inputs;
    graph.inside = settings;
    return ug_make_all(&graph) && gather(&o, out);
}

bool ug_run_module(struct ug_unfolding *u, const struct ug_module *m, struct ug_env inputs,
                   struct ug_env settings, struct ug_at at, struct ug_pos pos,
                   struct ug_quantity *out)
{
    bool fine;

    if (m->broken)
        return false;
    fine = ug_descend(u, pos, m->name) &&
           (m->is_chain ? run_body : run_graph)(u, m, &inputs, &settings, at, out);
    u->depth--;
    return fine;
}

/* ---- Networks ---- */

static bool evaluate_setting(void *context, const struct ug_expr *x, struct ug_quantity *out)
{
    struct ug_binding *b = context;
    struct ug_known known = {.vars = b->vars};

    return ug_evaluate_known(&known, b->arena, b->diags, x, out);
}

static void report_no_module(const struct ug_language *l, struct ug_arena *arena,
                             struct ug_diags *diags, const struct ug_expr *called)
{
    const struct ug_declarations *d = &l->declared;
    const char **names = ug_arena_array(arena, (size_t)d->n_modules, sizeof *names);
    struct ug_diag *diag;

    if (ug_op_find(called->text)) {
        diag =
            ug_error(diags, called->pos, "a network is a module, and '%s' is an op", called->text);
        ug_note(diag, UG_NOWHERE, "write a module with a body of one step");
        return;
    }
    diag = ug_error(diags, called->pos, "unknown module '%s'", called->text);
    for (int i = 0; i < d->n_modules; i++)
        names[i] = d->modules[i].name;
    ug_suggest(diag, called->text, "modules", names, (size_t)d->n_modules);
}

static bool resolve_network(struct ug_program *p, struct ug_diags *diags,
                            const struct ug_network_decl *decl, struct ug_network_state *net)
{
    const struct ug_expr *call = decl->call;
    const struct ug_expr *called;

    if (!call)
        return false;
    called = call->kind == UG_EXPR_CALL ? call->args[0] : call;
    net->module = ug_declared_module(&p->language->declared, called->text);
    if (!net->module) {
        report_no_module(p->language, p->arena, diags, called);
        return false;
    }
    if (net->module->broken)
        return false;
    struct ug_binding b = {.arena = p->arena,
                           .diags = diags,
                           .vars = p->vars,
                           .module = net->module,
                           .called = ug_arena_format(p->arena, "module '%s'", called->text),
                           .what = UG_BIND_SETTINGS,
                           .by = {evaluate_setting, NULL, &b}};
    if (!ug_bind(&b, call, NULL))
        return false;
    net->settings = b.settings;
    return true;
}

void ug_resolve_networks(struct ug_program *p, struct ug_diags *diags)
{
    struct ug_language *l = p->language;
    const struct ug_declarations *d = &l->declared;

    l->networks = ug_arena_array(p->arena, (size_t)d->n_networks, sizeof *l->networks);
    p->networks = ug_arena_array(p->arena, (size_t)d->n_networks, sizeof *p->networks);
    p->n_networks = d->n_networks;
    for (int i = 0; i < d->n_networks; i++) {
        l->networks[i].broken = !resolve_network(p, diags, &d->networks[i], &l->networks[i]);
        p->networks[i] =
            (struct ug_network){.name = d->networks[i].name,
                                .module = l->networks[i].module ? l->networks[i].module->name : "",
                                .pos = d->networks[i].pos};
    }
}
