/* max_pool.c -- the largest value of each window, and where it stood.
 *
 * The gradient goes to the first of equal maxima, in reading order, as in PyTorch.  It is a scatter
 * by the maxima's positions, whose own gradient is a gather by the same positions, and so on.
 */
#include <math.h>
#include <string.h>

#include "engine/base/simd.h"
#include "engine/graph/call.h"
#include "ops/emit.h"

struct max_pool2d {
    int64_t kernel[2], stride[2], padding[2]; /* [h, w] */
};

enum { PIECES = 64, LARGEST = 1 << 16 };

static bool max_pool2d_infer(struct ug_inference *t)
{
    const struct max_pool2d *a = t->attrs;
    char text[UG_SHAPE_TEXT];

    t->out = t->in[0];
    if (t->out.dtype != UG_F32 || t->out.shape.rank != 4)
        return ug_reject(t, "needs pictures [N, C, H, W]");
    for (int i = 0; i < 2; i++) {
        int64_t *extent = &t->out.shape.dim[2 + i];

        if (a->padding[i] > a->kernel[i] / 2)
            return ug_reject(t, "padding %lld is more than half of kernel_size %lld",
                             (long long)a->padding[i], (long long)a->kernel[i]);
        if (!*extent || *extent + 2 * a->padding[i] < a->kernel[i])
            return ug_reject(t, "the kernel of %lldx%lld is larger than the padded picture %s",
                             (long long)a->kernel[0], (long long)a->kernel[1],
                             ug_shape_text(&t->in[0].shape, text));
        *extent = (*extent + 2 * a->padding[i] - a->kernel[i]) / a->stride[i] + 1;
    }
    return true;
}

/* The part of window i of one axis that lies in the picture: [*begin, *end), never empty. */
static void window(const struct max_pool2d *a, int axis, int64_t i, int64_t n, int64_t *begin,
                   int64_t *end)
{
    const int64_t first = i * a->stride[axis] - a->padding[axis];

    *begin = first < 0 ? 0 : first;
    *end = first + a->kernel[axis] < n ? first + a->kernel[axis] : n;
}

/* NaN wins, as in PyTorch: it should be seen. */
static inline bool wins(float x, float best)
{
    return x > best || x != x;
}

/* One row of outputs: the maximum of the window's rows, column by column, then of each window's
 * columns. */
UG_WIDEST static void max_row(const struct max_pool2d *a, const float *plane, int64_t height,
                              int64_t width, int64_t i, int64_t out_width, float *restrict largest,
                              float *restrict y)
{
    int64_t begin, end;

    window(a, 0, i, height, &begin, &end);
    memcpy(largest, plane + begin * width, (size_t)width * sizeof *largest);
    for (int64_t r = begin + 1; r < end; r++) {
        const float *row = plane + r * width;

        for (int64_t j = 0; j < width; j++)
            largest[j] = wins(row[j], largest[j]) ? row[j] : largest[j];
    }
    for (int64_t j = 0; j < out_width; j++) {
        float best;

        window(a, 1, j, width, &begin, &end);
        best = largest[begin];
        for (int64_t k = begin + 1; k < end; k++)
            best = wins(largest[k], best) ? largest[k] : best;
        y[j] = best;
    }
}

static void max_pool2d_run(const struct ug_kernel *k)
{
    const struct ug_shape *x = &k->in[0].shape, *y = &k->out.shape;
    const int64_t height = x->dim[2], width = x->dim[3], rows = y->dim[2];
    const int64_t total = ug_shape_span(y, 0, 3);

#pragma omp parallel for schedule(static)
    for (int64_t piece = 0; piece < PIECES; piece++)
        for (int64_t r = total * piece / PIECES; r < total * (piece + 1) / PIECES; r++)
            max_row(k->attrs, (const float *)k->in[0].data + r / rows * height * width, height,
                    width, r % rows, y->dim[3], (float *)k->scratch + piece * width,
                    (float *)k->out.data + r * y->dim[3]);
}

static size_t max_pool2d_scratch(const void *attrs, const struct ug_type *in,
                                 const struct ug_type *out)
{
    (void)attrs, (void)out;
    return PIECES * (size_t)in->shape.dim[3] * sizeof(float);
}

