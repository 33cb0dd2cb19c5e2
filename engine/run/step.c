/* step.c -- builds the phases, joins what they share, and compiles the whole. */
#include "engine/run/step.h"

#include <stdlib.h>
#include <string.h>

/* A step being built.  Goals and roots run parallel: what a goal's node is in the graph as
 * unfolded, in the step's graph, and in the graph that is run. */
struct making {
    const struct ug_program *program;
    const struct ug_unfolded *unfolded;
    const struct ug_store *store;
    struct ug_diags *diags;
    struct ug_step *step;
    struct ug_graph *graph;
    int *version;          /* by param index: the phase before which it was updated; 0 = not yet */
    struct ug_goal *goals; /* the terms', in their order, then the gradients' */
    int n_goals, goals_capacity;
    int terms_capacity;
    int *losses; /* by optimizer: the goal that it minimises */
    struct ug_state_link *links;
    int n_links, links_capacity;
};

static const struct ug_optimizer_spec *spec_of(const struct making *m, int optimizer)
{
    return &m->program->train.optimizers[optimizer];
}

/* ---- Phases ---- */

static void make_phases(struct making *m)
{
    const struct ug_train_spec *t = &m->program->train;
    struct ug_step *s = m->step;
    int *active = ug_arena_array(s->arena, (size_t)t->n_order, sizeof *active);
    int n = 0;

    for (int i = 0; i < t->n_order; i++)
        if (s->active[t->order[i]])
            active[n++] = t->order[i];
    s->n_phases = t->ordered ? n : 1;
    s->phases = ug_arena_array(s->arena, (size_t)s->n_phases, sizeof *s->phases);
    for (int i = 0; i < s->n_phases; i++)
        s->phases[i] = t->ordered ? (struct ug_phase){active + i, 1} : (struct ug_phase){active, n};
}

bool ug_step_tries(const struct ug_train_spec *t, int optimizer)
{
    return t->ordered && t->n_order && t->order[t->n_order - 1] != optimizer;
}

/* From now on the parameters of these optimizers are read as they stand after `phase`. */
static void mark_updated(struct making *m, int phase)
{
    const struct ug_phase *p = &m->step->phases[phase];

    for (int i = 0; i < p->n; i++) {
        const struct ug_optimizer_spec *o = spec_of(m, p->optimizers[i]);
        for (int k = 0; k < o->n_params; k++)
            m->version[o->params[k]->index] = phase + 1;
    }
}

/* The leaves of the unfolded graph that stand for updated parameters, and what replaces them. */
static int find_updated(const struct making *m, struct ug_node **from, struct ug_node **to)
{
    const struct ug_graph *g = m->unfolded->graph;
    int n = 0;

    for (int i = 0; i < g->n_leaves; i++) {
        struct ug_node *leaf = g->leaves[i], like = *leaf;
        struct ug_param_attrs attrs;
        if (leaf->op != &ug_op_param)
            continue;
        memcpy(&attrs, leaf->attrs, sizeof attrs);
        attrs.version = m->version[attrs.param->owner->index];
        if (!attrs.version)
            continue;
        like.attrs = &attrs;
        from[n] = leaf;
        to[n++] = ug_graph_leaf(m->graph, &like);
    }
    return n;
}

/* ---- What a phase computes ---- */

/* Marks what a node is computed from, and the node itself. */
static bool has_term(const struct ug_step *s, const char *name)
{
    for (int i = 0; i < s->n_terms; i++)
        if (s->terms[i].name && !strcmp(s->terms[i].name, name))
            return true;
    return false;
}

static void add_term(struct making *m, const char *name, struct ug_node *node, int phase)
{
    struct ug_step *s = m->step;
    char *shown = name ? ug_arena_copy(s->arena, name, strlen(name)) : NULL;
    char *dot = shown ? strchr(shown, '.') : NULL;

    if (dot)
        *dot = '/';
    if (shown && has_term(s, shown))
        return;
    UG_PUSH(s->arena, s->terms, s->n_terms, m->terms_capacity,
            ((struct ug_term){.name = shown, .phase = phase}));
    UG_PUSH(s->arena, m->goals, m->n_goals, m->goals_capacity,
            ((struct ug_goal){.node = node, .phase = phase}));
}

