/* resample.c -- other sizes of pictures: upsampling, average pooling, adaptive pooling.
 *
 * All of them are linear maps that act on rows and on columns apart (kernels/separable.h), so that
 * one kernel serves every one and its adjoint; they differ in the few weights of each output row or
 * column. The adjoint of the adjoint is the op itself, which closes them under differentiation.
 */
#include <math.h>
#include <string.h>

#include "engine/graph/call.h"
#include "ops/convolve.h"
#include "ops/emit.h"
#include "ops/kernels/separable.h"
#include "ops/resample.h"
#include "ops/resample_weights.h"

/* ---- Kernels ---- */

static size_t axis_scratch(const struct ug_resample *a, int axis)
{
    return ug_axis_bytes(a->output[axis], ug_resample_entries(a, axis)) +
           ug_axis_bytes(a->input[axis], ug_resample_entries(a, axis));
}

static size_t resample_scratch(const void *attrs, const struct ug_type *in,
                               const struct ug_type *out)
{
    const int64_t width =
        in->shape.dim[3] > out->shape.dim[3] ? in->shape.dim[3] : out->shape.dim[3];

    return axis_scratch(attrs, 0) + axis_scratch(attrs, 1) + ug_separable_scratch(width);
}

/* The matrix of an axis, or its transpose. */
static struct ug_axis make_axis(const struct ug_resample *a, int axis, bool transposed,
                                char **memory)
{
    const int64_t entries = ug_resample_entries(a, axis);
    struct ug_axis m = ug_axis_at(a->output[axis], a->input[axis], entries, memory);
    struct ug_axis t = ug_axis_at(a->input[axis], a->output[axis], entries, memory);

    ug_resample_fill(a, axis, &m);
    if (!transposed)
        return m;
    ug_axis_transpose(&m, &t);
    return t;
}

static void run(const struct ug_kernel *k, bool transposed)
{
    char *memory = k->scratch;
    const struct ug_axis rows = make_axis(k->attrs, 0, transposed, &memory);
    const struct ug_axis columns = make_axis(k->attrs, 1, transposed, &memory);

    ug_separable_run(&rows, &columns, ug_shape_span(&k->in[0].shape, 0, 2), k->in[0].data,
                     k->out.data, (float *)memory);
}

static void resample_run(const struct ug_kernel *k)
{
    run(k, false);
}

static void adjoint_run(const struct ug_kernel *k)
{
    run(k, true);
}

static bool resize(struct ug_inference *t, const int64_t from[2], const int64_t to[2])
{
    const struct ug_shape *x = &t->in[0].shape;

    if (t->in[0].dtype != UG_F32 || x->rank != 4 || x->dim[2] != from[0] || x->dim[3] != from[1])
        return ug_reject(t, "needs pictures of %lldx%lld", (long long)from[0], (long long)from[1]);
    t->out = t->in[0];
    t->out.shape.dim[2] = to[0];
    t->out.shape.dim[3] = to[1];
    return true;
}

static bool resample_infer(struct ug_inference *t)
{
    const struct ug_resample *a = t->attrs;

    return resize(t, a->input, a->output);
}

static bool adjoint_infer(struct ug_inference *t)
{
    const struct ug_resample *a = t->attrs;

    return resize(t, a->output, a->input);
}

static double resample_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const struct ug_resample *a = attrs;
    const double planes = (double)ug_shape_span(&in->shape, 0, 2);

    (void)out;
    if (a->rule == UG_RESAMPLE_NEAREST)
        return 0.0;
    return 2.0 * planes *
           ((double)ug_resample_entries(a, 0) * (double)a->input[1] +
            (double)a->output[0] * (double)ug_resample_entries(a, 1));
}

/* ---- Gradients ---- */

static const struct ug_op upsample, avg_pool2d, adaptive_avg_pool2d;

