/* normalize.c -- statistics of rows, and rows of mean 0 and variance 1: see normalize.h.
 *
 * A row is `outer` lines of `inner` values; lines are cut into parts of a fixed size, whose float64
 * sums are added in order.  Where there are many rows, each is one thread's work, so that its
 * second pass finds the values in the cache; else the parts of a row are shared out.  Neither
 * changes a bit.
 */
#include "ops/normalize.h"

#include <math.h>

#include "engine/base/simd.h"
#include "ops/emit.h"
#include "ops/kernels/cut.h"
#include "ops/kernels/gate.h"

enum {
    LANES = 16,    /* sums side by side, so that additions do not wait for one another */
    PART = 8192,   /* values */
    BLOCK = 1024,  /* that stay in the first cache */
    MANY_ROWS = 64 /* keep any number of threads busy */
};

/* The parts of a row. */
struct parts {
    int64_t outer, rows, inner, per_line, n;
};

static struct parts parts_of(const struct ug_norm_attrs *a)
{
    struct parts p = {a->outer, a->rows, a->inner, ug_ceil_div(a->inner, PART), 0};

    p.n = p.per_line * p.outer;
    return p;
}

/* Where part i of a row begins, and its values. */
static int64_t part_at(const struct parts *p, int64_t row, int64_t i)
{
    return (i / p->per_line * p->rows + row) * p->inner + i % p->per_line * PART;
}

static int64_t part_length(const struct parts *p, int64_t i)
{
    return ug_min(PART, p->inner - i % p->per_line * PART);
}

/* Does `work` for every part of a row: in turn, where rows keep the threads busy, else side by
 * side. */
static void each_part(const struct parts *p, int64_t row,
                      void (*work)(const void *job, int64_t row, int64_t part), const void *job)
{
    if (p->rows >= MANY_ROWS || p->n == 1) {
        for (int64_t i = 0; i < p->n; i++)
            work(job, row, i);
        return;
    }
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < p->n; i++)
        work(job, row, i);
}

static double total(const double *sums, int64_t n)
{
    double s = 0;

    for (int64_t i = 0; i < n; i++)
        s += sums[i];
    return s;
}

