/* program.c -- loading a file: reading it, exploring what it describes, and settling its
 * parameters. */
#include <stdlib.h>
#include <string.h>

#include "engine/model/inputs.h"
#include "engine/model/resolve.h"
#include "engine/model/sections.h"
#include "engine/model/unfold.h"

/* ---- Loading ---- */

/* Inputs and values are told apart by nothing but their names. */
static void refuse_shadowing(const struct ug_program *p, struct ug_diags *diags)
{
    const struct ug_graph_decl *g = &p->language->declared.graph;

    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->values[i].n_targets; k++)
            for (int j = 0; j < p->n_inputs; j++)
                if (!strcmp(g->values[i].targets[k].name, p->inputs[j].name))
                    ug_note(ug_error(diags, g->values[i].targets[k].pos,
                                     "a value and an input are both named '%s'", p->inputs[j].name),
                            p->inputs[j].pos, "the input is here");
}

/* Unfolds what an event shows, with the types of its own data: they may differ from the training
 * data's. */
static void explore_event(struct ug_program *p, const char *section, unsigned want,
                          const struct ug_data_spec *spec, int64_t batch,
                          const struct ug_load_options *o, struct ug_diags *diags)
{
    const bool has_own = ug_yaml_get(ug_yaml_get(p->tree, section), "data");
    struct ug_request request = {.want = want, .batch = batch};
    struct ug_unfolding u;

    if (has_own) {
        request.types = ug_types_of_entries(p, spec, batch, o, diags);
        request.n_types = spec->n;
    }
    ug_unfolding_run(&u, p, &request, true, diags);
    ug_unfolded_free(u.out);
}

/* Unfolds everything once: errors are found, and every parameter gets its shape. */
static void explore(struct ug_program *p, const struct ug_load_options *o, struct ug_unfolding *u,
                    struct ug_diags *diags)
{
    static const struct ug_request everything = {
        .want = UG_WANT_VALUES | UG_WANT_LOSSES | UG_WANT_OPTIMIZED | UG_WANT_TRANSLATE,
        .training = true,
        .translate = -1,
    };

    ug_unfolding_run(u, p, &everything, true, diags);
    if (p->samples.event.present)
        explore_event(p, "samples", UG_WANT_SAMPLES, &p->samples.data, p->samples.count, o, diags);
    if (p->validate.event.present)
        explore_event(p, "validate", UG_WANT_METRICS, &p->validate.data, p->data.batch, o, diags);
}

static struct ug_yaml *compose(struct ug_program *p, const struct ug_load_options *o,
                               struct ug_diags *diags)
{
    static const struct ug_load_options none = {0};

    if (!o)
        o = &none;
    return o->text ? ug_yaml_compose_text(p->arena, diags, p->path, o->text, o->length, o->sets,
                                          o->n_sets)
                   : ug_yaml_compose(p->arena, diags, p->path, o->sets, o->n_sets);
}

struct ug_program *ug_program_load(const char *path, const struct ug_load_options *options,
                                   struct ug_diags *diags)
{
    struct ug_program *p = ug_xcalloc(1, sizeof *p);
    struct ug_unfolding u;

    p->arena = ug_arena_new();
    p->path = ug_arena_copy(p->arena, path, strlen(path));
    p->params = ug_params_new();
    p->language = ug_arena_alloc(p->arena, sizeof *p->language);
    p->tree = compose(p, options, diags);
    if (!p->tree) {
        ug_program_free(p);
        return NULL;
    }
    p->vars = ug_vars_new(p->arena, diags, ug_yaml_get(p->tree, "vars"));
    ug_declare(&p->language->declared, p->arena, diags, p->tree);
    ug_resolve_networks(p, diags);
    ug_read_sections(p, p->vars, diags);
    refuse_shadowing(p, diags);
    ug_type_inputs(p, options, diags);
    explore(p, options, &u, diags);
    ug_resolve_share(p, diags);
    ug_resolve_init(p, !(options && options->without_data), diags);
    ug_resolve_training(p, u.out, diags);
    ug_vars_finish(p->vars);
    if (!ug_diags_errors(diags) && !(options && options->without_data))
        ug_warn_of_steps(p, diags);
    ug_unfolded_free(u.out);
    return p;
}

void ug_program_free(struct ug_program *p)
{
    if (!p)
        return;
    ug_params_free(p->params);
    ug_arena_free(p->arena);
    free(p);
}

/* ---- Parameters in order ---- */

struct ranked {
    struct ug_param *param;
    int group; /* a network, or after all of them a value of the graph */
};

static int group_of(const struct ug_program *p, const char *name)
{
    const struct ug_declarations *d = &p->language->declared;
    const size_t length = ug_param_top(name);

    for (int i = 0; i < d->n_networks; i++)
        if (strlen(d->networks[i].name) == length && !strncmp(d->networks[i].name, name, length))
            return i;
    for (int i = 0; i < d->graph.n; i++)
        if (strlen(d->graph.values[i].targets[0].name) == length &&
            !strncmp(d->graph.values[i].targets[0].name, name, length))
            return d->n_networks + i;
    return d->n_networks + d->graph.n;
}

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return x->group != y->group
               ? (x->group > y->group) - (x->group < y->group)
               : (x->param->index > y->param->index) - (x->param->index < y->param->index);
}

struct ug_param **ug_program_list_params(const struct ug_program *p, int *n)
{
    const struct ug_params *all = p->params;
    struct ranked *ranked = ug_arena_array(p->arena, (size_t)all->n, sizeof *ranked);
    struct ug_param **list = ug_arena_array(p->arena, (size_t)all->n, sizeof *list);

    for (int i = 0; i < all->n; i++)
        ranked[i] = (struct ranked){all->items[i], group_of(p, all->items[i]->name)};
    qsort(ranked, (size_t)all->n, sizeof *ranked, compare_ranked);
    for (int i = 0; i < all->n; i++)
        list[i] = ranked[i].param;
    *n = all->n;
    return list;
}
