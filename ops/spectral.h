/* spectral.h -- spectral normalisation of a layer's weight. */
#ifndef UG_OPS_SPECTRAL_H
#define UG_OPS_SPECTRAL_H

#include "engine/graph/call.h"

/* weight / sigma, where sigma is the estimate of the largest singular value of the weight, read as
 * a matrix of its first axis by all others, along the layer's state weight_u and weight_v. */
struct ug_node *ug_spectral_norm(struct ug_call *c, struct ug_node *weight);

/* The argument of layers that asks for it: a bool at `at` of their settings. */
#define UG_SPECTRAL_NORM_ARG(at)                                                                   \
    {                                                                                              \
        .name = "spectral_norm",                                                                   \
        .doc = "divides the weight by its largest singular value (Miyato et al. 2018, algorithm "  \
               "1); keeps the state weight_u and weight_v",                                        \
        .type = UG_BOOL, .offset = at, .initial = "false", .keyword = true                         \
    }

extern const struct ug_op ug_op_spectral_left, ug_op_spectral_right;

#endif
