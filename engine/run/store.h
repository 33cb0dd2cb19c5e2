/* store.h -- the memory of parameters and state.
 *
 * Parameters that one optimizer updates stand in one block, their gradients and moments in blocks
 * of the same layout: an update is one pass, a checkpoint one write, a sum over machines one call.
 */
#ifndef UG_STORE_H
#define UG_STORE_H

#include "engine/model/program.h"

struct ug_span {
    struct ug_param *param;
    size_t at, n; /* elements, in its block; 16-element aligned */
};

/* The parameters of one optimizer; the last block holds all others, and float state. */
struct ug_block {
    struct ug_span *spans;
    int n_spans;
    size_t n; /* elements, padding included (padding is zero) */
    float *values;
    float *grads; /* NULL for the last block */
};

struct ug_store {
    struct ug_block *blocks;
    int n_blocks; /* optimizers + 1 */
    void **data;  /* by param index: where its value is (its owner's) */
    float **grad; /* by param index: where its gradient goes; NULL if none */
    int n_params;
    int64_t *integers; /* int64 state, one after the other */
    size_t n_integers;
};

/* Zeroed memory for every parameter there is.  NULL after an error: too large. */
struct ug_store *ug_store_new(const struct ug_program *p, struct ug_diags *diags);
void ug_store_free(struct ug_store *s); /* NULL is fine */

/* Initial values of every parameter, from its `init` and the seed; each name has a stream of its
 * own, so that a parameter's values do not depend on what else there is.  False after an error (a
 * file). */
bool ug_store_init(struct ug_store *s, const struct ug_program *p, uint64_t seed,
                   struct ug_diags *diags);

#endif