/* dx = A^T dy B; the other way round for the adjoint. */
static void adjoint_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    const struct ug_resample *a = y->attrs;
    const struct ug_op *forward = a->rule == UG_RESAMPLE_AVERAGE    ? &avg_pool2d
                                  : a->rule == UG_RESAMPLE_ADAPTIVE ? &adaptive_avg_pool2d
                                                                    : &upsample;

    (void)wanted;
    dx[0] = ug_emit(b, forward, a, &dy, 1);
}

static bool doubles(const struct ug_resample *a)
{
    return a->rule == UG_RESAMPLE_NEAREST && a->scale == 2.0;
}

struct ug_node *ug_upsampled_by_two(const struct ug_node *n)
{
    return n->op == &upsample && doubles(n->attrs) ? n->in[0] : NULL;
}

static struct ug_node *adjoint_simplify(struct ug_builder *b, const struct ug_node *n)
{
    return n->in[0]->op == &ug_op_convolve_input && doubles(n->attrs)
               ? ug_convolve_input_doubled(b, n->in[0])
               : NULL;
}

static const struct ug_op resample_adjoint = {
    .name = "resample_adjoint",
    .summary =
        "The adjoint of upsample, avg_pool2d or adaptive_avg_pool2d: where their gradients go.",
    .formula = "dx = A^T dy B for y = A x B^T",
    .internal = true,
    .attrs_size = sizeof(struct ug_resample),
    .infer = adjoint_infer,
    .run = adjoint_run,
    .scratch = resample_scratch,
    .gradient = adjoint_gradient,
    .simplify = adjoint_simplify,
    .flops = resample_flops,
    .per_sample = 1,
};

static void resample_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                              const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_emit(b, &resample_adjoint, y->attrs, &dy, 1);
}

/* ---- Calls ---- */

/* The picture that a call works on, with its extents noted in the attributes; NULL after an error.
 */
static struct ug_node *picture(struct ug_call *c, int64_t input[2])
{
    struct ug_node *x = ug_call_tensor(c, "x");
    char text[UG_SHAPE_TEXT];

    if (!x)
        return NULL;
    if (x->type.dtype != UG_F32 || x->type.shape.rank != 4)
        return ug_call_fail(c, "needs pictures [N, C, H, W], not %s of shape %s",
                            ug_dtype_name(x->type.dtype), ug_shape_text(&x->type.shape, text));
    input[0] = x->type.shape.dim[2];
    input[1] = x->type.shape.dim[3];
    if (!input[0] || !input[1])
        return ug_call_fail(c, "the pictures are empty: %s", ug_shape_text(&x->type.shape, text));
    return x;
}

static const char *const modes[] = {"nearest", "bilinear", NULL};

static struct ug_node *upsample_build(struct ug_call *c)
{
    struct ug_resample *a = c->attrs;
    struct ug_node *x = picture(c, a->input);

    if (!x)
        return NULL;
    a->rule = a->mode;
    for (int i = 0; i < 2; i++) {
        const double extent = floor((double)a->input[i] * a->scale);

        if (extent < 1 || extent > 0x1p31)
            return ug_call_fail(c, "pictures of %lldx%lld times %g leave nothing",
                                (long long)a->input[0], (long long)a->input[1], a->scale);
        a->output[i] = (int64_t)extent;
    }
    return ug_emit(c->b, c->op, a, &x, 1);
}

static const struct ug_arg upsample_args[] = {
    {.name = "x", .doc = "pictures [N, C, H, W]", .type = UG_TENSOR},
    {.name = "scale_factor",
     .doc = "how many times larger; the new extents are rounded down",
     .type = UG_FLOAT,
     .offset = offsetof(struct ug_resample, scale),
     .initial = "2",
     .min = 1e-3,
     .max = 1e3},
    {.name = "mode",
     .doc = "nearest copies pixels; bilinear blends the four around (half-pixel centres: "
            "align_corners=False)",
     .type = UG_WORD,
     .offset = offsetof(struct ug_resample, mode),
     .initial = "nearest",
     .words = modes},
    {.name = NULL},
};

