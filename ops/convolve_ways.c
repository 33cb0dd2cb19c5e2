/* convolve_ways.c -- the algorithms of convolutions as `unitgraph bench --kernels` sees them, and the
 * shapes that it times: layers of image-translation networks. */
#include <stdio.h>
#include <string.h>

#include "ops/convolve.h"

/* ---- Algorithms ---- */

static int list(enum ug_conv_side side, const struct ug_conv *c, struct ug_way ways[UG_MOST_WAYS])
{
    const enum ug_conv_algorithm best = ug_conv_choose(c, side);
    int n = 0;

    for (enum ug_conv_algorithm a = 0; a < UG_N_CONV_ALGORITHMS; a++)
        if (ug_conv_fits(c, side, a))
            ways[n++] = (struct ug_way){.id = (int)a,
                                        .name = ug_conv_algorithm_name(a),
                                        .seconds = ug_conv_seconds(c, side, a),
                                        .scratch = ug_conv_scratch(c, side, a),
                                        .taken = a == best};
    return n;
}

static void run(enum ug_conv_side side, const struct ug_kernel *k, int id)
{
    const struct ug_type in[2] = {{k->in[0].dtype, k->in[0].shape},
                                  {k->in[1].dtype, k->in[1].shape}};
    const struct ug_type out = {k->out.dtype, k->out.shape};
    const struct ug_conv c = ug_convolve_conv(side, k->attrs, in, &out);

    ug_conv_run(&c, side, (enum ug_conv_algorithm)id, k->in[0].data, k->in[1].data, k->out.data,
                k->scratch);
}

static void append(char text[UG_WAY_TEXT], const char *word)
{
    const size_t n = strlen(text);

    snprintf(text + n, UG_WAY_TEXT - n, " %s", word);
}

/* Appends " NAME V" where a pair of settings is not the usual one. */
static void describe_pair(char text[UG_WAY_TEXT], const char *name, const int64_t v[2],
                          int64_t usual)
{
    const size_t n = strlen(text);

    if (v[0] != v[1])
        snprintf(text + n, UG_WAY_TEXT - n, " %s %lldx%lld", name, (long long)v[0],
                 (long long)v[1]);
    else if (v[0] != usual)
        snprintf(text + n, UG_WAY_TEXT - n, " %s %lld", name, (long long)v[0]);
}

static void describe(const struct ug_conv *c, char text[UG_WAY_TEXT])
{
    snprintf(text, UG_WAY_TEXT, "%lldx%lld %lld->%lld @%lldx%lld", (long long)c->kernel[0],
             (long long)c->kernel[1], (long long)(c->groups * c->c), (long long)(c->groups * c->o),
             (long long)c->in[0], (long long)c->in[1]);
    if (c->doubled)
        append(text, "doubled");
    describe_pair(text, "batch", (int64_t[]){c->batch, c->batch}, 1);
    describe_pair(text, "stride", c->stride, 1);
    describe_pair(text, "padding", c->padding, 0);
    describe_pair(text, "dilation", c->dilation, 1);
    describe_pair(text, "groups", (int64_t[]){c->groups, c->groups}, 1);
    if (c->edges)
        append(text, c->edges == UG_EDGES_REFLECT ? "reflect" : "replicate");
}

/* ---- Shapes ---- */

