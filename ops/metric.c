/* metric.c -- how good pictures and labels are: numbers for people, without gradients.
 *
 * Each is a mean over the samples of a batch, so that the mean over batches, weighted by their
 * sizes, is the mean over all samples.  Sums run in float64, one sample after the other.
 */
#include <math.h>
#include <string.h>

#include "engine/graph/call.h"
#include "ops/labels.h"

static const char *const why_not = "it is a metric; train with a loss";

/* ---- accuracy ---- */

static bool accuracy_infer(struct ug_inference *t)
{
    struct ug_shape places;

    t->out = (struct ug_type){.dtype = UG_F32};
    if (!ug_check_labels(t, &places))
        return false;
    if (!ug_shape_count(&t->in[0].shape))
        return ug_reject(t, "there are no samples, or no classes");
    return true;
}

/* Of equal scores the first counts. */
static int64_t best_class(const float *x, int64_t classes, int64_t stride)
{
    int64_t best = 0;

    for (int64_t c = 1; c < classes; c++)
        if (x[c * stride] > x[best * stride])
            best = c;
    return best;
}

static void accuracy_run(const struct ug_kernel *k)
{
    const struct ug_shape *x = &k->in[0].shape;
    const int64_t classes = x->dim[1], inner = ug_shape_span(x, 2, x->rank);
    const int64_t n = x->dim[0] * inner;
    int64_t right = 0;

    for (int64_t i = 0; i < n; i++) {
        const float *scores =
            (const float *)k->in[0].data + i / inner * classes * inner + i % inner;

        right += best_class(scores, classes, inner) == ug_label_at(&k->in[1], i, classes);
    }
    *(float *)k->out.data = (float)((double)right / (double)n);
}

static const struct ug_arg accuracy_args[] = {
    {.name = "logits", .doc = "scores [N, C] or [N, C, H, W]", .type = UG_TENSOR},
    {.name = "labels",
     .doc = "int64 [N] or [N, H, W], or one number for every sample",
     .type = UG_TENSOR},
    {.name = NULL},
};

static const struct ug_op accuracy = {
    .name = "accuracy",
    .summary = "The share of samples whose label has the highest score.",
    .formula = "mean(argmax(logits, dim=1) == labels)",
    .example = "unitgraph: 1\n"
               "inputs: {logits: [4, 3], labels: {shape: [4], dtype: int64}}\n"
               "graph: {y: 'accuracy(logits, labels)'}\n",
    .args = accuracy_args,
    .infer = accuracy_infer,
    .run = accuracy_run,
    .why_no_gradient = why_not,
    .higher_is_better = true,
};

/* ---- Comparing pictures ---- */

struct compare {
    double range; /* white minus black */
};

static bool compare_infer(struct ug_inference *t)
{
    const struct ug_shape *a = &t->in[0].shape;

    if (t->in[0].dtype != UG_F32 || t->in[1].dtype != UG_F32 || a->rank != 4 ||
        !ug_shape_equal(a, &t->in[1].shape))
        return ug_reject(t, "needs two batches of pictures [N, C, H, W] of one shape");
    if (!ug_shape_count(a))
        return ug_reject(t, "there are no pictures, or they are empty");
    t->out = (struct ug_type){.dtype = UG_F32};
    return true;
}

#define COMPARE_ARGS                                                                               \
    {.name = "a", .doc = "pictures [N, C, H, W]", .type = UG_TENSOR},                              \
        {.name = "b", .doc = "as many, of the same size", .type = UG_TENSOR},                      \
    {                                                                                              \
        .name = "range", .doc = "white minus black", .type = UG_FLOAT,                             \
        .offset = offsetof(struct compare, range), .initial = "2", .min = 1e-30, .max = 1e30       \
    }

static const struct ug_arg compare_args[] = {
    COMPARE_ARGS,
    {.name = NULL},
};

#define EXAMPLE_COMPARE(expression)                                                                \
    "unitgraph: 1\ninputs: {a: [1, 2, 12, 13], b: [1, 2, 12, 13]}\ngraph: {y: '" expression "'}\n"

/* ---- psnr ---- */

/* No two pictures are closer than this, so that equal ones have a finite number: 100 dB. */
static const double LEAST_ERROR = 1e-10; /* mean squared difference over range^2 */

static double picture_psnr(const float *a, const float *b, int64_t n, double range)
{
    double sum = 0.0, error;

    for (int64_t i = 0; i < n; i++) {
        const double d = (double)a[i] - (double)b[i];

        sum += d * d;
    }
    error = sum / (double)n / (range * range);
    return -10.0 * log10(error < LEAST_ERROR ? LEAST_ERROR : error);
}

static void psnr_run(const struct ug_kernel *k)
{
    const struct compare *a = k->attrs;
    const int64_t pictures = k->in[0].shape.dim[0];
    const int64_t n = ug_shape_span(&k->in[0].shape, 1, 4);
    double sum = 0.0;

    for (int64_t i = 0; i < pictures; i++)
        sum += picture_psnr((const float *)k->in[0].data + i * n,
                            (const float *)k->in[1].data + i * n, n, a->range);
    *(float *)k->out.data = (float)(sum / (double)pictures);
}

static const struct ug_op psnr = {
    .name = "psnr",
    .summary =
        "Peak signal-to-noise ratio in decibels, the mean over pictures; 100 for equal ones.",
    .formula = "mean over n of 10 log10(range^2 / mean((a[n] - b[n])^2)), at most 100",
    .example = EXAMPLE_COMPARE("psnr(a, b)"),
    .args = compare_args,
    .attrs_size = sizeof(struct compare),
    .infer = compare_infer,
    .run = psnr_run,
    .why_no_gradient = why_not,
    .higher_is_better = true,
};

