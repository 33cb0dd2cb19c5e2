/* reduced.c -- shapes of results, and what is simplified where there is one element. */
#include "ops/reduced.h"

#include <assert.h>

#include "ops/axes.h"

static struct ug_reduced reduce_shape(const struct ug_shape *x, const struct ug_axes *axes,
                                      bool keepdim)
{
    struct ug_reduced r = {.kept = *x, .n = 1};

    for (int i = 0; i < x->rank; i++) {
        if (axes->in[i]) {
            r.kept.dim[i] = 1;
            r.n *= x->dim[i];
        }
        if (!axes->in[i] || keepdim)
            r.out.dim[r.out.rank++] = r.kept.dim[i];
    }
    return r;
}

struct ug_reduced ug_reduced_of(const struct ug_reduce_attrs *a, const struct ug_shape *x)
{
    struct ug_axes axes;
    const bool right = ug_axes_of(&a->dim, x->rank, &axes, NULL);

    assert(right);
    (void)right;
    return reduce_shape(x, &axes, a->keepdim);
}

bool ug_reduce_infer(struct ug_inference *t)
{
    const struct ug_reduce_attrs *a = t->attrs;
    struct ug_axes axes;

    if (!ug_require_float(t) || !ug_axes_of(&a->dim, t->in[0].shape.rank, &axes, t))
        return false;
    t->out = (struct ug_type){UG_F32, reduce_shape(&t->in[0].shape, &axes, a->keepdim).out};
    return true;
}

struct ug_node *ug_under(struct ug_builder *b, struct ug_node *v, const struct ug_node *y)
{
    return ug_reshape(b, v, ug_reduced_of(y->attrs, &y->in[0]->type.shape).kept);
}

struct ug_node *ug_reduce_simplify(struct ug_builder *b, const struct ug_node *y)
{
    const struct ug_reduced r = ug_reduced_of(y->attrs, &y->in[0]->type.shape);

    return r.n == 1 ? ug_reshape(b, y->in[0], y->type.shape) : NULL;
}

bool ug_reduce_mixes(const void *attrs, const struct ug_type *in)
{
    const struct ug_reduce_attrs *a = attrs;
    struct ug_axes axes;

    return in->shape.rank < 1 || !ug_axes_of(&a->dim, in->shape.rank, &axes, NULL) || axes.in[0];
}

double ug_reduce_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return (double)ug_shape_count(&in[0].shape);
}

const struct ug_arg ug_reduce_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    UG_REDUCE_DIM,
    UG_REDUCE_KEEPDIM,
    {.name = NULL},
};