/* In pairs, so that few additions wait for another: rows may be short. */
static inline double total_of_lanes(const double s[LANES])
{
    double half[LANES / 2], quarter[LANES / 4];

    for (int l = 0; l < LANES / 2; l++)
        half[l] = s[l] + s[l + LANES / 2];
    for (int l = 0; l < LANES / 4; l++)
        quarter[l] = half[l] + half[l + LANES / 4];
    return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

/* Each lane starts with its first value: where rows are short, clearing lanes takes its time. */
UG_WIDEST static double sum_of(const float *x, int64_t n)
{
    double s[LANES];
    int64_t i = LANES;

    for (int l = 0; l < LANES; l++)
        s[l] = l < n ? (double)x[l] : 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            s[l] += x[i + l];
    for (int l = 0; i < n; i++, l++)
        s[l] += x[i];
    return total_of_lanes(s);
}

UG_WIDEST static double sum_of_squares(const float *x, int64_t n, double mean)
{
    double s[LANES];
    int64_t i = LANES;

    for (int l = 0; l < LANES; l++)
        s[l] = l < n ? (x[l] - mean) * (x[l] - mean) : 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            s[l] += (x[i + l] - mean) * (x[i + l] - mean);
    for (int l = 0; i < n; i++, l++)
        s[l] += (x[i] - mean) * (x[i] - mean);
    return total_of_lanes(s);
}

UG_WIDEST static double sum_of_products(const float *x, const float *y, int64_t n)
{
    double s[LANES];
    int64_t i = LANES;

    for (int l = 0; l < LANES; l++)
        s[l] = l < n ? (double)x[l] * (double)y[l] : 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            s[l] += (double)x[i + l] * (double)y[i + l];
    for (int l = 0; i < n; i++, l++)
        s[l] += (double)x[i] * (double)y[i];
    return total_of_lanes(s);
}

UG_WIDEST static void let_through(const float *dy, const float *y, int64_t n, float slope, float *g)
{
    UG_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        g[i] = ug_gated(dy[i], y[i], slope);
}

static float inverse_deviation(const struct ug_norm_attrs *a, const float *stats, int64_t row)
{
    return (float)(1.0 / sqrt((double)stats[2 * row + 1] + a->eps));
}

static size_t sums_scratch(const struct ug_norm_attrs *a)
{
    const struct parts p = parts_of(a);

    return (size_t)(p.rows * p.n) * sizeof(double);
}

/* Shape rule: input i has outer * rows * inner values. */
static bool check_count(struct ug_inference *t, int i)
{
    const struct ug_norm_attrs *a = t->attrs;

    return (t->in[i].dtype == UG_F32 &&
            ug_shape_count(&t->in[i].shape) == a->outer * a->rows * a->inner) ||
           ug_reject(t, "needs %lld x %lld x %lld float32 values", (long long)a->outer,
                     (long long)a->rows, (long long)a->inner);
}

static bool check_stats(struct ug_inference *t, int i)
{
    const struct ug_norm_attrs *a = t->attrs;
    const struct ug_shape stats = UG_SHAPE(a->rows, 2);

    return ug_shape_equal(&t->in[i].shape, &stats) ||
           ug_reject(t, "needs statistics of %lld rows", (long long)a->rows);
}

/* Rows of different batches have nothing to do with one another, as long as one follows the other. */
static bool widen_rows(void *attrs, int64_t n)
{
    struct ug_norm_attrs *a = attrs;

    a->rows *= n;
    return a->outer == 1;
}

/* ---- Parts of gradients, as nodes ---- */

static struct ug_node *as_rows(struct ug_builder *b, const struct ug_norm_attrs *a,
                               struct ug_node *x)
{
    return ug_reshape(b, x, UG_SHAPE(a->outer, a->rows, a->inner));
}

/* stats[:, which] as [1, rows, 1]. */
static struct ug_node *stat_of(struct ug_builder *b, const struct ug_norm_attrs *a,
                               struct ug_node *stats, int which)
{
    return ug_reshape(b, ug_slice(b, stats, 1, which, which + 1), UG_SHAPE(1, a->rows, 1));
}

static struct ug_node *inverse_deviation_of(struct ug_builder *b, const struct ug_norm_attrs *a,
                                            struct ug_node *stats)
{
    return ug_power(b, ug_shift(b, stat_of(b, a, stats, 1), a->eps), -0.5);
}

static struct ug_node *mean_of_product(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return ug_mean(b, ug_mul(b, x, y), UG_AXES(0, 2), true);
}

/* ---- norm_stats ---- */

static bool infer_stats(struct ug_inference *t)
{
    const struct ug_norm_attrs *a = t->attrs;

    t->out = (struct ug_type){UG_F32, UG_SHAPE(a->rows, 2)};
    return check_count(t, 0);
}

static size_t stats_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)in, (void)out;
    return sums_scratch(attrs);
}

struct stats_job {
    struct parts parts;
    const float *x;
    double *sums; /* [row][part] */
    double mean;
};

static void sum_part(const void *job, int64_t row, int64_t i)
{
    const struct stats_job *j = job;

    j->sums[row * j->parts.n + i] =
        sum_of(j->x + part_at(&j->parts, row, i), part_length(&j->parts, i));
}

static void sum_squares_of_part(const void *job, int64_t row, int64_t i)
{
    const struct stats_job *j = job;

    j->sums[row * j->parts.n + i] =
        sum_of_squares(j->x + part_at(&j->parts, row, i), part_length(&j->parts, i), j->mean);
}

static void row_stats(struct stats_job job, int64_t row, float *stats)
{
    const struct parts *p = &job.parts;
    const double n = (double)(p->outer * p->inner);
    const double *sums = job.sums + row * p->n;

    each_part(p, row, sum_part, &job);
    job.mean = total(sums, p->n) / n;
    each_part(p, row, sum_squares_of_part, &job);
    stats[2 * row] = (float)job.mean;
    stats[2 * row + 1] = (float)(total(sums, p->n) / n);
}

static void run_stats(const struct ug_kernel *k)
{
    const struct stats_job job = {parts_of(k->attrs), k->in[0].data, k->scratch, 0};

#pragma omp parallel for schedule(static) if (job.parts.rows >= MANY_ROWS)
    for (int64_t row = 0; row < job.parts.rows; row++)
        row_stats(job, row, k->out.data);
}

