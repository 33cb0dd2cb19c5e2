/* declare.c -- the sections `modules`, `networks`, `graph` and `losses`. */
#include "engine/model/declare.h"

#include <string.h>

#include "engine/model/declare_parts.h"

bool ug_declare_keys(struct ug_declaring *d, const struct ug_yaml *map, const char *what,
                     const char *const *known)
{
    size_t n = 0;
    bool fine = true;

    while (known[n])
        n++;
    for (int i = 0; i < map->n; i++) {
        bool found = false;

        for (size_t k = 0; k < n; k++)
            found |= !strcmp(known[k], map->keys[i]->text);
        if (!found)
            ug_suggest(ug_error(d->diags, map->keys[i]->pos, "unknown key '%s' in %s",
                                map->keys[i]->text, what),
                       map->keys[i]->text, "keys", known, n);
        fine &= found;
    }
    return fine;
}

bool ug_declare_name(struct ug_declaring *d, const struct ug_yaml *scalar, struct ug_name_decl *out)
{
    if (scalar->kind != UG_YAML_SCALAR || !ug_is_name(scalar->text)) {
        ug_error(d->diags, scalar->pos,
                 "%s%s%s is not a name: letters, digits and '_', not starting with a digit",
                 scalar->kind == UG_YAML_SCALAR ? "'" : "",
                 scalar->kind == UG_YAML_SCALAR ? scalar->text : "this",
                 scalar->kind == UG_YAML_SCALAR ? "'" : "");
        return false;
    }
    *out = (struct ug_name_decl){scalar->text, scalar->pos};
    return true;
}

/* Outputs and collected values may be labels, so any text will do here; whether it names something
 * is found where it is used. */
static bool take_name(struct ug_declaring *d, const struct ug_yaml *scalar, const char *what,
                      struct ug_name_decl *out)
{
    if (scalar->kind != UG_YAML_SCALAR || ug_yaml_is_null(scalar)) {
        ug_error(d->diags, scalar->pos, "%s is a name or a list of names", what);
        return false;
    }
    *out = (struct ug_name_decl){scalar->text, scalar->pos};
    return true;
}

bool ug_declare_names(struct ug_declaring *d, const struct ug_yaml *value, const char *what,
                      struct ug_name_decl **out, int *n)
{
    const bool is_list = value->kind == UG_YAML_LIST;
    const int wanted = is_list ? value->n : 1;
    bool fine = true;

    *n = 0;
    *out = ug_arena_array(d->arena, (size_t)wanted, sizeof **out);
    for (int i = 0; i < wanted; i++) {
        if (!take_name(d, is_list ? value->items[i] : value, what, &(*out)[*n])) {
            fine = false;
            continue;
        }
        for (int k = 0; k < *n; k++)
            if (!strcmp((*out)[k].name, (*out)[*n].name)) {
                ug_error(d->diags, (*out)[*n].pos, "'%s' stands twice in %s", (*out)[k].name, what);
                fine = false;
            }
        ++*n;
    }
    return fine;
}

/* ---- Modules ---- */

static bool declare_inputs(struct ug_declaring *d, const struct ug_yaml *value, struct ug_module *m)
{
    static const struct ug_name_decl x = {"x", {NULL, 0, 0}};
    bool fine = true;

    if (!value) {
        m->inputs = ug_arena_array(d->arena, 1, sizeof *m->inputs);
        m->inputs[m->n_inputs++] = x;
        return true;
    }
    fine = ug_declare_names(d, value, "'inputs'", &m->inputs, &m->n_inputs);
    for (int i = 0; i < m->n_inputs; i++)
        if (!ug_is_name(m->inputs[i].name)) {
            ug_error(d->diags, m->inputs[i].pos,
                     "'%s' is not a name: letters, digits and '_', not starting with a digit",
                     m->inputs[i].name);
            fine = false;
        }
    return fine;
}

/* A name may stand for one thing in a module: a setting, an input or a value. */
static bool check_free(struct ug_declaring *d, const struct ug_module *m,
                       const struct ug_name_decl *name, const char *as)
{
    struct ug_diag *diag;

    for (int i = 0; i < m->n_inputs; i++)
        if (!strcmp(m->inputs[i].name, name->name)) {
            diag = ug_error(d->diags, name->pos, "module '%s' has an input and a %s named '%s'",
                            m->name, as, name->name);
            if (m->inputs[i].pos.source)
                ug_note(diag, m->inputs[i].pos, "the input is here");
            else
                ug_note(diag, UG_NOWHERE, "without 'inputs', a module has the one input 'x'");
            return false;
        }
    for (int i = 0; strcmp(as, "parameter") != 0 && i < m->n_settings; i++)
        if (!strcmp(m->settings[i].name.name, name->name)) {
            ug_note(ug_error(d->diags, name->pos, "module '%s' has a parameter and a %s named '%s'",
                             m->name, as, name->name),
                    m->settings[i].name.pos, "the parameter is here");
            return false;
        }
    return true;
}

