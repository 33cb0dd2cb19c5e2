/* test_conv.c -- convolutions against the sums that define them, in float64, and their gradients.
 */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "harness_call.h"
#include "engine/graph/passes.h"
#include "harness_main.h"
#include "harness_runner.h"
#include "harness_trial.h"
#include "ops/emit.h"
#include "ops/kernels/conv.h"

/* ---- Kernels against the definition ---- */

static double *doubles(int64_t n)
{
    return ug_xcalloc((size_t)n + 1, sizeof(double));
}

static float *noise(int64_t n, unsigned *seed)
{
    float *x = ug_xcalloc((size_t)n + 1, sizeof *x);

    for (int64_t i = 0; i < n; i++)
        x[i] = (float)rand_r(seed) / (float)RAND_MAX - 0.5f;
    return x;
}

static int64_t x_size(const struct ug_conv *c)
{
    return c->batch * c->groups * c->c * c->in[0] * c->in[1];
}

static int64_t w_size(const struct ug_conv *c)
{
    return c->groups * c->o * c->c * c->kernel[0] * c->kernel[1];
}

static int64_t y_size(const struct ug_conv *c)
{
    return c->batch * c->groups * c->o * c->out[0] * c->out[1];
}

/* One term of the form sum of y * w * x: where its factors lie. */
struct term {
    int64_t x, w, y;
};

/* Which pixel of x stands at place i along axis d of the padded, doubled picture; -1: a zero. */
static int64_t pixel(const struct ug_conv *c, int d, int64_t i)
{
    const int64_t n = (c->doubled ? 2 : 1) * c->in[d], last = n - 1;

    if (c->edges == UG_EDGES_REPLICATE)
        i = i < 0 ? 0 : i > last ? last : i;
    if (c->edges == UG_EDGES_REFLECT)
        i = i < 0 ? -i : i > last ? 2 * last - i : i;
    return i < 0 || i > last ? -1 : c->doubled ? i / 2 : i;
}

/* Calls `visit` for the terms of one pair of weight and result; the loops of the definition. */
static void each_term(const struct ug_conv *c, void (*visit)(struct term t, void *data), void *data)
{
    for (int64_t n = 0; n < c->batch; n++)
        for (int64_t o = 0; o < c->groups * c->o; o++)
            for (int64_t i = 0; i < c->out[0] * c->out[1]; i++)
                for (int64_t k = 0; k < c->c * c->kernel[0] * c->kernel[1]; k++) {
                    const int64_t area = c->kernel[0] * c->kernel[1];
                    const int64_t channel = o / c->o * c->c + k / area;
                    const int64_t row = pixel(c, 0,
                                              i / c->out[1] * c->stride[0] - c->padding[0] +
                                                  k % area / c->kernel[1] * c->dilation[0]);
                    const int64_t col = pixel(c, 1,
                                              i % c->out[1] * c->stride[1] - c->padding[1] +
                                                  k % c->kernel[1] * c->dilation[1]);

                    if (row < 0 || col < 0)
                        continue;
                    visit(
                        (struct term){
                            ((n * c->groups * c->c + channel) * c->in[0] + row) * c->in[1] + col,
                            o * c->c * area + k,
                            (n * c->groups * c->o + o) * c->out[0] * c->out[1] + i},
                        data);
                }
}

struct sides {
    const float *x, *w, *y;
    double *sum_x, *sum_w, *sum_y;
};

static void add_term(struct term at, void *data)
{
    struct sides *s = data;

    s->sum_y[at.y] += (double)s->x[at.x] * s->w[at.w];
    s->sum_x[at.x] += (double)s->y[at.y] * s->w[at.w];
    s->sum_w[at.w] += (double)s->x[at.x] * s->y[at.y];
}

/* Relative to the largest result. */
static double tolerance(enum ug_conv_algorithm a)
{
    switch (a) {
    case UG_CONV_WINOGRAD:
        return 5e-6;
    case UG_CONV_WINOGRAD_WIDE:
    case UG_CONV_DOUBLED: /* its phases may be Winograd's */
        return 2e-5;
    default:
        return 2e-6;
    }
}

