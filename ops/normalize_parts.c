/* normalize_parts.c -- what the ops of normalize.h have in common. */
#include "ops/normalize_parts.h"

#include <math.h>

#include "ops/emit.h"

struct ug_rows ug_norm_rows(const struct ug_norm_attrs *a)
{
    return ug_rows_of(a->outer, a->rows, a->inner);
}

float ug_norm_scale(const struct ug_norm_attrs *a, const float *stats, int64_t row)
{
    return (float)(1.0 / sqrt((double)stats[2 * row + 1] + a->eps));
}

size_t ug_norm_sums_scratch(const struct ug_norm_attrs *a)
{
    const struct ug_rows r = ug_norm_rows(a);

    return (size_t)(r.rows * r.parts) * sizeof(double);
}

bool ug_norm_check_values(struct ug_inference *t, int i)
{
    const struct ug_norm_attrs *a = t->attrs;

    return (t->in[i].dtype == UG_F32 &&
            ug_shape_count(&t->in[i].shape) == a->outer * a->rows * a->inner) ||
           ug_reject(t, "needs %lld x %lld x %lld float32 values", (long long)a->outer,
                     (long long)a->rows, (long long)a->inner);
}

bool ug_norm_check_stats(struct ug_inference *t, int i)
{
    const struct ug_norm_attrs *a = t->attrs;
    const struct ug_shape stats = UG_SHAPE(a->rows, 2);

    return ug_shape_equal(&t->in[i].shape, &stats) ||
           ug_reject(t, "needs statistics of %lld rows", (long long)a->rows);
}

bool ug_norm_widen(void *attrs, int64_t n)
{
    struct ug_norm_attrs *a = attrs;

    a->rows *= n;
    return a->outer == 1;
}

struct ug_node *ug_norm_rows_of(struct ug_builder *b, const struct ug_norm_attrs *a,
                                struct ug_node *x)
{
    return ug_reshape(b, x, UG_SHAPE(a->outer, a->rows, a->inner));
}

struct ug_node *ug_norm_stat_of(struct ug_builder *b, const struct ug_norm_attrs *a,
                                struct ug_node *stats, int which)
{
    return ug_reshape(b, ug_slice(b, stats, 1, which, which + 1), UG_SHAPE(1, a->rows, 1));
}
