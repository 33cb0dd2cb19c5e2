/* unfold.c -- from a program to a graph of what is asked for. */
#include <string.h>

#include "engine/model/unfold.h"

/* ---- Results ---- */

static void add(struct ug_unfolding *u, struct ug_values *list, struct ug_value value)
{
    UG_PUSH(u->arena, list->items, list->n, list->capacity, value);
}

/* Everything a value holds, each under its own name: "mu", "v.a", "outs[0]".  Words have no place
 * in a graph. */
static void add_all(struct ug_unfolding *u, struct ug_values *list, const char *name,
                    struct ug_pos pos, const struct ug_quantity *q)
{
    struct ug_value value = {.name = name, .pos = pos, .loss = -1};

    if (q->kind == UG_Q_TENSOR) {
        value.node = q->node;
        add(u, list, value);
    } else if (ug_is_number(q)) {
        ug_stand(u, (struct ug_at){name, name, NULL}, pos, NULL);
        value.node = ug_constant(&u->b, ug_number(q));
        add(u, list, value);
    }
    for (int i = 0; i < q->n && (q->kind == UG_Q_LIST || q->kind == UG_Q_BUNDLE); i++)
        add_all(u, list,
                q->kind == UG_Q_LIST ? ug_arena_format(u->arena, "%s[%d]", name, i)
                                     : ug_arena_format(u->arena, "%s.%s", name, q->names[i]),
                pos, &q->items[i]);
}

static void add_values(struct ug_unfolding *u)
{
    const struct ug_graph_decl *decl = u->graph.decl;

    ug_make_all(&u->graph);
    for (int i = 0; i < decl->n; i++)
        for (int k = 0; u->graph.made[i].progress == UG_MADE && k < decl->values[i].n_targets; k++)
            add_all(u, &u->out->values, decl->values[i].targets[k].name,
                    decl->values[i].targets[k].pos, &u->graph.made[i].targets[k]);
}

/* What has been made of the losses, in the order of the file. */
static void add_losses(struct ug_unfolding *u)
{
    const struct ug_declarations *d = &u->language->declared;

    for (int i = 0; i < d->n_losses; i++) {
        const struct ug_loss_decl *loss = &d->losses[i];
        const struct ug_made_loss *made = &u->made_losses[i];
        int index = -1;

        if (made->sum.progress == UG_MADE) {
            index = u->out->losses.n;
            add(u, &u->out->losses,
                (struct ug_value){loss->name, made->sum.node, loss->pos, made->sum.pruned, -1});
        }
        for (int k = 0; loss->is_map && k < loss->n_terms; k++)
            if (made->terms[k].progress == UG_MADE)
                add(u, &u->out->terms,
                    (struct ug_value){
                        ug_arena_format(u->arena, "%s.%s", loss->name, loss->terms[k].name),
                        made->terms[k].node, loss->terms[k].pos, made->terms[k].pruned, index});
    }
}

static void make_all_losses(struct ug_unfolding *u)
{
    const struct ug_declarations *d = &u->language->declared;
    struct ug_quantity q;

    for (int i = 0; i < d->n_losses; i++)
        ug_make_loss(u, d->losses[i].name, &q);
}

static void add_minimized(struct ug_unfolding *u)
{
    const struct ug_train_spec *train = &u->program->train;

    for (int i = 0; i < train->n_optimizers; i++) {
        const struct ug_optimizer_spec *o = &train->optimizers[i];
        struct ug_value value = {.name = o->name, .pos = o->pos, .loss = -1};

        if (ug_make_minimized(u, o, &value.node))
            add(u, &u->out->minimized, value);
    }
}

/* ---- Columns, metrics, translations ---- */

/* Expressions that stand outside of `graph`, where layers may not stand. */
struct entries {
    const char *section;
    const char *kind; /* "a metric" */
    bool pictures;    /* else single numbers */
};

static const struct entries columns = {"samples", "a column of 'samples'", true};
static const struct entries metrics = {"validate", "a metric", false};
static const struct entries translations = {"translate", "a translation", true};

