/* random.c -- Philox 4x32-10 and what is drawn from it.
 *
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.  The key is a
 * hash of seed and stream, the counter is (index, step).
 */
#include "engine/base/random.h"

#include <math.h>
#include <string.h>

#include "engine/base/simd.h"
#include "engine/base/vmath.h"

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that spreads every bit. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t ug_random_stream(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return mix(h);
}

struct counter {
    uint32_t c0, c1, c2, c3;
};

static inline struct counter ten_rounds(struct counter c, uint32_t k0, uint32_t k1)
{
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xd2511f53u * c.c0, b = (uint64_t)0xcd9e8d57u * c.c2;

        c = (struct counter){(uint32_t)(b >> 32) ^ c.c1 ^ k0, (uint32_t)b,
                             (uint32_t)(a >> 32) ^ c.c3 ^ k1, (uint32_t)a};
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    return c;
}

void ug_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    const struct counter c = ten_rounds(
        (struct counter){counter[0], counter[1], counter[2], counter[3]}, key[0], key[1]);

    out[0] = c.c0, out[1] = c.c1, out[2] = c.c2, out[3] = c.c3;
}

static uint64_t key_of(const struct ug_random *r)
{
    return mix(mix(r->seed) ^ r->stream);
}

void ug_random_block(const struct ug_random *r, uint64_t index, uint32_t out[4])
{
    const uint64_t key = key_of(r);
    const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)r->step,
                                 (uint32_t)(r->step >> 32)};

    ug_philox(counter, (const uint32_t[]){(uint32_t)key, (uint32_t)(key >> 32)}, out);
}

/* ---- Many blocks at once, one in each lane of a vector ---- */

enum { BLOCKS = 64 };

/* Word k of block first + i is word[k][i]. */
UG_WIDEST static void make_words(uint64_t key, uint64_t step, uint64_t first,
                                 uint32_t (*restrict word)[BLOCKS])
{
    const uint32_t low = (uint32_t)first, high = (uint32_t)(first >> 32);

    for (int i = 0; i < BLOCKS; i++) {
        const uint32_t at = low + (uint32_t)i;
        const struct counter c = ten_rounds(
            (struct counter){at, high + (at < low), (uint32_t)step, (uint32_t)(step >> 32)},
            (uint32_t)key, (uint32_t)(key >> 32));

        word[0][i] = c.c0;
        word[1][i] = c.c1;
        word[2][i] = c.c2;
        word[3][i] = c.c3;
    }
}

/* Multiples of 2^-24: every one is a float below 1. */
UG_WIDEST static void to_uniform(uint32_t (*restrict word)[BLOCKS], float *restrict out)
{
    for (int i = 0; i < BLOCKS; i++)
        for (int k = 0; k < 4; k++)
            out[4 * i + k] = (float)(int32_t)(word[k][i] >> 8) * 0x1p-24f;
}

/* Two pairs of independent normal numbers (Box, Muller 1958).  The radius uses all 32 bits of its
 * word: the largest number is sqrt(66 log 2), about 6.8. */
UG_WIDEST static void to_normal(uint32_t (*restrict word)[BLOCKS], float *restrict out)
{
    for (int i = 0; i < BLOCKS; i++)
        for (int k = 0; k < 4; k += 2) {
            const float u = ((float)word[k][i] + 0.5f) * 0x1p-32f; /* (0, 1] */
            const float radius = sqrtf(-2.0f * ug_logf(u));
            const struct ug_direction d = ug_direction(word[k + 1][i] >> 8);

            out[4 * i + k] = radius * d.cosine;
            out[4 * i + k + 1] = radius * d.sine;
        }
}

/* Element i is member i % 4 of block i / 4, wherever a piece begins. */
static void draw(const struct ug_random *r, uint64_t first, int64_t n, float *out,
                 void (*convert)(uint32_t (*restrict word)[BLOCKS], float *restrict out))
{
    const uint64_t key = key_of(r);
    uint32_t word[4][BLOCKS];
    float values[4 * BLOCKS];

    for (int64_t i = 0; i < n;) {
        const uint64_t at = first + (uint64_t)i;
        const int64_t skipped = (int64_t)(at % 4);
        const int64_t taken = 4 * BLOCKS - skipped < n - i ? 4 * BLOCKS - skipped : n - i;

        make_words(key, r->step, at / 4, word);
        convert(word, values);
        memcpy(out + i, values + skipped, (size_t)taken * sizeof *out);
        i += taken;
    }
}

void ug_random_uniform(const struct ug_random *r, uint64_t first, int64_t n, float *out)
{
    draw(r, first, n, out, to_uniform);
}

void ug_random_normal(const struct ug_random *r, uint64_t first, int64_t n, float *out)
{
    draw(r, first, n, out, to_normal);
}

/* Lemire 2019: the high half of a product is uniform once the few low halves that would be drawn
 * too often are refused; a refusal goes on to a stream of its own. */
uint64_t ug_random_below(const struct ug_random *r, uint64_t index, uint64_t n)
{
    const uint64_t too_low = -n % n;
    struct ug_random again = *r;

    for (;;) {
        uint32_t word[4];

        ug_random_block(&again, index, word);
        for (int i = 0; i < 4; i += 2) {
            const unsigned __int128 product =
                (unsigned __int128)((uint64_t)word[i] << 32 | word[i + 1]) * n;

            if ((uint64_t)product >= too_low)
                return (uint64_t)(product >> 64);
        }
        again.stream = mix(again.stream);
    }
}
