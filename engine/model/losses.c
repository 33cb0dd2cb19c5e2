/* losses.c -- losses and their terms, and what the optimizers minimise. */
#include <string.h>

#include "engine/model/unfold.h"

struct ug_made_loss *ug_make_losses(struct ug_unfolding *u)
{
    const struct ug_declarations *d = &u->language->declared;
    struct ug_made_loss *made = ug_arena_array(u->arena, (size_t)d->n_losses, sizeof *made);

    for (int i = 0; i < d->n_losses; i++)
        made[i].terms =
            ug_arena_array(u->arena, (size_t)d->losses[i].n_terms, sizeof *made[i].terms);
    return made;
}

/* ---- Terms whose factor is 0 ---- */

static bool is_zero(const struct ug_unfolding *u, const struct ug_expr *x);

/* A quantity that is 0.  Tensors are not evaluated: nothing is made here. */
static bool is_zero_quantity(const struct ug_unfolding *u, const struct ug_expr *x)
{
    struct ug_known known = {u->program->vars, &u->graph.env, u->program};
    struct ug_quantity q;

    return ug_evaluate_known(&known, u->arena, NULL, x, &q) && ug_is_number(&q) &&
           ug_number(&q) == 0.0;
}

/* Does a factor of 0 make the whole of `x` vanish? */
static bool is_zero(const struct ug_unfolding *u, const struct ug_expr *x)
{
    if (is_zero_quantity(u, x))
        return true;
    if (x->kind == UG_EXPR_UNARY)
        return x->op == UG_OP_NEG && is_zero(u, x->args[0]);
    if (x->kind != UG_EXPR_BINARY)
        return false;
    switch (x->op) {
    case UG_OP_MUL:
        return is_zero(u, x->args[0]) || is_zero(u, x->args[1]);
    case UG_OP_DIV:
        return is_zero(u, x->args[0]);
    case UG_OP_ADD:
    case UG_OP_SUB:
        return is_zero(u, x->args[0]) && is_zero(u, x->args[1]);
    default:
        return false;
    }
}

/* ---- Terms and sums ---- */

bool ug_want_scalar(struct ug_unfolding *u, struct ug_pos pos, const char *what,
                    const struct ug_quantity *q, struct ug_node **out)
{
    char shape[UG_SHAPE_TEXT];
    struct ug_diag *diag;

    if (q->kind == UG_Q_LIST) {
        diag =
            ug_error(u->b.diags, pos, "%s is a list of %d: add them up with total(…)", what, q->n);
        if (q->n == 1)
            ug_note(diag, UG_NOWHERE,
                    "or, if a minus sign is meant: '- ' starts a list, '-x' does not");
        return false;
    }
    if (!ug_as_tensor(u, pos, what, q, out))
        return false;
    if ((*out)->type.shape.rank == 0 && (*out)->type.dtype == UG_F32)
        return true;
    diag = ug_error(u->b.diags, pos, "%s must be a single number, not %s %s", what,
                    ug_dtype_name((*out)->type.dtype), ug_shape_text(&(*out)->type.shape, shape));
    ug_note(diag, UG_NOWHERE, "take its mean(…) or sum(…)");
    return false;
}

static const char *term_name(struct ug_unfolding *u, const struct ug_loss_decl *loss, int term)
{
    return loss->is_map ? ug_arena_format(u->arena, "%s.%s", loss->name, loss->terms[term].name)
                        : loss->name;
}

static bool make_term(struct ug_unfolding *u, const struct ug_loss_decl *loss, int term,
                      struct ug_made_term *made)
{
    const struct ug_expr *x = loss->terms[term].expr;
    const char *name = term_name(u, loss, term);
    const char *place = ug_arena_format(u->arena, "losses.%s", name);
    struct ug_here here = {u, &u->graph.env, {place, place, "a loss"}, x, false};
    struct ug_quantity q;

