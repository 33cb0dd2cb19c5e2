/* values.c -- graphs of named values, made when they are asked for, in the order of their
 * dependencies. */
#include <string.h>

#include "engine/model/unfold.h"

struct ug_making ug_make_graph(struct ug_unfolding *u, const struct ug_graph_decl *decl,
                               struct ug_at at, const struct ug_env *up)
{
    return (struct ug_making){
        .u = u,
        .decl = decl,
        .at = at,
        .env = ug_env_layer(UG_ENV_VALUES, up),
        .made = ug_arena_array(u->arena, (size_t)decl->n, sizeof(struct ug_made))};
}

/* ---- A name of one's own for every value ---- */

static bool holds(const struct ug_quantity *q, const struct ug_node *node)
{
    if (q->kind == UG_Q_TENSOR)
        return q->node == node;
    for (int i = 0; (q->kind == UG_Q_LIST || q->kind == UG_Q_BUNDLE) && i < q->n; i++)
        if (holds(&q->items[i], node))
            return true;
    return false;
}

bool ug_is_named(const struct ug_env *env, const struct ug_node *node)
{
    if (ug_is_leaf(node) && node->op != &ug_op_param)
        return true;
    for (; env; env = env->up) {
        for (int i = 0; i < env->n; i++)
            if (env->bound[i].found == UG_FOUND && holds(&env->bound[i].value, node))
                return true;
        for (int i = 0; env->kind == UG_ENV_VALUES && i < env->values->decl->n; i++)
            for (int k = 0; env->values->made[i].progress == UG_MADE &&
                            k < env->values->decl->values[i].n_targets;
                 k++)
                if (holds(&env->values->made[i].targets[k], node))
                    return true;
    }
    return false;
}

/* A value that is another one under a new name becomes a node of its own: a gradient with respect
 * to the new name is one with respect to the new name's uses. */
static struct ug_quantity own_nodes(struct ug_making *m, struct ug_quantity q)
{
    if (q.kind == UG_Q_TENSOR && ug_is_named(m->inside, q.node))
        return ug_quantity_tensor(ug_emit(&m->u->b, &ug_op_identity, NULL, &q.node, 1));
    if (q.kind == UG_Q_LIST || q.kind == UG_Q_BUNDLE) {
        const struct ug_quantity *old = q.items;

        q.items = ug_arena_array(m->u->arena, (size_t)q.n, sizeof *q.items);
        for (int i = 0; i < q.n; i++)
            q.items[i] = own_nodes(m, old[i]);
    }
    return q;
}

/* ---- Making one value ---- */

static bool make_expr(struct ug_making *m, const struct ug_value_decl *v, struct ug_at at,
                      struct ug_quantity *out)
{
    struct ug_here here = {m->u, m->inside, at, v->expr, false};

    return ug_evaluate_here(&here, v->expr, out);
}

static bool make_chain(struct ug_making *m, const struct ug_value_decl *v, struct ug_at at,
                       struct ug_quantity *out)
{
    struct ug_here here = {m->u, m->inside, at, v->expr, true};
    struct ug_env labels = ug_env_layer(UG_ENV_BOUND, m->inside);

    return ug_evaluate_here(&here, v->expr, out) &&
           ug_run_chain(m->u, &v->chain, &labels, &labels, at, out);
}

/* One round: `carried` holds what came in, and then what leaves; collected values go to round k of
 * the lists. */
static bool make_round(struct ug_making *m, const struct ug_value_decl *v, struct ug_at at,
                       int64_t k, struct ug_quantity *carried, struct ug_quantity *lists)
{
    struct ug_unfolding *u = m->u;
    struct ug_making round = ug_make_graph(u, &v->round, ug_at_round(u, at, k), m->inside);
    struct ug_env names = ug_env_layer(UG_ENV_BOUND, &round.env);

    round.env.values = &round;
    round.inside = &names;
    if (v->as)
        ug_env_bind(&names, u->arena, v->as, ug_quantity_int(k));
    for (int i = 0; i < v->n_carries; i++)
        ug_env_bind(&names, u->arena, v->carries[i].name.name, carried[i]);
    if (!ug_spend(u, v->pos) || !ug_make_all(&round))
        return false;
    for (int i = 0; i < v->n_carries; i++)
        if (ug_make_value(&round, v->carries[i].name.name, &carried[i]) != UG_FOUND)
            return false;
    for (int i = 0; i < v->n_collects; i++)
        if (ug_make_value(&round, v->collects[i].name, &lists[i].items[k]) != UG_FOUND)
            return false;
    return true;
}

static bool start_carries(struct ug_making *m, const struct ug_value_decl *v, struct ug_at at,
                          struct ug_quantity *carried)
{
    bool fine = true;

    for (int i = 0; i < v->n_carries; i++) {
        struct ug_here here = {m->u, m->inside, ug_at_below(m->u, at, v->carries[i].name.name),
                               v->carries[i].start, false};

        fine &= ug_evaluate_here(&here, v->carries[i].start, &carried[i]);
    }
    return fine;
}