/* ---- ssim: Wang, Bovik, Sheikh, Simoncelli 2004 ---- */

enum { WINDOW = 11, MOMENTS = 5 }; /* a, b, a^2, b^2, a b */

/* A normalised Gaussian of sigma 1.5 over the largest odd number of pixels that fits, at most 11.
 */
struct gauss {
    int n;
    double w[WINDOW];
};

static struct gauss gauss_within(int64_t extent)
{
    struct gauss g = {.n = extent >= WINDOW ? WINDOW : (int)((extent - 1) / 2 * 2 + 1)};
    double sum = 0.0;

    for (int i = 0; i < g.n; i++) {
        const double d = (i - g.n / 2) / 1.5;

        sum += g.w[i] = exp(-0.5 * d * d);
    }
    for (int i = 0; i < g.n; i++)
        g.w[i] /= sum;
    return g;
}

/* The moments of one row of both pictures, weighted along it: m[MOMENTS][width]. */
static void row_moments(const struct gauss *g, const float *a, const float *b, int64_t width,
                        double *m)
{
    memset(m, 0, MOMENTS * (size_t)width * sizeof *m);
    for (int k = 0; k < g->n; k++)
        for (int64_t j = 0; j < width; j++) {
            const double x = a[j + k], y = b[j + k], w = g->w[k];

            m[j] += w * x;
            m[width + j] += w * y;
            m[2 * width + j] += w * x * x;
            m[3 * width + j] += w * y * y;
            m[4 * width + j] += w * x * y;
        }
}

static double similarity(const double m[MOMENTS], double range)
{
    const double c1 = 0.01 * range * 0.01 * range, c2 = 0.03 * range * 0.03 * range;
    const double mean_ab = m[0] * m[1], squares = m[0] * m[0] + m[1] * m[1];

    return (2 * mean_ab + c1) * (2 * (m[4] - mean_ab) + c2) /
           ((squares + c1) * (m[2] + m[3] - squares + c2));
}

/* The sum over one row of windows; rings[(first + k) % rows->n] holds the moments of row k of them.
 */
static double row_similarity(const struct gauss *rows, const double *rings, int64_t first,
                             int64_t width, double range)
{
    double sum = 0.0;

    for (int64_t j = 0; j < width; j++) {
        double m[MOMENTS] = {0};

        for (int k = 0; k < rows->n; k++) {
            const double *row = rings + (first + k) % rows->n * MOMENTS * width;

            for (int i = 0; i < MOMENTS; i++)
                m[i] += rows->w[k] * row[i * width + j];
        }
        sum += similarity(m, range);
    }
    return sum;
}

/* The mean over all windows that lie in the plane. */
static double plane_ssim(const float *a, const float *b, int64_t height, int64_t width,
                         double range, double *rings)
{
    const struct gauss rows = gauss_within(height), columns = gauss_within(width);
    const int64_t across = width - columns.n + 1, down = height - rows.n + 1;
    double sum = 0.0;

    for (int64_t r = 0; r < height; r++) {
        row_moments(&columns, a + r * width, b + r * width, across,
                    rings + r % rows.n * MOMENTS * across);
        if (r + 1 >= rows.n)
            sum += row_similarity(&rows, rings, r + 1 - rows.n, across, range);
    }
    return sum / (double)(across * down);
}

/* Scratch: the sums of PIECES runs of planes, then their rings. */
enum { PIECES = 16 };

static size_t ring_size(int64_t width)
{
    return (size_t)WINDOW * MOMENTS * (size_t)width;
}

static size_t ssim_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return PIECES * (1 + ring_size(in->shape.dim[3])) * sizeof(double);
}

static void ssim_run(const struct ug_kernel *k)
{
    const struct compare *attrs = k->attrs;
    const struct ug_shape *x = &k->in[0].shape;
    const int64_t planes = ug_shape_span(x, 0, 2), n = ug_shape_span(x, 2, 4);
    double *sums = k->scratch, total = 0.0;

#pragma omp parallel for schedule(static)
    for (int piece = 0; piece < PIECES; piece++) {
        double *rings = sums + PIECES + (size_t)piece * ring_size(x->dim[3]);

        sums[piece] = 0.0;
        for (int64_t p = planes * piece / PIECES; p < planes * (piece + 1) / PIECES; p++)
            sums[piece] += plane_ssim((const float *)k->in[0].data + p * n,
                                      (const float *)k->in[1].data + p * n, x->dim[2], x->dim[3],
                                      attrs->range, rings);
    }
    for (int piece = 0; piece < PIECES; piece++)
        total += sums[piece];
    *(float *)k->out.data = (float)(total / (double)planes);
}

static double ssim_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return 4.0 * MOMENTS * WINDOW * (double)ug_shape_count(&in->shape);
}

static const struct ug_op ssim = {
    .name = "ssim",
    .summary = "Structural similarity (Wang et al. 2004), the mean over channels and pictures.",
    .formula = "mean over windows of (2 ma mb + (0.01 range)^2) (2 cov(a, b) + (0.03 range)^2)\n"
               "    / ((ma^2 + mb^2 + (0.01 range)^2) (var a + var b + (0.03 range)^2)),\n"
               "moments under a Gaussian window, 11x11, sigma 1.5, that lies in the picture;\n"
               "where a picture is smaller, the largest odd window that fits",
    .example = EXAMPLE_COMPARE("ssim(a, b)"),
    .args = compare_args,
    .attrs_size = sizeof(struct compare),
    .infer = compare_infer,
    .run = ssim_run,
    .scratch = ssim_scratch,
    .flops = ssim_flops,
    .why_no_gradient = why_not,
    .higher_is_better = true,
};

static const struct ug_op *const ops[] = {&accuracy, &psnr, &ssim, NULL};

const struct ug_op_family ug_family_metric = {"metrics", ops};
