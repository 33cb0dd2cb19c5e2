/* join.c -- taking tensors apart and putting them together: slice, split, cat. */
#include <string.h>

#include "engine/graph/call.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "ops/kernels/box.h"
#include "ops/settings.h"

static const int64_t origin[UG_MAX_RANK];

/* ---- slice ---- */

/* The shape of the slice before axes are dropped. */
static struct ug_shape sliced_shape(const struct ug_slice_attrs *a)
{
    struct ug_shape s = {.rank = (int)a->rank};

    for (int i = 0; i < s.rank; i++)
        s.dim[i] = a->stop[i] - a->start[i];
    return s;
}

static bool slice_infer(struct ug_inference *t)
{
    const struct ug_slice_attrs *a = t->attrs;
    const struct ug_shape *x = &t->in[0].shape;

    if (a->rank != x->rank)
        return ug_reject(t, "%d axes cannot be indexed by %d", x->rank, (int)a->rank);
    t->out = (struct ug_type){.dtype = t->in[0].dtype};
    for (int i = 0; i < x->rank; i++) {
        const int64_t n = a->stop[i] - a->start[i];

        if (a->start[i] < 0 || n < 0 || a->stop[i] > x->dim[i])
            return ug_reject(t, "axis %d has elements 0 to %lld, not %lld to %lld", i,
                             (long long)x->dim[i] - 1, (long long)a->start[i],
                             (long long)a->stop[i] - 1);
        if (a->drop[i] && n != 1)
            return ug_reject(t, "axis %d is indexed by one number but %lld elements are asked for",
                             i, (long long)n);
        if (!a->drop[i])
            t->out.shape.dim[t->out.shape.rank++] = n;
    }
    return true;
}

static void slice_run(const struct ug_kernel *k)
{
    const struct ug_slice_attrs *a = k->attrs;
    const struct ug_tensor y = {k->out.dtype, sliced_shape(a), k->out.data};

    ug_copy_box(&k->in[0], a->start, &y, origin, y.shape.dim);
}

/* dx is dy with zeros around it. */
static void slice_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                           const bool *wanted, struct ug_node **dx)
{
    const struct ug_slice_attrs *a = y->attrs;
    const struct ug_shape *x = &y->in[0]->type.shape;
    struct ug_padding around = {{0}, {0}};

    (void)wanted;
    for (int i = 0; i < x->rank; i++) {
        around.before[i] = a->start[i];
        around.after[i] = x->dim[i] - a->stop[i];
    }
    dx[0] = ug_pad(b, ug_reshape(b, dy, sliced_shape(a)), &around, UG_PAD_CONSTANT, 0);
}

/* All of x is x. */
static struct ug_node *slice_simplify(struct ug_builder *b, const struct ug_node *y)
{
    struct ug_node *x = y->in[0];

    return ug_shape_count(&x->type.shape) == ug_shape_count(&y->type.shape)
               ? ug_reshape(b, x, y->type.shape)
               : NULL;
}

/* Not all samples, or one without its axis. */
static bool slice_mixes(const void *attrs, const struct ug_type *in)
{
    const struct ug_slice_attrs *a = attrs;

    return in->shape.rank < 1 || a->start[0] != 0 || a->stop[0] != in->shape.dim[0] || a->drop[0];
}

static bool slice_widen(void *attrs, int64_t n)
{
    struct ug_slice_attrs *a = attrs;

    a->stop[0] *= n;
    return true;
}

static const struct ug_op slice = {
    .name = "slice",
    .summary = "A part of a tensor: what x[:, 0:3] means.",
    .formula = "y[i, j] = x[start0 + i, start1 + j]",
    .internal = true,
    .attrs_size = sizeof(struct ug_slice_attrs),
    .infer = slice_infer,
    .run = slice_run,
    .gradient = slice_gradient,
    .simplify = slice_simplify,
    .flops = ug_no_flops,
    .per_sample = 1,
    .mixes = slice_mixes,
    .widen = slice_widen,
};

/* ---- split ---- */

struct split_attrs {
    struct ug_ints sizes;
    int64_t dim;
};

enum { MOST_PARTS = 4096 };

static struct ug_node *add_part(struct ug_call *c, struct ug_node *x, int axis, int64_t start,
                                int64_t size)
{
    struct ug_node *part = ug_slice(c->b, x, axis, start, start + size);

    c->list[c->n_list++] = part;
    return part;
}

/* Parts of one size, the last one smaller. */
static struct ug_node *split_evenly(struct ug_call *c, struct ug_node *x, int axis, int64_t size)
{
    const int64_t extent = x->type.shape.dim[axis];

    if (size < 1)
        return ug_call_fail(c, "parts of %lld elements are none", (long long)size);
    const int64_t parts = extent ? 1 + (extent - 1) / size : 1;

    if (parts > MOST_PARTS)
        return ug_call_fail(c, "this makes %lld parts; at most %d are possible", (long long)parts,
                            MOST_PARTS);
    c->list = ug_arena_array(c->b->graph->arena, (size_t)parts, sizeof *c->list);
    for (int64_t at = 0; at < extent || at == 0; at += size)
        if (!add_part(c, x, axis, at, size < extent - at ? size : extent - at))
            return NULL;
    return c->list[0];
}

static struct ug_node *split_build(struct ug_call *c)
{
    const struct split_attrs *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    const int axis = ug_call_axis(c, a->dim, x->type.shape.rank);
    int64_t all = 0;