static const struct ug_op upsample = {
    .name = "upsample",
    .summary = "Enlarges pictures.",
    .formula = "nearest: y[i, j] = x[floor(i / s), floor(j / s)]\n"
               "bilinear: x at ((i + 1/2) / s - 1/2, (j + 1/2) / s - 1/2), edges repeated",
    .example = "unitgraph: 1\n"
               "inputs: {x: [1, 2, 3, 4]}\n"
               "graph:\n"
               "  y: upsample(x)\n"
               "  z: upsample(x, 1.5, mode=bilinear)\n",
    .args = upsample_args,
    .attrs_size = sizeof(struct ug_resample),
    .build = upsample_build,
    .infer = resample_infer,
    .run = resample_run,
    .scratch = resample_scratch,
    .gradient = resample_gradient,
    .flops = resample_flops,
    .per_sample = 1,
};

static struct ug_node *avg_pool2d_build(struct ug_call *c)
{
    struct ug_resample *a = c->attrs;
    struct ug_node *x = picture(c, a->input);

    if (!x)
        return NULL;
    a->rule = UG_RESAMPLE_AVERAGE;
    for (int i = 0; i < 2; i++) {
        if (a->padding[i] > a->kernel[i] / 2)
            return ug_call_fail(c, "padding %lld is more than half of kernel_size %lld",
                                (long long)a->padding[i], (long long)a->kernel[i]);
        if (a->input[i] + 2 * a->padding[i] < a->kernel[i])
            return ug_call_fail(c,
                                "the kernel of %lldx%lld is larger than the padded picture of "
                                "%lldx%lld",
                                (long long)a->kernel[0], (long long)a->kernel[1],
                                (long long)(a->input[0] + 2 * a->padding[0]),
                                (long long)(a->input[1] + 2 * a->padding[1]));
        a->output[i] = (a->input[i] + 2 * a->padding[i] - a->kernel[i]) / a->stride[i] + 1;
    }
    return ug_emit(c->b, c->op, a, &x, 1);
}

enum { LARGEST = 1 << 16 }; /* of kernel sizes, strides, extents: far from overflow */

static const struct ug_arg avg_pool2d_args[] = {
    {.name = "x", .doc = "pictures [N, C, H, W]", .type = UG_TENSOR},
    {.name = "kernel_size",
     .doc = "extent of the window: a number or [h, w]",
     .type = UG_PAIR,
     .offset = offsetof(struct ug_resample, kernel),
     .min = 1,
     .max = LARGEST},
    {.name = "stride",
     .doc = "step of the window",
     .type = UG_PAIR,
     .offset = offsetof(struct ug_resample, stride),
     .initial = "kernel_size",
     .min = 1,
     .max = LARGEST},
    {.name = "padding",
     .doc = "rows and columns of zeros on each side, at most half the window",
     .type = UG_PAIR,
     .offset = offsetof(struct ug_resample, padding),
     .initial = "0",
     .min = 0,
     .max = LARGEST},
    {.name = "count_include_pad",
     .doc = "whether the zeros of the padding count as pixels",
     .type = UG_BOOL,
     .offset = offsetof(struct ug_resample, count_include_pad),
     .initial = "true"},
    {.name = NULL},
};

static const struct ug_op avg_pool2d = {
    .name = "avg_pool2d",
    .summary = "The mean of each window.",
    .formula = "y[i, j] = mean of x over the window at (i, j) * stride - padding",
    .example = "unitgraph: 1\n"
               "inputs: {x: [1, 2, 5, 6]}\n"
               "graph: {y: 'avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=false)'}\n",
    .args = avg_pool2d_args,
    .attrs_size = sizeof(struct ug_resample),
    .build = avg_pool2d_build,
    .infer = resample_infer,
    .run = resample_run,
    .scratch = resample_scratch,
    .gradient = resample_gradient,
    .flops = resample_flops,
    .per_sample = 1,
};

