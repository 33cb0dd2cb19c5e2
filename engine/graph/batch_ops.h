/* batch_ops.h -- batches put together, and parts of them: what batching stands between other nodes. */
#ifndef UG_BATCH_OPS_H
#define UG_BATCH_OPS_H

#include "engine/graph/graph.h"

extern const struct ug_op ug_op_joined; /* the inputs, one after the other along axis 0 */
extern const struct ug_op ug_op_part;   /* a view of some samples; attrs: struct ug_part_attrs */

struct ug_part_attrs {
    int64_t first, n; /* samples */
};

#endif
