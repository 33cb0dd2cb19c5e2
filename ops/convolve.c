/* convolve.c -- convolve, convolve_input and convolve_weight: see convolve.h. */
#include "ops/convolve.h"

#include <stdio.h>

#include "ops/resample.h"

int64_t ug_convolve_size(const struct ug_convolve_attrs *a, int axis, int64_t picture,
                         int64_t kernel)
{
    const int64_t room = picture + 2 * a->padding[axis] - a->dilation[axis] * (kernel - 1) - 1;

    return room < 0 ? 0 : room / a->stride[axis] + 1;
}

static bool refuse(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(char *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, UG_ERROR_TEXT, format, args);
    va_end(args);
    return false;
}

/* Four axes of float32, none of them empty but the batch. */
static bool is_pictures(const struct ug_type *t, const char *what, const char *axes, char *error)
{
    char shape[UG_SHAPE_TEXT];
    bool good = t->dtype == UG_F32 && t->shape.rank == 4;

    for (int i = 1; i < t->shape.rank; i++)
        good &= t->shape.dim[i] > 0;
    return good || refuse(error, "%s must be float32 %s, not %s %s", what, axes,
                          ug_dtype_name(t->dtype), ug_shape_text(&t->shape, shape));
}

/* Kernels lay pictures into frames as large as taps can reach; these must be countable. */
static bool has_room(const struct ug_convolve_attrs *a, const struct ug_shape *x,
                     const struct ug_shape *w, char *error)
{
    const int64_t channels = x->dim[1] > w->dim[0] ? x->dim[1] : w->dim[0];
    struct ug_shape framed = UG_SHAPE(x->dim[0], channels, 0, 0);

    for (int d = 0; d < 2; d++)
        framed.dim[2 + d] =
            x->dim[2 + d] + 2 * a->padding[d] + 2 * a->dilation[d] * (w->dim[2 + d] - 1);
    return ug_shape_valid(&framed) ||
           refuse(error, "with padding and dilation, pictures would have more than 2^40 elements");
}

bool ug_convolve_fits(const struct ug_convolve_attrs *a, const struct ug_type *x,
                      const struct ug_type *w, char *error)
{
    const int64_t *xs = x->shape.dim, *ws = w->shape.dim;

    if (!is_pictures(x, "the input", "[N, C, H, W]", error) ||
        !is_pictures(w, "the weight", "[out, in / groups, kernel h, kernel w]", error))
        return false;
    if (xs[1] % a->groups != 0 || ws[0] % a->groups != 0)
        return refuse(error,
                      "%lld channels in and %lld out cannot both be divided into %lld groups",
                      (long long)xs[1], (long long)ws[0], (long long)a->groups);
    if (xs[1] / a->groups != ws[1])
        return refuse(error, "the weight is for %lld input channels, but the input has %lld",
                      (long long)(ws[1] * a->groups), (long long)xs[1]);
    for (int d = 0; d < 2; d++)
        if (ws[2 + d] > UG_CONVOLVE_LIMIT)
            return refuse(error, "a kernel may have at most 2^20 rows or columns, not %lld",
                          (long long)ws[2 + d]);
    for (int d = 0; d < 2; d++)
        if (ug_convolve_size(a, d, (a->doubled ? 2 : 1) * xs[2 + d], ws[2 + d]) < 1)
            return refuse(
                error, "kernel %lldx%lld%s does not fit into the padded picture %lldx%lld",
                (long long)(a->dilation[0] * (ws[2] - 1) + 1),
                (long long)(a->dilation[1] * (ws[3] - 1) + 1),
                a->dilation[0] > 1 || a->dilation[1] > 1 ? " (with dilation)" : "",
                (long long)(xs[2] + 2 * a->padding[0]), (long long)(xs[3] + 2 * a->padding[1]));
    return has_room(a, &x->shape, &w->shape, error);
}

/* ---- Shapes and kernels ---- */

