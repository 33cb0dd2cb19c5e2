/* rows.c -- parts of rows, and sums of many lanes. */
#include "ops/kernels/rows.h"

#include "engine/base/simd.h"
#include "ops/kernels/cut.h"

enum {
    LANES = 16,    /* sums side by side, so that additions do not wait for one another */
    PART = 8192,   /* values */
    MANY_ROWS = 64 /* keep any number of threads busy */
};

struct ug_rows ug_rows_of(int64_t outer, int64_t rows, int64_t inner)
{
    const int64_t per_line = ug_ceil_div(inner, PART);

    return (struct ug_rows){outer, rows, inner, per_line, per_line * outer};
}

int64_t ug_rows_at(const struct ug_rows *r, int64_t row, int64_t part)
{
    return (part / r->per_line * r->rows + row) * r->inner + part % r->per_line * PART;
}

int64_t ug_rows_length(const struct ug_rows *r, int64_t part)
{
    return ug_min(PART, r->inner - part % r->per_line * PART);
}

bool ug_rows_are_many(const struct ug_rows *r)
{
    return r->rows >= MANY_ROWS;
}

void ug_rows_each(const struct ug_rows *r, int64_t row,
                  void (*work)(const void *job, int64_t row, int64_t part), const void *job)
{
    if (ug_rows_are_many(r) || r->parts == 1) {
        for (int64_t i = 0; i < r->parts; i++)
            work(job, row, i);
        return;
    }
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < r->parts; i++)
        work(job, row, i);
}

double ug_total(const double *sums, int64_t n)
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
UG_WIDEST double ug_sum_of(const float *x, int64_t n)
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

UG_WIDEST double ug_sum_of_squares(const float *x, int64_t n, double mean)
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

UG_WIDEST double ug_sum_of_products(const float *x, const float *y, int64_t n)
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
