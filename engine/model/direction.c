/* direction.c -- whether more or less of a metric is better. */
#include <string.h>

#include "engine/graph/op.h"
#include "engine/model/program.h"

/* 1: it grows as results get better; -1: it falls; 0: no op in it tells. */
static int direction_of(const struct ug_expr *e)
{
    const bool flips = e->kind == UG_EXPR_UNARY ? e->op == UG_OP_NEG : false;
    const bool right_flips =
        e->kind == UG_EXPR_BINARY && (e->op == UG_OP_SUB || e->op == UG_OP_DIV);
    const struct ug_op *op = NULL;

    if (e->kind == UG_EXPR_CALL && e->args[0]->kind == UG_EXPR_NAME)
        op = ug_op_find(e->args[0]->text);
    if (op && op->higher_is_better)
        return 1;
    if (op && !strcmp(ug_op_family(op), "losses"))
        return -1;
    for (int i = 0; i < e->n_args; i++) {
        const int found = direction_of(e->args[i]);
        if (found)
            return flips || (right_flips && i == 1) ? -found : found;
    }
    return 0;
}

bool ug_program_rises(const struct ug_program *p, int metric)
{
    const struct ug_checkpoint_spec *c = &p->checkpoint;

    if (c->best == metric && c->best_mode != UG_BEST_AUTO)
        return c->best_mode == UG_BEST_MAX;
    return direction_of(p->validate.metrics[metric].expr) > 0;
}
