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
    size_t at, n;          /* elements, in its block; 16-element aligned */
};

struct ug_block {          /* the parameters of one optimizer; the last block holds all others and float state */
    struct ug_span *spans;
    int n_spans;
    size_t n;              /* elements, padding included (padding is zero) */
    float *values;
    float *grads;          /* NULL for the last block */
};

struct ug_store {
    struct ug_block *blocks;
    int n_blocks;          /* optimizers + 1 */
    void **data;           /* by param index: where its value is (its owner's) */
    float **grad;          /* by param index: where its gradient goes; NULL if none */
    int n_params;
};

struct ug_store *ug_store_new(const struct ug_program *p, struct ug_diags *diags); /* NULL after an error: too large */
void ug_store_free(struct ug_store *s);

/* Initial values of every parameter, from its `init` and the seed (one stream a parameter name). */
bool ug_store_init(struct ug_store *s, const struct ug_program *p, uint64_t seed, struct ug_diags *diags);

#endif
