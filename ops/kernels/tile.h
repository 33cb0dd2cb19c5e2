/* tile.h -- the inner loops of convolutions, for the widest vectors that this processor has.
 *
 * Both kernels keep a tile of rows x cols sums in registers and run along the terms of the sums.
 */
#ifndef UG_TILE_H
#define UG_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UG_TILE_MAX_ROWS = 8, UG_TILE_MAX_COLS = 32 };

/* Where the terms of ug_tile.correlate lie in x: in `pictures`, x_picture floats apart, of `lines`,
 * x_line floats apart, of `length` terms, `step` floats apart.  In v, they follow one another. */
struct ug_terms {
    int64_t pictures, lines, length;
    int64_t x_picture, x_line, step;
};

struct ug_tile {
    int rows, cols; /* of a tile; a narrow tile has rows / 2 */

    /* c[i * ldc + j] = sum over k < n of a[k * rows + i] b[k * cols + j], added to c if `add`. */
    void (*product)(int64_t n, const float *a, const float *b, float *c, int64_t ldc, bool add);
    /* The same with rows / 2 rows. */
    void (*product_narrow)(int64_t n, const float *a, const float *b, float *c, int64_t ldc,
                           bool add);

    /* The same with rows that lie apart: a[i][k]. */
    void (*product_rows)(int64_t n, const float *const *a, const float *b, float *c, int64_t ldc,
                         bool add);
    /* As product_narrow, with b[k * cols + j] read at x[offset[k] + j]: for few rows, copying b
     * together would take longer than using it. */
    void (*slide_narrow)(int64_t n, const float *a, const float *x, const int64_t *offset, float *c,
                         int64_t ldc, bool add);

    /* c[i * cols + j] += sum over terms of x[i][term] v[term * cols + j]. */
    void (*correlate)(const struct ug_terms *t, const float *const *x, const float *v, float *c);
};

/* The kernels that this processor can run, the widest first; NULL past the last. */
const struct ug_tile *ug_tile_at(int i);
/* Those of ug_cpu_chosen: the widest, unless the environment says otherwise. */
const struct ug_tile *ug_tile_best(void);

#endif