static void compare(const struct ug_conv *c, enum ug_conv_algorithm a, const char *what, int64_t n,
                    const float *got, const double *want)
{
    double largest = 1e-3;

    if (!got)
        return;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(got[i] - want[i]) <= tolerance(a) * largest,
                      "%s, %s %lldx%lld kernel %lldx%lld: element %lld is %g, not %g",
                      ug_conv_algorithm_name(a), what, (long long)c->in[0], (long long)c->in[1],
                      (long long)c->kernel[0], (long long)c->kernel[1], (long long)i, got[i],
                      want[i]);
}

/* What an algorithm gives; outputs and scratch start as NaN, so that nothing may be left out. */
struct results {
    float *y, *dx, *dw;
};

static float *run_side(const struct ug_conv *c, enum ug_conv_side side, enum ug_conv_algorithm a,
                       const float *first, const float *second, int64_t size)
{
    const size_t bytes = (ug_conv_scratch(c, side, a) + 63) & ~(size_t)63;
    void *scratch = aligned_alloc(64, bytes);
    float *result = ug_xcalloc((size_t)size + 1, sizeof *result);

    memset(scratch, 0xff, bytes);
    memset(result, 0xff, (size_t)size * sizeof *result);
    ug_conv_run(c, side, a, first, second, result, scratch);
    free(scratch);
    return result;
}

/* NULL for sides that the algorithm does not serve. */
static struct results run_kernels(const struct ug_conv *c, enum ug_conv_algorithm a,
                                  const struct sides *s)
{
    struct results r = {NULL, NULL, NULL};

    if (ug_conv_fits(c, UG_CONV_FORWARD, a))
        r.y = run_side(c, UG_CONV_FORWARD, a, s->x, s->w, y_size(c));
    if (ug_conv_fits(c, UG_CONV_INPUT, a))
        r.dx = run_side(c, UG_CONV_INPUT, a, s->y, s->w, x_size(c));
    if (ug_conv_fits(c, UG_CONV_WEIGHT, a))
        r.dw = run_side(c, UG_CONV_WEIGHT, a, s->x, s->y, w_size(c));
    return r;
}

static void free_results(struct results *r)
{
    free(r->y);
    free(r->dx);
    free(r->dw);
}

/* Every algorithm, with every width of vectors that the machine has. */
static void check_kernels(struct ug_conv *c)
{
    unsigned seed = 1;
    float *x = noise(x_size(c), &seed), *w = noise(w_size(c), &seed), *dy = noise(y_size(c), &seed);
    struct sides s = {x, w, dy, doubles(x_size(c)), doubles(w_size(c)), doubles(y_size(c))};

    each_term(c, add_term, &s);
    for (int i = 0; (c->tile = ug_tile_at(i)); i++)
        for (enum ug_conv_algorithm a = 0; a < UG_N_CONV_ALGORITHMS; a++) {
            struct results r = run_kernels(c, a, &s);
            compare(c, a, "forward", y_size(c), r.y, s.sum_y);
            compare(c, a, "input", x_size(c), r.dx, s.sum_x);
            compare(c, a, "weight", w_size(c), r.dw, s.sum_w);
            free_results(&r);
        }
    free(x), free(w), free(dy);
    free(s.sum_x), free(s.sum_w), free(s.sum_y);
}

struct shape {
    int64_t batch, groups, c, o, in[2], kernel[2], stride[2], padding[2], dilation[2];
};

static struct ug_conv conv_of(const struct shape *s)
{
    struct ug_conv c = {
        .batch = s->batch, .groups = s->groups, .c = s->c, .o = s->o, .tile = ug_tile_best()};

    for (int d = 0; d < 2; d++) {
        c.in[d] = s->in[d];
        c.kernel[d] = s->kernel[d];
        c.stride[d] = s->stride[d];
        c.padding[d] = s->padding[d];
        c.dilation[d] = s->dilation[d];
        c.out[d] = (s->in[d] + 2 * s->padding[d] - s->dilation[d] * (s->kernel[d] - 1) - 1) /
                       s->stride[d] +
                   1;
    }
    return c;
}

