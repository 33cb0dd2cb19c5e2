/* separable.c -- rows as weighted sums of rows; columns that repeat or step regularly in straight
 * loops. */
#include "ops/kernels/separable.h"

#include <stdbool.h>
#include <string.h>

#include "engine/base/simd.h"

enum { PIECES = 64 }; /* of the output rows: enough for any number of threads */

size_t ug_axis_bytes(int64_t n_out, int64_t entries)
{
    return (size_t)n_out * sizeof(struct ug_taps) +
           ((size_t)entries * sizeof(float) + 15) / 16 * 16;
}

struct ug_axis ug_axis_at(int64_t n_out, int64_t n_in, int64_t entries, char **memory)
{
    struct ug_axis a = {.n_out = n_out, .n_in = n_in};

    a.taps = (struct ug_taps *)*memory;
    a.weights = (float *)(*memory + (size_t)n_out * sizeof(struct ug_taps));
    *memory += ug_axis_bytes(n_out, entries);
    return a;
}

void ug_axis_transpose(const struct ug_axis *a, struct ug_axis *t)
{
    int64_t at = 0;

    memset(t->taps, 0, (size_t)t->n_out * sizeof *t->taps);
    for (int64_t i = 0; i < a->n_out; i++)
        for (int64_t k = 0; k < a->taps[i].n; k++) {
            struct ug_taps *column = &t->taps[a->taps[i].first + k];

            if (!column->n++)
                column->first = i;
        }
    for (int64_t j = 0; j < t->n_out; j++) {
        t->taps[j].at = at;
        at += t->taps[j].n;
    }
    for (int64_t i = 0; i < a->n_out; i++)
        for (int64_t k = 0; k < a->taps[i].n; k++) {
            const struct ug_taps *column = &t->taps[a->taps[i].first + k];

            t->weights[column->at + i - column->first] = a->weights[a->taps[i].at + k];
        }
}

/* ---- Rows ---- */

/* The weighted sum of rows of a plane; one row of weight 1 is used where it lies. */
UG_WIDEST static const float *combine_rows(const struct ug_axis *rows, int64_t i,
                                           const float *plane, int64_t width, float *restrict sum)
{
    const struct ug_taps *t = &rows->taps[i];
    const float *w = rows->weights + t->at;

    if (t->n == 1 && w[0] == 1.0f)
        return plane + t->first * width;
    memset(sum, 0, (size_t)width * sizeof *sum);
    for (int64_t k = 0; k < t->n; k++) {
        const float *row = plane + (t->first + k) * width;

        for (int64_t j = 0; j < width; j++)
            sum[j] += w[k] * row[j];
    }
    return sum;
}

static bool same_row(const struct ug_axis *rows, int64_t i)
{
    const struct ug_taps *a = &rows->taps[i - 1], *b = &rows->taps[i];

    return a->first == b->first && a->n == b->n &&
           !memcmp(rows->weights + a->at, rows->weights + b->at, (size_t)a->n * sizeof(float));
}

/* ---- Columns ---- */

/* What the columns of a matrix look like, so that common ones run in straight loops. */
struct columns {
    const struct ug_axis *axis;
    int64_t repeat;     /* > 0: y[j] = weight * x[j / repeat] */
    int64_t begin, end; /* rows of the matrix with equal weights that move on by `stride` columns */
    int64_t stride;
};

static int64_t find_repeat(const struct ug_axis *a)
{
    const int64_t r = a->n_in ? a->n_out / a->n_in : 0;

    if (!r || r * a->n_in != a->n_out)
        return 0;
    for (int64_t j = 0; j < a->n_out; j++)
        if (a->taps[j].n != 1 || a->taps[j].first != j / r ||
            a->weights[a->taps[j].at] != a->weights[0])
            return 0;
    return r;
}

static bool regular_step(const struct ug_axis *a, int64_t j, int64_t stride)
{
    const struct ug_taps *before = &a->taps[j - 1], *t = &a->taps[j];

    return t->n == before->n && t->first - before->first == stride &&
           !memcmp(a->weights + t->at, a->weights + before->at, (size_t)t->n * sizeof(float));
}

