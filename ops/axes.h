/* axes.h -- axes as a user names them (negative ones count from the end), checked. */
#ifndef UG_OPS_AXES_H
#define UG_OPS_AXES_H

#include "engine/graph/call.h"

/* The axis that `dim` means in `rank` axes; -1, after a rejection, if there is none.  t may be
 * NULL. */
int ug_axis_of(int64_t dim, int rank, struct ug_inference *t);

/* The same in a call: -1 after an error. */
int ug_call_axis(struct ug_call *c, int64_t dim, int rank);

/* A set of axes.  A list that is not given or empty means all of them. */
struct ug_axes {
    bool in[UG_MAX_RANK];
};
bool ug_axes_of(const struct ug_ints *dims, int rank, struct ug_axes *axes, struct ug_inference *t);

/* Rejects an int64 input. */
bool ug_require_float(struct ug_inference *t);

#endif
