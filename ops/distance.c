/* distance.c -- how far two sets of samples are from each other, by their features: numbers for
 * data that has no ground truth.
 *
 * Neither is a mean over samples: `validate` computes them once, over all the samples of its data.
 * Sums run in float64 and in a fixed order.
 */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "engine/graph/call.h"

enum { MOST = 1 << 24 }; /* LAPACK counts in int */
static const char *const why_not = "it is a metric; train with a loss";

/* Features: [N, D], what a sample has behind its first axis in a row. */
static int64_t samples_of(const struct ug_type *t)
{
    return t->shape.dim[0];
}

static int64_t features_of(const struct ug_type *t)
{
    return ug_shape_span(&t->shape, 1, t->shape.rank);
}

static bool distance_infer(struct ug_inference *t)
{
    for (int i = 0; i < 2; i++)
        if (t->in[i].dtype != UG_F32 || t->in[i].shape.rank < 2)
            return ug_reject(t, "needs two sets of features [N, D]");
    for (int i = 0; i < 2; i++)
        if (samples_of(&t->in[i]) > MOST || features_of(&t->in[i]) > MOST)
            return ug_reject(t, "takes at most %d samples and as many features", MOST);
    if (features_of(&t->in[0]) != features_of(&t->in[1]))
        return ug_reject(t, "the samples of one set have %lld features, those of the other %lld",
                         (long long)features_of(&t->in[0]), (long long)features_of(&t->in[1]));
    if (!ug_shape_count(&t->in[0].shape) || !ug_shape_count(&t->in[1].shape))
        return ug_reject(t, "a set is empty");
    t->out = (struct ug_type){.dtype = UG_F32};
    return true;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a < b ? b : a;
}

/* ---- The Fréchet distance ---- */

/* LAPACK, in OpenBLAS: A = Q R of an m x n matrix in columns, m >= n; and singular values. */
extern void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau,
                    double *work, const int *lwork, int *info);
extern void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda,
                    double *s, double *u, const int *ldu, double *vt, const int *ldvt, double *work,
                    const int *lwork, int *iwork, int *info, size_t job_length);

enum { QR_BLOCK = 32 };

/* With A the centred features of one set, a sample a row, over sqrt(N - 1), and B of the other, the
 * covariances are A'A and B'B, and the eigenvalues of their product are the squares of the singular
 * values of A B': the trace of its root is the sum of these.  Neither a covariance nor its root is
 * formed.  A set of more samples than features is first brought to the R of A = Q R, whose
 * covariance is the same.
 */
struct frechet_room {
    int64_t rows[2]; /* of A and B once they are reduced */
    size_t set[2], mean[2], product, values, tau, work, integers, bytes; /* where each begins */
    int lwork;
};

static struct frechet_room frechet_room(const struct ug_type *in)
{
    const int64_t d = features_of(&in[0]);
    struct frechet_room r = {.bytes = 0};
    size_t n = 0; /* doubles so far */

    for (int i = 0; i < 2; i++) {
        r.rows[i] = smaller(samples_of(&in[i]), d);
        r.set[i] = n, n += (size_t)(samples_of(&in[i]) * d);
        r.mean[i] = n, n += (size_t)d;
    }
    const int64_t least = smaller(r.rows[0], r.rows[1]), most = larger(r.rows[0], r.rows[1]);
    r.product = n, n += (size_t)(r.rows[0] * r.rows[1]);
    r.values = n, n += (size_t)least;
    r.tau = n, n += (size_t)d;
    r.lwork = (int)larger(3 * least + larger(most, 7 * least), QR_BLOCK * d);
    r.work = n, n += (size_t)r.lwork;
    r.integers = n, n += (size_t)(8 * least);
    r.bytes = n * sizeof(double);
    return r;
}

static size_t frechet_scratch(const void *attrs, const struct ug_type *in,
                              const struct ug_type *out)
{
    (void)attrs, (void)out;
    return frechet_room(in).bytes;
}

/* The rows of x, [n, d], minus their mean, over sqrt(n - 1), as columns of a: a [d, n] in columns
 * is the n x d matrix in rows.  One sample has no spread. */
static void centre(const float *x, int64_t n, int64_t d, double *mean, double *a)
{
    const double scale = n > 1 ? 1 / sqrt((double)(n - 1)) : 0;

#pragma omp parallel for schedule(static)
    for (int64_t j = 0; j < d; j++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += (double)x[i * d + j];
        mean[j] = sum / (double)n;
        for (int64_t i = 0; i < n; i++)
            a[j * n + i] = ((double)x[i * d + j] - mean[j]) * scale;
    }
}