static const struct shape shapes[] = {
    {1, 1, 1, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},     /* one number */
    {5, 1, 3, 2, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},     /* vectors */
    {1, 1, 2, 3, {7, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},     /* odd sizes */
    {5, 1, 3, 9, {7, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},     /* a batch */
    {1, 1, 3, 20, {33, 35}, {7, 7}, {1, 1}, {3, 3}, {1, 1}},  /* few channels in */
    {2, 1, 20, 3, {33, 35}, {7, 7}, {1, 1}, {3, 3}, {1, 1}},  /* and out */
    {1, 1, 3, 17, {16, 70}, {4, 4}, {2, 2}, {1, 1}, {1, 1}},  /* down by two */
    {2, 1, 33, 40, {9, 9}, {4, 4}, {2, 2}, {1, 1}, {1, 1}},   /* its last row and column unread */
    {1, 1, 40, 33, {8, 40}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},  /* wider than a panel */
    {3, 1, 5, 7, {4, 4}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},     /* narrower */
    {1, 1, 300, 1, {50, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},  /* one channel out of many */
    {1, 1, 2, 2, {5, 6}, {5, 6}, {1, 1}, {0, 0}, {1, 1}},     /* the kernel is the picture */
    {1, 1, 2, 2, {2, 2}, {3, 2}, {1, 1}, {5, 4}, {1, 1}},     /* more padding than kernel */
    {2, 1, 4, 4, {11, 13}, {3, 2}, {3, 2}, {2, 0}, {2, 3}},   /* stride and dilation, unequal */
    {1, 1, 4, 4, {12, 12}, {3, 3}, {4, 4}, {0, 0}, {2, 2}},   /* of which one divides the other */
    {1, 1, 3, 3, {9, 9}, {2, 2}, {5, 3}, {1, 1}, {1, 1}},     /* pixels that no tap meets */
    {2, 3, 2, 5, {6, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},     /* groups */
    {1, 8, 1, 1, {10, 10}, {3, 3}, {2, 2}, {1, 1}, {1, 1}},   /* depthwise */
    {1, 4, 1, 3, {10, 10}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},   /* with a multiplier */
    {2, 1, 300, 70, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},  /* more terms than one block */
    {1, 1, 40, 24, {16, 16}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, /* a real layer */
    {70, 1, 30, 20, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},  /* a linear layer */
    {3, 1, 4, 4, {1, 50}, {1, 3}, {1, 1}, {0, 1}, {1, 1}},    /* one row */
    {5, 1, 2, 3, {40, 50}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},   /* more pictures than a chunk */
    {0, 1, 4, 4, {5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},     /* no picture */
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

/* Other borders, and pictures whose pixels are doubled. */
static const struct {
    struct shape shape;
    enum ug_edges edges;
    bool doubled;
} bordered[] = {
    {{2, 1, 9, 8, {9, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, UG_EDGES_REFLECT, false},
    {{1, 2, 3, 4, {5, 4}, {4, 3}, {2, 1}, {3, 2}, {1, 1}}, UG_EDGES_REPLICATE, false},
    {{1, 1, 3, 5, {6, 7}, {5, 5}, {1, 1}, {2, 2}, {1, 1}}, UG_EDGES_ZERO, true},
    {{2, 1, 6, 3, {37, 9}, {7, 7}, {1, 1}, {3, 3}, {1, 1}}, UG_EDGES_REFLECT, false},
    {{1, 1, 3, 6, {20, 33}, {7, 5}, {1, 1}, {3, 2}, {1, 1}}, UG_EDGES_REFLECT, false},
    {{1, 1, 2, 1, {35, 4}, {3, 4}, {1, 1}, {4, 3}, {2, 1}}, UG_EDGES_REPLICATE, false},
    {{3, 1, 9, 8, {5, 9}, {5, 5}, {1, 1}, {2, 2}, {1, 1}}, UG_EDGES_REPLICATE, true},
    {{2, 1, 4, 6, {7, 4}, {5, 5}, {1, 1}, {2, 2}, {1, 1}}, UG_EDGES_REFLECT, true},
    {{1, 1, 33, 20, {16, 19}, {5, 5}, {1, 1}, {2, 2}, {1, 1}}, UG_EDGES_REFLECT, true},
    {{5, 1, 1, 1, {2, 2}, {5, 5}, {1, 1}, {2, 2}, {1, 1}}, UG_EDGES_REFLECT, true},
    {{1, 1, 2, 2, {1, 1}, {5, 5}, {1, 1}, {2, 2}, {1, 1}}, UG_EDGES_ZERO, true},
};

enum { N_CASES = N_SHAPES + sizeof bordered / sizeof *bordered };

static struct ug_conv conv_of_case(int i)
{
    struct ug_conv c = conv_of(i < N_SHAPES ? &shapes[i] : &bordered[i - N_SHAPES].shape);

    if (i >= N_SHAPES) {
        c.edges = bordered[i - N_SHAPES].edges;
        c.doubled = bordered[i - N_SHAPES].doubled;
    }
    for (int d = 0; c.doubled && d < 2; d++)
        c.out[d] = 2 * c.in[d]; /* 5x5 with padding 2 */
    return c;
}

START_TEST(kernels_give_the_defining_sums)
{
    struct ug_conv c = conv_of_case(_i);

    check_kernels(&c);
}
END_TEST

/* A transposed convolution may be larger than what leads to its input: rows past the last one read.
 */
START_TEST(input_may_be_larger_than_needed)
{
    struct ug_conv c =
        conv_of(&(struct shape){2, 1, 3, 4, {10, 11}, {3, 3}, {3, 3}, {1, 1}, {2, 2}});

    c.out[0]--;
    c.out[1]--;
    check_kernels(&c);
}
END_TEST

static void same_bits(const struct ug_conv *c, enum ug_conv_algorithm a, const struct sides *s)
{
    const int threads = omp_get_max_threads();
    struct results one, many;

    omp_set_num_threads(1);
    one = run_kernels(c, a, s);
    omp_set_num_threads(3);
    many = run_kernels(c, a, s);
    omp_set_num_threads(threads);
    ck_assert(!one.y || !memcmp(one.y, many.y, (size_t)y_size(c) * sizeof(float)));
    ck_assert(!one.dx || !memcmp(one.dx, many.dx, (size_t)x_size(c) * sizeof(float)));
    ck_assert(!one.dw || !memcmp(one.dw, many.dw, (size_t)w_size(c) * sizeof(float)));
    free_results(&one);
    free_results(&many);
}

START_TEST(bits_do_not_depend_on_threads)
{
    const struct ug_conv c = conv_of_case(_i);
    unsigned seed = 1;
    float *x = noise(x_size(&c), &seed), *w = noise(w_size(&c), &seed),
          *dy = noise(y_size(&c), &seed);
    const struct sides s = {.x = x, .w = w, .y = dy};

    for (enum ug_conv_algorithm a = 0; a < UG_N_CONV_ALGORITHMS; a++)
        same_bits(&c, a, &s);
    free(x), free(w), free(dy);
}
END_TEST

/* dw of `c` by algorithm `a`, added to `there`. */
static void check_added(struct ug_conv c, enum ug_conv_algorithm a, const float *x, const float *dy,
                        const float *there)
{
    const int64_t n = w_size(&c);
    const size_t bytes = (ug_conv_scratch(&c, UG_CONV_WEIGHT, a) + 63) & ~(size_t)63;
    float *alone = run_side(&c, UG_CONV_WEIGHT, a, x, dy, n),
          *both = ug_xcalloc((size_t)n, sizeof *both);
    void *scratch = aligned_alloc(64, bytes);

    memcpy(both, there, (size_t)n * sizeof *both);
    memset(scratch, 0xff, bytes);
    c.adds = true;
    ug_conv_run(&c, UG_CONV_WEIGHT, a, x, dy, both, scratch);
    for (int64_t i = 0; i < n; i++)
        ck_assert_float_eq(both[i], there[i] + alone[i]);
    free(alone), free(both), free(scratch);
}

/* Whichever can, to the bits of a sum of its own. */
START_TEST(weights_are_added_to_what_is_there)
{
    struct ug_conv c = conv_of_case(_i);
    unsigned seed = 1;
    float *x = noise(x_size(&c), &seed), *dy = noise(y_size(&c), &seed),
          *there = noise(w_size(&c), &seed);

    ck_assert(c.doubled || ug_conv_can_add(&c, UG_CONV_WEIGHT, UG_CONV_PANELS));
    for (int i = 0; (c.tile = ug_tile_at(i)); i++)
        for (enum ug_conv_algorithm a = 0; a < UG_N_CONV_ALGORITHMS; a++)
            if (ug_conv_fits(&c, UG_CONV_WEIGHT, a) && ug_conv_can_add(&c, UG_CONV_WEIGHT, a))
                check_added(c, a, x, dy, there);
    free(x), free(dy), free(there);
}
END_TEST

/* ---- Layers ---- */

static const char *const layers[] = {
    "out_channels=3 kernel_size=3 padding=1",
    "out_channels=3 kernel_size=3 padding=1 padding_mode=reflect",
    "out_channels=3 kernel_size=3,2 padding=2,0 padding_mode=replicate stride=2,1 bias=false",
    "out_channels=4 kernel_size=2 dilation=2,3 groups=2",
    "out_channels=2 kernel_size=4,5",
};

START_TEST(gradients_of_conv2d)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 2, 4, 5), NULL);

    check_gradient(t, trial_call(t, "conv2d", layers[_i], "x", x, NULL), 2);
}
END_TEST

static const char *const transposed[] = {
    "out_channels=3 kernel_size=4 stride=2 padding=1",
    "out_channels=2 kernel_size=3,2 stride=3,2 output_padding=2,1 groups=2",
    "out_channels=2 kernel_size=2 dilation=3 output_padding=2 bias=false",
};

START_TEST(gradients_of_conv_transpose2d)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 2, 3, 2), NULL);

    check_gradient(t, trial_call(t, "conv_transpose2d", transposed[_i], "x", x, NULL), 2);
}
END_TEST

/* torch.nn.functional.conv2d(torch.nn.functional.pad(x, (1, 1, 1, 1), mode='reflect'), w, b,
 * stride=2) of x = arange(9), w = arange(9)**2, b = 1. */
START_TEST(reflection_is_pytorchs)
{
    double x[9], w[9];

    for (int i = 0; i < 9; i++) {
        x[i] = i;
        w[i] = i * i;
    }
    expect_values(t,
                  trial_call(t, "conv2d", "stride=2 padding=1 padding_mode=reflect", "x",
                             trial_input(t, "x", UG_SHAPE(1, 1, 3, 3), x), "weight",
                             trial_input(t, "w", UG_SHAPE(1, 1, 3, 3), w), "bias",
                             trial_input(t, "b", UG_SHAPE(1), (double[]){1}), NULL),
                  1e-6, 4, (double[]){601, 733, 901, 1033});
}
END_TEST

/* torch.nn.functional.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1) of
 * x = [[1, 2], [3, 4]], w = arange(9). */
START_TEST(transposing_is_pytorchs)
{
    double w[9];

    for (int i = 0; i < 9; i++)
        w[i] = i;
    expect_values(t,
                  trial_call(t, "conv_transpose2d", "stride=2 padding=1 output_padding=1", "x",
                             trial_input(t, "x", UG_SHAPE(1, 1, 2, 2), (double[]){1, 2, 3, 4}),
                             "weight", trial_input(t, "w", UG_SHAPE(1, 1, 3, 3), w), NULL),
                  1e-6, 16,
                  (double[]){4, 11, 8, 10, 10, 26, 18, 24, 12, 27, 16, 20, 21, 48, 28, 32});
}
END_TEST

/* ---- After upsampling ---- */

static bool has_op(const struct ug_graph *g, const char *name)
{
    for (int i = 0; i < g->n; i++)
        if (!strcmp(g->nodes[i]->op->name, name))
            return true;
    return false;
}

/* Whether simplifying takes the upsampled picture away: from y, its gradients to x and w, and the
 * gradient of these. */
static bool works_without_large_picture(struct ug_node *const *nodes, int n)
{
    struct ug_node *roots[4];

    for (int i = 0; i < n; i++)
        roots[i] = nodes[i];
    struct ug_graph *g = ug_simplify(t->graph, roots, n);
    const bool without = !has_op(g, "upsample") && !has_op(g, "resample_adjoint");
    ug_graph_free(g);
    return without;
}

/* The nodes as they were built and as simplifying leaves them are worth the same. */
static void expect_same_values(struct ug_node *const *nodes, int n)
{
    for (int i = 0; i < n; i++) {
        struct runner built = runner_open(t, &nodes[i], 1, false);

        runner_run(&built);
        double *want = runner_values(&built, 0);
        expect_values(t, nodes[i], 1e-5, ug_shape_count(&nodes[i]->type.shape), want);
        free(want);
        runner_close(&built);
    }
}

static const struct {
    const char *upsample, *convolve;
    bool merged;
} upsampled[] = {
    {"", "padding=2 padding_mode=reflect", true},
    {"", "padding=2 padding_mode=replicate bias=false", true},
    {"scale_factor=2", "padding=2", true},
    {"scale_factor=3", "padding=2", false},
    {"mode=bilinear", "padding=2", false},
    {"", "padding=1", false},
    {"", "padding=2 stride=2", false},
    {"", "padding=2,0 padding_mode=reflect", false},
};

START_TEST(upsampling_before_convolving)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(2, 3, 5, 4), NULL);
    struct ug_node *w = trial_input(t, "w", UG_SHAPE(4, 3, 5, 5), NULL);
    struct ug_node *u = trial_call(t, "upsample", upsampled[_i].upsample, "x", x, NULL);
    struct ug_node *y = trial_call(t, "conv2d", upsampled[_i].convolve, "x", u, "weight", w, NULL);
    struct ug_node *p = trial_input(t, "p", y->type.shape, NULL), *nodes[4] = {y}, *sum;

    sum = ug_sum_to(&t->b, ug_mul(&t->b, ug_mul(&t->b, y, y), p), ug_shape_scalar());
    ck_assert(ug_differentiate(&t->b, sum, (struct ug_node *[]){x, w}, 2, &nodes[1]));
    sum = ug_sum_to(&t->b, ug_mul(&t->b, nodes[1], nodes[1]), ug_shape_scalar());
    ck_assert(ug_differentiate(&t->b, sum, &w, 1, &nodes[3]));
    ck_assert_int_eq(works_without_large_picture(nodes, 4), upsampled[_i].merged);
    expect_same_values(nodes, 4);
    check_gradient(t, y, 2);
}
END_TEST

static void expect_param(const struct ug_param *p, struct ug_shape shape)
{
    ck_assert_ptr_nonnull(p);
    ck_assert(ug_shape_equal(&p->type.shape, &shape));
}

START_TEST(parameters_have_pytorchs_names_and_shapes)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(1, 4, 8, 8), NULL);
    const struct ug_param *w;

    expect_shape(
        trial_call(t, "conv2d", "out_channels=6 kernel_size=3,5 groups=2 stride=2", "x", x, NULL),
        UG_SHAPE(1, 6, 3, 2));
    w = ug_params_find(t->params, "net.weight");
    expect_param(w, UG_SHAPE(6, 2, 3, 5));
    ck_assert_int_eq(w->init.kind, UG_INIT_KAIMING_UNIFORM);
    ck_assert_double_eq_tol(w->init.a, sqrt(5.0), 1e-12);
    ck_assert_ptr_nonnull(ug_params_find(t->params, "net.bias"));
    ck_assert_double_eq_tol(ug_params_find(t->params, "net.bias")->init.b, 1 / sqrt(30.0), 1e-12);
    t->b.scope = "up";
    expect_shape(trial_call(t, "conv_transpose2d",
                            "out_channels=6 kernel_size=4 stride=2 padding=1 groups=2 bias=false",
                            "x", x, NULL),
                 UG_SHAPE(1, 6, 16, 16));
    w = ug_params_find(t->params, "up.weight");
    expect_param(w, UG_SHAPE(4, 3, 4, 4));
    ck_assert_ptr_null(ug_params_find(t->params, "up.bias"));
}
END_TEST