/* What an optimizer minimises, and the losses and terms that it is made of. */
static void add_terms(struct making *m, int optimizer, int phase)
{
    const struct ug_unfolded *u = m->unfolded;
    const struct ug_values *lists[] = {&u->losses, &u->terms};
    struct ug_node *minimized = u->minimized.items[optimizer].node;
    bool *seen = ug_xcalloc((size_t)u->graph->n, sizeof *seen);

    ug_mark_ancestors(u->graph, minimized, seen);
    add_term(m, NULL, minimized, phase);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < lists[k]->n; i++) {
            const struct ug_value *v = &lists[k]->items[i];
            if (v->node && !v->pruned && seen[v->node->id])
                add_term(m, v->name, v->node, phase);
        }
    free(seen);
}

/* Gradients of one optimizer's loss, each into its place in the optimizer's block. */
static bool add_gradients(struct making *m, int optimizer, int phase)
{
    const struct ug_optimizer_spec *o = spec_of(m, optimizer);
    struct ug_node *loss = m->goals[m->losses[optimizer]].node;
    struct ug_step *s = m->step;
    struct ug_node **x = ug_arena_array(s->arena, (size_t)o->n_params, sizeof(*x));
    struct ug_node **dx = ug_arena_array(s->arena, (size_t)o->n_params, sizeof(*dx));
    struct ug_builder b = {
        .graph = m->graph, .diags = m->diags, .training = true, .pos = o->pos, .backward = true};

    for (int i = 0; i < o->n_params; i++)
        x[i] = ug_param_node(&b, o->params[i]);
    if (!ug_differentiate(&b, loss, x, o->n_params, dx))
        return false;
    for (int i = 0; i < o->n_params; i++) {
        if (!dx[i])
            continue;
        s->reached[optimizer][i] = true;
        UG_PUSH(s->arena, m->goals, m->n_goals, m->goals_capacity,
                ((struct ug_goal){.node = dx[i],
                                  .phase = phase,
                                  .home = m->store->grad[o->params[i]->index],
                                  .updates = o->params[i]}));
    }
    return true;
}

/* Whether a phase that computes what is marked makes the call that an update belongs to.  This is
 * asked of the graph as the file has it: simplifying merges calls that compute the same. */
static bool is_due(const struct ug_node *update, const bool *computed)
{
    bool due = computed[update->id];

    for (int i = 0; i < update->n_in; i++)
        due |= (update->op->due_with >> i & 1) && computed[update->in[i]->id];
    return due;
}

static struct ug_state_link *find_due(struct making *m, int first_goal, int *n)
{
    const struct ug_unfolded *u = m->unfolded;
    struct ug_state_link *due = ug_xcalloc((size_t)u->n_updates, sizeof *due);
    bool *computed = ug_xcalloc((size_t)u->graph->n, sizeof *computed);

    *n = 0;
    for (int i = first_goal; i < m->n_goals; i++)
        ug_mark_ancestors(u->graph, m->goals[i].node, computed);
    for (int i = 0; i < u->n_updates; i++)
        if (is_due(u->updates[i].next, computed))
            due[(*n)++] = (struct ug_state_link){u->updates[i].param, u->updates[i].next};
    free(computed);
    return due;
}

/* Copies the unfolded nodes of the phase's terms, and the updates of states that go with them, into
 * the step's graph. */
static void copy_phase(struct making *m, int first_goal)
{
    const struct ug_unfolded *u = m->unfolded;
    const int n_terms = m->n_goals - first_goal;
    int n_due;
    struct ug_state_link *due = find_due(m, first_goal, &n_due);
    struct ug_node **from = ug_xcalloc((size_t)u->graph->n_leaves, sizeof(*from));
    struct ug_node **to = ug_xcalloc((size_t)u->graph->n_leaves, sizeof(*to));
    struct ug_node **roots = ug_xcalloc((size_t)(n_terms + n_due), sizeof(*roots));

    for (int i = 0; i < n_terms; i++)
        roots[i] = m->goals[first_goal + i].node;
    for (int i = 0; i < n_due; i++)
        roots[n_terms + i] = due[i].next;
    ug_substitute(m->graph, from, to, find_updated(m, from, to), roots, n_terms + n_due);
    for (int i = 0; i < n_terms; i++)
        m->goals[first_goal + i].node = roots[i];
    for (int i = 0; i < n_due; i++)
        UG_PUSH(m->step->arena, m->links, m->n_links, m->links_capacity,
                ((struct ug_state_link){due[i].param, roots[n_terms + i]}));
    free(due);
    free(from);
    free(to);
    free(roots);
}

