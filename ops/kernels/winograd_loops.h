/* winograd_loops.h -- the loops of winograd_kernels.h around the transforms, for one width of
 * vectors; winograd_kernels.c includes it once for each, after winograd_transforms.h.  Wants ROWS
 * besides what that wants. */

/* ---- Planes and vectors of channels ---- */

#if LANES == 4
#define LOW  0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#elif LANES == 8
#define LOW  0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif

/* Transposes a square of LANES vectors.  To interleave the first half of the rows with the second
 * is to rotate the bits of (row, column) by one: after log2(LANES) times they have changed places.
 */
INLINE void FORM(transpose)(V v[LANES])
{
#pragma GCC unroll 4
    for (int stage = 1; stage < LANES; stage *= 2) {
        V next[LANES];

#pragma GCC unroll 8
        for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = __builtin_shufflevector(v[i], v[i + LANES / 2], LOW);
            next[2 * i + 1] = __builtin_shufflevector(v[i], v[i + LANES / 2], HIGH);
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++)
            v[i] = next[i];
    }
}

#undef LOW
#undef HIGH

/* The first n floats, and zeros: where a whole vector may not be read. */
INLINE void FORM(read_part)(const float *from, int64_t n, V *v)
{
    *v = (V){0};
    for (int64_t i = 0; i < n; i++)
        (*v)[i] = from[i];
}

INLINE void FORM(write_part)(V v, float *to, int64_t n, bool add)
{
    float part[LANES];
    const float *from = part;

    memcpy(part, &v, sizeof part);
    if (add)
        for (int64_t i = 0; i < n; i++)
            part[i] += to[i];
    for (; n >= 4; n -= 4, from += 4, to += 4)
        memcpy(to, from, 4 * sizeof *to);
    for (int64_t i = 0; i < n; i++)
        to[i] = from[i];
}

TARGET static void FORM(gather)(int64_t n, int64_t channels, const float *planes, int64_t apart,
                                const float *end, float *vectors)
{
    channels = ug_min(channels, LANES);
    for (; n > 0; n -= LANES, planes += LANES, vectors += LANES * LANES) {
        const bool whole = planes + (channels - 1) * apart + LANES <= end;
        V v[LANES];

        if (whole) {
#pragma GCC unroll 16
            for (int c = 0; c < LANES; c++)
                v[c] = c < channels ? *(const V *)(planes + c * apart) : (V){0};
        } else {
#pragma GCC unroll 16
            for (int c = 0; c < LANES; c++)
                FORM(read_part)(planes + c * apart, c < channels ? ug_min(n, LANES) : 0, &v[c]);
        }
        FORM(transpose)(v);
        if (n >= LANES) {
#pragma GCC unroll 16
            for (int i = 0; i < LANES; i++)
                ((V *)vectors)[i] = v[i];
        } else {
#pragma GCC unroll 16
            for (int i = 0; i < LANES; i++)
                if (i < n)
                    ((V *)vectors)[i] = v[i];
        }
    }
}

/* Where planes follow one another without a gap, a whole vector may be written to all but the last
 * of them: what it leaves in the next plane is overwritten there. */
TARGET static void FORM(scatter)(int64_t n, int64_t channels, const float *vectors, float *planes,
                                 int64_t apart, bool add)
{
    channels = ug_min(channels, LANES);
    for (; n > 0; n -= LANES, planes += LANES, vectors += LANES * LANES) {
        const int64_t room = n >= LANES ? INT64_MAX : apart == n ? channels * n - LANES : -1;
        V v[LANES];

#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++)
            v[i] = i < n ? ((const V *)vectors)[i] : (V){0};
        FORM(transpose)(v);
#pragma GCC unroll 16
        for (int c = 0; c < LANES; c++) {
            V *to = (V *)(planes + c * apart);

            if (c >= channels)
                break;
            if (c * apart > room)
                FORM(write_part)(v[c], (float *)to, n, add);
            else
                *to = v[c] + (add ? *to : (V){0});
        }
    }
}