START_TEST(given_tensors_leave_no_parameters)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(1, 2, 4, 4), NULL);
    struct ug_node *w = trial_input(t, "w", UG_SHAPE(3, 2, 3, 3), NULL);

    expect_shape(trial_call(t, "conv2d", "", "x", x, "weight", w, NULL), UG_SHAPE(1, 3, 2, 2));
    ck_assert_int_eq(t->params->n, 0);
    check_gradient(t, trial_call(t, "conv2d", "padding=1", "x", x, "weight", w, NULL), 2);
}
END_TEST

static const struct {
    const char *op, *settings, *message;
} refused[] = {
    {"conv2d", "out_channels=3 kernel_size=7",
     "conv2d: kernel 7x7 does not fit into the padded picture 4x4"},
    {"conv2d", "out_channels=3 kernel_size=3 dilation=2",
     "kernel 5x5 (with dilation) does not fit into the padded picture 4x4"},
    {"conv2d", "out_channels=3 kernel_size=3 groups=2",
     "2 channels in and 3 out cannot both be divided into 2 groups"},
    {"conv2d", "out_channels=3", "needs 'kernel_size'"},
    {"conv2d", "kernel_size=3", "needs 'out_channels'"},
    {"conv2d", "out_channels=3 kernel_size=3 padding=4 padding_mode=reflect",
     "padding 4 by reflection needs more than 4 rows, but the picture has 4"},
    {"conv2d", "out_channels=1048576 kernel_size=1048576 padding=524288", "more than 2^40"},
    {"conv_transpose2d", "out_channels=3 kernel_size=3 stride=2 output_padding=2",
     "output_padding 2 must be smaller than the stride 2 or the dilation 1"},
    {"conv_transpose2d", "out_channels=3 kernel_size=1 padding=2", "cuts the whole result off"},
    {"conv_transpose2d", "out_channels=3 kernel_size=3 groups=2",
     "2 channels in and 3 out cannot both be divided into 2 groups"},
};

