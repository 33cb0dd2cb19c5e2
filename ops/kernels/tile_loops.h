/* tile_loops.h -- the loops of tile.h for one width of vectors; tile.c includes it once for each.
 *
 * Wants TILE(name), LANES (floats in a vector), ROWS and TARGET (a function attribute) defined. All
 * loops over sums are unrolled in full: gcc keeps the sums in registers only then.
 */

typedef float TILE(vector)
    __attribute__((vector_size(sizeof(float) * LANES), aligned(sizeof(float)), may_alias));
typedef TILE(vector) TILE(sums)[ROWS][2];

TARGET static inline __attribute__((always_inline)) void
TILE(store)(int rows, TILE(sums) s, float *c, int64_t ldc, bool add)
{
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
        TILE(vector) *y = (TILE(vector) *)(c + i * ldc);

        if (add) {
            s[i][0] += y[0];
            s[i][1] += y[1];
        }
        y[0] = s[i][0];
        y[1] = s[i][1];
    }
}

TARGET static inline __attribute__((always_inline)) void TILE(product_of)(int rows, int64_t n,
                                                                          const float *a,
                                                                          const float *b, float *c,
                                                                          int64_t ldc, bool add)
{
    TILE(sums) s = {{{0}}};

    for (int64_t k = 0; k < n; k++, a += rows, b += 2 * LANES) {
        const TILE(vector) b0 = ((const TILE(vector) *)b)[0], b1 = ((const TILE(vector) *)b)[1];

#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            s[i][0] += a[i] * b0;
            s[i][1] += a[i] * b1;
        }
    }
    if (add)
        TILE(store)(rows, s, c, ldc, true);
    else
        TILE(store)(rows, s, c, ldc, false);
}

TARGET static void TILE(product)(int64_t n, const float *a, const float *b, float *c, int64_t ldc,
                                 bool add)
{
    TILE(product_of)(ROWS, n, a, b, c, ldc, add);
}

TARGET static void TILE(product_narrow)(int64_t n, const float *a, const float *b, float *c,
                                        int64_t ldc, bool add)
{
    TILE(product_of)(ROWS / 2, n, a, b, c, ldc, add);
}

TARGET static void TILE(product_rows)(int64_t n, const float *const *a, const float *b, float *c,
                                      int64_t ldc, bool add)
{
    const float *from[ROWS];
    TILE(sums) s = {{{0}}};

#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++)
        from[i] = a[i];
    for (int64_t k = 0; k < n; k++, b += 2 * LANES) {
        const TILE(vector) b0 = ((const TILE(vector) *)b)[0], b1 = ((const TILE(vector) *)b)[1];

#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++) {
            s[i][0] += from[i][k] * b0;
            s[i][1] += from[i][k] * b1;
        }
    }
    if (add)
        TILE(store)(ROWS, s, c, ldc, true);
    else
        TILE(store)(ROWS, s, c, ldc, false);
}

TARGET static void TILE(slide_narrow)(int64_t n, const float *a, const float *x,
                                      const int64_t *offset, float *c, int64_t ldc, bool add)
{
    TILE(sums) s = {{{0}}};

    for (int64_t k = 0; k < n; k++, a += ROWS / 2) {
        const TILE(vector) *b = (const TILE(vector) *)(x + offset[k]);
        const TILE(vector) b0 = b[0], b1 = b[1];

#pragma GCC unroll 8
        for (int i = 0; i < ROWS / 2; i++) {
            s[i][0] += a[i] * b0;
            s[i][1] += a[i] * b1;
        }
    }
    if (add)
        TILE(store)(ROWS / 2, s, c, ldc, true);
    else
        TILE(store)(ROWS / 2, s, c, ldc, false);
}

/* Adds one line of terms to the sums; returns where v goes on. */
TARGET static inline __attribute__((always_inline)) const float *
TILE(add_line)(const struct ug_terms *t, const float *const *x, const float *v, TILE(sums) s)
{
    for (int64_t k = 0; k < t->length; k++, v += 2 * LANES) {
        const TILE(vector) v0 = ((const TILE(vector) *)v)[0], v1 = ((const TILE(vector) *)v)[1];

#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++) {
            s[i][0] += x[i][k * t->step] * v0;
            s[i][1] += x[i][k * t->step] * v1;
        }
    }
    return v;
}

TARGET static void TILE(correlate)(const struct ug_terms *t, const float *const *x, const float *v,
                                   float *c)
{
    const float *from[ROWS];
    TILE(sums) s = {{{0}}};

    for (int64_t picture = 0; picture < t->pictures; picture++)
        for (int64_t line = 0; line < t->lines; line++) {
            const int64_t at = picture * t->x_picture + line * t->x_line;

#pragma GCC unroll 8
            for (int i = 0; i < ROWS; i++)
                from[i] = x[i] + at;
            v = TILE(add_line)(t, from, v, s);
        }
    TILE(store)(ROWS, s, c, 2 * LANES, true);
}

static const struct ug_tile TILE(tile) = {
    .rows = ROWS,
    .cols = 2 * LANES,
    .product = TILE(product),
    .product_narrow = TILE(product_narrow),
    .product_rows = TILE(product_rows),
    .slide_narrow = TILE(slide_narrow),
    .correlate = TILE(correlate),
};

#undef TILE
#undef LANES
#undef ROWS
#undef TARGET
