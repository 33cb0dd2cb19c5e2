/* fault.c -- what stopped a step, in a sentence. */
#include "engine/run/trainer.h"

const char *ug_fault_text(struct ug_arena *a, const struct ug_program *p, const struct ug_fault *f)
{
    const struct ug_node *n = f->node;
    const char *optimizer = p->train.optimizers[f->optimizer].name;

    if (!n && f->pos.source)
        return ug_arena_format(a, "the learning rate of '%s' is not finite", optimizer);
    if (!n)
        return ug_arena_format(a, "a gradient for '%s' is not finite", optimizer);
    if (n->op == &ug_op_input)
        return ug_arena_format(a, "the input '%s' is not finite",
                               ((const struct ug_input_attrs *)n->attrs)->name);
    if (n->op == &ug_op_param)
        return ug_arena_format(a, "the parameter '%s' is not finite",
                               ((const struct ug_param_attrs *)n->attrs)->param->name);
    return ug_arena_format(a, "%s'%s' is not finite: a result of '%s'",
                           n->backward ? "the gradient at " : "", n->place ? n->place : n->op->name,
                           n->called ? n->called->name : n->op->name);
}