/* [N, 1 or 3, H, W] */
static bool want_picture(struct ug_unfolding *u, struct ug_pos pos, const char *what,
                         const struct ug_quantity *q, struct ug_node **out)
{
    const struct ug_type *type;
    char shape[UG_SHAPE_TEXT];

    if (!ug_as_tensor(u, pos, what, q, out))
        return false;
    type = &(*out)->type;
    if (type->shape.rank == 4 && type->dtype == UG_F32 &&
        (type->shape.dim[1] == 1 || type->shape.dim[1] == 3))
        return true;
    ug_error(u->b.diags, pos, "%s is no picture: it is %s %s, not [N, 1 or 3, H, W]", what,
             ug_dtype_name(type->dtype), ug_shape_text(&type->shape, shape));
    return false;
}

/* A metric of whole sets that `node` is computed from; NULL: none. */
static const struct ug_node *find_of_sets(struct ug_unfolding *u, const struct ug_node *node)
{
    const struct ug_graph *g = u->out->graph;
    bool *below = ug_arena_array(u->arena, (size_t)node->id + 1, sizeof *below);

    below[node->id] = true;
    for (int i = node->id; i >= 0; i--)
        for (int k = 0; below[i] && k < g->nodes[i]->n_in; k++) {
            if (g->nodes[i]->in[k]->op->of_sets)
                return g->nodes[i]->in[k];
            below[g->nodes[i]->in[k]->id] = true;
        }
    return NULL;
}

/* What is computed batch by batch cannot use what is known once all are through. */
static bool refuse_of_sets(struct ug_unfolding *u, struct ug_pos pos, const char *name,
                           const struct ug_node *node)
{
    const struct ug_node *of_sets = find_of_sets(u, node);

    if (of_sets)
        ug_error(u->b.diags, pos,
                 "'%s' computes with '%s', which is of whole sets: it must be a "
                 "metric by itself",
                 name, of_sets->op->name);
    return of_sets;
}

static struct ug_node *add_entry(struct ug_unfolding *u, const struct entries *of, int same,
                                 const char *name, struct ug_pos pos, const struct ug_expr *x)
{
    const char *number = same ? ug_arena_format(u->arena, "#%d", same) : "";
    const char *place = ug_arena_format(u->arena, "%s%s.%s", of->section, number, name);
    struct ug_here here = {u, &u->graph.env, {place, place, of->kind}, x, false};
    struct ug_value value = {.name = name, .pos = pos, .loss = -1};
    struct ug_quantity q;

    if (!x || !ug_evaluate_here(&here, x, &q))
        return NULL;
    ug_stand(u, here.at, x->pos, x);
    if (!(of->pictures ? want_picture : ug_want_scalar)(
            u, x->pos, ug_arena_format(u->arena, "'%s' of '%s'", name, of->section), &q,
            &value.node))
        return NULL;
    if (refuse_of_sets(u, x->pos, name, value.node))
        return NULL;
    add(u, &u->out->extra, value);
    return value.node;
}

/* Those of one name draw apart: the later ones are numbered. */
static void add_entries(struct ug_unfolding *u, const struct entries *of,
                        const struct ug_column *list, int n)
{
    for (int i = 0; i < n; i++) {
        int same = 0;

        for (int k = 0; k < i; k++)
            same += !strcmp(list[k].label, list[i].label);
        add_entry(u, of, same, list[i].label, list[i].expr ? list[i].expr->pos : UG_NOWHERE,
                  list[i].expr);
    }
}