static double sum_of_squares(const double *a, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += a[i] * a[i];
    return sum;
}

/* Makes of a, n x d in columns, its upper triangular R, d x d in columns, at the same place. */
static void reduce(double *a, int64_t n, int64_t d, double *tau, double *work, int lwork)
{
    const int rows = (int)n, columns = (int)d;
    int info;

    dgeqrf_(&rows, &columns, a, &rows, tau, work, &lwork, &info);
    for (int64_t j = 0; j < d; j++)
        for (int64_t i = 0; i < d; i++)
            a[j * d + i] = i <= j ? a[j * n + i] : 0;
}

/* The sum of the singular values of A B'. */
static double trace_of_root(const struct frechet_room *r, int64_t d, double *s)
{
    const int m = (int)r->rows[0], n = (int)r->rows[1], one = 1;
    double sum = 0;
    int info;

    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, m, n, (int)d, 1, s + r->set[0], m,
                s + r->set[1], n, 0, s + r->product, m);
    dgesdd_("N", &m, &n, s + r->product, &m, s + r->values, NULL, &one, NULL, &one, s + r->work,
            &r->lwork, (int *)(s + r->integers), &info, 1);
    if (info)
        return (double)NAN;
    for (int64_t i = 0; i < smaller(m, n); i++)
        sum += s[r->values + (size_t)i];
    return sum;
}

static void frechet_run(const struct ug_kernel *k)
{
    const struct ug_type types[2] = {{UG_F32, k->in[0].shape}, {UG_F32, k->in[1].shape}};
    const struct frechet_room r = frechet_room(types);
    const int64_t d = features_of(&types[0]);
    double *s = k->scratch, distance = 0;

    for (int i = 0; i < 2; i++) {
        const int64_t n = samples_of(&types[i]);
        centre(k->in[i].data, n, d, s + r.mean[i], s + r.set[i]);
        distance += sum_of_squares(s + r.set[i], n * d);
        if (n > d)
            reduce(s + r.set[i], n, d, s + r.tau, s + r.work, r.lwork);
    }
    for (int64_t j = 0; j < d; j++) {
        const double gap = s[r.mean[0] + (size_t)j] - s[r.mean[1] + (size_t)j];
        distance += gap * gap;
    }
    distance -= 2 * trace_of_root(&r, d, s);
    *(float *)k->out.data = distance < 0 ? 0 : (float)distance; /* rounding */
}

static double frechet_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return 2.0 * (double)samples_of(&in[0]) * (double)samples_of(&in[1]) *
           (double)features_of(&in[0]);
}

#define SETS                                                                                       \
    {.name = "a", .doc = "features of one set [N, D]", .type = UG_TENSOR},                         \
    {                                                                                              \
        .name = "b", .doc = "of the other [M, D]", .type = UG_TENSOR                               \
    }

static const struct ug_arg frechet_args[] = {
    SETS,
    {.name = NULL},
};

static const struct ug_op frechet_distance = {
    .name = "frechet_distance",
    .summary = "The Fréchet distance of two sets of features, as normal distributions: FID, if the "
               "features are Inception's. A whole metric of validate, over all its samples.",
    .formula = "|mean(a) - mean(b)|^2 + tr(Ca + Cb - 2 (Ca Cb)^(1/2)), covariances over N - 1 "
               "(Heusel et al. 2017)",
    .example = "unitgraph: 1\n"
               "inputs: {a: [6, 3], b: [5, 3]}\n"
               "graph: {y: 'frechet_distance(a, b)'}\n",
    .args = frechet_args,
    .infer = distance_infer,
    .run = frechet_run,
    .scratch = frechet_scratch,
    .flops = frechet_flops,
    .why_no_gradient = why_not,
    .of_sets = true,
};

/* ---- The kernel distance ---- */

struct kernel_distance {
    int64_t degree;
    double gamma, coef; /* gamma 0: 1 / D */
};

enum { BLOCK = 64 }; /* rows of one piece of work, and columns that are taken at once */

static int64_t blocks_of(int64_t n)
{
    return (n + BLOCK - 1) / BLOCK;
}

/* The features of both sets in float64, and a sum for each block of rows. */
static size_t kernel_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const int64_t n = samples_of(&in[0]), m = samples_of(&in[1]);

    (void)attrs, (void)out;
    return (size_t)((n + m) * features_of(&in[0]) + blocks_of(larger(n, m))) * sizeof(double);
}

static double power(double x, int64_t degree)
{
    double y = 1;

    for (int64_t i = 0; i < degree; i++)
        y *= x;
    return y;
}

/* The sum of k(x_i, y_j) over rows [from, to) of x, [.., d], and all n of y; where x is y, without
 * i = j. */