    if (!x)
        return false;
    made->pruned = is_zero(u, x);
    if (made->pruned) {
        ug_stand(u, here.at, x->pos, x);
        made->node = ug_constant(&u->b, 0.0);
        return true;
    }
    if (!ug_evaluate_here(&here, x, &q))
        return false;
    ug_stand(u, here.at, x->pos, x);
    return ug_want_scalar(u, x->pos, ug_arena_format(u->arena, "the loss '%s'", name), &q,
                          &made->node);
}

static bool demand_term(struct ug_unfolding *u, int loss, int term)
{
    struct ug_made_term *made = &u->made_losses[loss].terms[term];

    if (made->progress == UG_UNTOUCHED)
        made->progress =
            make_term(u, &u->language->declared.losses[loss], term, made) ? UG_MADE : UG_FAULTY;
    return made->progress == UG_MADE;
}

static bool make_sum(struct ug_unfolding *u, int index)
{
    const struct ug_loss_decl *loss = &u->language->declared.losses[index];
    struct ug_made_loss *made = &u->made_losses[index];
    const char *place = ug_arena_format(u->arena, "losses.%s", loss->name);
    struct ug_node *sum = NULL;
    bool fine = true;

    made->sum.pruned = loss->n_terms > 0;
    for (int i = 0; i < loss->n_terms; i++) {
        if (!demand_term(u, index, i)) {
            fine = false;
            continue;
        }
        if (made->terms[i].pruned)
            continue;
        made->sum.pruned = false;
        ug_stand(u, (struct ug_at){place, place, "a loss"}, loss->pos, loss);
        sum = sum ? ug_add(&u->b, sum, made->terms[i].node) : made->terms[i].node;
    }
    ug_stand(u, (struct ug_at){place, place, "a loss"}, loss->pos, loss);
    made->sum.node = sum ? sum : ug_constant(&u->b, 0.0);
    return fine;
}

static bool demand_sum(struct ug_unfolding *u, int index)
{
    struct ug_made_term *sum = &u->made_losses[index].sum;

    if (sum->progress == UG_UNTOUCHED)
        sum->progress = make_sum(u, index) ? UG_MADE : UG_FAULTY;
    return sum->progress == UG_MADE;
}

static enum ug_found found(bool fine, const struct ug_made_term *made, struct ug_quantity *out)
{
    if (fine)
        *out = ug_quantity_tensor(made->node);
    return fine ? UG_FOUND : UG_BROKEN;
}

enum ug_found ug_make_loss(struct ug_unfolding *u, const char *name, struct ug_quantity *out)
{
    const struct ug_declarations *d = &u->language->declared;
    const char *dot = strchr(name, '.');
    const size_t length = dot ? (size_t)(dot - name) : strlen(name);

    for (int i = 0; i < d->n_losses; i++) {
        const struct ug_loss_decl *loss = &d->losses[i];

        if (strlen(loss->name) != length || strncmp(loss->name, name, length) != 0)
            continue;
        if (!dot)
            return found(demand_sum(u, i), &u->made_losses[i].sum, out);
        for (int k = 0; loss->is_map && k < loss->n_terms; k++)
            if (!strcmp(loss->terms[k].name, dot + 1))
                return found(demand_term(u, i, k), &u->made_losses[i].terms[k], out);
    }
    return UG_UNKNOWN;
}

bool ug_is_loss(const struct ug_unfolding *u, const char *name)
{
    const struct ug_declarations *d = &u->language->declared;

    for (int i = 0; i < d->n_losses; i++)
        if (!strcmp(d->losses[i].name, name))
            return true;
    return false;
}

bool ug_make_minimized(struct ug_unfolding *u, const struct ug_optimizer_spec *o,
                       struct ug_node **out)
{
    const struct ug_expr *x = o->minimize;
    const char *place = ug_arena_format(u->arena, "minimize.%s", o->name);
    struct ug_here here = {u, &u->losses, {place, place, "what an optimizer minimises"}, x, false};
    struct ug_quantity q;

    if (!x || !ug_evaluate_here(&here, x, &q))
        return false;
    ug_stand(u, here.at, x->pos, x);
    return ug_want_scalar(u, x->pos, ug_arena_format(u->arena, "what '%s' minimises", o->name), &q,
                          out);
}
