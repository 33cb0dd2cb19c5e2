/* conv.c -- conv2d and conv_transpose2d. */
#include <string.h>

#include "ops/convolve.h"
#include "ops/emit.h"
#include "ops/layer.h"
#include "ops/spectral.h"

/* In the order of enum ug_edges. */
static const char *const padding_modes[] = {"zeros", "reflect", "replicate", NULL};

static const char *const sizes[] = {"out_channels", "kernel_size", NULL};

/* Arguments that both layers have; `layer` is the struct of its settings. */
#define OUT_CHANNELS_ARG(layer)                                                                    \
    {                                                                                              \
        .name = "out_channels", .doc = "channels of the result", .type = UG_INT,                   \
        .offset = offsetof(struct layer, out_channels), .initial = "none", .min = 1,               \
        .max = UG_CONVOLVE_LIMIT                                                                   \
    }
#define KERNEL_ARG(layer)                                                                          \
    {                                                                                              \
        .name = "kernel_size", .doc = "rows and columns of the kernel", .type = UG_PAIR,           \
        .offset = offsetof(struct layer, kernel), .initial = "none", .min = 1,                     \
        .max = UG_CONVOLVE_LIMIT                                                                   \
    }
#define DILATION_ARG(layer)                                                                        \
    {                                                                                              \
        .name = "dilation", .doc = "pixels from one tap of the kernel to the next",                \
        .type = UG_PAIR, .offset = offsetof(struct layer, dilation), .initial = "1", .min = 1,     \
        .max = UG_CONVOLVE_LIMIT                                                                   \
    }
#define GROUPS_ARG(layer)                                                                          \
    {                                                                                              \
        .name = "groups", .doc = "channels stand in so many groups that do not mix",               \
        .type = UG_INT, .offset = offsetof(struct layer, groups), .initial = "1", .min = 1,        \
        .max = UG_CONVOLVE_LIMIT                                                                   \
    }
#define BIAS_ARG(layer)                                                                            \
    {                                                                                              \
        .name = "bias",                                                                            \
        .doc = "adds a number to each channel: true, false, or the tensor [out_channels] to use",  \
        .type = UG_BIAS, .offset = offsetof(struct layer, bias), .initial = "true"                 \
    }

/* ---- conv2d ---- */

struct conv2d {
    int64_t out_channels, kernel[2], stride[2], padding[2], dilation[2], groups;
    int padding_mode;
    bool bias, spectral_norm;
};

static const struct ug_arg conv2d_args[] = {
    {.name = "x", .doc = "pictures [N, C, H, W]", .type = UG_TENSOR},
    OUT_CHANNELS_ARG(conv2d),
    KERNEL_ARG(conv2d),
    {.name = "stride",
     .doc = "pixels from one place of the kernel to the next",
     .type = UG_PAIR,
     .offset = offsetof(struct conv2d, stride),
     .initial = "1",
     .min = 1,
     .max = UG_CONVOLVE_LIMIT},
    {.name = "padding",
     .doc = "pixels added on each side",
     .type = UG_PAIR,
     .offset = offsetof(struct conv2d, padding),
     .initial = "0",
     .max = UG_CONVOLVE_LIMIT},
    DILATION_ARG(conv2d),
    GROUPS_ARG(conv2d),
    BIAS_ARG(conv2d),
    {.name = "padding_mode",
     .doc = "what is added: zeros, the picture mirrored, or its border repeated",
     .type = UG_WORD,
     .offset = offsetof(struct conv2d, padding_mode),
     .initial = "zeros",
     .words = padding_modes},
    {.name = "weight",
     .doc = "a tensor [out, C / groups, kernel h, kernel w] in place of the layer's own weight",
     .type = UG_TENSOR,
     .initial = "none",
     .keyword = true},
    UG_SPECTRAL_NORM_ARG(offsetof(struct conv2d, spectral_norm)),
    {.name = NULL},
};

/* Whether the picture is large enough to be mirrored; else an error. */
static bool can_reflect(struct ug_call *c, const struct ug_node *x)
{
    const struct conv2d *s = c->attrs;

    for (int d = 0; d < 2; d++) {
        const int64_t padding = s->padding[d], extent = x->type.shape.dim[2 + d];

        if (padding >= extent) {
            ug_call_fail(c,
                         "padding %lld by reflection needs more than %lld %s, but the picture has "
                         "%lld",
                         (long long)padding, (long long)padding, d ? "columns" : "rows",
                         (long long)extent);
            return false;
        }
    }
    return true;
}

static struct ug_node *conv2d_weight(struct ug_call *c, int64_t channels)
{
    const struct conv2d *s = c->attrs;
    struct ug_node *w = NULL;

