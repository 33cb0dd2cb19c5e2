/* rows.h -- sums over the rows of a value read as [outer, rows, inner].
 *
 * A row is `outer` lines of `inner` values; lines are cut into parts of a fixed size, whose float64
 * sums are added in order.  Where there are many rows, each is one thread's work, so that its
 * second pass finds the values in the cache; else the parts of a row are shared out.  Neither
 * changes a bit.
 */
#ifndef UG_ROWS_H
#define UG_ROWS_H

#include <stdbool.h>
#include <stdint.h>

struct ug_rows {
    int64_t outer, rows, inner;
    int64_t per_line, parts; /* parts of a line, and of a row */
};

struct ug_rows ug_rows_of(int64_t outer, int64_t rows, int64_t inner);

/* Where a part of a row begins, and how many values it has. */
int64_t ug_rows_at(const struct ug_rows *r, int64_t row, int64_t part);
int64_t ug_rows_length(const struct ug_rows *r, int64_t part);

/* Whether rows are to be shared out among threads, not their parts. */
bool ug_rows_are_many(const struct ug_rows *r);
/* Does `work` for every part of a row: in turn, where rows are many, else side by side. */
void ug_rows_each(const struct ug_rows *r, int64_t row,
                  void (*work)(const void *job, int64_t row, int64_t part), const void *job);

/* Of a part's values: their sum, and that of (x - mean)^2; like all of these sums, in float32 within
 * blocks of 64 values, and in float64 over blocks. */
double ug_sum_of(const float *x, int64_t n);
double ug_sum_of_squares(const float *x, int64_t n, float mean);
/* Of what a rectifier lets through of dy (ug_gated), g: the sum of it, and of g * y. */
struct ug_gated_sums {
    double g, gy;
};
struct ug_gated_sums ug_gated_sums_of(const float *dy, const float *y, int64_t n, float slope);
/* Of the parts' sums. */
double ug_total(const double *sums, int64_t n);

#endif
