/* pad.c -- padding: a user's `pad`, of the last axes, and the internal one of any axes.
 *
 * Constant padding and cropping are adjoint to each other, so both are one op with numbers of
 * either sign; reflect and replicate have an adjoint of their own.
 */
#include <string.h>

#include "engine/graph/call.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "ops/kernels/pad.h"
#include "ops/settings.h"

/* ---- padding ---- */

/* What does not fit on one axis of extent n. */
static bool check_axis(struct ug_inference *t, int axis, int64_t n, int64_t before, int64_t after,
                       int mode)
{
    const int64_t most = mode == UG_PAD_REFLECT ? n - 1 : UG_MAX_ELEMENTS;

    if (before > UG_MAX_ELEMENTS || after > UG_MAX_ELEMENTS || before < -UG_MAX_ELEMENTS ||
        after < -UG_MAX_ELEMENTS)
        return ug_reject(t, "the padding of axis %d is too large", axis);
    if (n + before + after < 0 || n + before < 0 || n + after < 0)
        return ug_reject(t, "axis %d has only %lld elements to take away from", axis, (long long)n);
    if (mode == UG_PAD_CONSTANT || (before == 0 && after == 0))
        return true;
    if (before < 0 || after < 0)
        return ug_reject(t, "only constant padding may be negative");
    if (n == 0)
        return ug_reject(t, "axis %d is empty: there is nothing to repeat", axis);
    if (before > most || after > most)
        return ug_reject(t, "axis %d has extent %lld: reflection can add at most %lld on a side",
                         axis, (long long)n, (long long)most);
    return true;
}

static bool pad_infer(struct ug_inference *t)
{
    const struct ug_pad_attrs *a = t->attrs;

    if (!ug_require_float(t))
        return false;
    t->out = t->in[0];
    for (int i = 0; i < t->in[0].shape.rank; i++) {
        const int64_t before = a->padding.before[i], after = a->padding.after[i];

        if (!check_axis(t, i, t->in[0].shape.dim[i], before, after, a->mode))
            return false;
        t->out.shape.dim[i] += before + after;
    }
    return true;
}

static void pad_run(const struct ug_kernel *k)
{
    const struct ug_pad_attrs *a = k->attrs;

    ug_pad_run(&k->in[0], &a->padding, (enum ug_pad_mode)a->mode, (float)a->value, &k->out);
}

static void pad_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    const struct ug_pad_attrs *a = y->attrs;
    struct ug_padding crop;

    (void)wanted;
    if (a->mode != UG_PAD_CONSTANT) {
        dx[0] = ug_emit_named(b, "padding_back", a, &dy, 1);
        return;
    }
    for (int i = 0; i < UG_MAX_RANK; i++) {
        crop.before[i] = -a->padding.before[i];
        crop.after[i] = -a->padding.after[i];
    }
    dx[0] = ug_pad(b, dy, &crop, UG_PAD_CONSTANT, 0);
}

/* Nothing added or taken away; the same for the adjoint. */
static struct ug_node *pad_simplify(struct ug_builder *b, const struct ug_node *y)
{
    const struct ug_pad_attrs *a = y->attrs;

    (void)b;
    for (int i = 0; i < y->type.shape.rank; i++)
        if (a->padding.before[i] || a->padding.after[i])
            return NULL;
    return y->in[0];
}

static bool pad_mixes(const void *attrs, const struct ug_type *in)
{
    const struct ug_pad_attrs *a = attrs;

    return in->shape.rank < 1 || a->padding.before[0] || a->padding.after[0];
}

static const struct ug_op padding = {
    .name = "padding",
    .summary = "More elements, or fewer, at the ends of axes.",
    .formula = "y[i] = x[i - before], and what mode says beyond x",
    .internal = true,
    .attrs_size = sizeof(struct ug_pad_attrs),
    .infer = pad_infer,
    .run = pad_run,
    .gradient = pad_gradient,
    .simplify = pad_simplify,
    .flops = ug_no_flops,
    .per_sample = 1,
    .mixes = pad_mixes,
};

