/* winograd_transforms.h -- Winograd's transforms for one width of vectors; winograd_kernels.c
 * includes it once for each, winograd_loops.h after it.  Wants FORM(name), LANES (floats in a
 * vector) and TARGET (a function attribute) defined; leaves V, a vector, and INLINE.
 *
 * winograd_points.h says what the transforms are; r is the number of taps, n that of points and m
 * that of results.  All loops have constant bounds once they are inlined, and gcc unrolls them.
 *
 * In two dimensions a transform goes over columns, then over rows.
 */

typedef float FORM(vector)
    __attribute__((vector_size(sizeof(float) * LANES), aligned(sizeof(float)), may_alias));

#define V      FORM(vector)
#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

/* ---- In one dimension ---- */

/* The sum over j <= last of factors[j] * at[2 * j]. */
INLINE V FORM(sum)(int last, const float *factors, const V *at)
{
    V sum = factors[last] * at[2 * last];

    UNROLL for (int j = last - 1; j >= 0; j--) sum += factors[j] * at[2 * j];
    return sum;
}

/* Adds each factor times v to at[2 * j]. */
INLINE void FORM(spread)(int last, const float *factors, V v, V *at)
{
    UNROLL for (int j = 0; j <= last; j++) at[2 * j] += factors[j] * v;
}

/* v = B' d: inputs */
INLINE void FORM(input)(const struct ug_winograd_points *p, int r, const V *d, V *v)
{
    const int z = p->zero, last = p->pairs - 1;

    (void)r;
    UNROLL for (int i = 0; i <= last; i++)
    {
        const V even = FORM(sum)(last, p->others[i], d + 1 + z);
        const V odd = p->at[i] * FORM(sum)(last, p->others[i], d + z);

        v[z + 2 * i] = even + odd;
        v[z + 2 * i + 1] = even - odd;
    }
    if (z)
        v[0] = FORM(sum)(p->pairs, p->all, d);
    v[z + 2 * p->pairs] = FORM(sum)(p->pairs, p->all, d + z);
}

/* d = B v: the gradient of the inputs */
INLINE void FORM(input_back)(const struct ug_winograd_points *p, int r, const V *v, V *d)
{
    const int z = p->zero, last = p->pairs - 1;

    (void)r;
    UNROLL for (int i = 0; i <= z + 2 * p->pairs; i++) d[i] = (V){0};
    UNROLL for (int i = 0; i <= last; i++)
    {
        const V *pair = v + z + 2 * i;

        FORM(spread)(last, p->others[i], pair[0] + pair[1], d + 1 + z);
        FORM(spread)(last, p->others[i], p->at[i] * (pair[0] - pair[1]), d + z);
    }
    if (z)
        FORM(spread)(p->pairs, p->all, v[0], d);
    FORM(spread)(p->pairs, p->all, v[z + 2 * p->pairs], d + z);
}

/* y = A' m: results */
INLINE void FORM(output)(const struct ug_winograd_points *p, int r, const V *m, V *y)
{
    const int z = p->zero, n = z + 2 * p->pairs + 1, last = n - r;

    UNROLL for (int k = 0; k <= last; k++) y[k] = (V){0};
    UNROLL for (int i = 0; i < p->pairs; i++)
    {
        const V *pair = m + z + 2 * i;

        FORM(spread)(last / 2, p->powers[i], pair[0] + pair[1], y);
        FORM(spread)((last - 1) / 2, p->powers[i], p->at[i] * (pair[0] - pair[1]), y + 1);
    }
    if (z)
        y[0] += m[0];
    y[last] += m[n - 1];
}

/* m = A y: the gradient of the results */
INLINE void FORM(output_back)(const struct ug_winograd_points *p, int r, const V *y, V *m)
{
    const int z = p->zero, n = z + 2 * p->pairs + 1, last = n - r;

    UNROLL for (int i = 0; i < p->pairs; i++)
    {
        const V even = FORM(sum)(last / 2, p->powers[i], y);
        const V odd = p->at[i] * FORM(sum)((last - 1) / 2, p->powers[i], y + 1);

        m[z + 2 * i] = even + odd;
        m[z + 2 * i + 1] = even - odd;
    }
    if (z)
        m[0] = y[0];
    m[n - 1] = y[last];
}