/* dx = (dmean + 2 dvar (x - mean)) / n. */
static void stats_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                           const bool *wanted, struct ug_node **dx)
{
    const struct ug_norm_attrs *a = y->attrs;
    struct ug_node *x = as_rows(b, a, y->in[0]);
    struct ug_node *centred = ug_sub(b, x, stat_of(b, a, y, 0));
    struct ug_node *sum =
        ug_add(b, ug_mul(b, ug_scale(b, stat_of(b, a, dy, 1), 2), centred), stat_of(b, a, dy, 0));

    (void)wanted;
    dx[0] =
        ug_reshape(b, ug_scale(b, sum, 1.0 / (double)(a->outer * a->inner)), y->in[0]->type.shape);
}

const struct ug_op ug_op_norm_stats = {
    .name = "norm_stats",
    .summary = "Mean and variance of each row of a value read as [outer, rows, inner].",
    .formula = "y[:, 0] = mean(x), y[:, 1] = mean((x - mean(x))^2), each over outer and inner",
    .attrs_size = sizeof(struct ug_norm_attrs),
    .internal = true,
    .infer = infer_stats,
    .run = run_stats,
    .scratch = stats_scratch,
    .gradient = stats_gradient,
    .per_sample = 1,
    .widen = widen_rows,
};

/* ---- normalize ---- */

static bool infer_normalize(struct ug_inference *t)
{
    t->out = t->in[0];
    return check_count(t, 0) && check_stats(t, 1);
}

UG_WIDEST static void scale_part(const float *x, int64_t n, float mean, float scale, float *y)
{
    UG_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) * scale;
}

static void run_normalize(const struct ug_kernel *k)
{
    const struct parts p = parts_of(k->attrs);
    const float *x = k->in[0].data, *stats = k->in[1].data;
    float *y = k->out.data;

#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t row = 0; row < p.rows; row++)
        for (int64_t i = 0; i < p.n; i++) {
            const int64_t at = part_at(&p, row, i);

            scale_part(x + at, part_length(&p, i), stats[2 * row],
                       inverse_deviation(k->attrs, stats, row), y + at);
        }
}

static void normalize_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                               const bool *wanted, struct ug_node **dx)
{
    const struct ug_norm_backward_attrs a = {*(const struct ug_norm_attrs *)y->attrs, 1};

    if (wanted[0])
        dx[0] = ug_emit(b, &ug_op_normalize_backward, &a, (struct ug_node *[]){dy, y, y->in[1]}, 3);
}

const struct ug_op ug_op_normalize = {
    .name = "normalize",
    .summary = "Rows brought to mean 0 and variance 1.",
    .formula = "y = (x - mean) / sqrt(var + eps)",
    .attrs_size = sizeof(struct ug_norm_attrs),
    .internal = true,
    .infer = infer_normalize,
    .run = run_normalize,
    .gradient = normalize_gradient,
    .simplify = ug_normalize_simplify,
    .per_sample = 3,
    .widen = widen_rows,
    .in_place = 1,
};

/* ---- normalize_backward ---- */

static bool infer_backward(struct ug_inference *t)
{
    t->out = t->in[0];
    return check_count(t, 0) && check_count(t, 1) && check_stats(t, 2);
}

static size_t backward_scratch(const void *attrs, const struct ug_type *in,
                               const struct ug_type *out)
{
    const struct ug_norm_backward_attrs *a = attrs;

    (void)in, (void)out;
    return 2 * sums_scratch(&a->norm);
}

struct backward_job {
    struct parts parts;
    const float *dy, *y;
    float *dx;
    double *sums; /* [row][of g, of g * y][part]; g: what the rectifier lets through of dy */
    float slope, mean_g, mean_gy, scale;
};

/* Gated block by block: in one loop with sums of another type it would not run in vectors. */
static void sum_products_of_part(const void *job, int64_t row, int64_t i)
{
    const struct backward_job *j = job;
    const int64_t first = part_at(&j->parts, row, i), end = first + part_length(&j->parts, i);
    double *sums = j->sums + 2 * row * j->parts.n + i;

    sums[0] = sums[j->parts.n] = 0;
    for (int64_t at = first; at < end; at += BLOCK) {
        const int64_t n = ug_min(BLOCK, end - at);
        float g[BLOCK];

        let_through(j->dy + at, j->y + at, n, j->slope, g);
        sums[0] += sum_of(g, n);
        sums[j->parts.n] += sum_of_products(g, j->y + at, n);
    }
}

