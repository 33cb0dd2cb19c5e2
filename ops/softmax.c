/* softmax.c -- softmax and log_softmax along one axis.
 *
 * The largest element is subtracted first, so that nothing overflows; sums are float64.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/base/simd.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "engine/base/vmath.h"
#include "ops/settings.h"

/* x as [outer, extent, inner], the middle one the axis. */
struct lines {
    int64_t outer, extent, inner;
};

static struct lines lines_of(const struct ug_softmax_attrs *a, const struct ug_shape *x)
{
    const int axis = ug_axis_of(a->dim, x->rank, NULL);

    assert(axis >= 0);
    return (struct lines){ug_shape_span(x, 0, axis), x->dim[axis],
                          ug_shape_span(x, axis + 1, x->rank)};
}

static bool softmax_infer(struct ug_inference *t)
{
    const struct ug_softmax_attrs *a = t->attrs;

    t->out = t->in[0];
    return ug_require_float(t) && ug_axis_of(a->dim, t->in[0].shape.rank, t) >= 0;
}

/* ---- Along the innermost axis: one line ---- */

enum { LANES = 16 }; /* of a line, so that steps do not wait for one another */

UG_WIDEST static float largest_of(const float *x, int64_t n)
{
    float lane[LANES], largest = -INFINITY;
    int64_t i = 0;

    for (int j = 0; j < LANES; j++)
        lane[j] = -INFINITY;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    for (; i < n; i++)
        lane[0] = x[i] > lane[0] ? x[i] : lane[0];
    for (int j = 0; j < LANES; j++)
        largest = lane[j] > largest ? lane[j] : largest;
    return largest;
}

/* y = e^(x - largest); returns its sum. */
UG_WIDEST static double exponentiate_line(const float *x, int64_t n, float largest, float *y)
{
    double lane[LANES] = {0.0}, sum = 0.0;
    int64_t i = 0;

    UG_INDEPENDENT
    for (int64_t k = 0; k < n; k++)
        y[k] = ug_expf(x[k] - largest);
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)y[i + j];
    for (; i < n; i++)
        lane[0] += (double)y[i];
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

UG_WIDEST static void softmax_line(const float *x, int64_t n, float *y)
{
    const float factor = (float)(1.0 / exponentiate_line(x, n, largest_of(x, n), y));

    for (int64_t i = 0; i < n; i++)
        y[i] *= factor;
}

UG_WIDEST static void log_softmax_line(const float *x, int64_t n, float *y)
{
    const float largest = largest_of(x, n);
    const float log_sum = (float)log(exponentiate_line(x, n, largest, y));

    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] - largest - log_sum;
}

/* ---- Along another axis: a strip of neighbouring columns ---- */

enum { STRIP = 64 };

struct strip {
    int64_t extent, inner; /* of the axis, and the distance of its elements */
    int n;                 /* columns, at most STRIP */
};

UG_WIDEST static void find_largest(const struct strip *l, const float *x, float *largest)
{
    for (int i = 0; i < l->n; i++)
        largest[i] = -INFINITY;
    for (int64_t k = 0; k < l->extent; k++)
        for (int i = 0; i < l->n; i++) {
            const float v = x[k * l->inner + i];

            largest[i] = v > largest[i] ? v : largest[i];
        }
}

/* y = e^(x - largest), and its sum along the axis. */
UG_WIDEST static void exponentiate(const struct strip *l, const float *x, const float *largest,
                                   float *y, double *sum)
{
    for (int i = 0; i < l->n; i++)
        sum[i] = 0.0;
    for (int64_t k = 0; k < l->extent; k++) {
        const float *xk = x + k * l->inner;
        float *yk = y + k * l->inner;

        for (int i = 0; i < l->n; i++)
            yk[i] = ug_expf(xk[i] - largest[i]);
        for (int i = 0; i < l->n; i++)
            sum[i] += (double)yk[i];
    }
}

UG_WIDEST static void softmax_strip(const struct strip *l, const float *x, float *y)
{
    float largest[STRIP], factor[STRIP];
    double sum[STRIP];

    find_largest(l, x, largest);
    exponentiate(l, x, largest, y, sum);
    for (int i = 0; i < l->n; i++)
        factor[i] = (float)(1.0 / sum[i]);
    for (int64_t k = 0; k < l->extent; k++)
        for (int i = 0; i < l->n; i++)
            y[k * l->inner + i] *= factor[i];
}

UG_WIDEST static void log_softmax_strip(const struct strip *l, const float *x, float *y)
{
    float largest[STRIP], log_sum[STRIP];
    double sum[STRIP];

    find_largest(l, x, largest);
    exponentiate(l, x, largest, y, sum);
    for (int i = 0; i < l->n; i++)
        log_sum[i] = (float)log(sum[i]);
    for (int64_t k = 0; k < l->extent; k++)
        for (int i = 0; i < l->n; i++)
            y[k * l->inner + i] = x[k * l->inner + i] - largest[i] - log_sum[i];
}

