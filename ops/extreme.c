/* extreme.c -- the largest and the smallest along axes, and where the largest is.
 *
 * NaN counts as an extreme of either kind, so that a fault does not vanish.  Equal extremes share
 * the gradient evenly (torch.amax), whether one axis is reduced or several.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/base/simd.h"
#include "engine/graph/call.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "ops/kernels/cut.h"
#include "ops/reduced.h"

static bool extreme_infer(struct ug_inference *t)
{
    const struct ug_reduce_attrs *a = t->attrs;

    if (!ug_reduce_infer(t))
        return false;
    if (ug_reduced_of(a, &t->in[0].shape).n == 0)
        return ug_reject(t, "there is nothing to choose from along an axis of extent 0");
    return true;
}

/* ---- max, min ---- */

/* x seen as [outer, extent, inner], of which the middle axis is reduced. */
struct fold {
    int64_t outer, extent, inner;
};

/* The groups of neighbouring axes that are reduced, innermost first: what is left of a shape as one
 * after the other is folded.  Returns their number. */
static int plan_folds(const struct ug_shape *x, const struct ug_shape *kept,
                      struct fold folds[UG_MAX_RANK])
{
    int n = 0;
    int64_t inner = 1;

    for (int end = x->rank; end > 0;) {
        int start = end - 1;
        const bool reduced = x->dim[start] != kept->dim[start];

        while (start > 0 && (x->dim[start - 1] != kept->dim[start - 1]) == reduced)
            start--;
        const int64_t span = ug_shape_span(x, start, end);
        if (reduced)
            folds[n++] = (struct fold){ug_shape_span(x, 0, start), span, inner};
        else
            inner *= span;
        end = start;
    }
    return n;
}

enum { LANES = 64, STRIP = 256 };

/* better(v, m): v replaces m.  A NaN replaces everything and is never replaced. */
#define LARGER(v, m)  ((v) > (m) || (v) != (v))
#define SMALLER(v, m) ((v) < (m) || (v) != (v))

/* NAME_line: of n > 0 contiguous elements.  NAME_strip: of `extent` > 0 rows of n <= STRIP
 * elements. */
#define FOLD_KERNELS(name, better)                                                                 \
    UG_WIDEST static float name##_line(const float *x, int64_t n)                                  \
    {                                                                                              \
        float lane[LANES];                                                                         \
        int64_t i = 0;                                                                             \
                                                                                                   \
        for (int j = 0; j < LANES; j++)                                                            \
            lane[j] = x[0];                                                                        \
        for (; i + LANES <= n; i += LANES)                                                         \
            for (int j = 0; j < LANES; j++)                                                        \
                lane[j] = better(x[i + j], lane[j]) ? x[i + j] : lane[j];                          \
        for (; i < n; i++)                                                                         \
            lane[0] = better(x[i], lane[0]) ? x[i] : lane[0];                                      \
        for (int j = 1; j < LANES; j++)                                                            \
            lane[0] = better(lane[j], lane[0]) ? lane[j] : lane[0];                                \
        return lane[0];                                                                            \
    }                                                                                              \
                                                                                                   \
    UG_WIDEST static void name##_strip(const float *x, int64_t extent, int64_t stride, int64_t n,  \
                                       float *restrict y)                                          \
    {                                                                                              \
        memcpy(y, x, (size_t)n * sizeof *y);                                                       \
        for (int64_t k = 1; k < extent; k++)                                                       \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const float v = x[k * stride + i];                                                 \
                                                                                                   \
                y[i] = better(v, y[i]) ? v : y[i];                                                 \
            }                                                                                      \
    }

FOLD_KERNELS(largest, LARGER)
FOLD_KERNELS(smallest, SMALLER)

struct fold_kernels {
    float (*line)(const float *x, int64_t n);
    void (*strip)(const float *x, int64_t extent, int64_t stride, int64_t n, float *restrict y);
};