    if (!ug_layer_sized(c, sizes))
        return NULL;
    if (!ug_call_tensor(c, "weight") && (channels % s->groups || s->out_channels % s->groups))
        return ug_call_fail(c,
                            "%lld channels in and %lld out cannot both be divided into %lld groups",
                            (long long)channels, (long long)s->out_channels, (long long)s->groups);
    w = ug_layer_weight(
        c, UG_SHAPE(s->out_channels, channels / s->groups, s->kernel[0], s->kernel[1]));
    return s->spectral_norm ? ug_spectral_norm(c, w) : w;
}

static struct ug_node *conv2d_build(struct ug_call *c)
{
    const struct conv2d *s = c->attrs;
    struct ug_convolve_attrs a = {.groups = s->groups, .edges = s->padding_mode};
    struct ug_node *x = ug_call_tensor(c, "x"), *w;
    char error[UG_ERROR_TEXT];

    if (!x)
        return NULL;
    if (x->type.shape.rank != 4)
        return ug_call_fail(c, "the input must be [N, C, H, W], not of %d axes",
                            x->type.shape.rank);
    w = conv2d_weight(c, x->type.shape.dim[1]);
    if (!w || (s->padding_mode == UG_EDGES_REFLECT && !can_reflect(c, x)))
        return NULL;
    for (int d = 0; d < 2; d++) {
        a.stride[d] = s->stride[d];
        a.dilation[d] = s->dilation[d];
        a.padding[d] = s->padding[d];
    }
    if (!ug_convolve_fits(&a, &x->type, &w->type, error))
        return ug_call_fail(c, "%s", error);
    for (int d = 0; d < 2; d++)
        a.size[d] = ug_convolve_size(&a, d, x->type.shape.dim[2 + d], w->type.shape.dim[2 + d]);
    return ug_layer_bias(c, ug_emit(c->b, &ug_op_convolve, &a, (struct ug_node *[]){x, w}, 2), 1,
                         s->bias, w);
}

static const struct ug_op conv2d = {
    .name = "conv2d",
    .summary = "Convolution of pictures with learnt kernels.",
    .formula =
        "y[n, o, i, j] = bias[o] + sum over c, s, t of weight[o, c, s, t] * "
        "x[n, c, i*stride - padding + s*dilation, j*stride - padding + t*dilation]; "
        "weight: uniform in +-1/sqrt(C/groups * kh * kw) at first, as in PyTorch, and bias too",
    .example = "unitgraph: 1\n"
               "inputs: {x: [1, 3, 6, 6]}\n"
               "graph: {y: 'conv2d(x, 4, 3, stride=2, padding=1, padding_mode=reflect)'}\n",
    .args = conv2d_args,
    .attrs_size = sizeof(struct conv2d),
    .has_parameters = true,
    .plain_init = true,
    .build = conv2d_build,
};

/* ---- conv_transpose2d ---- */

struct conv_transpose2d {
    int64_t out_channels, kernel[2], stride[2], padding[2], output_padding[2], dilation[2], groups;
    bool bias;
};

static const struct ug_arg conv_transpose2d_args[] = {
    {.name = "x", .doc = "pictures [N, C, H, W]", .type = UG_TENSOR},
    OUT_CHANNELS_ARG(conv_transpose2d),
    KERNEL_ARG(conv_transpose2d),
    {.name = "stride",
     .doc = "pixels of the result from one pixel of x to the next",
     .type = UG_PAIR,
     .offset = offsetof(struct conv_transpose2d, stride),
     .initial = "1",
     .min = 1,
     .max = UG_CONVOLVE_LIMIT},
    {.name = "padding",
     .doc = "pixels cut off the result on each side",
     .type = UG_PAIR,
     .offset = offsetof(struct conv_transpose2d, padding),
     .initial = "0",
     .max = UG_CONVOLVE_LIMIT},
    {.name = "output_padding",
     .doc = "rows and columns added at the bottom and right, fewer than stride or "
            "dilation",
     .type = UG_PAIR,
     .offset = offsetof(struct conv_transpose2d, output_padding),
     .initial = "0",
     .max = UG_CONVOLVE_LIMIT},
    DILATION_ARG(conv_transpose2d),
    GROUPS_ARG(conv_transpose2d),
    BIAS_ARG(conv_transpose2d),
    {.name = "weight",
     .doc = "a tensor [C, out / groups, kernel h, kernel w] in place of the layer's own weight",
     .type = UG_TENSOR,
     .initial = "none",
     .keyword = true},
    {.name = NULL},
};

static struct ug_node *transpose_weight(struct ug_call *c, int64_t channels)
{
    const struct conv_transpose2d *s = c->attrs;