/* ---- All of a tensor ---- */

struct kernels {
    void (*line)(const float *x, int64_t n, float *y);
    void (*strip)(const struct strip *l, const float *x, float *y);
};

/* Elements of an axis lie far apart, often by a power of two, where they push one another out of
 * the cache between passes: a strip that fits is worked on in a copy. */
static void run_strip(const struct kernels *kernels, const struct strip *l, const float *x,
                      float *y)
{
    enum { MOST_ROWS = 128 };
    float in[MOST_ROWS * STRIP], out[MOST_ROWS * STRIP];

    if (l->extent > MOST_ROWS) {
        kernels->strip(l, x, y);
        return;
    }
    for (int64_t k = 0; k < l->extent; k++)
        memcpy(in + k * l->n, x + k * l->inner, (size_t)l->n * sizeof *x);
    kernels->strip(&(struct strip){l->extent, l->n, l->n}, in, out);
    for (int64_t k = 0; k < l->extent; k++)
        memcpy(y + k * l->inner, out + k * l->n, (size_t)l->n * sizeof *y);
}

static void run_lines(const struct ug_kernel *k, const struct kernels *kernels)
{
    const struct lines l = lines_of(k->attrs, &k->in[0].shape);
    const int64_t per_line = (l.inner + STRIP - 1) / STRIP;
    const float *x = k->in[0].data;
    float *y = k->out.data;

#pragma omp parallel for schedule(static) if (l.outer * l.extent * l.inner > 4096)
    for (int64_t unit = 0; unit < l.outer * per_line; unit++) {
        const int64_t first = unit % per_line * STRIP;
        const int64_t at = unit / per_line * l.extent * l.inner + first;
        const int64_t n = l.inner - first < STRIP ? l.inner - first : STRIP;

        if (l.inner == 1)
            kernels->line(x + at, l.extent, y + at);
        else
            run_strip(kernels, &(struct strip){l.extent, l.inner, (int)n}, x + at, y + at);
    }
}

static void softmax_run(const struct ug_kernel *k)
{
    run_lines(k, &(struct kernels){softmax_line, softmax_strip});
}

static void log_softmax_run(const struct ug_kernel *k)
{
    run_lines(k, &(struct kernels){log_softmax_line, log_softmax_strip});
}

static struct ug_node *sum_along(struct ug_builder *b, const struct ug_node *y, struct ug_node *x)
{
    const struct ug_softmax_attrs *a = y->attrs;

    return ug_sum(b, x, UG_AXES(a->dim), true);
}

/* dx = y (dy - sum of dy y). */
static void softmax_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                             const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_mul(b, y, ug_sub(b, dy, sum_along(b, y, ug_mul(b, dy, y))));
}

/* dx = dy - e^y sum of dy. */
static void log_softmax_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                                 const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_sub(b, dy, ug_mul(b, ug_exp(b, y), sum_along(b, y, dy)));
}

static double softmax_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)in;
    return 5.0 * (double)ug_shape_count(&out->shape);
}

static const struct ug_arg softmax_args[] = {
    {.name = "x", .doc = "any shape with at least one axis", .type = UG_TENSOR},
    {.name = "dim",
     .doc = "the axis along which the result adds up to 1; 1 is the channels of a picture",
     .type = UG_INT,
     .offset = offsetof(struct ug_softmax_attrs, dim)},
    {.name = NULL},
};

static bool softmax_mixes(const void *attrs, const struct ug_type *in)
{
    const struct ug_softmax_attrs *a = attrs;

    return ug_axis_of(a->dim, in->shape.rank, NULL) <= 0;
}

static const struct ug_op softmax = {
    .name = "softmax",
    .summary = "Positive numbers that add up to 1 along an axis.",
    .formula = "y = e^x / sum of e^x over dim",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: \"softmax(x, 1)\"}\n",
    .args = softmax_args,
    .attrs_size = sizeof(struct ug_softmax_attrs),
    .infer = softmax_infer,
    .run = softmax_run,
    .gradient = softmax_gradient,
    .flops = softmax_flops,
    .in_place = 1,
    .per_sample = 1,
    .mixes = softmax_mixes,
};

static const struct ug_op log_softmax = {
    .name = "log_softmax",
    .summary = "The logarithm of softmax, without its loss of precision.",
    .formula = "y = x - ln(sum of e^x over dim)",
    .example = "unitgraph: 1\ninputs: {x: [2, 3, 4]}\ngraph: {y: \"log_softmax(x, -1)\"}\n",
    .args = softmax_args,
    .attrs_size = sizeof(struct ug_softmax_attrs),
    .infer = softmax_infer,
    .run = log_softmax_run,
    .gradient = log_softmax_gradient,
    .flops = softmax_flops,
    .per_sample = 1,
    .mixes = softmax_mixes,
};

static const struct ug_op *const ops[] = {&softmax, &log_softmax, NULL};

const struct ug_op_family ug_family_softmax = {"activations", ops};