/* The shape of pictures of `size`. */
static struct ug_type pictures(int64_t n, int64_t channels, const int64_t size[2])
{
    return (struct ug_type){UG_F32, UG_SHAPE(n, channels, size[0], size[1])};
}

static bool infer_convolve(struct ug_inference *t)
{
    const struct ug_convolve_attrs *a = t->attrs;

    t->out = pictures(t->in[0].shape.dim[0], t->in[1].shape.dim[0], a->size);
    return ug_convolve_fits(a, &t->in[0], &t->in[1], t->error);
}

static bool infer_input(struct ug_inference *t)
{
    const struct ug_convolve_attrs *a = t->attrs;

    t->out = pictures(t->in[0].shape.dim[0], t->in[1].shape.dim[1] * a->groups, a->size);
    return ug_convolve_fits(a, &t->out, &t->in[1], t->error);
}

static bool infer_weight(struct ug_inference *t)
{
    const struct ug_convolve_attrs *a = t->attrs;

    t->out = pictures(t->in[1].shape.dim[1], t->in[0].shape.dim[1] / a->groups, a->size);
    return ug_convolve_fits(a, &t->in[0], &t->out, t->error);
}

static struct ug_conv conv_of(const struct ug_convolve_attrs *a, const struct ug_shape *x,
                              const struct ug_shape *w, const struct ug_shape *y)
{
    struct ug_conv c = {.batch = x->dim[0],
                        .groups = a->groups,
                        .c = w->dim[1],
                        .o = w->dim[0] / a->groups,
                        .edges = (enum ug_edges)a->edges,
                        .doubled = a->doubled,
                        .tile = ug_tile_best()};

    for (int d = 0; d < 2; d++) {
        c.in[d] = x->dim[2 + d];
        c.out[d] = y->dim[2 + d];
        c.kernel[d] = w->dim[2 + d];
        c.stride[d] = a->stride[d];
        c.padding[d] = a->padding[d];
        c.dilation[d] = a->dilation[d];
    }
    return c;
}

struct ug_conv ug_convolve_conv(enum ug_conv_side side, const void *attrs, const struct ug_type *in,
                                const struct ug_type *out)
{
    const struct ug_shape *x = &in[0].shape, *w = &in[1].shape, *y = &out->shape;

    if (side == UG_CONV_INPUT) {
        x = &out->shape;
        y = &in[0].shape;
    } else if (side == UG_CONV_WEIGHT) {
        w = &out->shape;
        y = &in[1].shape;
    }
    return conv_of(attrs, x, w, y);
}

static size_t scratch(enum ug_conv_side side, const void *attrs, const struct ug_type *in,
                      const struct ug_type *out)
{
    const struct ug_conv c = ug_convolve_conv(side, attrs, in, out);

    return ug_conv_scratch(&c, side, ug_conv_choose(&c, side));
}

static void run(enum ug_conv_side side, const struct ug_kernel *k)
{
    const struct ug_type in[2] = {{k->in[0].dtype, k->in[0].shape},
                                  {k->in[1].dtype, k->in[1].shape}};
    const struct ug_type out = {k->out.dtype, k->out.shape};
    struct ug_conv c = ug_convolve_conv(side, k->attrs, in, &out);

    c.adds = k->adds;
    if (k->reading) {
        *(side == UG_CONV_INPUT ? &c.read_y : &c.read_x) = k->reading[0];
        if (side == UG_CONV_WEIGHT)
            c.read_y = k->reading[1];
    }
    ug_conv_run(&c, side, ug_conv_choose(&c, side), k->in[0].data, k->in[1].data, k->out.data,
                k->scratch);
}

/* Pictures may be read through others, weights not. */
static unsigned reads(enum ug_conv_side side, const void *attrs, const struct ug_type *in,
                      const struct ug_type *out)
{
    const struct ug_conv c = ug_convolve_conv(side, attrs, in, out);

    if (!ug_conv_reads(ug_conv_choose(&c, side)))
        return 0;
    return side == UG_CONV_WEIGHT ? 3 : 1;
}

