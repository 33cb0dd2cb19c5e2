/* places.c -- how parameters, nodes and random draws are called (language.md 3, Names of
 * parameters).
 *
 * Scopes name parameters, "G1.up.0".  Places name what is computed, "fake_x1/G1.up.0": the value,
 * then what is called in it.  Each call in the text has a place of its own, which does not depend
 * on other entries.
 */
#include <string.h>

#include "engine/model/unfold.h"

struct ug_at ug_at_below(struct ug_unfolding *u, struct ug_at at, const char *name)
{
    at.scope = ug_arena_format(u->arena, "%s%s%s", at.scope, *at.scope ? "." : "", name);
    at.place = ug_arena_format(u->arena, "%s%s%s", at.place, *at.place ? "." : "", name);
    return at;
}

struct ug_at ug_at_round(struct ug_unfolding *u, struct ug_at at, int64_t round)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", (long long)round);
    return ug_at_below(u, at, digits);
}

struct ug_at ug_at_member(struct ug_unfolding *u, struct ug_at at, int member)
{
    at.place = ug_arena_format(u->arena, "%s[%d]", at.place, member);
    return at;
}

/* Is `call` the outermost call of `x`?  A conditional is as if the side that is chosen stood there.
 */
static bool is_outermost(const struct ug_expr *x, const struct ug_expr *call)
{
    if (x && x->kind == UG_EXPR_COND)
        return is_outermost(x->args[0], call) || is_outermost(x->args[2], call);
    return x == call;
}

/* How many calls of one name stand before a call in an expression. */
struct counting {
    const struct ug_here *here;
    const struct ug_expr *call;
    const char *name;
    int all, nested;
};

static bool count_calls(struct counting *c, const struct ug_expr *x);

static bool count_slices(struct counting *c, const struct ug_expr *x)
{
    for (int i = 0; i < x->n_slices; i++)
        if (count_calls(c, x->slices[i].from) || count_calls(c, x->slices[i].to))
            return true;
    return false;
}

/* In the order of the text; true when the call has been reached. */
static bool count_calls(struct counting *c, const struct ug_expr *x)
{
    if (!x)
        return false;
    if (x == c->call)
        return true;
    if (x->kind == UG_EXPR_CALL && x->args[0]->kind == UG_EXPR_NAME &&
        !strcmp(ug_called_name(c->here->env, x), c->name)) {
        c->all++;
        c->nested += c->here->nested || !is_outermost(c->here->whole, x);
    }
    for (int i = 0; i < x->n_args; i++)
        if (count_calls(c, x->args[i]))
            return true;
    return count_slices(c, x);
}

static struct counting count_before(const struct ug_here *here, const struct ug_expr *call,
                                    const char *name)
{
    struct counting c = {.here = here, .call = call, .name = name};

    count_calls(&c, here->whole);
    return c;
}

/* "z1/normal_like", "z1/normal_like#1": '#' keeps them apart from things that are called like that.
 */
static const char *place_of_call(const struct ug_here *here, const char *name, int number)
{
    return number ? ug_arena_format(here->u->arena, "%s/%s#%d", here->at.place, name, number)
                  : ug_arena_format(here->u->arena, "%s/%s", here->at.place, name);
}

struct ug_at ug_at_call(const struct ug_here *here, const struct ug_expr *call, const char *name)
{
    struct ug_at at = here->at;
    struct counting c;

    if (!here->nested && is_outermost(here->whole, call))
        return at;
    c = count_before(here, call, name);
    at.place = place_of_call(here, name, c.all);
    at.scope = c.nested ? ug_arena_format(here->u->arena, "%s.%s_%d", at.scope, name, c.nested)
                        : ug_arena_format(here->u->arena, "%s.%s", at.scope, name);
    return at;
}

struct ug_at ug_at_network(const struct ug_here *here, const struct ug_expr *call, const char *name)
{
    const struct counting c = count_before(here, call, name);

    return (struct ug_at){.scope = name, .place = place_of_call(here, name, c.all)};
}
