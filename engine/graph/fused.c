/* fused.c -- the op that several elementwise ops become. */
#include <string.h>

#include "engine/graph/fuse.h"

/* Whether a step may write over its operands where they lie: its op says so for each that lies
 * there. */
static bool may_overwrite(const struct ug_fused_step *step, const float *const *in,
                          const float *out)
{
    for (int i = 0; i < step->node->n_in; i++)
        if (in[i] == out && !(step->node->op->in_place >> i & 1))
            return false;
    return true;
}

static void fused_map(const void *attrs, int64_t n, const float *const *in, float *out)
{
    const struct ug_fused *f = attrs;
    float registers[UG_FUSED_STEPS][UG_MAP_BLOCK]; /* of which a program touches few */

    for (int s = 0; s < f->n; s++) {
        const struct ug_fused_step *step = &f->steps[s];
        const struct ug_op *op = step->node->op;
        const float *operands[UG_FUSED_OPERANDS];
        float *result = registers[step->result];

        for (int i = 0; i < step->node->n_in; i++) {
            const int k = step->operands[i];

            operands[i] = k >= 0 ? in[k] : registers[-1 - k];
        }
        if (s == f->n - 1 && may_overwrite(step, operands, out))
            result = out;
        op->map(step->node->attrs, n, operands, result);
        if (s == f->n - 1 && result != out)
            memcpy(out, result, (size_t)n * sizeof *out);
    }
}

static double fused_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const struct ug_fused *f = attrs;
    double flops = 0.0;

    (void)in;
    for (int s = 0; s < f->n; s++) {
        const struct ug_node *n = f->steps[s].node;
        struct ug_type types[UG_FUSED_OPERANDS];

        for (int i = 0; i < n->n_in; i++)
            types[i] = n->in[i]->type;
        flops +=
            n->op->flops ? n->op->flops(n->attrs, types, out) : (double)ug_shape_count(&out->shape);
    }
    return flops;
}

const struct ug_op ug_op_fused = {
    .name = "fused",
    .summary = "Several elementwise ops, run block by block.",
    .internal = true,
    .attrs_size = sizeof(struct ug_fused),
    .map = fused_map,
    .why_no_gradient = "it is made when all gradients are there",
    .flops = fused_flops,
    .in_place = (1u << UG_FUSED_INPUTS) - 1,
};
