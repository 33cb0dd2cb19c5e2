/* emit.c -- see emit.h. */
#include "ops/emit.h"

#include <string.h>

#include "ops/settings.h"

static struct ug_node *unary(struct ug_builder *b, const char *op, struct ug_node *x)
{
    return ug_emit_named(b, op, NULL, &x, 1);
}

static struct ug_node *binary(struct ug_builder *b, const char *op, struct ug_node *x,
                              struct ug_node *y)
{
    return ug_emit_named(b, op, NULL, (struct ug_node *[]){x, y}, 2);
}

struct ug_node *ug_sub(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "sub", x, y);
}

struct ug_node *ug_mul(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "mul", x, y);
}

struct ug_node *ug_div(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "div", x, y);
}

struct ug_node *ug_pow(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "pow", x, y);
}

struct ug_node *ug_maximum(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "maximum", x, y);
}

struct ug_node *ug_minimum(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "minimum", x, y);
}

struct ug_node *ug_neg(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "neg", x);
}

struct ug_node *ug_exp(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "exp", x);
}

struct ug_node *ug_log(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "log", x);
}

struct ug_node *ug_sqrt(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "sqrt", x);
}

struct ug_node *ug_abs(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "abs", x);
}

struct ug_node *ug_square(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "square", x);
}

struct ug_node *ug_sign(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "sign", x);
}

struct ug_node *ug_tanh(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "tanh", x);
}

struct ug_node *ug_sigmoid(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "sigmoid", x);
}

struct ug_node *ug_relu(struct ug_builder *b, struct ug_node *x)
{
    return unary(b, "relu", x);
}

struct ug_node *ug_softplus(struct ug_builder *b, struct ug_node *x)
{
    const struct ug_softplus_attrs attrs = {.beta = 1, .threshold = 20};

    return ug_emit_named(b, "softplus", &attrs, &x, 1);
}

struct ug_node *ug_log_softmax(struct ug_builder *b, struct ug_node *x, int axis)
{
    const struct ug_softmax_attrs attrs = {.dim = axis};

    return ug_emit_named(b, "log_softmax", &attrs, &x, 1);
}

struct ug_node *ug_eq(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "eq", x, y);
}

struct ug_node *ug_gt(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "gt", x, y);
}

struct ug_node *ug_ge(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "ge", x, y);
}

struct ug_node *ug_lt(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "lt", x, y);
}

struct ug_node *ug_le(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return binary(b, "le", x, y);
}

struct ug_node *ug_gate(struct ug_builder *b, struct ug_node *dy, struct ug_node *x, double slope)
{
    const struct ug_gate_attrs attrs = {slope};

    return slope == 1 ? dy : ug_emit_named(b, "gate", &attrs, (struct ug_node *[]){dy, x}, 2);
}

struct ug_node *ug_scale(struct ug_builder *b, struct ug_node *x, double c)
{
    return c == 1 ? x : c == -1 ? ug_neg(b, x) : ug_mul(b, x, ug_constant(b, c));
}

struct ug_node *ug_shift(struct ug_builder *b, struct ug_node *x, double c)
{
    return c == 0 ? x : ug_add(b, x, ug_constant(b, c));
}

struct ug_node *ug_power(struct ug_builder *b, struct ug_node *x, double c)
{
    return c == 1 ? x : c == 2 ? ug_square(b, x) : ug_pow(b, x, ug_constant(b, c));
}

struct ug_node *ug_filled(struct ug_builder *b, struct ug_shape shape, double c)
{
    return ug_expand_to(b, ug_constant(b, c), shape);
}

/* Member by member: copying the whole would copy its padding. */
static void set_ints(struct ug_ints *to, const struct ug_ints *from)
{
    to->n = from->n;
    for (int i = 0; i < from->n; i++)
        to->v[i] = from->v[i];
}

static struct ug_node *reduction(struct ug_builder *b, const char *op, struct ug_node *x,
                                 const struct ug_ints *axes, bool keepdim)
{
    struct ug_reduce_attrs attrs;

    memset(&attrs, 0, sizeof attrs);
    set_ints(&attrs.dim, axes);
    attrs.keepdim = keepdim;
    return ug_emit_named(b, op, &attrs, &x, 1);
}

struct ug_node *ug_sum(struct ug_builder *b, struct ug_node *x, struct ug_ints axes, bool keepdim)
{
    return reduction(b, "sum", x, &axes, keepdim);
}

struct ug_node *ug_mean(struct ug_builder *b, struct ug_node *x, struct ug_ints axes, bool keepdim)
{
    return reduction(b, "mean", x, &axes, keepdim);
}

struct ug_node *ug_reshape(struct ug_builder *b, struct ug_node *x, struct ug_shape shape)
{
    struct ug_reshape_attrs attrs;

    if (!x || ug_shape_equal(&x->type.shape, &shape))
        return x;
    memset(&attrs, 0, sizeof attrs);
    attrs.shape.n = shape.rank;
    memcpy(attrs.shape.v, shape.dim, sizeof shape.dim);
    return ug_emit_named(b, "reshape", &attrs, &x, 1);
}

struct ug_node *ug_permute(struct ug_builder *b, struct ug_node *x, struct ug_ints order)
{
    struct ug_permute_attrs attrs;

    memset(&attrs, 0, sizeof attrs);
    set_ints(&attrs.dims, &order);
    return ug_emit_named(b, "permute", &attrs, &x, 1);
}

struct ug_node *ug_transpose(struct ug_builder *b, struct ug_node *x, int axis0, int axis1)
{
    if (!x)
        return NULL;
    const int rank = x->type.shape.rank;
    struct ug_ints order = {.n = rank};

    for (int i = 0; i < rank; i++)
        order.v[i] = i;
    axis0 += axis0 < 0 ? rank : 0;
    axis1 += axis1 < 0 ? rank : 0;
    order.v[axis0] = axis1;
    order.v[axis1] = axis0;
    return ug_permute(b, x, order);
}

struct ug_node *ug_slice(struct ug_builder *b, struct ug_node *x, int axis, int64_t start,
                         int64_t stop)
{
    struct ug_slice_attrs attrs;

    if (!x)
        return NULL;
    memset(&attrs, 0, sizeof attrs);
    attrs.rank = x->type.shape.rank;
    memcpy(attrs.stop, x->type.shape.dim, sizeof attrs.stop);
    axis += axis < 0 ? (int)attrs.rank : 0;
    attrs.start[axis] = start;
    attrs.stop[axis] = stop;
    return ug_emit_named(b, "slice", &attrs, &x, 1);
}

struct ug_node *ug_cat(struct ug_builder *b, struct ug_node *const *x, int n, int axis)
{
    const struct ug_cat_attrs attrs = {axis};

    return ug_emit_named(b, "cat", &attrs, x, n);
}

struct ug_node *ug_pad(struct ug_builder *b, struct ug_node *x, const struct ug_padding *p,
                       enum ug_pad_mode mode, double value)
{
    struct ug_pad_attrs attrs;

    if (!x)
        return NULL;
    memset(&attrs, 0, sizeof attrs);
    attrs.padding = *p;
    attrs.value = value;
    attrs.rank = x->type.shape.rank;
    attrs.mode = mode;
    return ug_emit_named(b, "padding", &attrs, &x, 1);
}

struct ug_node *ug_matmul(struct ug_builder *b, struct ug_node *x, struct ug_node *y,
                          bool transpose_x, bool transpose_y)
{
    const struct ug_matmul_attrs attrs = {transpose_x, transpose_y};

    return ug_emit_named(b, "matmul", &attrs, (struct ug_node *[]){x, y}, 2);
}