static double max_pool2d_flops(const void *attrs, const struct ug_type *in,
                               const struct ug_type *out)
{
    const struct max_pool2d *a = attrs;

    return (double)a->kernel[0] * (double)in->shape.dim[3] *
               (double)ug_shape_span(&out->shape, 0, 3) +
           (double)a->kernel[1] * (double)ug_shape_count(&out->shape);
}

/* ---- Positions ---- */

static bool index_infer(struct ug_inference *t)
{
    const bool fits = max_pool2d_infer(t);

    t->out.dtype = UG_I64;
    return fits;
}

static int64_t first_maximum(const struct max_pool2d *a, const float *plane, int64_t height,
                             int64_t width, int64_t i, int64_t j)
{
    int64_t top, bottom, left, right, best;

    window(a, 0, i, height, &top, &bottom);
    window(a, 1, j, width, &left, &right);
    best = top * width + left;
    for (int64_t r = top; r < bottom; r++)
        for (int64_t c = left; c < right; c++)
            if (wins(plane[r * width + c], plane[best]))
                best = r * width + c;
    return best;
}

static void index_run(const struct ug_kernel *k)
{
    const struct ug_shape *x = &k->in[0].shape, *y = &k->out.shape;
    const int64_t height = x->dim[2], width = x->dim[3], planes = ug_shape_span(x, 0, 2);

#pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < planes; p++) {
        const float *plane = (const float *)k->in[0].data + p * height * width;
        int64_t *at = (int64_t *)k->out.data + p * y->dim[2] * y->dim[3];

        for (int64_t i = 0; i < y->dim[2]; i++)
            for (int64_t j = 0; j < y->dim[3]; j++)
                *at++ = first_maximum(k->attrs, plane, height, width, i, j);
    }
}

static const struct ug_op max_pool2d_index = {
    .name = "max_pool2d_index",
    .summary = "Where in its plane each maximum of max_pool2d stands.",
    .formula = "row * W + column",
    .internal = true,
    .attrs_size = sizeof(struct max_pool2d),
    .infer = index_infer,
    .run = index_run,
    .flops = max_pool2d_flops,
    .why_no_gradient = "positions are whole numbers",
    .per_sample = 1,
};

/* ---- Scatter to positions, gather from them ---- */

struct plane {
    int64_t extent[2];
};

static const struct ug_op plane_gather;

static bool plane_scatter_infer(struct ug_inference *t)
{
    const struct plane *a = t->attrs;

    if (t->in[0].dtype != UG_F32 || t->in[1].dtype != UG_I64 || t->in[0].shape.rank != 4 ||
        !ug_shape_equal(&t->in[0].shape, &t->in[1].shape))
        return ug_reject(t, "needs values and as many positions");
    t->out = t->in[0];
    t->out.shape.dim[2] = a->extent[0];
    t->out.shape.dim[3] = a->extent[1];
    return true;
}

static void plane_scatter_run(const struct ug_kernel *k)
{
    const int64_t planes = ug_shape_span(&k->in[0].shape, 0, 2);
    const int64_t n = ug_shape_span(&k->in[0].shape, 2, 4);
    const int64_t area = ug_shape_span(&k->out.shape, 2, 4);

#pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < planes; p++) {
        const float *x = (const float *)k->in[0].data + p * n;
        const int64_t *at = (const int64_t *)k->in[1].data + p * n;
        float *y = (float *)k->out.data + p * area;

        memset(y, 0, (size_t)area * sizeof *y);
        for (int64_t i = 0; i < n; i++)
            y[at[i]] += x[i];
    }
}

static void plane_scatter_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                                   const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_emit(b, &plane_gather, NULL, (struct ug_node *[]){dy, y->in[1]}, 2);
}

static const struct ug_op plane_scatter = {
    .name = "plane_scatter",
    .summary = "Adds each value to the element of its plane that its position names.",
    .formula = "y[n, c, position[n, c, i]] += x[n, c, i]",
    .internal = true,
    .attrs_size = sizeof(struct plane),
    .infer = plane_scatter_infer,
    .run = plane_scatter_run,
    .gradient = plane_scatter_gradient,
    .per_sample = 3,
};

