/* test_random.c -- Philox against the vectors published with Random123, and what is drawn from it.
 */
#include <math.h>
#include <stdlib.h>

#include "engine/base/random.h"
#include "harness_main.h"

/* kat_vectors of Random123 (Salmon et al.), "philox4x32 10". */
START_TEST(known_answers)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    uint32_t out[4];

    for (size_t i = 0; i < 3; i++) {
        ug_philox(vectors[i].counter, vectors[i].key, out);
        ck_assert_mem_eq(out, vectors[i].out, sizeof out);
    }
}
END_TEST

enum { N = 100000 };
static float whole[N], pieces[N];

static void check_moments(double mean, double variance)
{
    double sum = 0, squares = 0;

    for (int i = 0; i < N; i++)
        sum += (double)whole[i];
    sum /= N;
    for (int i = 0; i < N; i++)
        squares += ((double)whole[i] - sum) * ((double)whole[i] - sum);
    ck_assert_double_eq_tol(sum, mean, 0.01);
    ck_assert_double_eq_tol(squares / N, variance, 0.02);
}

/* Any cut gives the same numbers; so 3 and 5 elements at a time, also across blocks of four. */
static void check_pieces(void (*draw)(const struct ug_random *, uint64_t, int64_t, float *),
                         const struct ug_random *r)
{
    draw(r, 0, N, whole);
    for (int at = 0, n = 3; at < N; at += n, n = 8 - n)
        draw(r, (uint64_t)at, n < N - at ? n : N - at, pieces + at);
    ck_assert_mem_eq(whole, pieces, sizeof whole);
}

START_TEST(uniform_numbers)
{
    const struct ug_random r = {.seed = 3, .stream = 4, .step = 5};
    float least = 1, most = 0;

    check_pieces(ug_random_uniform, &r);
    check_moments(0.5, 1.0 / 12);
    for (int i = 0; i < N; i++) {
        least = fminf(least, whole[i]);
        most = fmaxf(most, whole[i]);
    }
    ck_assert(least >= 0 && least < 0.001f && most < 1 && most > 0.999f);
}
END_TEST

START_TEST(normal_numbers)
{
    const struct ug_random r = {.seed = 3, .stream = 4, .step = 5};
    int beyond = 0;

    check_pieces(ug_random_normal, &r);
    check_moments(0, 1);
    for (int i = 0; i < N; i++) {
        ck_assert(isfinite(whole[i]));
        beyond += fabsf(whole[i]) > 1.959964f; /* 5 % of a normal distribution */
    }
    ck_assert_double_eq_tol((double)beyond / N, 0.05, 0.003);
}
END_TEST

/* What the words of a block become, by definition and in float64: so a stream stays what it was. */
START_TEST(numbers_are_those_of_their_blocks)
{
    enum { MOST = 1000 };
    /* within the first 2^32 blocks, across their end, and far behind it */
    static const uint64_t firsts[] = {0, (UINT64_C(1) << 34) - 402, UINT64_C(7) << 41};
    const struct ug_random r = {.seed = 11, .stream = 22, .step = (UINT64_C(3) << 32) + 33};
    float uniform[MOST], normal[MOST];

    ug_random_uniform(&r, firsts[_i], MOST, uniform);
    ug_random_normal(&r, firsts[_i], MOST, normal);
    for (uint64_t i = 0; i < MOST; i++) {
        const uint64_t at = firsts[_i] + i;
        uint32_t word[4];

        ug_random_block(&r, at / 4, word);
        ck_assert_float_eq(uniform[i], (float)(word[at % 4] >> 8) * 0x1p-24f);
        const double u = (word[at % 4 & 2] + 0.5) * 0x1p-32;
        const double angle = (word[at % 4 | 1] >> 8) * 0x1p-24 * 2 * acos(-1);
        const double want = sqrt(-2 * log(u)) * (at % 2 ? sin(angle) : cos(angle));
        ck_assert_double_eq_tol((double)normal[i], want, 1e-6);
    }
}
END_TEST

/* Seed, stream and step each make another sequence. */
START_TEST(sequences_differ)
{
    const struct ug_random r[] = {{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}, {2, 2, 1}};
    uint32_t words[5][4];

    for (int i = 0; i < 5; i++) {
        ug_random_block(&r[i], 9, words[i]);
        for (int j = 0; j < i; j++)
            ck_assert_mem_ne(words[i], words[j], sizeof words[i]);
    }
    ck_assert_uint_ne(ug_random_stream("a.b"), ug_random_stream("a.c"));
    ck_assert_uint_ne(ug_random_stream(""), ug_random_stream("a"));
}
END_TEST

START_TEST(whole_numbers_have_no_bias)
{
    const struct ug_random r = {.seed = 1};
    int counts[6] = {0};

    for (uint64_t i = 0; i < 60000; i++) {
        const uint64_t k = ug_random_below(&r, i, 6);

        ck_assert_uint_lt(k, 6);
        counts[k]++;
    }
    for (int i = 0; i < 6; i++)
        ck_assert_int_lt(abs(counts[i] - 10000), 400); /* 4 sigma */
    ck_assert_uint_eq(ug_random_below(&r, 0, 1), 0);
    /* three quarters of 2^64: a quarter of first draws is refused */
    for (uint64_t i = 0; i < 1000; i++)
        ck_assert_uint_lt(ug_random_below(&r, i, UINT64_C(3) << 62), UINT64_C(3) << 62);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("random");
    TCase *c = tcase_create("random");

    tcase_add_test(c, known_answers);
    tcase_add_test(c, uniform_numbers);
    tcase_add_test(c, normal_numbers);
    tcase_add_loop_test(c, numbers_are_those_of_their_blocks, 0, 3);
    tcase_add_test(c, sequences_differ);
    tcase_add_test(c, whole_numbers_have_no_bias);
    suite_add_tcase(s, c);
    return s;
}
