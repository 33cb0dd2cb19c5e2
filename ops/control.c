/* control.c -- values that steer a graph or are made from nothing but a shape. */
#include <math.h>
#include <string.h>

#include "engine/graph/call.h"
#include "ops/axes.h"
#include "ops/emit.h"

/* ---- zeros_like, ones_like, full_like ---- */

struct like_attrs {
    struct ug_ints shape;
};

static struct ug_node *fill_like(struct ug_call *c, struct ug_node *value)
{
    const struct like_attrs *a = c->attrs;
    const struct ug_shape shape = ug_shape_of(a->shape.n, a->shape.v);

    if (!ug_shape_valid(&shape))
        return ug_call_fail(c, "extents may not be negative, nor elements more than 2^40");
    return ug_expand_to(c->b, value, shape);
}

static struct ug_node *zeros_like_build(struct ug_call *c)
{
    return fill_like(c, ug_constant(c->b, 0));
}

static struct ug_node *ones_like_build(struct ug_call *c)
{
    return fill_like(c, ug_constant(c->b, 1));
}

static struct ug_node *full_like_build(struct ug_call *c)
{
    struct ug_node *value = ug_call_tensor(c, "value");

    if (value->type.shape.rank || value->type.dtype != UG_F32)
        return ug_call_fail(c, "the value must be a number");
    return fill_like(c, value);
}

#define LIKE_ARG                                                                                   \
    {                                                                                              \
        .name = "x", .doc = "a tensor that has the wanted shape, or the shape as a list",          \
        .type = UG_LIKE, .offset = offsetof(struct like_attrs, shape)                              \
    }

static const struct ug_arg like_args[] = {LIKE_ARG, {.name = NULL}};

static const struct ug_op zeros_like = {
    .name = "zeros_like",
    .summary = "Zeros in the shape of another tensor.",
    .formula = "y = 0",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: x + zeros_like(x)}\n",
    .args = like_args,
    .attrs_size = sizeof(struct like_attrs),
    .build = zeros_like_build,
};

static const struct ug_op ones_like = {
    .name = "ones_like",
    .summary = "Ones in the shape of another tensor.",
    .formula = "y = 1",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: x + ones_like(x)}\n",
    .args = like_args,
    .attrs_size = sizeof(struct like_attrs),
    .build = ones_like_build,
};

static const struct ug_arg full_like_args[] = {
    LIKE_ARG,
    {.name = "value", .doc = "a number, which may depend on step", .type = UG_TENSOR},
    {.name = NULL},
};

static const struct ug_op full_like = {
    .name = "full_like",
    .summary = "One number everywhere, in the shape of another tensor.",
    .formula = "y = value",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: \"x * full_like(x, 0.5)\"}\n",
    .args = full_like_args,
    .attrs_size = sizeof(struct like_attrs),
    .build = full_like_build,
};

/* ---- one_hot ---- */

struct one_hot_attrs {
    int64_t num_classes;
};

static bool one_hot_infer(struct ug_inference *t)
{
    const struct one_hot_attrs *a = t->attrs;

    if (t->in[0].dtype != UG_I64)
        return ug_reject(t, "labels must be int64, not float32");
    if (t->in[0].shape.rank == UG_MAX_RANK)
        return ug_reject(t, "there are too many axes for one more");
    t->out = (struct ug_type){UG_F32, t->in[0].shape};
    t->out.shape.dim[t->out.shape.rank++] = a->num_classes;
    return true;
}

static void one_hot_run(const struct ug_kernel *k)
{
    const struct one_hot_attrs *a = k->attrs;
    const int64_t n = ug_shape_count(&k->in[0].shape), classes = a->num_classes;
    const int64_t *labels = k->in[0].data;
    float *y = k->out.data;

    for (int64_t i = 0; i < n; i++) {
        const bool known = labels[i] >= 0 && labels[i] < classes;

        for (int64_t c = 0; c < classes; c++)
            y[i * classes + c] = known ? 0.0f : NAN;
        if (known)
            y[i * classes + labels[i]] = 1.0f;
    }
}

static const struct ug_arg one_hot_args[] = {
    {.name = "labels", .doc = "int64, any shape, from 0 to num_classes - 1", .type = UG_TENSOR},
    {.name = "num_classes",
     .doc = "extent of the new last axis",
     .type = UG_INT,
     .offset = offsetof(struct one_hot_attrs, num_classes),
     .min = 1,
     .max = 1 << 24},
    {.name = NULL},
};

static int64_t one_hot_classes(const struct ug_type *in, const struct ug_type *out)
{
    (void)in;
    return out->shape.dim[out->shape.rank - 1];
}

static const struct ug_op one_hot = {
    .name = "one_hot",
    .summary = "Labels as rows with a single 1; NaN, which stops a run, for a label out of range.",
    .formula = "y[..., k] = 1 if k = label else 0",
    .example = "unitgraph: 1\ninputs: {labels: {shape: [3], dtype: int64}}\n"
               "graph: {y: \"one_hot(labels, 10)\"}\n",
    .args = one_hot_args,
    .attrs_size = sizeof(struct one_hot_attrs),
    .infer = one_hot_infer,
    .run = one_hot_run,
    .classes = one_hot_classes,
    .why_no_gradient = "labels do not change smoothly",
    .flops = ug_no_flops,
};

