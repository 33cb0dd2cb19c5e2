/* normalize_parts.h -- what the ops of normalize.h have in common: for normalize.c and
 * normalize_backward.c only. */
#ifndef UG_OPS_NORMALIZE_PARTS_H
#define UG_OPS_NORMALIZE_PARTS_H

#include "ops/kernels/rows.h"
#include "ops/normalize.h"

struct ug_rows ug_norm_rows(const struct ug_norm_attrs *a);
/* 1 / sqrt(var + eps) of a row. */
float ug_norm_scale(const struct ug_norm_attrs *a, const float *stats, int64_t row);
/* Bytes for a sum of each part. */
size_t ug_norm_sums_scratch(const struct ug_norm_attrs *a);

/* Shape rules: input i has outer * rows * inner values; has statistics of the rows. */
bool ug_norm_check_values(struct ug_inference *t, int i);
bool ug_norm_check_stats(struct ug_inference *t, int i);
/* Rows of different batches have nothing to do with one another, as long as one follows the other. */
bool ug_norm_widen(void *attrs, int64_t n);

/* As nodes: x as [outer, rows, inner], and stats[:, which] as [1, rows, 1]. */
struct ug_node *ug_norm_rows_of(struct ug_builder *b, const struct ug_norm_attrs *a,
                                struct ug_node *x);
struct ug_node *ug_norm_stat_of(struct ug_builder *b, const struct ug_norm_attrs *a,
                                struct ug_node *stats, int which);

#endif
