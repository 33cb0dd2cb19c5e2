/* normalize.c -- statistics of rows, and rows of mean 0 and variance 1: see normalize.h. */
#include "engine/base/simd.h"
#include "ops/emit.h"
#include "ops/normalize_parts.h"

/* ---- norm_stats ---- */

static bool infer_stats(struct ug_inference *t)
{
    const struct ug_norm_attrs *a = t->attrs;

    t->out = (struct ug_type){UG_F32, UG_SHAPE(a->rows, 2)};
    return ug_norm_check_values(t, 0);
}

static size_t stats_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)in, (void)out;
    return ug_norm_sums_scratch(attrs);
}

struct stats_job {
    struct ug_rows rows;
    const float *x;
    double *sums; /* [row][part] */
    float mean;
};

static void sum_part(const void *job, int64_t row, int64_t i)
{
    const struct stats_job *j = job;

    j->sums[row * j->rows.parts + i] =
        ug_sum_of(j->x + ug_rows_at(&j->rows, row, i), ug_rows_length(&j->rows, i));
}

static void sum_squares_of_part(const void *job, int64_t row, int64_t i)
{
    const struct stats_job *j = job;

    j->sums[row * j->rows.parts + i] = ug_sum_of_squares(j->x + ug_rows_at(&j->rows, row, i),
                                                         ug_rows_length(&j->rows, i), j->mean);
}

static void row_stats(struct stats_job job, int64_t row, float *stats)
{
    const struct ug_rows *r = &job.rows;
    const double n = (double)(r->outer * r->inner);
    const double *sums = job.sums + row * r->parts;

    ug_rows_each(r, row, sum_part, &job);
    job.mean = (float)(ug_total(sums, r->parts) / n);
    ug_rows_each(r, row, sum_squares_of_part, &job);
    stats[2 * row] = job.mean;
    stats[2 * row + 1] = (float)(ug_total(sums, r->parts) / n);
}

static void run_stats(const struct ug_kernel *k)
{
    const struct stats_job job = {ug_norm_rows(k->attrs), k->in[0].data, k->scratch, 0};

#pragma omp parallel for schedule(static) if (ug_rows_are_many(&job.rows))
    for (int64_t row = 0; row < job.rows.rows; row++)
        row_stats(job, row, k->out.data);
}

/* dx = (dmean + 2 dvar (x - mean)) / n. */
static void stats_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                           const bool *wanted, struct ug_node **dx)
{
    const struct ug_norm_attrs *a = y->attrs;
    struct ug_node *x = ug_norm_rows_of(b, a, y->in[0]);
    struct ug_node *centred = ug_sub(b, x, ug_norm_stat_of(b, a, y, 0));
    struct ug_node *sum =
        ug_add(b, ug_mul(b, ug_scale(b, ug_norm_stat_of(b, a, dy, 1), 2), centred),
               ug_norm_stat_of(b, a, dy, 0));

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
    .widen = ug_norm_widen,
};

/* ---- normalize ---- */

static bool infer_normalize(struct ug_inference *t)
{
    t->out = t->in[0];
    return ug_norm_check_values(t, 0) && ug_norm_check_stats(t, 1);
}

UG_WIDEST static void scale_part(const float *x, int64_t n, float mean, float scale, float *y)
{
    UG_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) * scale;
}

static void run_normalize(const struct ug_kernel *k)
{
    const struct ug_rows r = ug_norm_rows(k->attrs);
    const float *x = k->in[0].data, *stats = k->in[1].data;
    float *y = k->out.data;

#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t row = 0; row < r.rows; row++)
        for (int64_t i = 0; i < r.parts; i++) {
            const int64_t at = ug_rows_at(&r, row, i);

            scale_part(x + at, ug_rows_length(&r, i), stats[2 * row],
                       ug_norm_scale(k->attrs, stats, row), y + at);
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
    .widen = ug_norm_widen,
    .in_place = 1,
};
