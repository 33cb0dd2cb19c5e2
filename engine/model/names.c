/* names.c -- what a name that is used as a value stands for. */
#include <string.h>

#include "engine/model/unfold.h"

struct ug_env ug_env_layer(enum ug_env_kind kind, const struct ug_env *up)
{
    return (struct ug_env){.kind = kind, .up = up};
}

void ug_env_bind(struct ug_env *env, struct ug_arena *arena, const char *name,
                 struct ug_quantity value)
{
    UG_PUSH(arena, env->bound, env->n, env->capacity, ((struct ug_bound){name, UG_FOUND, value}));
}

static const struct ug_bound *find_bound(const struct ug_env *env, const char *name)
{
    for (int i = env->n; i-- > 0;)
        if (!strcmp(env->bound[i].name, name))
            return &env->bound[i];
    return NULL;
}

const char *ug_env_word(const struct ug_env *env, const char *name)
{
    for (; env; env = env->up) {
        const struct ug_bound *b = env->kind == UG_ENV_SETTINGS ? find_bound(env, name) : NULL;

        if (b && b->found == UG_FOUND && b->value.kind == UG_Q_TEXT)
            return b->value.text;
    }
    return NULL;
}

/* The type of an input in this unfolding; its rank is -1 if it is not known. */
static struct ug_type input_type(const struct ug_unfolding *u, const struct ug_input *input)
{
    const struct ug_request *r = u->request;
    struct ug_type type = input->type;

    for (int k = 0; k < r->n_types; k++)
        if (!strcmp(r->types[k].name, input->name))
            return r->types[k].type;
    if (r->batch && input->data && type.shape.rank > 0)
        type.shape.dim[0] = r->batch;
    return type;
}

/* An input of the file: a leaf of the graph from its first use on. */
static enum ug_found lookup_input(struct ug_unfolding *u, struct ug_pos pos, const char *name,
                                  struct ug_quantity *out)
{
    const struct ug_program *p = u->program;

    for (int i = 0; i < p->n_inputs; i++) {
        const struct ug_input *input = &p->inputs[i];
        const struct ug_type type = input_type(u, input);

        if (strcmp(input->name, name) != 0)
            continue;
        if (type.shape.rank < 0) {
            if (!u->exploring)
                ug_note(
                    ug_error(u->b.diags, pos, "the input '%s' is needed here, but not given", name),
                    input->pos, "its shape is known only from the data");
            return UG_BROKEN;
        }
        if (!u->input_nodes[i]) {
            ug_stand(u, (struct ug_at){"", name, NULL}, input->pos, NULL);
            u->input_nodes[i] = ug_input(&u->b, name, type);
        }
        *out = ug_quantity_tensor(u->input_nodes[i]);
        return UG_FOUND;
    }
    return UG_UNKNOWN;
}

static enum ug_found lookup_counter(struct ug_unfolding *u, struct ug_pos pos, const char *name,
                                    struct ug_quantity *out)
{
    static const char *const names[] = {
        [UG_STEP] = "step", [UG_STEPS] = "steps", [UG_EPOCH] = "epoch", [UG_EPOCHS] = "epochs"};

    for (int i = UG_STEP; i <= UG_EPOCHS; i++)
        if (!strcmp(names[i], name)) {
            ug_stand(u, (struct ug_at){"", name, NULL}, pos, NULL);
            *out = ug_quantity_tensor(ug_counter_node(&u->b, (enum ug_counter)i));
            return UG_FOUND;
        }
    return UG_UNKNOWN;
}

enum ug_found ug_layer_lookup(struct ug_unfolding *u, const struct ug_env *env, struct ug_pos pos,
                              const char *name, struct ug_quantity *out)
{
    const struct ug_bound *b;

    switch (env->kind) {
    case UG_ENV_BOUND:
    case UG_ENV_SETTINGS:
        b = find_bound(env, name);
        if (b)
            *out = b->value;
        return b ? b->found : UG_UNKNOWN;
    case UG_ENV_VALUES:
        return ug_make_value(env->values, name, out);
    case UG_ENV_INPUTS:
        return lookup_input(u, pos, name, out);
    case UG_ENV_LOSSES:
        return ug_make_loss(u, name, out);
    }
    return UG_UNKNOWN;
}

