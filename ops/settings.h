/* settings.h -- settings of ops that more than one file of ops/ makes.
 *
 * Settings are compared as bytes, so whoever fills one clears it first: memset, not an initialiser,
 * which may leave rubbish in the padding.
 */
#ifndef UG_OPS_SETTINGS_H
#define UG_OPS_SETTINGS_H

#include "ops/emit.h"

/* sum, mean, max, min, argmax: the axes as written; n = -1 or 0 means all of them. */
struct ug_reduce_attrs {
    struct ug_ints dim;
    bool keepdim;
};

struct ug_softplus_attrs {
    double beta, threshold;
};

/* softmax, log_softmax: the axis as written. */
struct ug_softmax_attrs {
    int64_t dim;
};

struct ug_reshape_attrs {
    struct ug_ints shape; /* as written: -1 stands for what is left */
};

struct ug_permute_attrs {
    struct ug_ints dims; /* axis i of the output is axis dims[i] of the input */
};

struct ug_cat_attrs {
    int64_t dim;
};

/* "padding": padding of any axes.  "padding_back" is its adjoint for reflect and replicate: every
 * element of the padded picture is added to the one it was copied from. */
struct ug_pad_attrs {
    struct ug_padding padding;
    double value; /* of constant padding */
    int64_t rank;
    int mode; /* enum ug_pad_mode */
};

struct ug_matmul_attrs {
    bool transpose_a, transpose_b;
};

struct ug_gate_attrs {
    double slope;
};

#endif