static void fold_axis(const struct fold_kernels *kernels, const struct fold *f, const float *x,
                      float *y)
{
    const int64_t strips = (f->inner + STRIP - 1) / STRIP;

#pragma omp parallel for schedule(static) if (f->outer * f->extent * f->inner > UG_SHARED_ELEMENTS)
    for (int64_t unit = 0; unit < f->outer * strips; unit++) {
        const int64_t o = unit / strips, i = unit % strips * STRIP;
        const float *from = x + o * f->extent * f->inner + i;
        float *to = y + o * f->inner + i;

        if (f->inner == 1)
            *to = kernels->line(from, f->extent);
        else
            kernels->strip(from, f->extent, f->inner, f->inner - i < STRIP ? f->inner - i : STRIP,
                           to);
    }
}

/* Two buffers for what is left after all folds but the last: of the first fold, then of the second.
 */
static size_t fold_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    struct fold folds[UG_MAX_RANK];
    const struct ug_reduced r = ug_reduced_of(attrs, &in[0].shape);
    const int n = plan_folds(&in[0].shape, &r.kept, folds);
    size_t elements = 0;

    (void)out;
    for (int i = 0; i < n - 1 && i < 2; i++)
        elements += (size_t)(folds[i].outer * folds[i].inner);
    return elements * sizeof(float);
}

static void fold_run(const struct ug_kernel *k, const struct fold_kernels *kernels)
{
    struct fold folds[UG_MAX_RANK];
    const struct ug_reduced r = ug_reduced_of(k->attrs, &k->in[0].shape);
    const int n = plan_folds(&k->in[0].shape, &r.kept, folds);
    const float *x = k->in[0].data;

    if (ug_shape_count(&k->out.shape) == 0)
        return;
    if (n == 0)
        memcpy(k->out.data, x, (size_t)ug_shape_count(&k->out.shape) * sizeof *x);
    for (int i = 0; i < n; i++) {
        float *buffer = i % 2 ? (float *)k->scratch + folds[0].outer * folds[0].inner : k->scratch;
        float *y = i == n - 1 ? k->out.data : buffer;

        fold_axis(kernels, &folds[i], x, y);
        x = y;
    }
}

static void max_run(const struct ug_kernel *k)
{
    fold_run(k, &(struct fold_kernels){largest_line, largest_strip});
}

static void min_run(const struct ug_kernel *k)
{
    fold_run(k, &(struct fold_kernels){smallest_line, smallest_strip});
}

/* dx = dy / (number of extremes) where x = y, 0 elsewhere. */
static void extreme_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    const struct ug_reduce_attrs *a = y->attrs;
    struct ug_node *chosen = ug_eq(b, y->in[0], ug_under(b, y, y));
    struct ug_node *each = ug_div(b, dy, ug_sum(b, chosen, a->dim, a->keepdim));

    (void)wanted;
    dx[0] = ug_mul(b, chosen, ug_under(b, each, y));
}

static const struct ug_op max = {
    .name = "max",
    .summary = "The largest element along some axes, or of all; equal ones share the gradient.",
    .formula = "y = max of x over dim",
    .example = UG_REDUCE_EXAMPLE("max(x, dim=[1, 2])"),
    .args = ug_reduce_args,
    .attrs_size = sizeof(struct ug_reduce_attrs),
    .extra_hint =
        "'max' is the largest element of one tensor; the larger of two is 'maximum(a, b)'; an "
        "axis is given by name: max(x, dim=1)",
    .infer = extreme_infer,
    .run = max_run,
    .scratch = fold_scratch,
    .gradient = extreme_gradient,
    .simplify = ug_reduce_simplify,
    .flops = ug_reduce_flops,
    .per_sample = 1,
    .mixes = ug_reduce_mixes,
};

