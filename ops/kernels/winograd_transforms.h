/* winograd_transforms.h -- Winograd's transforms for one width of vectors; winograd_kernels.c
 * includes it once for each, winograd_loops.h after it.  Wants FORM(name), LANES (floats in a
 * vector) and TARGET (a function attribute) defined; leaves V, a vector, and INLINE.
 *
 * One-dimensional F(4, 3) and F(4, 2): four results y of a filter g of r = 3 or 2 taps over
 * n = r + 3 inputs d are (' is the transpose, * goes member by member)
 *
 *     y = A'[(G g) * (B' d)]
 *
 * by interpolation of polynomials at n points, the last of them infinity (S. Winograd, "Arithmetic
 * Complexity of Computations", 1980).  With the finite points p_i:
 *
 *     A'[k][i] = p_i^k, and 1 for infinity in the last row,
 *     G[i][t]  = p_i^t / product over j != i of (p_i - p_j), and 1 for infinity in the last column,
 *     B'[i]    = the coefficients of the product over j != i of (x - p_j); for infinity, over all j.
 *
 * The points are those with the least error among small fractions: 0, +-11/16, +-11/8 for r = 3 and
 * +-7/16, +-5/4 for r = 2, a quarter of the error that the usual 0, +-1, +-2 have.  They come in
 * pairs +-p, so that each pair of rows is a sum and a difference of an even and an odd part.
 *
 * In two dimensions a transform goes over columns, then over rows.
 */

typedef float FORM(vector)
    __attribute__((vector_size(sizeof(float) * LANES), aligned(sizeof(float)), may_alias));

#define V      FORM(vector)
#define INLINE TARGET static inline __attribute__((always_inline))

/* ---- r = 3: points 0, a, -a, b, -b, infinity ---- */

#define A  (11.0f / 16)
#define B  (11.0f / 8)
#define AA (A * A)
#define BB (B * B)

/* v = B' d: inputs */
INLINE void FORM(input3)(const V d[6], V v[6])
{
    const V even_a = d[4] - BB * d[2], odd_a = A * (d[3] - BB * d[1]);
    const V even_b = d[4] - AA * d[2], odd_b = B * (d[3] - AA * d[1]);

    v[0] = d[4] - (AA + BB) * d[2] + AA * BB * d[0];
    v[1] = even_a + odd_a;
    v[2] = even_a - odd_a;
    v[3] = even_b + odd_b;
    v[4] = even_b - odd_b;
    v[5] = d[5] - (AA + BB) * d[3] + AA * BB * d[1];
}

/* d = B v: the gradient of the inputs */
INLINE void FORM(input_back3)(const V v[6], V d[6])
{
    const V even_a = v[1] + v[2], odd_a = A * (v[1] - v[2]);
    const V even_b = v[3] + v[4], odd_b = B * (v[3] - v[4]);

    d[0] = AA * BB * v[0];
    d[1] = AA * BB * v[5] - BB * odd_a - AA * odd_b;
    d[2] = -(AA + BB) * v[0] - BB * even_a - AA * even_b;
    d[3] = odd_a + odd_b - (AA + BB) * v[5];
    d[4] = v[0] + even_a + even_b;
    d[5] = v[5];
}

/* y = A' m: results */
INLINE void FORM(output3)(const V m[6], V y[4])
{
    const V even_a = m[1] + m[2], odd_a = A * (m[1] - m[2]);
    const V even_b = m[3] + m[4], odd_b = B * (m[3] - m[4]);

    y[0] = m[0] + even_a + even_b;
    y[1] = odd_a + odd_b;
    y[2] = AA * even_a + BB * even_b;
    y[3] = AA * odd_a + BB * odd_b + m[5];
}

/* m = A y: the gradient of the results */
INLINE void FORM(output_back3)(const V y[4], V m[6])
{
    const V even_a = y[0] + AA * y[2], odd_a = A * (y[1] + AA * y[3]);
    const V even_b = y[0] + BB * y[2], odd_b = B * (y[1] + BB * y[3]);

    m[0] = y[0];
    m[1] = even_a + odd_a;
    m[2] = even_a - odd_a;
    m[3] = even_b + odd_b;
    m[4] = even_b - odd_b;
    m[5] = y[3];
}

#define N0 (1 / (AA * BB))
#define NA (1 / (2 * AA * (AA - BB)))
#define NB (1 / (2 * BB * (BB - AA)))

/* u = G g: weights */
INLINE void FORM(weight3)(const V g[3], V u[6])
{
    const V even_a = NA * g[0] + NA * AA * g[2], odd_a = NA * A * g[1];
    const V even_b = NB * g[0] + NB * BB * g[2], odd_b = NB * B * g[1];

    u[0] = N0 * g[0];
    u[1] = even_a + odd_a;
    u[2] = even_a - odd_a;
    u[3] = even_b + odd_b;
    u[4] = even_b - odd_b;
    u[5] = g[2];
}

/* g = G' u: the gradient of the weights */
INLINE void FORM(weight_back3)(const V u[6], V g[3])
{
    const V even_a = u[1] + u[2], odd_a = u[1] - u[2];
    const V even_b = u[3] + u[4], odd_b = u[3] - u[4];

    g[0] = N0 * u[0] + NA * even_a + NB * even_b;
    g[1] = NA * A * odd_a + NB * B * odd_b;
    g[2] = NA * AA * even_a + NB * BB * even_b + u[5];
}

