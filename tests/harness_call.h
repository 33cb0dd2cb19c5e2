/* harness_call.h -- a user's call of an op in a trial, without the language around it. */
#ifndef HARNESS_CALL_H
#define HARNESS_CALL_H

#include "harness_ops.h"

/* Builds `op`.  `settings` are the arguments that are no tensors, in any order and without blanks
 * in their values: "out_channels=4 kernel_size=3,5 padding_mode=reflect bias=false"; others have
 * their defaults.  Tensors follow as pairs of name and node, ended by NULL: trial_call(t, "conv2d",
 * "out_channels=4 kernel_size=3", "x", x, NULL); The result is NULL where the op refuses; the
 * trial's diagnostics say why. */
struct ug_node *trial_call(struct trial *t, const char *op, const char *settings, ...)
    __attribute__((sentinel));

#endif