static bool plane_gather_infer(struct ug_inference *t)
{
    if (t->in[0].dtype != UG_F32 || t->in[1].dtype != UG_I64 || t->in[0].shape.rank != 4 ||
        t->in[1].shape.rank != 4)
        return ug_reject(t, "needs planes and positions in them");
    t->out = (struct ug_type){UG_F32, t->in[1].shape};
    return true;
}

static void plane_gather_run(const struct ug_kernel *k)
{
    const int64_t planes = ug_shape_span(&k->out.shape, 0, 2);
    const int64_t n = ug_shape_span(&k->out.shape, 2, 4);
    const int64_t area = ug_shape_span(&k->in[0].shape, 2, 4);

#pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < planes; p++) {
        const float *x = (const float *)k->in[0].data + p * area;
        const int64_t *at = (const int64_t *)k->in[1].data + p * n;
        float *y = (float *)k->out.data + p * n;

        for (int64_t i = 0; i < n; i++)
            y[i] = x[at[i]];
    }
}

static void plane_gather_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                                  const bool *wanted, struct ug_node **dx)
{
    const struct ug_shape *x = &y->in[0]->type.shape;
    const struct plane plane = {{x->dim[2], x->dim[3]}};

    (void)wanted;
    dx[0] = ug_emit(b, &plane_scatter, &plane, (struct ug_node *[]){dy, y->in[1]}, 2);
}

static const struct ug_op plane_gather = {
    .name = "plane_gather",
    .summary = "The elements of each plane that positions name.",
    .formula = "y[n, c, i] = x[n, c, position[n, c, i]]",
    .internal = true,
    .infer = plane_gather_infer,
    .run = plane_gather_run,
    .gradient = plane_gather_gradient,
    .per_sample = 3,
};

static void max_pool2d_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                                const bool *wanted, struct ug_node **dx)
{
    struct ug_node *x = y->in[0];
    const struct plane plane = {{x->type.shape.dim[2], x->type.shape.dim[3]}};
    struct ug_node *index = ug_emit(b, &max_pool2d_index, y->attrs, &x, 1);

    (void)wanted;
    dx[0] = ug_emit(b, &plane_scatter, &plane, (struct ug_node *[]){dy, index}, 2);
}

static const struct ug_arg max_pool2d_args[] = {
    {.name = "x", .doc = "pictures [N, C, H, W]", .type = UG_TENSOR},
    {.name = "kernel_size",
     .doc = "extent of the window: a number or [h, w]",
     .type = UG_PAIR,
     .offset = offsetof(struct max_pool2d, kernel),
     .min = 1,
     .max = LARGEST},
    {.name = "stride",
     .doc = "step of the window",
     .type = UG_PAIR,
     .offset = offsetof(struct max_pool2d, stride),
     .initial = "kernel_size",
     .min = 1,
     .max = LARGEST},
    {.name = "padding",
     .doc = "how far windows reach beyond the picture, where nothing counts; at most half of them",
     .type = UG_PAIR,
     .offset = offsetof(struct max_pool2d, padding),
     .initial = "0",
     .min = 0,
     .max = LARGEST},
    {.name = NULL},
};

static const struct ug_op max_pool2d = {
    .name = "max_pool2d",
    .summary = "The largest value of each window.",
    .formula = "y[i, j] = max of x over the window at (i, j) * stride - padding",
    .example = "unitgraph: 1\n"
               "inputs: {x: [1, 2, 5, 6]}\n"
               "graph: {y: 'max_pool2d(x, 2)', z: 'max_pool2d(x, 3, stride=2, padding=1)'}\n",
    .args = max_pool2d_args,
    .attrs_size = sizeof(struct max_pool2d),
    .infer = max_pool2d_infer,
    .run = max_pool2d_run,
    .scratch = max_pool2d_scratch,
    .gradient = max_pool2d_gradient,
    .flops = max_pool2d_flops,
    .per_sample = 1,
};

static const struct ug_op *const ops[] = {
    &max_pool2d, &max_pool2d_index, &plane_scatter, &plane_gather, NULL,
};

const struct ug_op_family ug_family_max_pool = {"resampling", ops};
