/* samples.h -- batches put together, and parts of them: what batching stands between other nodes. */
#ifndef UG_SAMPLES_H
#define UG_SAMPLES_H

#include "engine/graph/graph.h"

extern const struct ug_op ug_op_joined; /* the inputs, one after the other along axis 0 */
extern const struct ug_op ug_op_part;   /* a view of some samples; attrs: struct ug_part */

struct ug_part {
    int64_t first, n; /* samples */
};

#endif
