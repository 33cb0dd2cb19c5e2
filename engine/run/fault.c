/* fault.c -- what stopped a step, in a sentence. */
#include "engine/graph/node.h"
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
                 ug_node_called(n)->name);
    return text;
}

const char *ug_fault_text(struct ug_arena *a, const struct ug_program *p, const struct ug_fault *f)
{
    const struct ug_optimizer_spec *o = &p->train.optimizers[f->optimizer];
    char text[UG_FAULT_TEXT];

    if (f->node)
        return ug_arena_format(a, "%s", ug_fault_describe(f->node, text));
    if (!f->pos.source)
        return ug_arena_format(a, "a gradient for '%s' is not finite", o->name);
    return ug_arena_format(a, "the learning rate of '%s' cannot be used: %s", o->name,
                           ug_program_rate_fault(a, p, o->lr, f->step, f->epoch));
}