static double flops(enum ug_conv_side side, const void *attrs, const struct ug_type *in,
                    const struct ug_type *out)
{
    const struct ug_conv c = ug_convolve_conv(side, attrs, in, out);

    return 2.0 * (double)(c.batch * c.groups * c.o * c.out[0] * c.out[1]) *
           (double)(c.c * c.kernel[0] * c.kernel[1]);
}

/* The callbacks of the op that computes one side. */
#define CALLBACKS(name, SIDE)                                                                      \
    static size_t scratch_##name(const void *attrs, const struct ug_type *in,                      \
                                 const struct ug_type *out)                                        \
    {                                                                                              \
        return scratch(SIDE, attrs, in, out);                                                      \
    }                                                                                              \
    static void run_##name(const struct ug_kernel *k)                                              \
    {                                                                                              \
        run(SIDE, k);                                                                              \
    }                                                                                              \
    static unsigned reads_##name(const void *attrs, const struct ug_type *in,                      \
                                 const struct ug_type *out)                                        \
    {                                                                                              \
        return reads(SIDE, attrs, in, out);                                                        \
    }                                                                                              \
    static double flops_##name(const void *attrs, const struct ug_type *in,                        \
                               const struct ug_type *out)                                          \
    {                                                                                              \
        return flops(SIDE, attrs, in, out);                                                        \
    }

CALLBACKS(forward, UG_CONV_FORWARD)
CALLBACKS(input, UG_CONV_INPUT)
CALLBACKS(weight, UG_CONV_WEIGHT)

static bool weight_adds(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const struct ug_conv c = ug_convolve_conv(UG_CONV_WEIGHT, attrs, in, out);

    return ug_conv_can_add(&c, UG_CONV_WEIGHT, ug_conv_choose(&c, UG_CONV_WEIGHT));
}

/* ---- Gradients ---- */

/* One of the three, with the other settings those of `like`, for a result of the size of `to`. */
static struct ug_node *emit_side(struct ug_builder *b, const struct ug_op *op,
                                 const struct ug_node *like, const struct ug_node *to,
                                 struct ug_node *first, struct ug_node *second)
{
    struct ug_convolve_attrs a = *(const struct ug_convolve_attrs *)like->attrs;

    a.size[0] = to->type.shape.dim[2];
    a.size[1] = to->type.shape.dim[3];
    return ug_emit(b, op, &a, (struct ug_node *[]){first, second}, 2);
}

static void convolve_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                              const bool *wanted, struct ug_node **dx)
{
    struct ug_node *x = y->in[0], *w = y->in[1];

    if (wanted[0])
        dx[0] = emit_side(b, &ug_op_convolve_input, y, x, dy, w);
    if (wanted[1])
        dx[1] = emit_side(b, &ug_op_convolve_weight, y, w, x, dy);
}

/* Of y = convolve_input(g, w): dg = convolve(dy, w), dw = convolve_weight(dy, g). */
static void input_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                           const bool *wanted, struct ug_node **dx)
{
    struct ug_node *g = y->in[0], *w = y->in[1];

    if (wanted[0])
        dx[0] = emit_side(b, &ug_op_convolve, y, g, dy, w);
    if (wanted[1])
        dx[1] = emit_side(b, &ug_op_convolve_weight, y, w, dy, g);
}

/* Of y = convolve_weight(x, g): dx = convolve_input(g, dy), dg = convolve(x, dy). */
static void weight_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                            const bool *wanted, struct ug_node **dx)
{
    struct ug_node *x = y->in[0], *g = y->in[1];

    if (wanted[0])
        dx[0] = emit_side(b, &ug_op_convolve_input, y, x, g, dy);
    if (wanted[1])
        dx[1] = emit_side(b, &ug_op_convolve, y, g, x, dy);
}

/* ---- After nearest upsampling by two ---- */