/* Each target is the list of what its rounds gave. */
static bool make_repeat(struct ug_making *m, const struct ug_value_decl *v, struct ug_at at,
                        struct ug_quantity *lists)
{
    struct ug_arena *arena = m->u->arena;
    struct ug_here here = {m->u, m->inside, at, v->expr, true};
    struct ug_quantity *carried = ug_arena_array(arena, (size_t)v->n_carries, sizeof *carried);
    int64_t rounds;

    if (!ug_count_rounds(&here, v->expr, &rounds) || !start_carries(m, v, at, carried))
        return false;
    for (int i = 0; i < v->n_targets; i++) {
        lists[i] = (struct ug_quantity){.kind = UG_Q_LIST, .n = (int)rounds};
        lists[i].items = ug_arena_array(arena, (size_t)rounds, sizeof *lists[i].items);
    }
    for (int64_t k = 0; k < rounds; k++)
        if (!make_round(m, v, at, k, carried, lists))
            return false;
    return true;
}

/* `a, b: …` takes the values of a bundle or a list apart. */
static bool take_apart(struct ug_making *m, const struct ug_value_decl *v,
                       const struct ug_quantity *value, struct ug_quantity *targets)
{
    char text[UG_QUANTITY_TEXT];

    if (v->n_targets == 1) {
        targets[0] = *value;
        return true;
    }
    if ((value->kind != UG_Q_BUNDLE && value->kind != UG_Q_LIST) || value->n != v->n_targets) {
        ug_error(m->u->b.diags, v->pos, "%d names for %s%s", v->n_targets,
                 value->kind == UG_Q_TENSOR ? "one value" : ug_quantity_describe(value, text),
                 value->kind == UG_Q_BUNDLE
                     ? ug_arena_format(m->u->arena, " of %d values", value->n)
                     : "");
        return false;
    }
    memcpy(targets, value->items, (size_t)value->n * sizeof *targets);
    return true;
}

static bool make_targets(struct ug_making *m, int index)
{
    const struct ug_value_decl *v = &m->decl->values[index];
    struct ug_quantity *targets =
        ug_arena_array(m->u->arena, (size_t)v->n_targets, sizeof *targets);
    const struct ug_at at = ug_at_below(m->u, m->at, v->targets[0].name);
    struct ug_quantity value;

    if (v->broken)
        return false;
    if (v->kind == UG_VALUE_REPEAT) {
        if (!make_repeat(m, v, at, targets))
            return false;
    } else if (!(v->kind == UG_VALUE_CHAIN ? make_chain : make_expr)(m, v, at, &value) ||
               !take_apart(m, v, &value, targets)) {
        return false;
    }
    for (int i = 0; i < v->n_targets; i++) {
        ug_stand(m->u, ug_at_below(m->u, m->at, v->targets[i].name), v->targets[i].pos, v);
        targets[i] = own_nodes(m, targets[i]);
    }
    m->made[index].targets = targets;
    return true;
}

/* ---- Making what is needed ---- */

/* "a -> b -> a", from the first time that the value was asked for. */
static void report_cycle(struct ug_making *m, int index)
{
    const char *name = m->decl->values[index].targets[0].name, *path = name;

    for (const struct ug_waiting *w = m->u->waiting; w; w = w->before) {
        path = ug_arena_format(m->u->arena, "%s -> %s",
                               w->making->decl->values[w->index].targets[0].name, path);
        if (w->making == m && w->index == index)
            break;
    }
    ug_error(m->u->b.diags, m->decl->values[index].pos, "the value '%s' depends on itself: %s",
             name, path);
}

static bool make(struct ug_making *m, int index)
{
    struct ug_unfolding *u = m->u;
    const struct ug_waiting waiting = {u->waiting, m, index};
    bool fine;

    m->made[index].progress = UG_BUSY;
    u->waiting = &waiting;
    fine = ug_descend(u, m->decl->values[index].pos, m->decl->values[index].targets[0].name) &&
           make_targets(m, index);
    u->depth--;
    u->waiting = waiting.before;
    return fine;
}

static enum ug_progress demand(struct ug_making *m, int index)
{
    struct ug_made *made = &m->made[index];

    if (made->progress == UG_BUSY) {
        report_cycle(m, index);
        return UG_FAULTY;
    }
    if (made->progress == UG_UNTOUCHED)
        made->progress = make(m, index) ? UG_MADE : UG_FAULTY;
    return made->progress;
}

enum ug_found ug_make_value(struct ug_making *m, const char *name, struct ug_quantity *out)
{
    for (int i = 0; i < m->decl->n; i++)
        for (int k = 0; k < m->decl->values[i].n_targets; k++) {
            if (strcmp(m->decl->values[i].targets[k].name, name) != 0)
                continue;
            if (demand(m, i) != UG_MADE)
                return UG_BROKEN;
            *out = m->made[i].targets[k];
            return UG_FOUND;
        }
    return UG_UNKNOWN;
}

bool ug_make_all(struct ug_making *m)
{
    bool fine = true;

    for (int i = 0; i < m->decl->n; i++)
        fine &= demand(m, i) == UG_MADE;
    return fine;
}