/* ---- to_float ---- */

static bool to_float_infer(struct ug_inference *t)
{
    t->out = (struct ug_type){UG_F32, t->in[0].shape};
    return true;
}

static void to_float_run(const struct ug_kernel *k)
{
    const int64_t n = ug_shape_count(&k->out.shape);
    const int64_t *x = k->in[0].data;
    float *y = k->out.data;

    for (int64_t i = 0; i < n; i++)
        y[i] = (float)x[i];
}

static const struct ug_op to_float = {
    .name = "to_float",
    .summary = "Labels as numbers that can be compared and calculated with.",
    .formula = "y = x, rounded where it is beyond 2^24",
    .internal = true,
    .infer = to_float_infer,
    .run = to_float_run,
    .why_no_gradient = "labels do not change smoothly",
    .flops = ug_no_flops,
};

/* ---- grad ---- */

static struct ug_node *grad_build(struct ug_call *c)
{
    struct ug_node *y = ug_call_tensor(c, "y"), *x = ug_call_tensor(c, "x"), *dx = NULL;
    char shape[UG_SHAPE_TEXT];

    if (ug_shape_count(&y->type.shape) != 1)
        return ug_call_fail(c, "y must be a single number, not %s: take its sum or mean first",
                            ug_shape_text(&y->type.shape, shape));
    if (x->type.dtype != UG_F32)
        return ug_call_fail(c, "there is no gradient with respect to labels");
    if (x->op == &ug_op_constant)
        return ug_call_fail(c, "there is no gradient with respect to a constant: x must be a value "
                               "or an input, by its name");
    if (!ug_differentiate(c->b, ug_reshape(c->b, y, ug_shape_scalar()), &x, 1, &dx))
        return NULL;
    return dx ? dx : ug_call_fail(c, "y does not depend on x through anything that has a gradient");
}

static const struct ug_arg grad_args[] = {
    {.name = "y", .doc = "a single number", .type = UG_TENSOR},
    {.name = "x",
     .doc = "what y was computed from: a named value, an input, v.a or list[i]",
     .type = UG_TENSOR,
     .named = true},
    {.name = NULL},
};

static const struct ug_op grad = {
    .name = "grad",
    .summary = "The gradient of a number with respect to a value, itself differentiable.",
    .formula = "g = dy/dx, in the shape of x",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: \"grad(sum(x ** 3), x)\"}\n",
    .args = grad_args,
    .build = grad_build,
};

/* ---- coords ---- */

struct coords_attrs {
    int64_t n, h, w;
};

static bool coords_infer(struct ug_inference *t)
{
    const struct coords_attrs *a = t->attrs;

    t->out = (struct ug_type){UG_F32, UG_SHAPE(a->n, 2, a->h, a->w)};
    return true;
}

/* -1 at the first of n, 1 at the last; a single one is in the middle. */
static float coordinate(int64_t i, int64_t n)
{
    return n > 1 ? (float)(2.0 * (double)i / (double)(n - 1) - 1.0) : 0.0f;
}

static void coords_run(const struct ug_kernel *k)
{
    const struct coords_attrs *a = k->attrs;
    float *y = k->out.data;

    for (int64_t n = 0; n < a->n; n++, y += 2 * a->h * a->w)
        for (int64_t i = 0; i < a->h * a->w; i++) {
            y[i] = coordinate(i / a->w, a->h);
            y[a->h * a->w + i] = coordinate(i % a->w, a->w);
        }
}

/* The node has no input: only the shape of x matters, which need not be computed for it. */
static struct ug_node *coords_build(struct ug_call *c)
{
    const struct ug_shape *x = &ug_call_tensor(c, "x")->type.shape;

    if (x->rank != 4)
        return ug_call_fail(c, "x must be pictures, [N, C, H, W], but has %d axes", x->rank);
    const struct coords_attrs a = {x->dim[0], x->dim[2], x->dim[3]};

    return ug_emit(c->b, c->op, &a, NULL, 0);
}

static const struct ug_arg coords_args[] = {
    {.name = "x", .doc = "[N, C, H, W]; only its shape matters", .type = UG_TENSOR},
    {.name = NULL},
};

static const struct ug_op coords = {
    .name = "coords",
    .summary = "Two channels that hold the row and the column of each pixel, from -1 to 1.",
    .formula =
        "y[n, 0, i, j] = 2 i / (H - 1) - 1, y[n, 1, i, j] = 2 j / (W - 1) - 1; 0 for a single "
        "one; Liu et al. 2018",
    .example = "unitgraph: 1\ninputs: {x: [1, 3, 4, 5]}\ngraph: {y: \"cat(x, coords(x))\"}\n",
    .args = coords_args,
    .attrs_size = sizeof(struct coords_attrs),
    .build = coords_build,
    .infer = coords_infer,
    .run = coords_run,
    .why_no_gradient = "it does not depend on the values of x",
    .flops = ug_no_flops,
};

static const struct ug_op *const ops[] = {
    &ug_op_detach, &zeros_like, &ones_like, &full_like, &one_hot, &to_float, &grad, &coords, NULL,
};

const struct ug_op_family ug_family_control = {"control", ops};