UG_WIDEST static void project_part(const void *job, int64_t row, int64_t i)
{
    const struct backward_job j = *(const struct backward_job *)job;
    const int64_t at = part_at(&j.parts, row, i), n = part_length(&j.parts, i);
    const float *dy = j.dy + at, *y = j.y + at;
    float *dx = j.dx + at;

    UG_INDEPENDENT
    for (int64_t k = 0; k < n; k++)
        dx[k] = (ug_gated(dy[k], y[k], j.slope) - j.mean_g - y[k] * j.mean_gy) * j.scale;
}

static void row_backward(struct backward_job job, int64_t row)
{
    const struct parts *p = &job.parts;
    const double n = (double)(p->outer * p->inner);
    const double *sums = job.sums + 2 * row * p->n;

    each_part(p, row, sum_products_of_part, &job);
    job.mean_g = (float)(total(sums, p->n) / n);
    job.mean_gy = (float)(total(sums + p->n, p->n) / n);
    each_part(p, row, project_part, &job);
}

static void run_backward(const struct ug_kernel *k)
{
    const struct ug_norm_backward_attrs *a = k->attrs;
    struct backward_job job = {.parts = parts_of(&a->norm),
                               .dy = k->in[0].data,
                               .y = k->in[1].data,
                               .dx = k->out.data,
                               .sums = k->scratch,
                               .slope = (float)a->slope};

#pragma omp parallel for schedule(static) firstprivate(job) if (job.parts.rows >= MANY_ROWS)
    for (int64_t row = 0; row < job.parts.rows; row++) {
        job.scale = inverse_deviation(&a->norm, k->in[2].data, row);
        row_backward(job, row);
    }
}

/* r = s (g - m(g) - y m(g y)) with s = 1 / sqrt(var + eps), m the mean of a row, and g what passes of
 * dy.  It is linear and self-adjoint in g; of the gradient h goes to y -s (h m(g y) + g m(h y)), and
 * to var -s^2/2 times the sum of h r. */
static void backward_gradient(struct ug_builder *b, struct ug_node *r, struct ug_node *h,
                              const bool *wanted, struct ug_node **dx)
{
    const struct ug_norm_backward_attrs *a = r->attrs, linear = {a->norm, 1};
    struct ug_node *stats = r->in[2], *s = inverse_deviation_of(b, &a->norm, stats);
    struct ug_node *g = as_rows(b, &a->norm, ug_gate(b, r->in[0], r->in[1], a->slope));
    struct ug_node *y = as_rows(b, &a->norm, r->in[1]), *rows = as_rows(b, &a->norm, h);

    if (wanted[0])
        dx[0] = ug_gate(b,
                        ug_emit(b, &ug_op_normalize_backward, &linear,
                                (struct ug_node *[]){h, r->in[1], stats}, 3),
                        r->in[1], a->slope);
    if (wanted[1])
        dx[1] = ug_reshape(b,
                           ug_mul(b, ug_neg(b, s),
                                  ug_add(b, ug_mul(b, rows, mean_of_product(b, g, y)),
                                         ug_mul(b, g, mean_of_product(b, rows, y)))),
                           r->in[1]->type.shape);
    if (wanted[2]) {
        struct ug_node *sum =
            ug_sum(b, ug_mul(b, rows, as_rows(b, &a->norm, r)), UG_AXES(0, 2), true);
        struct ug_node *dvar = ug_scale(b, ug_mul(b, ug_square(b, s), sum), -0.5);
        const struct ug_shape column = UG_SHAPE(a->norm.rows, 1);

        dx[2] = ug_cat(
            b, (struct ug_node *[]){ug_filled(b, column, 0), ug_reshape(b, dvar, column)}, 2, 1);
    }
}

const struct ug_op ug_op_normalize_backward = {
    .name = "normalize_backward",
    .summary = "The gradient of normalize to its input, from its output.",
    .formula = "dx = (g - mean(g) - y * mean(g * y)) / sqrt(var + eps), "
               "g = dy where y > 0, slope * dy elsewhere; the slope is 1 but before a rectifier",
    .attrs_size = sizeof(struct ug_norm_backward_attrs),
    .internal = true,
    .infer = infer_backward,
    .run = run_backward,
    .scratch = backward_scratch,
    .gradient = backward_gradient,
    .simplify = ug_normalize_backward_simplify,
    .simplify_sum = ug_normalize_backward_sum,
    .per_sample = 7,
    .widen = widen_rows,
    .in_place = 3,
};