static bool pad_back_infer(struct ug_inference *t)
{
    const struct ug_pad_attrs *a = t->attrs;

    t->out = t->in[0];
    for (int i = 0; i < t->in[0].shape.rank; i++)
        t->out.shape.dim[i] -= a->padding.before[i] + a->padding.after[i];
    return true;
}

static void pad_back_run(const struct ug_kernel *k)
{
    const struct ug_pad_attrs *a = k->attrs;

    ug_pad_back_run(&k->in[0], &a->padding, (enum ug_pad_mode)a->mode, &k->out);
}

static void pad_back_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                              const bool *wanted, struct ug_node **dx)
{
    const struct ug_pad_attrs *a = y->attrs;

    (void)wanted;
    dx[0] = ug_pad(b, dy, &a->padding, (enum ug_pad_mode)a->mode, 0);
}

static const struct ug_op padding_back = {
    .name = "padding_back",
    .summary = "The adjoint of padding by reflection or replication.",
    .formula = "y[j] = sum of x[i] over all i that padding fills from j",
    .internal = true,
    .attrs_size = sizeof(struct ug_pad_attrs),
    .infer = pad_back_infer,
    .run = pad_back_run,
    .gradient = pad_back_gradient,
    .simplify = pad_simplify,
    .per_sample = 1,
    .mixes = pad_mixes,
};

/* ---- pad ---- */

struct pad_attrs {
    struct ug_ints pad;
    double value;
    int mode; /* enum ug_pad_mode */
};

static struct ug_node *pad_build(struct ug_call *c)
{
    const struct pad_attrs *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    const int rank = x->type.shape.rank, n = a->pad.n;
    const int axes = n > 1 ? n / 2 : rank < 2 ? rank : 2;
    struct ug_padding p = {{0}, {0}};

    if (n == 0 || (n > 1 && n % 2))
        return ug_call_fail(c,
                            "needs one number, or two for each axis: [left, right, top, bottom]");
    if (axes > rank)
        return ug_call_fail(c, "%d numbers are for %d axes, but there are %d", n, axes, rank);
    for (int i = 0; i < axes; i++) {
        p.before[rank - 1 - i] = a->pad.v[n > 1 ? 2 * i : 0];
        p.after[rank - 1 - i] = a->pad.v[n > 1 ? 2 * i + 1 : 0];
    }
    return ug_pad(c->b, x, &p, (enum ug_pad_mode)a->mode, a->value);
}

static const char *const modes[] = {"constant", "reflect", "replicate", NULL};

static const struct ug_arg pad_args[] = {
    {.name = "x", .doc = "[N, C, H, W], or any other shape", .type = UG_TENSOR},
    {.name = "pad",
     .doc = "[left, right, top, bottom], or one number for all four; negative numbers crop",
     .type = UG_INTS,
     .offset = offsetof(struct pad_attrs, pad)},
    {.name = "mode",
     .doc = "what the new elements are: a constant, the picture mirrored at its edge, or its edge",
     .type = UG_WORD,
     .offset = offsetof(struct pad_attrs, mode),
     .initial = "constant",
     .words = modes},
    {.name = "value",
     .doc = "the constant",
     .type = UG_FLOAT,
     .offset = offsetof(struct pad_attrs, value),
     .initial = "0"},
    {.name = NULL},
};

static const struct ug_op pad = {
    .name = "pad",
    .summary = "A picture with more elements around it.",
    .formula = "[N, C, H, W] becomes [N, C, top + H + bottom, left + W + right]",
    .example = "unitgraph: 1\ninputs: {x: [1, 2, 3, 4]}\n"
               "graph: {y: \"pad(x, [2, 1, 0, 1], mode=reflect)\"}\n",
    .args = pad_args,
    .attrs_size = sizeof(struct pad_attrs),
    .build = pad_build,
};

static const struct ug_op *const ops[] = {&pad, &padding, &padding_back, NULL};

const struct ug_op_family ug_family_pad = {"shape", ops};