START_TEST(misfits_are_refused_in_a_sentence)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(1, 2, 4, 4), NULL);

    ck_assert_ptr_null(trial_call(t, refused[_i].op, refused[_i].settings, "x", x, NULL));
    expect_error(t, refused[_i].message);
}
END_TEST

START_TEST(misfitting_tensors_are_refused)
{
    struct ug_node *x = trial_input(t, "x", UG_SHAPE(1, 2, 4, 4), NULL);
    struct ug_node *w = trial_input(t, "w", UG_SHAPE(3, 3, 3, 3), NULL);

    ck_assert_ptr_null(trial_call(t, "conv2d", "", "x", x, "weight", w, NULL));
    expect_error(t, "the weight is for 3 input channels, but the input has 2");
    ck_assert_ptr_null(trial_call(t, "conv2d", "", "x", w, "weight", x, NULL));
    ck_assert_ptr_null(trial_call(t, "conv2d", "", "x",
                                  trial_input(t, "v", UG_SHAPE(2, 4, 4), NULL), "weight", w, NULL));
    ck_assert_ptr_null(trial_call(t, "conv2d", "out_channels=3", "x", w, "weight", w, NULL));
    ck_assert_ptr_null(trial_call(t, "conv2d", "", "x", w, "weight", w, "bias", x, NULL));
    ck_assert_ptr_null(trial_call(t, "conv_transpose2d", "", "x", x, "weight", w, NULL));
    ck_assert_uint_eq(ug_diags_errors(t->diags), 6);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

Suite *ug_suite(void)
{
    Suite *s = suite_create("conv");
    TCase *kernels = tcase_create("kernels"), *layer = tcase_create("layers");

    tcase_add_loop_test(kernels, kernels_give_the_defining_sums, 0, N_CASES);
    tcase_add_test(kernels, input_may_be_larger_than_needed);
    tcase_add_loop_test(kernels, bits_do_not_depend_on_threads, 0, N_CASES);
    tcase_add_loop_test(kernels, weights_are_added_to_what_is_there, 0, N_CASES);
    tcase_set_timeout(kernels, 60);
    suite_add_tcase(s, kernels);
    tcase_add_checked_fixture(layer, trial_setup, trial_teardown);
    tcase_add_loop_test(layer, gradients_of_conv2d, 0, COUNT(layers));
    tcase_add_loop_test(layer, gradients_of_conv_transpose2d, 0, COUNT(transposed));
    tcase_add_test(layer, reflection_is_pytorchs);
    tcase_add_test(layer, transposing_is_pytorchs);
    tcase_add_test(layer, parameters_have_pytorchs_names_and_shapes);
    tcase_add_test(layer, given_tensors_leave_no_parameters);
    tcase_add_loop_test(layer, upsampling_before_convolving, 0, COUNT(upsampled));
    tcase_add_loop_test(layer, misfits_are_refused_in_a_sentence, 0, COUNT(refused));
    tcase_add_test(layer, misfitting_tensors_are_refused);
    tcase_set_timeout(layer, 60);
    suite_add_tcase(s, layer);
    return s;
}
