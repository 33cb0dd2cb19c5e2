/* normalize_backward.c -- the gradient of normalize, and of a rectifier behind it. */
#include "engine/base/simd.h"
#include "ops/emit.h"
#include "ops/kernels/gate.h"
#include "ops/normalize_parts.h"

static bool infer_backward(struct ug_inference *t)
{
    t->out = t->in[0];
    return ug_norm_check_values(t, 0) && ug_norm_check_values(t, 1) && ug_norm_check_stats(t, 2);
}

static size_t backward_scratch(const void *attrs, const struct ug_type *in,
                               const struct ug_type *out)
{
    const struct ug_norm_backward_attrs *a = attrs;

    (void)in, (void)out;
    return 2 * ug_norm_sums_scratch(&a->norm);
}

struct backward_job {
    struct ug_rows rows;
    const float *dy, *y;
    float *dx;
    double *sums; /* [row][of g, of g * y][part]; g: what the rectifier lets through of dy */
    float slope, mean_g, mean_gy, scale;
};

static void sum_part(const void *job, int64_t row, int64_t i)
{
    const struct backward_job *j = job;
    const int64_t at = ug_rows_at(&j->rows, row, i);
    const struct ug_gated_sums part =
        ug_gated_sums_of(j->dy + at, j->y + at, ug_rows_length(&j->rows, i), j->slope);
    double *sums = j->sums + 2 * row * j->rows.parts + i;

    sums[0] = part.g;
    sums[j->rows.parts] = part.gy;
}

UG_WIDEST static void project_part(const void *job, int64_t row, int64_t i)
{
    const struct backward_job j = *(const struct backward_job *)job;
    const int64_t at = ug_rows_at(&j.rows, row, i), n = ug_rows_length(&j.rows, i);
    const float *dy = j.dy + at, *y = j.y + at;
    float *dx = j.dx + at;

    UG_INDEPENDENT
    for (int64_t k = 0; k < n; k++)
        dx[k] = (ug_gated(dy[k], y[k], j.slope) - j.mean_g - y[k] * j.mean_gy) * j.scale;
}

static void row_backward(struct backward_job job, int64_t row)
{
    const struct ug_rows *r = &job.rows;
    const double n = (double)(r->outer * r->inner);
    const double *sums = job.sums + 2 * row * r->parts;

    ug_rows_each(r, row, sum_part, &job);
    job.mean_g = (float)(ug_total(sums, r->parts) / n);
    job.mean_gy = (float)(ug_total(sums + r->parts, r->parts) / n);
    ug_rows_each(r, row, project_part, &job);
}

static void run_backward(const struct ug_kernel *k)
{
    const struct ug_norm_backward_attrs *a = k->attrs;
    struct backward_job job = {.rows = ug_norm_rows(&a->norm),
                               .dy = k->in[0].data,
                               .y = k->in[1].data,
                               .dx = k->out.data,
                               .sums = k->scratch,
                               .slope = (float)a->slope};

#pragma omp parallel for schedule(static) firstprivate(job) if (ug_rows_are_many(&job.rows))
    for (int64_t row = 0; row < job.rows.rows; row++) {
        job.scale = ug_norm_scale(&a->norm, k->in[2].data, row);
        row_backward(job, row);
    }
}

static struct ug_node *inverse_deviation_of(struct ug_builder *b, const struct ug_norm_attrs *a,
                                            struct ug_node *stats)
{
    return ug_power(b, ug_shift(b, ug_norm_stat_of(b, a, stats, 1), a->eps), -0.5);
}

static struct ug_node *mean_of_product(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    return ug_mean(b, ug_mul(b, x, y), UG_AXES(0, 2), true);
}

/* r = s (g - m(g) - y m(g y)) with s = 1 / sqrt(var + eps), m the mean of a row, and g what passes of
 * dy.  It is linear and self-adjoint in g; of the gradient h goes to y -s (h m(g y) + g m(h y)), and
 * to var -s^2/2 times the sum of h r. */
static void backward_gradient(struct ug_builder *b, struct ug_node *r, struct ug_node *h,
                              const bool *wanted, struct ug_node **dx)
{
    const struct ug_norm_backward_attrs *a = r->attrs, linear = {a->norm, 1};
    struct ug_node *stats = r->in[2], *s = inverse_deviation_of(b, &a->norm, stats);
    struct ug_node *g = ug_norm_rows_of(b, &a->norm, ug_gate(b, r->in[0], r->in[1], a->slope));
    struct ug_node *y = ug_norm_rows_of(b, &a->norm, r->in[1]),
                   *rows = ug_norm_rows_of(b, &a->norm, h);

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
            ug_sum(b, ug_mul(b, rows, ug_norm_rows_of(b, &a->norm, r)), UG_AXES(0, 2), true);
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
    .widen = ug_norm_widen,
    .in_place = 3,
};