/* The settings of n for a picture that is doubled in the kernel; false if there is none for that. */
static bool doubled_settings(enum ug_conv_side side, const struct ug_node *n,
                             const struct ug_type *in, struct ug_convolve_attrs *a)
{
    struct ug_type out = n->type;
    struct ug_conv c;

    *a = *(const struct ug_convolve_attrs *)n->attrs;
    if (a->doubled)
        return false;
    a->doubled = 1;
    for (int d = 0; side == UG_CONV_INPUT && d < 2; d++)
        out.shape.dim[2 + d] = a->size[d] /= 2;
    c = ug_convolve_conv(side, a, in, &out);
    return ug_conv_fits(&c, side, UG_CONV_DOUBLED);
}

static struct ug_node *simplify_upsampled(enum ug_conv_side side, struct ug_builder *b,
                                          const struct ug_node *n)
{
    struct ug_node *x = ug_upsampled_by_two(n->in[0]);
    struct ug_convolve_attrs a;

    if (!x || !doubled_settings(side, n, (struct ug_type[]){x->type, n->in[1]->type}, &a))
        return NULL;
    return ug_emit(b, n->op, &a, (struct ug_node *[]){x, n->in[1]}, 2);
}

static struct ug_node *convolve_simplify(struct ug_builder *b, const struct ug_node *n)
{
    return simplify_upsampled(UG_CONV_FORWARD, b, n);
}

static struct ug_node *weight_simplify(struct ug_builder *b, const struct ug_node *n)
{
    return simplify_upsampled(UG_CONV_WEIGHT, b, n);
}

struct ug_node *ug_convolve_input_doubled(struct ug_builder *b, const struct ug_node *n)
{
    struct ug_convolve_attrs a;

    if (!doubled_settings(UG_CONV_INPUT, n, (struct ug_type[]){n->in[0]->type, n->in[1]->type}, &a))
        return NULL;
    return ug_emit(b, n->op, &a, n->in, 2);
}

const struct ug_op ug_op_convolve = {
    .name = "convolve",
    .summary = "Convolution with a given weight.",
    .formula = "y[n, o, i, j] = sum over c, s, t of "
               "x[n, c, i*stride - padding + s*dilation, ...] * w[o, c, s, t]",
    .attrs_size = sizeof(struct ug_convolve_attrs),
    .internal = true,
    .infer = infer_convolve,
    .run = run_forward,
    .scratch = scratch_forward,
    .reads = reads_forward,
    .ways = &ug_convolve_ways[UG_CONV_FORWARD],
    .gradient = convolve_gradient,
    .simplify = convolve_simplify,
    .per_sample = 1,
    .flops = flops_forward,
};

const struct ug_op ug_op_convolve_input = {
    .name = "convolve_input",
    .summary =
        "The gradient of a convolution to its input, which is also a transposed convolution.",
    .formula = "dx[n, c, ...] = sum over o, s, t of dy[n, o, i, j] * w[o, c, s, t], "
               "where i*stride - padding + s*dilation is the row of dx",
    .attrs_size = sizeof(struct ug_convolve_attrs),
    .internal = true,
    .infer = infer_input,
    .run = run_input,
    .scratch = scratch_input,
    .reads = reads_input,
    .ways = &ug_convolve_ways[UG_CONV_INPUT],
    .gradient = input_gradient,
    .per_sample = 1,
    .flops = flops_input,
};

const struct ug_op ug_op_convolve_weight = {
    .name = "convolve_weight",
    .summary = "The gradient of a convolution to its weight.",
    .formula = "dw[o, c, s, t] = sum over n, i, j of "
               "dy[n, o, i, j] * x[n, c, i*stride - padding + s*dilation, ...]",
    .attrs_size = sizeof(struct ug_convolve_attrs),
    .internal = true,
    .infer = infer_weight,
    .run = run_weight,
    .scratch = scratch_weight,
    .reads = reads_weight,
    .ways = &ug_convolve_ways[UG_CONV_WEIGHT],
    .gradient = weight_gradient,
    .simplify = weight_simplify,
    .adds = weight_adds,
    .sums_samples = 3,
    .flops = flops_weight,
};