/* The regular run through the middle row of the matrix. */
static struct columns look_at_columns(const struct ug_axis *a)
{
    struct columns c = {.axis = a, .repeat = find_repeat(a)};
    const int64_t middle = a->n_out / 2;

    if (c.repeat || middle == 0)
        return c;
    c.stride = a->taps[middle].first - a->taps[middle - 1].first;
    if (c.stride < 1 || !regular_step(a, middle, c.stride))
        return c;
    for (c.begin = middle; c.begin > 0 && regular_step(a, c.begin, c.stride);)
        c.begin--;
    for (c.end = middle + 1; c.end < a->n_out && regular_step(a, c.end, c.stride);)
        c.end++;
    return c;
}

static void run_taps(const struct ug_axis *a, int64_t begin, int64_t end, const float *x, float *y)
{
    for (int64_t j = begin; j < end; j++) {
        const struct ug_taps *t = &a->taps[j];
        const float *w = a->weights + t->at;
        float sum = 0.0f;

        for (int64_t k = 0; k < t->n; k++)
            sum += w[k] * x[t->first + k];
        y[j] = sum;
    }
}

static inline void add_strided(int64_t n, float w, const float *restrict x, int64_t stride,
                               float *restrict y)
{
    for (int64_t j = 0; j < n; j++)
        y[j] += w * x[j * stride];
}

static void run_regular(const struct columns *c, const float *x, float *y)
{
    const struct ug_taps *t = &c->axis->taps[c->begin];
    const float *w = c->axis->weights + t->at;
    const int64_t n = c->end - c->begin;

    memset(y + c->begin, 0, (size_t)n * sizeof *y);
    for (int64_t k = 0; k < t->n; k++) {
        const float *from = x + t->first + k;

        if (c->stride == 1)
            add_strided(n, w[k], from, 1, y + c->begin);
        else if (c->stride == 2)
            add_strided(n, w[k], from, 2, y + c->begin);
        else
            add_strided(n, w[k], from, c->stride, y + c->begin);
    }
}

static inline void repeat_columns(int64_t n, int64_t repeat, float w, const float *restrict x,
                                  float *restrict y)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t k = 0; k < repeat; k++)
            y[j * repeat + k] = w * x[j];
}

UG_WIDEST static void run_columns(const struct columns *c, const float *x, float *y)
{
    const struct ug_axis *a = c->axis;

    if (c->repeat == 1)
        repeat_columns(a->n_in, 1, a->weights[0], x, y);
    else if (c->repeat == 2)
        repeat_columns(a->n_in, 2, a->weights[0], x, y);
    else if (c->repeat)
        repeat_columns(a->n_in, c->repeat, a->weights[0], x, y);
    else {
        run_taps(a, 0, c->begin, x, y);
        if (c->end > c->begin)
            run_regular(c, x, y);
        run_taps(a, c->end, a->n_out, x, y);
    }
}

/* ---- Planes ---- */

size_t ug_separable_scratch(int64_t n_in)
{
    return PIECES * (size_t)n_in * sizeof(float);
}

void ug_separable_run(const struct ug_axis *rows, const struct ug_axis *columns, int64_t planes,
                      const float *x, float *y, float *scratch)
{
    const struct columns c = look_at_columns(columns);
    const int64_t height = rows->n_out, width = columns->n_out, total = planes * height;

#pragma omp parallel for schedule(static)
    for (int64_t piece = 0; piece < PIECES; piece++) {
        const int64_t begin = total * piece / PIECES, end = total * (piece + 1) / PIECES;
        float *sum = scratch + piece * columns->n_in;

        for (int64_t r = begin; r < end; r++) {
            const int64_t plane = r / height, i = r % height;
            float *out = y + r * width;

            if (r > begin && i > 0 && same_row(rows, i))
                memcpy(out, out - width, (size_t)width * sizeof *out);
            else
                run_columns(&c,
                            combine_rows(rows, i, x + plane * rows->n_in * columns->n_in,
                                         columns->n_in, sum),
                            out);
        }
    }
}