static struct ug_node *adaptive_avg_pool2d_build(struct ug_call *c)
{
    struct ug_resample *a = c->attrs;
    struct ug_node *x = picture(c, a->input);

    a->rule = UG_RESAMPLE_ADAPTIVE;
    return ug_emit(c->b, c->op, a, &x, 1);
}

static const struct ug_arg adaptive_avg_pool2d_args[] = {
    {.name = "x", .doc = "pictures [N, C, H, W]", .type = UG_TENSOR},
    {.name = "output_size",
     .doc = "extents of the result: a number or [h, w]",
     .type = UG_PAIR,
     .offset = offsetof(struct ug_resample, output),
     .min = 1,
     .max = LARGEST},
    {.name = NULL},
};

static const struct ug_op adaptive_avg_pool2d = {
    .name = "adaptive_avg_pool2d",
    .summary = "The means of output_size bins that cover the picture evenly.",
    .formula = "bin i of n spans rows floor(i H / n) up to, not including, ceil((i + 1) H / n)",
    .example = "unitgraph: 1\n"
               "inputs: {x: [1, 2, 5, 7]}\n"
               "graph: {y: 'adaptive_avg_pool2d(x, [2, 3])'}\n",
    .args = adaptive_avg_pool2d_args,
    .attrs_size = sizeof(struct ug_resample),
    .build = adaptive_avg_pool2d_build,
    .infer = resample_infer,
    .run = resample_run,
    .scratch = resample_scratch,
    .gradient = resample_gradient,
    .flops = resample_flops,
    .per_sample = 1,
};

/* ---- pixel_shuffle: two moves of axes ---- */

struct pixel_shuffle {
    int64_t upscale_factor;
};

static struct ug_node *pixel_shuffle_build(struct ug_call *c)
{
    const int64_t r = ((const struct pixel_shuffle *)c->attrs)->upscale_factor;
    int64_t input[2];
    struct ug_node *x = picture(c, input);
    struct ug_node *blocks;
    int64_t n, channels;

    if (!x)
        return NULL;
    n = x->type.shape.dim[0];
    channels = x->type.shape.dim[1] / (r * r);
    if (channels * r * r != x->type.shape.dim[1])
        return ug_call_fail(c, "%lld channels are no multiple of upscale_factor squared, %lld",
                            (long long)x->type.shape.dim[1], (long long)(r * r));
    blocks = ug_reshape(c->b, x, UG_SHAPE(n, channels, r, r, input[0], input[1]));
    blocks = ug_permute(c->b, blocks, UG_AXES(0, 1, 4, 2, 5, 3));
    return ug_reshape(c->b, blocks, UG_SHAPE(n, channels, input[0] * r, input[1] * r));
}

static const struct ug_arg pixel_shuffle_args[] = {
    {.name = "x", .doc = "[N, C r^2, H, W]", .type = UG_TENSOR},
    {.name = "upscale_factor",
     .doc = "r: the result is [N, C, H r, W r]",
     .type = UG_INT,
     .offset = offsetof(struct pixel_shuffle, upscale_factor),
     .min = 1,
     .max = 1024},
    {.name = NULL},
};

static const struct ug_op pixel_shuffle = {
    .name = "pixel_shuffle",
    .summary = "Spreads groups of channels over space (Shi et al. 2016, sub-pixel convolution).",
    .formula = "y[n, c, h r + i, w r + j] = x[n, c r^2 + i r + j, h, w]",
    .example = "unitgraph: 1\n"
               "inputs: {x: [1, 8, 2, 3]}\n"
               "graph: {y: 'pixel_shuffle(x, 2)'}\n",
    .args = pixel_shuffle_args,
    .attrs_size = sizeof(struct pixel_shuffle),
    .build = pixel_shuffle_build,
};

static const struct ug_op *const ops[] = {
    &upsample, &avg_pool2d, &adaptive_avg_pool2d, &pixel_shuffle, &resample_adjoint, NULL,
};

const struct ug_op_family ug_family_resample = {"resampling", ops};
