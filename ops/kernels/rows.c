/* rows.c -- parts of rows, and sums of many lanes. */
#include "ops/kernels/rows.h"

#include "engine/base/simd.h"
#include "ops/kernels/cut.h"
#include "ops/kernels/gate.h"

enum {
    LANES = 8,
    TERMS = 8,
    BLOCK = LANES * TERMS, /* values that are added up in float32 */
    PART = 8192,           /* values */
    MANY_ROWS = 64         /* keep any number of threads busy */
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

/* ---- Sums ---- */

typedef float floats
    __attribute__((vector_size(sizeof(float) * LANES), aligned(sizeof(float)), may_alias));

/* The block of values from x[i] on; where they are fewer than a block, a copy with fillers behind them. */
static inline const floats *block_at(const float *x, int64_t i, int64_t n, float filler,
                                     float space[BLOCK])
{
    if (n - i >= BLOCK)
        return (const floats *)(x + i);
    for (int64_t k = 0; k < BLOCK; k++)
        space[k] = i + k < n ? x[i + k] : filler;
    return (const floats *)space;
}

/* In pairs: float32 is enough for so few. */
static inline double total_of_block(const floats t[TERMS])
{
    const floats s = ((t[0] + t[1]) + (t[2] + t[3])) + ((t[4] + t[5]) + (t[6] + t[7]));

    return (double)(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
}

UG_WIDEST double ug_sum_of(const float *x, int64_t n)
{
    float space[BLOCK];
    double sum = 0;

    for (int64_t i = 0; i < n; i += BLOCK)
        sum += total_of_block(block_at(x, i, n, 0, space));
    return sum;
}

UG_WIDEST double ug_sum_of_squares(const float *x, int64_t n, float mean)
{
    float space[BLOCK];
    double sum = 0;

    for (int64_t i = 0; i < n; i += BLOCK) {
        const floats *from = block_at(x, i, n, mean, space);
        floats squares[TERMS];

        for (int k = 0; k < TERMS; k++)
            squares[k] = (from[k] - mean) * (from[k] - mean);
        sum += total_of_block(squares);
    }
    return sum;
}

/* ug_gated of vectors. */
static inline void let_through(const floats *dy, const floats *y, float slope, floats *g)
{
    const __typeof__(*y > 0) passes = *y > 0;
    floats small = {0};

    if (slope != 0.0f)
        small = slope * *dy;
    *g = (floats)((passes & (__typeof__(passes))*dy) | (~passes & (__typeof__(passes))small));
}

UG_WIDEST struct ug_gated_sums ug_gated_sums_of(const float *dy, const float *y, int64_t n,
                                                float slope)
{
    float dy_space[BLOCK], y_space[BLOCK];
    struct ug_gated_sums sums = {0, 0};

    for (int64_t i = 0; i < n; i += BLOCK) {
        const floats *from = block_at(dy, i, n, 0, dy_space), *by = block_at(y, i, n, 0, y_space);
        floats g[TERMS], gy[TERMS];

        for (int k = 0; k < TERMS; k++) {
            let_through(&from[k], &by[k], slope, &g[k]);
            gy[k] = g[k] * by[k];
        }
        sums.g += total_of_block(g);
        sums.gy += total_of_block(gy);
    }
    return sums;
}
