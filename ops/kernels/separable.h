/* separable.h -- linear maps of planes that act on rows and on columns apart: Y = A X B^T.
 *
 * Nearest and bilinear upsampling, average pooling, adaptive pooling and the adjoints of all of
 * them are such maps, with matrices of a few entries a row that stand side by side.
 */
#ifndef UG_SEPARABLE_H
#define UG_SEPARABLE_H

#include <stddef.h>
#include <stdint.h>

/* Row i of a matrix: weights[at … at + n) meet x[first … first + n). */
struct ug_taps {
    int64_t first, n, at;
};

/* One axis: a sparse matrix of n_out rows and n_in columns. */
struct ug_axis {
    int64_t n_out, n_in;
    struct ug_taps *taps; /* n_out of them */
    float *weights;
};

/* Bytes that an axis of so many rows and entries takes (a multiple of 16). */
size_t ug_axis_bytes(int64_t n_out, int64_t entries);
/* Lays an axis without entries into memory; *memory moves past it. */
struct ug_axis ug_axis_at(int64_t n_out, int64_t n_in, int64_t entries, char **memory);

/* t = a transposed.  The entries of each column of a must stand in rows that follow one another. */
void ug_axis_transpose(const struct ug_axis *a, struct ug_axis *t);

/* y[planes, rows.n_out, columns.n_out] from x[planes, rows.n_in, columns.n_in].  `scratch` has
 * ug_separable_scratch(columns.n_in) bytes. */
void ug_separable_run(const struct ug_axis *rows, const struct ug_axis *columns, int64_t planes,
                      const float *x, float *y, float *scratch);
size_t ug_separable_scratch(int64_t n_in);

#endif