/* u = G g: weights.  Without 0 among the points, rows for -p have the sign of their power of p. */
INLINE void FORM(weight)(const struct ug_winograd_points *p, int r, const V *g, V *u)
{
    const int z = p->zero;

    UNROLL for (int i = 0; i < p->pairs; i++)
    {
        const float *row = p->weights[i];
        const V even = r == 3 ? row[0] * g[0] + row[2] * g[2] : row[0] * g[0];
        const V odd = row[1] * g[1];

        u[z + 2 * i] = even + odd;
        u[z + 2 * i + 1] = z ? even - odd : odd - even;
    }
    if (z)
        u[0] = p->at_zero * g[0];
    u[z + 2 * p->pairs] = g[r - 1];
}

/* g = G' u: the gradient of the weights */
INLINE void FORM(weight_back)(const struct ug_winograd_points *p, int r, const V *u, V *g)
{
    const int z = p->zero;

    UNROLL for (int t = 0; t < r; t++) g[t] = (V){0};
    UNROLL for (int i = 0; i < p->pairs; i++)
    {
        const V *pair = u + z + 2 * i;
        const V sum = pair[0] + pair[1], difference = pair[0] - pair[1];

        UNROLL for (int t = 0; t < r; t++) g[t] +=
            p->weights[i][t] * (t % 2 == 1 - z ? sum : difference);
    }
    if (z)
        g[0] += p->at_zero * u[0];
    g[r - 1] += u[z + 2 * p->pairs];
}

/* ---- In two dimensions ---- */

#define AT(p, members, i, j) ((p) + (i) * (members).row + (j) * (members).member)

/* Members [from_d][from_a] of each tile become [to_d][to_a], or are added to them: by F(…, r) at
 * the points `down` for columns, `across` for rows.  The places of the next tile are fetched ahead:
 * they lie in as many pages as there are points, too many for the processor to foresee. */
#define TRANSFORM(form, name, down, from_d, to_d, across, from_a, to_a, r, add)                    \
    TARGET static void FORM(form##_##name)(int64_t n, const float *in,                             \
                                           struct ug_winograd_members f, float *out,               \
                                           struct ug_winograd_members t)                           \
    {                                                                                              \
        for (; n > 0; n--, in += f.tile, out += t.tile) {                                          \
            V half[to_d][from_a];                                                                  \
            UNROLL for (int j = 0; j < from_a; j++)                                                \
            {                                                                                      \
                V a[from_d], b[to_d];                                                              \
                UNROLL for (int i = 0; i < from_d; i++) a[i] = *(const V *)AT(in, f, i, j);        \
                FORM(form)(&down, r, a, b);                                                        \
                UNROLL for (int i = 0; i < to_d; i++) half[i][j] = b[i];                           \
            }                                                                                      \
            UNROLL for (int i = 0; i < to_d; i++)                                                  \
            {                                                                                      \
                V b[to_a];                                                                         \
                FORM(form)(&across, r, half[i], b);                                                \
                UNROLL for (int j = 0; j < to_a; j++)                                              \
                {                                                                                  \
                    V *y = (V *)AT(out, t, i, j);                                                  \
                    __builtin_prefetch((const float *)y + t.tile, 1);                              \
                    if (add)                                                                       \
                        *y += b[j];                                                                \
                    else                                                                           \
                        *y = b[j];                                                                 \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

/* All of F(m x k, r x r). */
#define TRANSFORMS(name, m, k, r)                                                                  \
    TRANSFORM(input, name, points##m##r, m + r - 1, m + r - 1, points##k##r, k + r - 1, k + r - 1, \
              r, false)                                                                            \
    TRANSFORM(input_back, name, points##m##r, m + r - 1, m + r - 1, points##k##r, k + r - 1,       \
              k + r - 1, r, true)                                                                  \
    TRANSFORM(output, name, points##m##r, m + r - 1, m, points##k##r, k + r - 1, k, r, false)      \
    TRANSFORM(output_back, name, points##m##r, m, m + r - 1, points##k##r, k, k + r - 1, r, false) \
    TRANSFORM(weight, name, points##m##r, r, m + r - 1, points##k##r, r, k + r - 1, r, false)      \
    TRANSFORM(weight_back, name, points##m##r, m + r - 1, r, points##k##r, k + r - 1, r, r, false)

TRANSFORMS(4x4_3, 4, 4, 3)
TRANSFORMS(4x8_3, 4, 8, 3)
TRANSFORMS(4x4_2, 4, 4, 2)

#undef TRANSFORMS
#undef TRANSFORM
#undef AT
#undef UNROLL