/* A translation has one picture to work from. */
static void check_sources(struct ug_unfolding *u, const struct ug_translate_spec *t,
                          const struct ug_node *to)
{
    bool *needed = ug_arena_array(u->arena, (size_t)to->id + 1, sizeof *needed);

    needed[to->id] = true;
    for (int id = to->id; id >= 0; id--) {
        const struct ug_node *n = u->b.graph->nodes[id];

        if (!needed[id])
            continue;
        for (int i = 0; i < n->n_in; i++)
            needed[n->in[i]->id] = true;
        const char *name =
            n->op == &ug_op_input ? ((const struct ug_input_attrs *)n->attrs)->name : NULL;
        if (name && (!t->from || strcmp(name, t->from) != 0))
            ug_note(ug_error(u->b.diags, t->to->pos,
                             t->from
                                 ? "the translation '%s' also needs the input '%s'"
                                 : "the translation '%s' needs the input '%s', but has no 'from'",
                             t->name, name),
                    n->pos, "the input is here");
    }
}

static void add_translations(struct ug_unfolding *u, int which)
{
    const struct ug_program *p = u->program;

    for (int i = 0; i < p->n_translates; i++) {
        const struct ug_translate_spec *t = &p->translates[i];
        const struct ug_node *to = NULL;

        if (which == i || which < 0)
            to = add_entry(u, &translations, 0, t->name, t->pos, t->to);
        if (to)
            check_sources(u, t, to);
    }
}

/* ---- Fetching by name ---- */

static bool names_value(const struct ug_expr *x)
{
    if (x->kind == UG_EXPR_MEMBER || x->kind == UG_EXPR_INDEX)
        return names_value(x->args[0]);
    return x->kind == UG_EXPR_NAME;
}

/* A value, v.a, list[i], a loss or a term of one; values hide losses of their names. */
static void fetch(struct ug_unfolding *u, const char *name)
{
    const struct ug_env inputs = {.kind = UG_ENV_INPUTS, .up = &u->losses};
    const struct ug_env values = {.kind = UG_ENV_VALUES, .up = &inputs, .values = &u->graph};
    struct ug_source *source = ug_arena_alloc(u->arena, sizeof *source);
    struct ug_yaml *scalar = ug_arena_alloc(u->arena, sizeof *scalar);
    struct ug_here here = {u, &values, {name, name, "a name to fetch"}, NULL, true};
    struct ug_quantity q;

    *source = (struct ug_source){name, name, strlen(name)};
    *scalar = (struct ug_yaml){.kind = UG_YAML_SCALAR,
                               .pos = {source, 1, 1},
                               .plain = true,
                               .text = name,
                               .length = strlen(name),
                               .end = strlen(name)};
    here.whole = ug_expr_parse(u->arena, u->b.diags, scalar);
    if (!here.whole)
        return;
    if (!names_value(here.whole))
        ug_error(u->b.diags, scalar->pos, "'%s' is not the name of a value or a loss", name);
    else if (ug_evaluate_here(&here, here.whole, &q))
        add_all(u, &u->out->values, name, scalar->pos, &q);
}

/* ---- The whole ---- */

static void add_inputs(struct ug_unfolding *u)
{
    for (int i = 0; i < u->program->n_inputs; i++)
        if (u->input_nodes[i])
            add(u, &u->out->inputs,
                (struct ug_value){u->program->inputs[i].name, u->input_nodes[i],
                                  u->program->inputs[i].pos, false, -1});
}

static void add_updates(struct ug_unfolding *u)
{
    struct ug_unfolded *out = u->out;

    out->n_updates = u->b.n_updates;
    out->updates = ug_arena_array(u->arena, (size_t)out->n_updates, sizeof *out->updates);
    for (int i = 0; i < out->n_updates; i++)
        out->updates[i] = (struct ug_state_update){u->b.updated[i], u->b.updates[i]};
}

static void set_up(struct ug_unfolding *u, struct ug_program *p, const struct ug_request *request,
                   struct ug_diags *diags)
{
    struct ug_graph *graph = ug_graph_new(p->params);

