/* chain.c -- running a value through the steps of a chain. */
#include <string.h>

#include "engine/model/unfold.h"

struct run {
    struct ug_unfolding *u;
    const struct ug_env *env;
    struct ug_env *labels;
    struct ug_at at;
    bool single;      /* its one step has no position */
    int64_t position; /* of the next step, counted through residuals and choices */
    struct ug_quantity value;
};

static bool run_steps(struct run *r, const struct ug_chain *chain);

/* Where the next step stands; takes its position. */
static struct ug_at step_at(struct run *r)
{
    return r->single ? r->at : ug_at_round(r->u, r->at, r->position++);
}

static bool run_call(struct run *r, const struct ug_chain_step *step)
{
    struct ug_here here = {r->u, r->env, step_at(r), step->expr, false};
    struct ug_quantity out;

    if (!ug_apply(&here, step->expr, &r->value, &out))
        return false;
    r->value = out;
    return true;
}

static bool run_label(struct run *r, const struct ug_chain_step *step)
{
    r->position++;
    if (!ug_run_chain(r->u, &step->body, r->env, r->labels, ug_at_below(r->u, r->at, step->name),
                      &r->value))
        return false;
    ug_env_bind(r->labels, r->u->arena, step->name, r->value);
    return true;
}

bool ug_count_rounds(struct ug_here *here, const struct ug_expr *x, int64_t *rounds)
{
    struct ug_diags *diags = here->u->b.diags;
    struct ug_quantity q;

    if (!ug_evaluate_here(here, x, &q) ||
        !ug_want_int(diags, x->pos, "'repeat'", &q, INT64_MIN, INT64_MAX, rounds))
        return false;
    if (*rounds >= 0 && *rounds <= UG_MAX_ROUNDS)
        return true;
    ug_error(diags, x->pos, "'repeat' is %lld: it may be 0 to %d", (long long)*rounds,
             UG_MAX_ROUNDS);
    return false;
}

/* The rounds of a repeat are 0 … N-1 below it; labels inside are seen in their round alone. */
static bool run_repeat(struct run *r, const struct ug_chain_step *step)
{
    const struct ug_at at = step_at(r);
    struct ug_here here = {r->u, r->env, at, step->expr, true};
    int64_t rounds;

    if (!ug_count_rounds(&here, step->expr, &rounds))
        return false;
    for (int64_t i = 0; i < rounds; i++) {
        struct ug_env labels = ug_env_layer(UG_ENV_BOUND, r->env);
        struct ug_env names = ug_env_layer(UG_ENV_BOUND, &labels);

        if (step->name)
            ug_env_bind(&names, r->u->arena, step->name, ug_quantity_int(i));
        if (!ug_spend(r->u, step->pos) ||
            !ug_run_chain(r->u, &step->body, &names, &labels, ug_at_round(r->u, at, i), &r->value))
            return false;
    }
    return true;
}

static bool run_residual(struct run *r, const struct ug_chain_step *step)
{
    const struct ug_quantity before = r->value;

    if (!run_steps(r, &step->body))
        return false;
    ug_stand(r->u, r->at, step->pos, step);
    return ug_add_values(r->u, &before, &r->value, &r->value);
}

static bool run_choice(struct run *r, const struct ug_chain_step *step)
{
    struct ug_here here = {r->u, r->env, r->at, step->expr, true};
    struct ug_quantity condition;
    bool chosen;

    return ug_evaluate_here(&here, step->expr, &condition) &&
           ug_want_condition(r->u->b.diags, step->expr->pos, &condition, &chosen) &&
           run_steps(r, chosen ? &step->body : &step->otherwise);
}

static bool run_steps(struct run *r, const struct ug_chain *chain)
{
    static bool (*const run_step[])(struct run *, const struct ug_chain_step *) = {
        [UG_STEP_CALL] = run_call,     [UG_STEP_LABEL] = run_label,
        [UG_STEP_REPEAT] = run_repeat, [UG_STEP_RESIDUAL] = run_residual,
        [UG_STEP_WHEN] = run_choice,
    };

    for (int i = 0; i < chain->n; i++)
        if (!run_step[chain->steps[i].kind](r, &chain->steps[i]))
            return false;
    return true;
}

bool ug_run_chain(struct ug_unfolding *u, const struct ug_chain *chain, const struct ug_env *env,
                  struct ug_env *labels, struct ug_at at, struct ug_quantity *value)
{
    struct run r = {u, env, labels, at, chain->single, 0, *value};

    if (!run_steps(&r, chain))
        return false;
    *value = r.value;
    return true;
}
