/* random.h -- random numbers as a function of where they are used.
 *
 * Philox 4x32-10 (Salmon et al. 2011): a draw depends on (seed, stream, step, index) and on nothing
 * else, so order, threads, resuming and recomputing never change it.
 */
#ifndef UG_RANDOM_H
#define UG_RANDOM_H

#include <stdint.h>

/* The bare generator: ten rounds. */
void ug_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

struct ug_random {
    uint64_t seed, stream, step;
};

/* Four 32-bit words for block `index`. */
void ug_random_block(const struct ug_random *r, uint64_t index, uint32_t out[4]);

/* n numbers for the elements from `first` on: the same whether asked for at once or in pieces. */
void ug_random_uniform(const struct ug_random *r, uint64_t first, int64_t n,
                       float *out); /* [0, 1) */
void ug_random_normal(const struct ug_random *r, uint64_t first, int64_t n,
                      float *out); /* Box-Muller */

/* One number of [0, n) for element `index`, without bias; n > 0. */
uint64_t ug_random_below(const struct ug_random *r, uint64_t index, uint64_t n);

/* The stream of a name (a hash that never changes between versions). */
uint64_t ug_random_stream(const char *name);

#endif
