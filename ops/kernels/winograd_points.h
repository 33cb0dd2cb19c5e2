/* winograd_points.h -- the points that Winograd's transforms interpolate at, and what follows from
 * them.
 *
 * One-dimensional F(m, r): the m results y of a filter g of r taps over n = m + r - 1 inputs d are
 * (' is the transpose, * goes member by member)
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
 * The finite points are pairs +-p, and 0 where n is even, so that
 *
 *     B'[+-p] = (x +- p) x^z product over the other pairs of (x^2 - q^2),   z = 1 with 0, else 0,
 *
 * is an even part and, with the sign of +-p, an odd one; and so are A and G.
 *
 * The pairs are those with the least error among sixteenths, found by trying them on random
 * numbers: 0, +-1, +-2 would have twice the error.  In two dimensions the errors of both directions
 * multiply, so that a tile long in one direction takes as few multiplications as a square one of the
 * same error, and cuts most pictures evenly.  For 256 channels, summed in chains of 64, normal
 * weights, and normal inputs of which half are rectified:
 *
 *     results of a tile, 3x3 taps      4x4      4x8      6x6      8x8
 *     multiplications a result         2.25     1.88     1.78     1.56
 *     error, root of mean squares      0.7e-6   3.6e-6   3.1e-6   17e-6
 *
 * For 2x2 taps, 4x8 is no faster than 4x4: 1.41 instead of 1.56 multiplications, at dearer
 * transforms.
 */
#ifndef UG_WINOGRAD_POINTS_H
#define UG_WINOGRAD_POINTS_H

/* Up to four pairs. */
struct ug_winograd_points {
    int pairs, zero; /* zero: 0 or 1 */
    float at[4];
    float powers[4][4];  /* 1, p^2, p^4, p^6 */
    float others[4][4];  /* the product over the other pairs of (x^2 - q^2): of 1, x^2, … */
    float all[5];        /* the same over all pairs */
    float weights[4][3]; /* rows of G for +p */
    float at_zero;       /* the one number in the row for 0 */
};

#define SQUARE(p) ((p) * (p))
#define POWERS(p)                                                                                  \
    {                                                                                              \
        1, SQUARE(p), SQUARE(SQUARE(p)), SQUARE(p) * SQUARE(SQUARE(p))                             \
    }
#define ROW(p, product)                                                                            \
    {                                                                                              \
        1 / (product), (p) / (product), SQUARE(p) / (product)                                      \
    }

/* Two pairs.  The product over all points but p is 2 p p^z (p^2 - q^2). */
#define PAIR(z, p, q) (2 * (p) * ((z) ? (p) : 1) * (SQUARE(p) - SQUARE(q)))
#define TWO_PAIRS(z, a, b)                                                                         \
    {                                                                                              \
        .pairs = 2, .zero = z, .at = {a, b}, .powers = {POWERS(a), POWERS(b)},                     \
        .others = {{-SQUARE(b), 1}, {-SQUARE(a), 1}},                                              \
        .all = {SQUARE(a) * SQUARE(b), -(SQUARE(a) + SQUARE(b)), 1},                               \
        .weights = {ROW(a, PAIR(z, a, b)), ROW(b, PAIR(z, b, a))},                                 \
        .at_zero = 1 / (SQUARE(a) * SQUARE(b))                                                     \
    }

/* Four pairs, by elementary symmetric polynomials of the squares. */
#define ONE(p, q, r)   (SQUARE(p) + SQUARE(q) + SQUARE(r))
#define TWO(p, q, r)   (SQUARE((p) * (q)) + SQUARE((p) * (r)) + SQUARE((q) * (r)))
#define THREE(p, q, r) SQUARE((p) * (q) * (r))
#define CUBE(p, q, r)                                                                              \
    {                                                                                              \
        -THREE(p, q, r), TWO(p, q, r), -ONE(p, q, r), 1                                            \
    }
#define QUAD(z, p, q, r, s) (PAIR(z, p, q) * (SQUARE(p) - SQUARE(r)) * (SQUARE(p) - SQUARE(s)))
#define FOUR_PAIRS(z, a, b, c, d)                                                                  \
    {                                                                                              \
        .pairs = 4, .zero = z, .at = {a, b, c, d},                                                 \
        .powers = {POWERS(a), POWERS(b), POWERS(c), POWERS(d)},                                    \
        .others = {CUBE(b, c, d), CUBE(a, c, d), CUBE(a, b, d), CUBE(a, b, c)},                    \
        .all = {SQUARE((a) * (b) * (c) * (d)), -THREE(a, b, c) - SQUARE(d) * TWO(a, b, c),         \
                TWO(a, b, c) + SQUARE(d) * ONE(a, b, c), -ONE(a, b, c) - SQUARE(d), 1},            \
        .weights = {ROW(a, QUAD(z, a, b, c, d)), ROW(b, QUAD(z, b, a, c, d)),                      \
                    ROW(c, QUAD(z, c, a, b, d)), ROW(d, QUAD(z, d, a, b, c))},                     \
        .at_zero = 1 / SQUARE((a) * (b) * (c) * (d))                                               \
    }

/* F(4, 3), F(8, 3) and F(4, 2) */
static const struct ug_winograd_points points43 = TWO_PAIRS(1, 11.0f / 16, 11.0f / 8);
static const struct ug_winograd_points points83 =
    FOUR_PAIRS(1, 7.0f / 16, 13.0f / 16, 5.0f / 4, 9.0f / 4);
static const struct ug_winograd_points points42 = TWO_PAIRS(0, 7.0f / 16, 5.0f / 4);

#undef SQUARE
#undef POWERS
#undef ROW
#undef PAIR
#undef TWO_PAIRS
#undef ONE
#undef TWO
#undef THREE
#undef CUBE
#undef QUAD
#undef FOUR_PAIRS

#endif
