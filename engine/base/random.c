/* random.c -- Philox 4x32-10 and what is drawn from it.
 *
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.  The key is a
 * hash of seed and stream, the counter is (index, step).
 */
#include "engine/base/random.h"

#include <math.h>
#include <stddef.h>

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

void ug_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xd2511f53u * c0, b = (uint64_t)0xcd9e8d57u * c2;

        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

static uint64_t key_of(const struct ug_random *r)
{
    return mix(mix(r->seed) ^ r->stream);
}

static void block(uint64_t key, uint64_t step, uint64_t index, uint32_t out[4])
{
    const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)step,
                                 (uint32_t)(step >> 32)};
    const uint32_t k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};

    ug_philox(counter, k, out);
}

void ug_random_block(const struct ug_random *r, uint64_t index, uint32_t out[4])
{
    block(key_of(r), r->step, index, out);
}

/* Multiples of 2^-24: every one is a float below 1. */
static void to_uniform(const uint32_t word[4], float out[4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (float)(word[i] >> 8) * 0x1p-24f;
}

/* Two pairs of independent normal numbers (Box, Muller 1958).  The radius uses all 32 bits of its
 * word: the largest number is sqrt(66 log 2), about 6.8. */
static void to_normal(const uint32_t word[4], float out[4])
{
    for (int i = 0; i < 4; i += 2) {
        const float u = ((float)word[i] + 0.5f) * 0x1p-32f; /* (0, 1] */
        const float angle = (float)(word[i + 1] >> 8) * (0x1p-24f * 6.28318530717958647692f);
        const float radius = sqrtf(-2.0f * logf(u));

        out[i] = radius * cosf(angle);
        out[i + 1] = radius * sinf(angle);
    }
}

/* Element i is member i % 4 of block i / 4, wherever a piece begins. */
static void draw(const struct ug_random *r, uint64_t first, int64_t n, float *out,
                 void (*convert)(const uint32_t word[4], float out[4]))
{
    const uint64_t key = key_of(r);

    for (int64_t i = 0; i < n;) {
        const uint64_t at = first + (uint64_t)i;
        uint32_t word[4];
        float value[4];

        block(key, r->step, at / 4, word);
        convert(word, value);
        for (uint64_t j = at % 4; j < 4 && i < n; j++)
            out[i++] = value[j];
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