static const struct ug_op min = {
    .name = "min",
    .summary = "The smallest element along some axes, or of all; equal ones share the gradient.",
    .formula = "y = min of x over dim",
    .example = UG_REDUCE_EXAMPLE("min(x, dim=-1, keepdim=true)"),
    .args = ug_reduce_args,
    .attrs_size = sizeof(struct ug_reduce_attrs),
    .extra_hint = "'min' is the smallest element of one tensor; the smaller of two is "
                  "'minimum(a, b)'; an axis is given by name: min(x, dim=1)",
    .infer = extreme_infer,
    .run = min_run,
    .scratch = fold_scratch,
    .gradient = extreme_gradient,
    .simplify = ug_reduce_simplify,
    .flops = ug_reduce_flops,
    .per_sample = 1,
    .mixes = ug_reduce_mixes,
};

/* ---- argmax ---- */

static bool argmax_infer(struct ug_inference *t)
{
    const struct ug_reduce_attrs *a = t->attrs;

    if (a->dim.n > 1)
        return ug_reject(t, "takes one axis, or none for the index among all elements");
    if (!extreme_infer(t))
        return false;
    t->out.dtype = UG_I64;
    return true;
}

/* x seen as [outer, extent, inner]. */
static struct fold argmax_lines(const struct ug_reduce_attrs *a, const struct ug_shape *x)
{
    if (a->dim.n <= 0)
        return (struct fold){1, ug_shape_count(x), 1};
    const int axis = ug_axis_of(a->dim.v[0], x->rank, NULL);

    assert(axis >= 0);
    return (struct fold){ug_shape_span(x, 0, axis), x->dim[axis],
                         ug_shape_span(x, axis + 1, x->rank)};
}

/* The first index of the largest of `extent` elements of each of n <= STRIP columns. */
static void find_largest(const float *x, int64_t extent, int64_t stride, int64_t n, int64_t *y)
{
    float best[STRIP];

    memcpy(best, x, (size_t)n * sizeof *best);
    memset(y, 0, (size_t)n * sizeof *y);
    for (int64_t k = 1; k < extent; k++)
        for (int64_t i = 0; i < n; i++) {
            const float v = x[k * stride + i], m = best[i];
            const bool better = v > m || (v != v && m == m);

            y[i] = better ? k : y[i];
            best[i] = better ? v : m;
        }
}

static void argmax_run(const struct ug_kernel *k)
{
    const struct fold f = argmax_lines(k->attrs, &k->in[0].shape);
    const int64_t strips = (f.inner + STRIP - 1) / STRIP;
    const float *x = k->in[0].data;
    int64_t *y = k->out.data;

#pragma omp parallel for schedule(static) if (f.outer * f.extent * f.inner > UG_SHARED_ELEMENTS)
    for (int64_t unit = 0; unit < f.outer * strips; unit++) {
        const int64_t o = unit / strips, i = unit % strips * STRIP;

        find_largest(x + o * f.extent * f.inner + i, f.extent, f.inner,
                     f.inner - i < STRIP ? f.inner - i : STRIP, y + o * f.inner + i);
    }
}

static const struct ug_arg argmax_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    {.name = "dim",
     .doc = "the axis along which to look; by default the index is among all elements, row by row",
     .type = UG_INTS,
     .offset = offsetof(struct ug_reduce_attrs, dim),
     .initial = "none",
     .keyword = true},
    UG_REDUCE_KEEPDIM,
    {.name = NULL},
};

static const struct ug_op argmax = {
    .name = "argmax",
    .summary = "The index of the largest element, as int64; of equal ones, the first.",
    .formula = "y = the k for which x[k] = max(x)",
    .example = UG_REDUCE_EXAMPLE("argmax(x, dim=1)"),
    .args = argmax_args,
    .extra_hint = "the axis is given by name: argmax(x, dim=1)",
    .attrs_size = sizeof(struct ug_reduce_attrs),
    .infer = argmax_infer,
    .run = argmax_run,
    .why_no_gradient = "an index does not change smoothly",
    .flops = ug_reduce_flops,
    .per_sample = 1,
    .mixes = ug_reduce_mixes,
};

static const struct ug_op *const ops[] = {&max, &min, &argmax, NULL};

const struct ug_op_family ug_family_extreme = {"reductions", ops};
