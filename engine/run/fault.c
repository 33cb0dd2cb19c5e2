/* fault.c -- what stopped a step, in a sentence. */
#include "engine/run/trainer.h"

char *ug_fault_describe(const struct ug_node *n, char text[UG_FAULT_TEXT])
{
    if (n->op == &ug_op_input)
        snprintf(text, UG_FAULT_TEXT, "the input '%s' is not finite",
                 ((const struct ug_input_attrs *)n->attrs)->name);
    else if (n->op == &ug_op_param)
        snprintf(text, UG_FAULT_TEXT, "the parameter '%s' is not finite",
                 ((const struct ug_param_attrs *)n->attrs)->param->name);
    else
        snprintf(text, UG_FAULT_TEXT, "%s'%s' is not finite: a result of '%s'",
                 n->backward ? "the gradient at " : "", n->place ? n->place : n->op->name,
                 n->called ? n->called->name : n->op->name);
    return text;
}

const char *ug_fault_text(struct ug_arena *a, const struct ug_program *p, const struct ug_fault *f)
{
    const char *optimizer = p->train.optimizers[f->optimizer].name;
    char text[UG_FAULT_TEXT];

    if (f->node)
        return ug_arena_format(a, "%s", ug_fault_describe(f->node, text));
    return ug_arena_format(a,
                           f->pos.source ? "the learning rate of '%s' is not finite"
                                         : "a gradient for '%s' is not finite",
                           optimizer);
}