enum ug_found ug_env_lookup(struct ug_unfolding *u, const struct ug_env *env, struct ug_pos pos,
                            const char *name, struct ug_quantity *out)
{
    enum ug_found found = UG_UNKNOWN;

    for (; env && found == UG_UNKNOWN; env = env->up)
        found = ug_layer_lookup(u, env, pos, name, out);
    if (found == UG_UNKNOWN)
        found = ug_vars_lookup(u->program->vars, name, out);
    return found == UG_UNKNOWN ? lookup_counter(u, pos, name, out) : found;
}

/* ---- All names ---- */

struct names {
    struct ug_arena *arena;
    const char **items;
    size_t n, capacity;
};

static void add_name(struct names *all, const char *name)
{
    UG_PUSH(all->arena, all->items, all->n, all->capacity, name);
}

static void add_layer(struct names *all, const struct ug_unfolding *u, const struct ug_env *env)
{
    const struct ug_declarations *d = &u->language->declared;

    if (env->kind == UG_ENV_INPUTS)
        for (int i = 0; i < u->program->n_inputs; i++)
            add_name(all, u->program->inputs[i].name);
    if (env->kind == UG_ENV_VALUES)
        for (int i = 0; i < env->values->decl->n; i++)
            for (int k = 0; k < env->values->decl->values[i].n_targets; k++)
                add_name(all, env->values->decl->values[i].targets[k].name);
    if (env->kind == UG_ENV_LOSSES)
        for (int i = 0; i < d->n_losses; i++) {
            add_name(all, d->losses[i].name);
            for (int k = 0; d->losses[i].is_map && k < d->losses[i].n_terms; k++)
                add_name(all, ug_arena_format(all->arena, "%s.%s", d->losses[i].name,
                                              d->losses[i].terms[k].name));
        }
    for (int i = 0; i < env->n; i++)
        add_name(all, env->bound[i].name);
}

const char **ug_env_names(const struct ug_unfolding *u, const struct ug_env *env, size_t *n)
{
    struct names all = {.arena = u->arena};
    const char *const *vars;
    int n_vars;

    for (; env; env = env->up)
        add_layer(&all, u, env);
    vars = ug_vars_names(u->program->vars, &n_vars);
    for (int i = 0; i < n_vars; i++)
        add_name(&all, vars[i]);
    *n = all.n;
    return all.items;
}

/* ---- What is known without a graph ---- */

static bool declares(const struct ug_graph_decl *g, const char *name)
{
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->values[i].n_targets; k++)
            if (!strcmp(g->values[i].targets[k].name, name))
                return true;
    return false;
}

static enum ug_found lookup_known(void *context, const struct ug_expr *name,
                                  struct ug_quantity *out)
{
    const struct ug_known *k = context;

    for (const struct ug_env *env = k->env; env; env = env->up) {
        const struct ug_bound *b = find_bound(env, name->text);

        if (b && b->found == UG_FOUND && ug_is_quantity(&b->value)) {
            *out = b->value;
            return UG_FOUND;
        }
        if (b || (env->kind == UG_ENV_VALUES && declares(env->values->decl, name->text)))
            return UG_BROKEN;
        for (int i = 0; env->kind == UG_ENV_INPUTS && i < k->program->n_inputs; i++)
            if (!strcmp(k->program->inputs[i].name, name->text))
                return UG_BROKEN;
    }
    return ug_vars_lookup(k->vars, name->text, out);
}

static void suggest_known(void *context, const char *name, struct ug_diag *diag)
{
    const struct ug_known *k = context;
    enum { MOST = 64, MOST_BOUND = 32 };
    const char *names[MOST];
    size_t n = 0;
    int n_vars;
    const char *const *vars = ug_vars_names(k->vars, &n_vars);

    for (const struct ug_env *env = k->env; env; env = env->up)
        for (int i = 0; i < env->n && n < MOST_BOUND; i++)
            names[n++] = env->bound[i].name;
    for (int i = 0; i < n_vars && n < MOST; i++)
        names[n++] = vars[i];
    ug_suggest(diag, name, "names", names, n);
}

bool ug_evaluate_known(struct ug_known *k, struct ug_arena *arena, struct ug_diags *diags,
                       const struct ug_expr *x, struct ug_quantity *out)
{
    static const struct ug_scope scope = {.lookup = lookup_known, .suggest = suggest_known};
    struct ug_eval e = {.arena = arena, .diags = diags, .scope = &scope, .context = k};

    return ug_evaluate_argument(&e, x, out);
}