static bool declare_settings(struct ug_declaring *d, const struct ug_yaml *map, struct ug_module *m)
{
    bool fine = true;

    if (!map || ug_yaml_is_null(map))
        return true;
    if (map->kind != UG_YAML_MAP) {
        ug_error(d->diags, map->pos, "'params' is a map from names to default values");
        return false;
    }
    m->settings = ug_arena_array(d->arena, (size_t)map->n, sizeof *m->settings);
    for (int i = 0; i < map->n; i++) {
        struct ug_setting_decl *s = &m->settings[m->n_settings];

        if (!ug_declare_name(d, map->keys[i], &s->name)) {
            fine = false;
            continue;
        }
        if (!ug_yaml_is_null(map->items[i])) {
            s->initial = ug_expr_parse(d->arena, d->diags, map->items[i]);
            fine &= s->initial != NULL;
        }
        fine &= check_free(d, m, &s->name, "parameter");
        m->n_settings++;
    }
    return fine;
}

static bool check_outputs(struct ug_declaring *d, const struct ug_module *m)
{
    bool fine = true;

    for (int i = 0; i < m->n_outputs && !m->is_chain; i++) {
        bool found = false;

        for (int v = 0; v < m->graph.n; v++)
            for (int t = 0; t < m->graph.values[v].n_targets; t++)
                found |= !strcmp(m->graph.values[v].targets[t].name, m->outputs[i].name);
        for (int k = 0; k < m->n_inputs; k++)
            found |= !strcmp(m->inputs[k].name, m->outputs[i].name);
        if (!found)
            ug_error(d->diags, m->outputs[i].pos, "module '%s' has no value '%s'", m->name,
                     m->outputs[i].name);
        fine &= found;
    }
    return fine;
}

static bool declare_graph_form(struct ug_declaring *d, struct ug_yaml *graph, struct ug_module *m)
{
    bool fine = true;

    ug_declare_graph(d, graph, &m->graph);
    for (int v = 0; v < m->graph.n; v++)
        for (int t = 0; t < m->graph.values[v].n_targets; t++)
            fine &= check_free(d, m, &m->graph.values[v].targets[t], "value");
    if (m->n_outputs == 0) {
        ug_error(d->diags, m->pos, "module '%s' needs 'outputs': which values it gives", m->name);
        return false;
    }
    return fine & check_outputs(d, m);
}

static bool declare_module(struct ug_declaring *d, const struct ug_yaml *map, struct ug_module *m)
{
    static const char *const known[] = {"inputs", "params", "body", "graph", "outputs", NULL};
    struct ug_yaml *body = ug_yaml_get(map, "body"), *graph = ug_yaml_get(map, "graph");
    const struct ug_yaml *outputs = ug_yaml_get(map, "outputs");
    bool fine;

    if (map->kind != UG_YAML_MAP) {
        ug_error(d->diags, m->pos, "module '%s' is a map with 'body' or 'graph'", m->name);
        return false;
    }
    fine = ug_declare_keys(d, map, "a module", known);
    fine &= declare_inputs(d, ug_yaml_get(map, "inputs"), m);
    fine &= declare_settings(d, ug_yaml_get(map, "params"), m);
    if (outputs)
        fine &= ug_declare_names(d, outputs, "'outputs'", &m->outputs, &m->n_outputs);
    if (!body == !graph) {
        ug_error(d->diags, m->pos, "module '%s' has %s", m->name,
                 body ? "both 'body' and 'graph': a module is one or the other"
                      : "neither 'body' nor 'graph'");
        return false;
    }
    if (graph)
        return declare_graph_form(d, graph, m) && fine;
    m->is_chain = true;
    if (m->n_inputs == 0) {
        ug_error(d->diags, m->pos,
                 "module '%s' has a body, which starts from an input, but no input", m->name);
        return false;
    }
    return ug_declare_chain(d, body, &m->chain) && fine;
}

/* ---- Sections ---- */

/* A section that is a map, or NULL: absent, empty or wrong. */
static struct ug_yaml *section(struct ug_declaring *d, const struct ug_yaml *tree, const char *name)
{
    struct ug_yaml *map = ug_yaml_get(tree, name);

    if (!map || ug_yaml_is_null(map))
        return NULL;
    if (map->kind == UG_YAML_MAP)
        return map;
    ug_error(d->diags, map->pos, "'%s' is a map from names to what they stand for", name);
    return NULL;
}

static void declare_modules(struct ug_declaring *d, struct ug_declarations *out,
                            const struct ug_yaml *map)
{
    out->modules = ug_arena_array(d->arena, (size_t)map->n, sizeof *out->modules);
    for (int i = 0; i < map->n; i++) {
        struct ug_module *m = &out->modules[out->n_modules];
        struct ug_name_decl name;

        if (!ug_declare_name(d, map->keys[i], &name))
            continue;
        m->name = name.name;
        m->pos = name.pos;
        m->broken = !declare_module(d, map->items[i], m);
        out->n_modules++;
    }
}