    if (!ug_layer_sized(c, sizes))
        return NULL;
    if (!ug_call_tensor(c, "weight") && (channels % s->groups || s->out_channels % s->groups))
        return ug_call_fail(c,
                            "%lld channels in and %lld out cannot both be divided into %lld groups",
                            (long long)channels, (long long)s->out_channels, (long long)s->groups);
    return ug_layer_weight(
        c, UG_SHAPE(channels, s->out_channels / s->groups, s->kernel[0], s->kernel[1]));
}

/* Sets a->size to rows and columns of the result. */
static bool transpose_size(struct ug_call *c, const struct ug_node *x, const struct ug_node *w,
                           struct ug_convolve_attrs *a)
{
    const struct conv_transpose2d *s = c->attrs;

    for (int d = 0; d < 2; d++) {
        const int64_t most = s->stride[d] > s->dilation[d] ? s->stride[d] : s->dilation[d];

        if (s->output_padding[d] >= most)
            return ug_call_fail(c,
                                "output_padding %lld must be smaller than the stride %lld or the "
                                "dilation %lld",
                                (long long)s->output_padding[d], (long long)s->stride[d],
                                (long long)s->dilation[d]);
        a->size[d] = (x->type.shape.dim[2 + d] - 1) * s->stride[d] - 2 * s->padding[d] +
                     s->dilation[d] * (w->type.shape.dim[2 + d] - 1) + s->output_padding[d] + 1;
        if (a->size[d] < 1)
            return ug_call_fail(c, "padding %lld cuts the whole result off: it would have %lld %s",
                                (long long)s->padding[d], (long long)a->size[d],
                                d ? "columns" : "rows");
    }
    return true;
}

static struct ug_node *conv_transpose2d_build(struct ug_call *c)
{
    const struct conv_transpose2d *s = c->attrs;
    struct ug_convolve_attrs a = {.groups = s->groups};
    struct ug_node *x = ug_call_tensor(c, "x"), *w;
    char error[UG_ERROR_TEXT];
    struct ug_type y;

    if (!x)
        return NULL;
    if (x->type.shape.rank != 4 || x->type.shape.dim[2] < 1 || x->type.shape.dim[3] < 1)
        return ug_call_fail(c, "the input must be pictures [N, C, H, W]");
    w = transpose_weight(c, x->type.shape.dim[1]);
    if (!w)
        return NULL;
    if (w->type.shape.rank != 4 || w->type.shape.dim[0] != x->type.shape.dim[1])
        return ug_call_fail(c, "the weight must be [%lld, out / groups, kernel h, kernel w]",
                            (long long)x->type.shape.dim[1]);
    if (!transpose_size(c, x, w, &a))
        return NULL;
    for (int d = 0; d < 2; d++) {
        a.stride[d] = s->stride[d];
        a.dilation[d] = s->dilation[d];
        a.padding[d] = s->padding[d];
    }
    y = (struct ug_type){UG_F32, UG_SHAPE(x->type.shape.dim[0], w->type.shape.dim[1] * s->groups,
                                          a.size[0], a.size[1])};
    if (!ug_shape_valid(&y.shape))
        return ug_call_fail(c, "the result would have more than 2^40 elements");
    if (!ug_convolve_fits(&a, &y, &w->type, error))
        return ug_call_fail(c, "%s", error);
    return ug_layer_bias(c, ug_emit(c->b, &ug_op_convolve_input, &a, (struct ug_node *[]){x, w}, 2),
                         1, s->bias, w);
}

static const struct ug_op conv_transpose2d = {
    .name = "conv_transpose2d",
    .summary =
        "Transposed convolution: the gradient of conv2d to its input, which makes pictures larger.",
    .formula =
        "y[n, o, i*stride - padding + s*dilation, …] collects weight[c, o, s, t] * x[n, c, i, j], "
        "plus bias[o]; rows: (H-1)*stride - 2*padding + dilation*(kh-1) + output_padding + 1",
    .example = "unitgraph: 1\n"
               "inputs: {x: [1, 4, 3, 3]}\n"
               "graph: {y: 'conv_transpose2d(x, 3, 4, stride=2, padding=1)'}\n",
    .args = conv_transpose2d_args,
    .attrs_size = sizeof(struct conv_transpose2d),
    .has_parameters = true,
    .plain_init = true,
    .build = conv_transpose2d_build,
};

static const struct ug_op *const ops[] = {
    &conv2d, &conv_transpose2d, &ug_op_convolve, &ug_op_convolve_input, &ug_op_convolve_weight,
    NULL,
};

const struct ug_op_family ug_family_conv = {"layers", ops};
