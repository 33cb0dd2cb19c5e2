/* winograd_weights.h -- between weights and their matrices at each point of transformed tiles. */
#ifndef UG_WINOGRAD_WEIGHTS_H
#define UG_WINOGRAD_WEIGHTS_H

#include "ops/kernels/winograd_strips.h"

/* The weights of some channels at all points: a thread makes them and uses them up while they are in
 * its cache.  Columns are channels of results, for forward, or of inputs in all phases (`back`), for
 * the gradients; rows the other.  Those beyond the last channel are zeros. */
struct ug_winograd_block {
    bool back;
    int64_t out, outs, in, ins; /* the first vector of channels and their number */
    int64_t depth, columns;     /* vectors of rows and of columns */
    int64_t apart;              /* floats from one point to the next */
    float *points;              /* [points][pairs of columns][depth * lanes][2][lanes] */
    float *space;               /* for a square of weights before it is transformed */
};

/* The number of blocks of weights, in columns and in rows; block number `column`, `row` for the
 * calling thread, `base` being where the threads' spaces begin. */
int64_t ug_winograd_block_columns(const struct ug_winograd_work *w, bool back);
int64_t ug_winograd_block_rows(const struct ug_winograd_work *w, bool back);
struct ug_winograd_block ug_winograd_block_at(const struct ug_winograd_work *w, bool back,
                                              int64_t column, int64_t row, float *base);

/* Fills the block from w. */
void ug_winograd_take_weights(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                              const float *from);
/* The transpose of that for a block with columns of inputs: writes dw, or adds to it. */
void ug_winograd_write_weights(const struct ug_winograd_work *w, const struct ug_winograd_block *b,
                               float *dw, bool add);

#endif