static const struct ug_expr *network_call(struct ug_declaring *d, const char *name,
                                          struct ug_yaml *value)
{
    const struct ug_expr *call = ug_expr_parse(d->arena, d->diags, value);

    if (!call)
        return NULL;
    if (call->kind == UG_EXPR_NAME ||
        (call->kind == UG_EXPR_CALL && call->args[0]->kind == UG_EXPR_NAME))
        return call;
    ug_error(d->diags, value->pos, "network '%s' is a call of a module, as in encoder(64)", name);
    return NULL;
}

static void declare_networks(struct ug_declaring *d, struct ug_declarations *out,
                             const struct ug_yaml *map)
{
    out->networks = ug_arena_array(d->arena, (size_t)map->n, sizeof *out->networks);
    for (int i = 0; i < map->n; i++) {
        struct ug_name_decl name;

        if (!ug_declare_name(d, map->keys[i], &name))
            continue;
        out->networks[out->n_networks++] = (struct ug_network_decl){
            name.name, name.pos, network_call(d, name.name, map->items[i])};
    }
}

static struct ug_term_decl declare_term(struct ug_declaring *d, struct ug_name_decl name,
                                        struct ug_yaml *value)
{
    struct ug_term_decl term = {.name = name.name, .pos = name.pos};

    if (ug_yaml_is_null(value) || value->kind == UG_YAML_MAP)
        ug_error(d->diags, name.pos, "the loss '%s' is an expression", name.name);
    else
        term.expr = ug_expr_parse(d->arena, d->diags, value);
    return term;
}

/* A line of metrics.jsonl has these besides the losses, and "lr/OPTIMIZER" and "validate/METRIC"
 * besides the terms. */
static bool is_logged_otherwise(const struct ug_loss_decl *loss)
{
    static const char *const of_steps[] = {"step", "epoch", "seconds"};

    for (size_t i = 0; i < sizeof of_steps / sizeof *of_steps; i++)
        if (!strcmp(loss->name, of_steps[i]))
            return true;
    return loss->is_map && (!strcmp(loss->name, "lr") || !strcmp(loss->name, "validate"));
}

static void declare_losses(struct ug_declaring *d, struct ug_declarations *out,
                           const struct ug_yaml *map)
{
    out->losses = ug_arena_array(d->arena, (size_t)map->n, sizeof *out->losses);
    for (int i = 0; i < map->n; i++) {
        struct ug_yaml *value = map->items[i];
        struct ug_loss_decl *loss = &out->losses[out->n_losses];
        struct ug_name_decl name;

        if (!ug_declare_name(d, map->keys[i], &name))
            continue;
        *loss = (struct ug_loss_decl){
            .name = name.name, .pos = name.pos, .is_map = value->kind == UG_YAML_MAP};
        if (is_logged_otherwise(loss))
            ug_error(d->diags, loss->pos,
                     "a loss '%s' could not be told from what else metrics.jsonl holds under this "
                     "name: choose another",
                     loss->name);
        const int n = loss->is_map ? value->n : 1;
        loss->terms = ug_arena_array(d->arena, (size_t)n, sizeof *loss->terms);
        if (!loss->is_map)
            loss->terms[loss->n_terms++] = declare_term(d, name, value);
        for (int t = 0; loss->is_map && t < n; t++)
            if (ug_declare_name(d, value->keys[t], &name))
                loss->terms[loss->n_terms++] = declare_term(d, name, value->items[t]);
        out->n_losses++;
    }
}

void ug_declare(struct ug_declarations *out, struct ug_arena *arena, struct ug_diags *diags,
                const struct ug_yaml *tree)
{
    struct ug_declaring d = {arena, diags};
    struct ug_yaml *map;

    *out = (struct ug_declarations){0};
    if ((map = section(&d, tree, "modules")))
        declare_modules(&d, out, map);
    if ((map = section(&d, tree, "networks")))
        declare_networks(&d, out, map);
    if ((map = section(&d, tree, "graph")))
        ug_declare_graph(&d, map, &out->graph);
    if ((map = section(&d, tree, "losses")))
        declare_losses(&d, out, map);
}

const struct ug_module *ug_declared_module(const struct ug_declarations *d, const char *name)
{
    for (int i = 0; i < d->n_modules; i++)
        if (!strcmp(d->modules[i].name, name))
            return &d->modules[i];
    return NULL;
}

int ug_declared_network(const struct ug_declarations *d, const char *name)
{
    for (int i = 0; i < d->n_networks; i++)
        if (!strcmp(d->networks[i].name, name))
            return i;
    return -1;
}