    if (axis < 0)
        return NULL;
    if (a->sizes.n == 0)
        return ug_call_fail(c, "needs at least one size");
    if (a->sizes.n == 1)
        return split_evenly(c, x, axis, a->sizes.v[0]);
    for (int i = 0; i < a->sizes.n; i++) {
        if (a->sizes.v[i] < 0)
            return ug_call_fail(c, "a part of %lld elements is none", (long long)a->sizes.v[i]);
        if (__builtin_add_overflow(all, a->sizes.v[i], &all))
            return ug_call_fail(c, "the sizes are too large");
    }
    if (all != x->type.shape.dim[axis])
        return ug_call_fail(c, "the sizes add up to %lld, but axis %d has extent %lld",
                            (long long)all, axis, (long long)x->type.shape.dim[axis]);
    c->list = ug_arena_array(c->b->graph->arena, (size_t)a->sizes.n, sizeof *c->list);
    all = 0;
    for (int i = 0; i < a->sizes.n; all += a->sizes.v[i++])
        if (!add_part(c, x, axis, all, a->sizes.v[i]))
            return NULL;
    return c->list[0];
}

static const struct ug_arg split_args[] = {
    {.name = "x", .doc = "any shape with at least one axis", .type = UG_TENSOR},
    {.name = "size_or_sizes",
     .doc = "the extent of every part (the last may be smaller), or a list with that of each",
     .type = UG_INTS,
     .offset = offsetof(struct split_attrs, sizes)},
    {.name = "dim",
     .doc = "the axis that is cut; 1 is the channels of a picture",
     .type = UG_INT,
     .offset = offsetof(struct split_attrs, dim),
     .initial = "1"},
    {.name = NULL},
};

static const struct ug_op split = {
    .name = "split",
    .summary = "A tensor cut into several along an axis: a list.",
    .formula = "cat(split(x, n)) = x",
    .example = "unitgraph: 1\ninputs: {x: [2, 5]}\ngraph:\n  a, b: split(x, [2, 3])\n",
    .args = split_args,
    .attrs_size = sizeof(struct split_attrs),
    .returns_list = true,
    .build = split_build,
};

/* ---- cat ---- */

static bool cat_infer(struct ug_inference *t)
{
    const struct ug_cat_attrs *a = t->attrs;
    char text[UG_SHAPE_TEXT], other[UG_SHAPE_TEXT];

    if (t->n_in == 0)
        return ug_reject(t, "there is nothing to join");
    const struct ug_shape *first = &t->in[0].shape;
    const int axis = ug_axis_of(a->dim, first->rank, t);

    if (axis < 0)
        return false;
    t->out = t->in[0];
    for (int i = 1; i < t->n_in; i++) {
        struct ug_shape s = t->in[i].shape;

        if (t->in[i].dtype != t->out.dtype)
            return ug_reject(t, "float32 and int64 values cannot be joined");
        if (s.rank == first->rank)
            s.dim[axis] = first->dim[axis];
        if (!ug_shape_equal(&s, first))
            return ug_reject(t, "the shapes %s and %s differ beyond axis %d",
                             ug_shape_text(first, text), ug_shape_text(&t->in[i].shape, other),
                             axis);
        t->out.shape.dim[axis] += t->in[i].shape.dim[axis];
        if (!ug_shape_valid(&t->out.shape))
            return ug_reject(t, "the result would have more than 2^40 elements");
    }
    return true;
}

static void cat_run(const struct ug_kernel *k)
{
    const struct ug_cat_attrs *a = k->attrs;
    const int axis = ug_axis_of(a->dim, k->out.shape.rank, NULL);
    int64_t to[UG_MAX_RANK] = {0};

    for (int i = 0; i < k->n_in; i++) {
        ug_copy_box(&k->in[i], origin, &k->out, to, k->in[i].shape.dim);
        to[axis] += k->in[i].shape.dim[axis];
    }
}

static void cat_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    const struct ug_cat_attrs *a = y->attrs;
    const int axis = ug_axis_of(a->dim, y->type.shape.rank, NULL);
    int64_t at = 0;

    for (int i = 0; i < y->n_in; i++) {
        const int64_t end = at + y->in[i]->type.shape.dim[axis];

        if (wanted[i])
            dx[i] = ug_slice(b, dy, axis, at, end);
        at = end;
    }
}

static struct ug_node *cat_simplify(struct ug_builder *b, const struct ug_node *y)
{
    (void)b;
    return y->n_in == 1 ? y->in[0] : NULL;
}

static const struct ug_arg cat_args[] = {
    {.name = "tensors",
     .doc = "two or more, or a list of them; their shapes may differ along dim only",
     .type = UG_TENSORS},
    {.name = "dim",
     .doc = "the axis along which they are laid end to end; 1 is the channels of a picture",
     .type = UG_INT,
     .offset = offsetof(struct ug_cat_attrs, dim),
     .initial = "1",
     .keyword = true},
    {.name = NULL},
};

static bool cat_mixes(const void *attrs, const struct ug_type *in)
{
    const struct ug_cat_attrs *a = attrs;

    return ug_axis_of(a->dim, in->shape.rank, NULL) <= 0;
}

static const struct ug_op cat = {
    .name = "cat",
    .summary = "Several tensors laid end to end along an axis.",
    .formula = "y = [a, b, ...]",
    .example = "unitgraph: 1\ninputs: {a: [2, 3], b: [2, 1]}\ngraph: {y: \"cat(a, b)\"}\n",
    .args = cat_args,
    .attrs_size = sizeof(struct ug_cat_attrs),
    .infer = cat_infer,
    .run = cat_run,
    .gradient = cat_gradient,
    .simplify = cat_simplify,
    .flops = ug_no_flops,
    .per_sample = ~0u,
    .mixes = cat_mixes,
};

static const struct ug_op *const ops[] = {&cat, &split, &slice, NULL};

const struct ug_op_family ug_family_join = {"shape", ops};