static void make_forward(struct making *m, int phase)
{
    const struct ug_phase *p = &m->step->phases[phase];
    const int first = m->n_goals;

    for (int i = 0; i < p->n; i++) {
        m->losses[p->optimizers[i]] = m->n_goals;
        add_terms(m, p->optimizers[i], phase);
    }
    copy_phase(m, first);
    mark_updated(m, phase);
}

/* What is computed once is differentiated once: the gradients of all that use it are added up
 * first. */
static void merge_forward(struct making *m)
{
    struct ug_node **roots = ug_xcalloc((size_t)(m->n_goals + m->n_links), sizeof(*roots));
    struct ug_graph *merged;

    for (int i = 0; i < m->n_goals; i++)
        roots[i] = m->goals[i].node;
    for (int i = 0; i < m->n_links; i++)
        roots[m->n_goals + i] = m->links[i].next;
    merged = ug_merge(m->graph, roots, m->n_goals + m->n_links);
    ug_graph_free(m->graph);
    m->graph = merged;
    for (int i = 0; i < m->n_goals; i++)
        m->goals[i].node = roots[i];
    for (int i = 0; i < m->n_links; i++)
        m->links[i].next = roots[m->n_goals + i];
    free(roots);
}

static bool make_backward(struct making *m, int phase)
{
    const struct ug_phase *p = &m->step->phases[phase];

    for (int i = 0; i < p->n; i++)
        if (!add_gradients(m, p->optimizers[i], phase))
            return false;
    return true;
}

/* ---- The whole ---- */

static bool compile(struct making *m, struct ug_exec *share, const struct ug_budget *budget)
{
    struct ug_step *s = m->step;
    struct ug_compile_request r = {
        .graph = m->graph,
        .goals = m->goals,
        .n_goals = m->n_goals,
        .n_phases = s->n_phases,
        .links = m->links,
        .n_links = m->n_links,
        .keep_states = true,
        .store = m->store,
        .share = share,
        .budget = budget,
    };

    if (!ug_compile(&s->run, &r, m->diags))
        return false;
    for (int i = 0, term = 0; i < m->n_goals; i++)
        if (!m->goals[i].home) /* gradients have one, terms do not */
            s->terms[term++].node = m->goals[i].node;
    s->states = m->links;
    s->n_states = r.n_links;
    return true;
}

static bool make_step(struct making *m, struct ug_exec *share, const struct ug_budget *budget)
{
    for (int i = 0; i < m->step->n_phases; i++)
        make_forward(m, i);
    merge_forward(m);
    for (int i = 0; i < m->step->n_phases; i++)
        if (!make_backward(m, i))
            return false;
    return compile(m, share, budget);
}

struct ug_step *ug_step_new(const struct ug_program *p, const struct ug_unfolded *u,
                            const bool *active, const struct ug_store *store, struct ug_exec *share,
                            const struct ug_budget *budget, struct ug_diags *diags)
{
    const size_t n = (size_t)p->train.n_optimizers;
    struct ug_arena *arena = ug_arena_new();
    struct ug_step *s = ug_arena_alloc(arena, sizeof *s);
    struct making m = {.program = p, .unfolded = u, .store = store, .diags = diags, .step = s};
    bool *copy = ug_arena_array(arena, n, sizeof *copy);

    memcpy(copy, active, n * sizeof *copy);
    *s = (struct ug_step){.arena = arena, .active = copy};
    s->reached = ug_arena_array(arena, n, sizeof(*s->reached));
    for (size_t i = 0; i < n; i++)
        s->reached[i] =
            ug_arena_array(arena, (size_t)p->train.optimizers[i].n_params, sizeof(bool));
    m.losses = ug_arena_array(arena, n, sizeof *m.losses);
    m.version = ug_arena_array(arena, (size_t)p->params->n, sizeof *m.version);
    m.graph = ug_graph_new(p->params);
    make_phases(&m);
    const bool made = make_step(&m, share, budget);
    ug_graph_free(m.graph);
    if (made)
        return s;
    ug_step_free(s);
    return NULL;
}

void ug_step_free(struct ug_step *s)
{
    if (!s)
        return;
    ug_compiled_free(&s->run);
    ug_arena_free(s->arena);
}