/* ---- Products ---- */

typedef V FORM(sums)[ROWS][2];

/* `rows` tiles of a product: all loops over sums are unrolled, so that gcc keeps them in registers.
 */
INLINE void FORM(product_of)(int rows, int64_t depth, const float *a, int64_t a_apart,
                             const float *b, float *c, int64_t c_apart, bool add)
{
    FORM(sums) s = {{{0}}};

    for (int64_t block = 0; block < depth; block++, a += a_apart)
        for (int k = 0; k < LANES; k++, b += 2 * LANES) {
            const V b0 = ((const V *)b)[0], b1 = ((const V *)b)[1];

#pragma GCC unroll 8
            for (int i = 0; i < rows; i++) {
                s[i][0] += a[i * LANES + k] * b0;
                s[i][1] += a[i * LANES + k] * b1;
            }
        }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
        V *y0 = (V *)(c + i * LANES), *y1 = (V *)(c + i * LANES + c_apart);

        *y0 = s[i][0] + (add ? *y0 : (V){0});
        *y1 = s[i][1] + (add ? *y1 : (V){0});
    }
}

TARGET static void FORM(product)(int64_t n, int64_t depth, const float *a, int64_t a_apart,
                                 const float *b, float *c, int64_t c_apart, bool add)
{
    for (; n > ROWS / 2; n -= ROWS, a += ROWS * LANES, c += ROWS * LANES)
        FORM(product_of)(ROWS, depth, a, a_apart, b, c, c_apart, add);
    if (n > 0)
        FORM(product_of)(ROWS / 2, depth, a, a_apart, b, c, c_apart, add);
}

enum { FORM(CORRELATE_ROWS) = LANES == 16 ? 8 : 4 };

TARGET static void FORM(correlate)(int64_t n, int64_t height, const float *a, int64_t a_apart,
                                   const float *b, int64_t b_apart, float *c, bool add)
{
    enum { TALL = FORM(CORRELATE_ROWS) };

    for (int64_t i0 = 0; i0 < height * LANES; i0 += TALL, c += TALL * 2 * LANES) {
        const float *from = a + i0 / LANES * a_apart + i0 % LANES;
        V s[TALL][2] = {{{0}}};

        for (int64_t t = 0; t < n; t++) {
            const V b0 = *(const V *)(b + t * LANES), b1 = *(const V *)(b + b_apart + t * LANES);

#pragma GCC unroll 8
            for (int i = 0; i < TALL; i++) {
                s[i][0] += from[t * LANES + i] * b0;
                s[i][1] += from[t * LANES + i] * b1;
            }
        }
#pragma GCC unroll 16
        for (int i = 0; i < 2 * TALL; i++)
            ((V *)c)[i] = s[i / 2][i % 2] + (add ? ((const V *)c)[i] : (V){0});
    }
}

/* ---- All of them ---- */

#define KERNELS(m, k, r, name)                                                                     \
    {                                                                                              \
        .taps = r, .results = {m, k}, .points = {m + r - 1, k + r - 1}, .lanes = LANES,            \
        .rows = ROWS, .input = FORM(input_##name), .input_back = FORM(input_back_##name),          \
        .output = FORM(output_##name), .output_back = FORM(output_back_##name),                    \
        .weight = FORM(weight_##name), .weight_back = FORM(weight_back_##name),                    \
        .gather = FORM(gather), .scatter = FORM(scatter), .product = FORM(product),                \
        .correlate = FORM(correlate)                                                               \
    }

static const struct ug_winograd_kernels FORM(kernels)[] = {
    KERNELS(4, 4, 3, 4x4_3), KERNELS(4, 8, 3, 4x8_3), KERNELS(4, 4, 2, 4x4_2)};

#undef KERNELS
#undef INLINE
#undef V
#undef FORM
#undef LANES
#undef ROWS
#undef TARGET