static double sum_block(const struct kernel_distance *a, double gamma, const double *x,
                        int64_t from, int64_t to, const double *y, int64_t n, int64_t d)
{
    double products[BLOCK * BLOCK], sum = 0;

    for (int64_t j = 0; j < n; j += BLOCK) {
        const int64_t columns = smaller(BLOCK, n - j);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(to - from), (int)columns, (int)d,
                    gamma, x + from * d, (int)d, y + j * d, (int)d, 0, products, BLOCK);
        for (int64_t r = 0; r < to - from; r++)
            for (int64_t c = 0; c < columns; c++)
                if (x != y || from + r != j + c)
                    sum += power(products[r * BLOCK + c] + a->coef, a->degree);
    }
    return sum;
}

static double sum_pairs(const struct kernel_distance *a, double gamma, const double *x, int64_t n,
                        const double *y, int64_t m, int64_t d, double *sums)
{
    double sum = 0;

#pragma omp parallel for schedule(dynamic)
    for (int64_t b = 0; b < blocks_of(n); b++)
        sums[b] = sum_block(a, gamma, x, b * BLOCK, smaller(n, (b + 1) * BLOCK), y, m, d);
    for (int64_t b = 0; b < blocks_of(n); b++)
        sum += sums[b];
    return sum;
}

/* One sample makes no pair with itself: the result is then no number. */
static void kernel_run(const struct ug_kernel *k)
{
    const struct kernel_distance *a = k->attrs;
    const int64_t n = k->in[0].shape.dim[0], m = k->in[1].shape.dim[0];
    const int64_t d = ug_shape_count(&k->in[0].shape) / n;
    const double gamma = a->gamma > 0 ? a->gamma : 1 / (double)d;
    double *x = k->scratch, *y = x + n * d, *sums = y + m * d;

    for (int64_t i = 0; i < n * d; i++)
        x[i] = (double)((const float *)k->in[0].data)[i];
    for (int64_t i = 0; i < m * d; i++)
        y[i] = (double)((const float *)k->in[1].data)[i];
    *(float *)k->out.data =
        (float)(sum_pairs(a, gamma, x, n, x, n, d, sums) / ((double)n * (double)(n - 1)) +
                sum_pairs(a, gamma, y, m, y, m, d, sums) / ((double)m * (double)(m - 1)) -
                2 * sum_pairs(a, gamma, x, n, y, m, d, sums) / ((double)n * (double)m));
}

static double kernel_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const double n = (double)samples_of(&in[0]), m = (double)samples_of(&in[1]);

    (void)attrs, (void)out;
    return 2 * (n * n + m * m + n * m) * (double)features_of(&in[0]);
}

static const struct ug_arg kernel_args[] = {
    SETS,
    {.name = "degree",
     .doc = "of the polynomial",
     .type = UG_INT,
     .offset = offsetof(struct kernel_distance, degree),
     .initial = "3",
     .min = 1,
     .max = 16},
    {.name = "gamma",
     .doc = "factor of the inner product; 0: 1 / D",
     .type = UG_FLOAT,
     .offset = offsetof(struct kernel_distance, gamma),
     .initial = "0",
     .min = 0,
     .max = 1e30},
    {.name = "coef",
     .doc = "added to it",
     .type = UG_FLOAT,
     .offset = offsetof(struct kernel_distance, coef),
     .initial = "1",
     .min = -1e30,
     .max = 1e30},
    {.name = NULL},
};

static const struct ug_op kernel_distance = {
    .name = "kernel_distance",
    .summary = "The squared kernel distance (MMD) of two sets of features, without bias, so that "
               "it may be below 0: KID, if the features are Inception's. A whole metric of "
               "validate, over all its samples.",
    .formula = "mean over i != j of k(a_i, a_j) + the same of b - 2 mean k(a_i, b_j), "
               "k(x, y) = (gamma x.y + coef)^degree (Binkowski et al. 2018)",
    .example = "unitgraph: 1\n"
               "inputs: {a: [6, 3], b: [5, 3]}\n"
               "graph: {y: 'kernel_distance(a, b)'}\n",
    .args = kernel_args,
    .attrs_size = sizeof(struct kernel_distance),
    .infer = distance_infer,
    .run = kernel_run,
    .scratch = kernel_scratch,
    .flops = kernel_flops,
    .why_no_gradient = why_not,
    .of_sets = true,
};

/* ---- The family ---- */

static const struct ug_op *const ops[] = {
    &frechet_distance,
    &kernel_distance,
    NULL,
};

const struct ug_op_family ug_family_distance = {"metrics over sets", ops};