    u->program = p;
    u->language = p->language;
    u->request = request;
    u->arena = graph->arena;
    u->b = (struct ug_builder){.graph = graph, .diags = diags, .training = request->training};
    u->out = ug_arena_alloc(u->arena, sizeof *u->out);
    u->out->graph = graph;
    u->inputs = ug_env_layer(UG_ENV_INPUTS, NULL);
    u->input_nodes = ug_arena_array(u->arena, (size_t)p->n_inputs, sizeof *u->input_nodes);
    u->graph =
        ug_make_graph(u, &p->language->declared.graph, (struct ug_at){"", "", NULL}, &u->inputs);
    u->graph.env.values = &u->graph;
    u->graph.inside = &u->graph.env;
    u->losses = ug_env_layer(UG_ENV_LOSSES, NULL);
    u->made_losses = ug_make_losses(u);
}

/* Makes what `scout` made, but in the order of the text: calls with state update it in the order in
 * which they are made, and what is minimised or fetched asks for values in another. */
static void make_in_order(struct ug_unfolding *u, const struct ug_unfolding *scout)
{
    const struct ug_declarations *d = &u->language->declared;
    struct ug_quantity q;

    for (int i = 0; i < d->graph.n; i++)
        if (scout->graph.made[i].progress == UG_MADE)
            ug_make_value(&u->graph, d->graph.values[i].targets[0].name, &q);
    for (int i = 0; i < d->n_losses; i++) {
        const struct ug_loss_decl *loss = &d->losses[i];

        for (int k = 0; loss->is_map && k < loss->n_terms; k++)
            if (scout->made_losses[i].terms[k].progress == UG_MADE)
                ug_make_loss(u, ug_arena_format(u->arena, "%s.%s", loss->name, loss->terms[k].name),
                             &q);
        if (scout->made_losses[i].sum.progress == UG_MADE)
            ug_make_loss(u, loss->name, &q);
    }
}

static void unfold(struct ug_unfolding *u, const struct ug_unfolding *scout)
{
    const struct ug_request *request = u->request;
    const struct ug_program *p = u->program;
    const unsigned want =
        request->n_fetch ? request->want & ~(UG_WANT_VALUES | UG_WANT_LOSSES) : request->want;

    if (scout)
        make_in_order(u, scout);
    for (int i = 0; i < request->n_fetch; i++)
        fetch(u, request->fetch[i]);
    if (want & UG_WANT_VALUES)
        add_values(u);
    if (want & UG_WANT_LOSSES)
        make_all_losses(u);
    if (want & UG_WANT_OPTIMIZED)
        add_minimized(u);
    add_losses(u);
    if (want & UG_WANT_SAMPLES)
        add_entries(u, &columns, p->samples.columns, p->samples.n_columns);
    if (want & UG_WANT_METRICS)
        add_entries(u, &metrics, p->validate.metrics, p->validate.n_metrics);
    if (want & UG_WANT_TRANSLATE)
        add_translations(u, request->translate);
    add_inputs(u);
    add_updates(u);
}

void ug_unfolding_run(struct ug_unfolding *u, struct ug_program *p,
                      const struct ug_request *request, bool exploring, struct ug_diags *diags)
{
    *u = (struct ug_unfolding){.exploring = exploring, .stack = __builtin_frame_address(0)};
    set_up(u, p, request, diags);
    unfold(u, NULL);
}

struct ug_unfolded *ug_unfold(struct ug_program *p, const struct ug_request *request,
                              struct ug_diags *diags)
{
    const size_t errors = ug_diags_errors(diags);
    struct ug_unfolding u, scout;

    ug_unfolding_run(&u, p, request, false, diags);
    if ((request->training || (request->want & UG_WANT_OPTIMIZED)) &&
        ug_diags_errors(diags) == errors) {
        scout = u;
        u = (struct ug_unfolding){.stack = __builtin_frame_address(0)};
        set_up(&u, p, request, diags);
        unfold(&u, &scout);
        ug_unfolded_free(scout.out);
    }
    if (ug_diags_errors(diags) == errors)
        return u.out;
    ug_unfolded_free(u.out);
    return NULL;
}

void ug_unfolded_free(struct ug_unfolded *u)
{
    if (u)
        ug_graph_free(u->graph);
}