/* Pictures of `size` rows and columns; padding as the layers of such networks have it. */
static const struct {
    int64_t kernel, stride, padding, c, o, size, batch, doubled;
} samples[] = {
    /* residual blocks */
    {3, 1, 1, 256, 256, 64, 1, 0},
    {3, 1, 1, 256, 256, 32, 1, 0},
    {3, 1, 1, 256, 256, 16, 1, 0},
    {3, 1, 1, 256, 256, 8, 1, 0},
    {3, 1, 1, 128, 128, 32, 1, 0},
    {3, 1, 1, 128, 128, 8, 8, 0},
    {3, 1, 1, 64, 64, 16, 1, 0},
    {3, 1, 1, 64, 64, 16, 8, 0},
    /* down by two; their input side is a transposed convolution */
    {4, 2, 1, 64, 128, 128, 1, 0},
    {4, 2, 1, 128, 256, 64, 1, 0},
    {4, 2, 1, 32, 64, 32, 8, 0},
    {4, 2, 1, 64, 128, 16, 8, 0},
    /* first and last layers */
    {7, 1, 3, 3, 64, 128, 1, 0},
    {7, 1, 3, 64, 3, 128, 1, 0},
    {7, 1, 3, 3, 32, 32, 8, 0},
    {7, 1, 3, 32, 3, 32, 8, 0},
    /* after upsampling */
    {5, 1, 2, 256, 128, 64, 1, 0},
    {5, 1, 2, 256, 128, 32, 1, 1},
    /* discriminators */
    {4, 2, 1, 3, 64, 128, 1, 0},
    {4, 2, 1, 3, 64, 64, 1, 0},
    {4, 2, 1, 64, 128, 64, 1, 0},
    {4, 2, 1, 128, 256, 32, 1, 0},
    {4, 2, 1, 256, 512, 16, 1, 0},
    {4, 2, 1, 256, 512, 8, 8, 0},
    {3, 1, 1, 512, 1, 8, 1, 0},
    {1, 1, 0, 512, 1, 8, 1, 0},
    {1, 1, 0, 256, 256, 32, 1, 0},
    /* a linear layer */
    {1, 1, 0, 512, 256, 1, 64, 0},
};

enum { N_SAMPLES = sizeof samples / sizeof *samples };

static int sample(enum ug_conv_side side, int i, void *attrs, struct ug_type *in)
{
    struct ug_convolve_attrs *a = attrs;

    if (i >= N_SAMPLES)
        return 0;
    const int64_t k = samples[i].kernel, size = samples[i].size;
    a->groups = 1;
    a->doubled = samples[i].doubled;
    for (int d = 0; d < 2; d++) {
        a->stride[d] = samples[i].stride;
        a->padding[d] = samples[i].padding;
        a->dilation[d] = 1;
    }
    const int64_t out = ug_convolve_size(a, 0, a->doubled ? 2 * size : size, k);
    const struct ug_type x = {UG_F32, UG_SHAPE(samples[i].batch, samples[i].c, size, size)};
    const struct ug_type w = {UG_F32, UG_SHAPE(samples[i].o, samples[i].c, k, k)};
    const struct ug_type y = {UG_F32, UG_SHAPE(samples[i].batch, samples[i].o, out, out)};
    in[0] = side == UG_CONV_INPUT ? y : x;
    in[1] = side == UG_CONV_WEIGHT ? y : w;
    for (int d = 0; d < 2; d++)
        a->size[d] = side == UG_CONV_FORWARD ? out : side == UG_CONV_INPUT ? size : k;
    return 2;
}

/* ---- By side ---- */

#define CALLBACKS(name, SIDE)                                                                      \
    static int list_##name(const void *attrs, const struct ug_type *in, const struct ug_type *out, \
                           struct ug_way ways[UG_MOST_WAYS])                                       \
    {                                                                                              \
        const struct ug_conv c = ug_convolve_conv(SIDE, attrs, in, out);                           \
        return list(SIDE, &c, ways);                                                               \
    }                                                                                              \
    static void run_##name(const struct ug_kernel *k, int id)                                      \
    {                                                                                              \
        run(SIDE, k, id);                                                                          \
    }                                                                                              \
    static void describe_##name(const void *attrs, const struct ug_type *in,                       \
                                const struct ug_type *out, char text[UG_WAY_TEXT])                 \
    {                                                                                              \
        const struct ug_conv c = ug_convolve_conv(SIDE, attrs, in, out);                           \
        describe(&c, text);                                                                        \
    }                                                                                              \
    static int sample_##name(int i, void *attrs, struct ug_type in[UG_WAY_INPUTS])                 \
    {                                                                                              \
        return sample(SIDE, i, attrs, in);                                                         \
    }

CALLBACKS(forward, UG_CONV_FORWARD)
CALLBACKS(input, UG_CONV_INPUT)
CALLBACKS(weight, UG_CONV_WEIGHT)

#define WAYS(name)                                                                                 \
    {                                                                                              \
        .list = list_##name, .run = run_##name, .describe = describe_##name,                       \
        .sample = sample_##name, .costs = ug_conv_costs                                            \
    }

const struct ug_ways ug_convolve_ways[UG_N_CONV_SIDES] = {
    [UG_CONV_FORWARD] = WAYS(forward),
    [UG_CONV_INPUT] = WAYS(input),
    [UG_CONV_WEIGHT] = WAYS(weight),
};