#undef A
#undef B
#undef NA
#undef NB
#undef N0

/* ---- r = 2: points a, -a, b, -b, infinity ---- */

#define A  (7.0f / 16)
#define B  (5.0f / 4)
#define NA (1 / (2 * A * (AA - BB)))
#define NB (1 / (2 * B * (BB - AA)))

INLINE void FORM(input2)(const V d[5], V v[5])
{
    const V odd_a = d[3] - BB * d[1], even_a = A * (d[2] - BB * d[0]);
    const V odd_b = d[3] - AA * d[1], even_b = B * (d[2] - AA * d[0]);

    v[0] = odd_a + even_a;
    v[1] = odd_a - even_a;
    v[2] = odd_b + even_b;
    v[3] = odd_b - even_b;
    v[4] = d[4] - (AA + BB) * d[2] + AA * BB * d[0];
}

INLINE void FORM(input_back2)(const V v[5], V d[5])
{
    const V odd_a = v[0] + v[1], even_a = A * (v[0] - v[1]);
    const V odd_b = v[2] + v[3], even_b = B * (v[2] - v[3]);

    d[0] = AA * BB * v[4] - BB * even_a - AA * even_b;
    d[1] = -BB * odd_a - AA * odd_b;
    d[2] = even_a + even_b - (AA + BB) * v[4];
    d[3] = odd_a + odd_b;
    d[4] = v[4];
}

INLINE void FORM(output2)(const V m[5], V y[4])
{
    const V even_a = m[0] + m[1], odd_a = A * (m[0] - m[1]);
    const V even_b = m[2] + m[3], odd_b = B * (m[2] - m[3]);

    y[0] = even_a + even_b;
    y[1] = odd_a + odd_b;
    y[2] = AA * even_a + BB * even_b;
    y[3] = AA * odd_a + BB * odd_b + m[4];
}

INLINE void FORM(output_back2)(const V y[4], V m[5])
{
    const V even_a = y[0] + AA * y[2], odd_a = A * (y[1] + AA * y[3]);
    const V even_b = y[0] + BB * y[2], odd_b = B * (y[1] + BB * y[3]);

    m[0] = even_a + odd_a;
    m[1] = even_a - odd_a;
    m[2] = even_b + odd_b;
    m[3] = even_b - odd_b;
    m[4] = y[3];
}

INLINE void FORM(weight2)(const V g[2], V u[5])
{
    u[0] = NA * A * g[1] + NA * g[0];
    u[1] = NA * A * g[1] - NA * g[0];
    u[2] = NB * B * g[1] + NB * g[0];
    u[3] = NB * B * g[1] - NB * g[0];
    u[4] = g[1];
}

INLINE void FORM(weight_back2)(const V u[5], V g[2])
{
    g[0] = NA * (u[0] - u[1]) + NB * (u[2] - u[3]);
    g[1] = A * NA * (u[0] + u[1]) + B * NB * (u[2] + u[3]) + u[4];
}

#undef A
#undef B
#undef AA
#undef BB
#undef NA
#undef NB

/* ---- In two dimensions ---- */

#define AT(p, members, i, j) ((p) + (i) * (members).row + (j) * (members).member)

/* `from` x `from` vectors of each tile become `to` x `to`, or are added to them. */
#define TRANSFORM(name, from, to, add)                                                             \
    TARGET static void FORM(name##_2d)(int64_t n, const float *in, struct ug_winograd_members f,   \
                                       float *out, struct ug_winograd_members t)                   \
    {                                                                                              \
        for (; n > 0; n--, in += f.tile, out += t.tile) {                                          \
            V half[to][from];                                                                      \
            _Pragma("GCC unroll 8") for (int j = 0; j < from; j++)                                 \
            {                                                                                      \
                V a[from], b[to];                                                                  \
                _Pragma("GCC unroll 8") for (int i = 0; i < from; i++) a[i] =                      \
                    *(const V *)AT(in, f, i, j);                                                   \
                FORM(name)(a, b);                                                                  \
                _Pragma("GCC unroll 8") for (int i = 0; i < to; i++) half[i][j] = b[i];            \
            }                                                                                      \
            _Pragma("GCC unroll 8") for (int i = 0; i < to; i++)                                   \
            {                                                                                      \
                V b[to];                                                                           \
                FORM(name)(half[i], b);                                                            \
                _Pragma("GCC unroll 8") for (int j = 0; j < to; j++)                               \
                {                                                                                  \
                    V *y = (V *)AT(out, t, i, j);                                                  \
                    if (add)                                                                       \
                        *y += b[j];                                                                \
                    else                                                                           \
                        *y = b[j];                                                                 \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

TRANSFORM(input3, 6, 6, false)
TRANSFORM(input_back3, 6, 6, true)
TRANSFORM(output3, 6, 4, false)
TRANSFORM(output_back3, 4, 6, false)
TRANSFORM(weight3, 3, 6, false)
TRANSFORM(weight_back3, 6, 3, false)
TRANSFORM(input2, 5, 5, false)
TRANSFORM(input_back2, 5, 5, true)
TRANSFORM(output2, 5, 4, false)
TRANSFORM(output_back2, 4, 5, false)
TRANSFORM(weight2, 2, 5, false)
TRANSFORM(weight_back2, 5, 2, false)

#undef TRANSFORM
#undef AT
