/* gather.c -- room for all samples, filled batch by batch. */
#include "engine/run/gather.h"

#include <string.h>

#include "engine/base/memory.h"

static bool no_memory(const struct ug_node *metric, size_t bytes, struct ug_diags *diags)
{
    ug_error(diags, metric->pos, "there are no %.1f GiB for '%s' over the whole data",
             (double)bytes / 0x1p30, metric->op->name);
    return false;
}

bool ug_gathered_open(struct ug_gathered *g, const struct ug_view *view, int i, int64_t batch,
                      const int64_t counts[UG_SET_INPUTS], struct ug_diags *diags)
{
    *g = (struct ug_gathered){.metric = NULL};
    if (!view->sets[i][0])
        return true;
    g->metric = view->values[i].node;
    for (int k = 0; k < UG_SET_INPUTS; k++) {
        const struct ug_type *type = &view->sets[i][k]->type;
        struct ug_tensor *set = &g->sets[k];
        if (type->shape.dim[0] != batch) {
            ug_error(diags, g->metric->pos,
                     "'%s' takes a set of features a sample, and the first "
                     "axis of one has %lld members in a batch of %lld",
                     g->metric->op->name, (long long)type->shape.dim[0], (long long)batch);
            return false;
        }
        *set = (struct ug_tensor){type->dtype, type->shape, NULL};
        set->shape.dim[0] = counts[k];
        if (!ug_shape_valid(&set->shape) || !(set->data = ug_memory_take(ug_tensor_bytes(set))))
            return no_memory(g->metric, ug_tensor_bytes(set), diags);
    }
    return true;
}

void ug_gathered_close(struct ug_gathered *g)
{
    for (int k = 0; k < UG_SET_INPUTS; k++)
        ug_memory_give(g->sets[k].data, ug_tensor_bytes(&g->sets[k]));
}

void ug_gathered_add(struct ug_gathered *g, const struct ug_view *view, int i, int64_t done,
                     int64_t samples)
{
    for (int k = 0; k < UG_SET_INPUTS; k++) {
        const struct ug_tensor *set = &g->sets[k];
        const size_t each = (size_t)ug_shape_span(&set->shape, 1, set->shape.rank);
        const float *from = ug_exec_value(view->run.exec, view->sets[i][k]).data;
        const int64_t left = set->shape.dim[0] - done, n = left < samples ? left : samples;
        if (n > 0)
            memcpy((float *)set->data + (size_t)done * each, from, (size_t)n * each * sizeof *from);
    }
}

bool ug_gathered_compute(const struct ug_gathered *g, double *out, struct ug_diags *diags)
{
    const struct ug_op *op = g->metric->op;
    const struct ug_type in[UG_SET_INPUTS] = {{g->sets[0].dtype, g->sets[0].shape},
                                              {g->sets[1].dtype, g->sets[1].shape}};
    const size_t bytes = op->scratch(g->metric->attrs, in, &g->metric->type);
    float value;
    const struct ug_kernel kernel = {
        .attrs = g->metric->attrs,
        .n_in = UG_SET_INPUTS,
        .in = g->sets,
        .out = {UG_F32, ug_shape_scalar(), &value},
        .scratch = ug_memory_take(bytes),
    };

    if (!kernel.scratch)
        return no_memory(g->metric, bytes, diags);
    op->run(&kernel);
    ug_memory_give(kernel.scratch, bytes);
    *out = (double)value;
    return true;
}
