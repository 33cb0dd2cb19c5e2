/* read.h -- reading through an elementwise op (struct ug_reading of engine/graph/op.h). */
#ifndef UG_KERNELS_READ_H
#define UG_KERNELS_READ_H

#include "engine/graph/op.h"
#include "ops/kernels/cut.h"

/* Does to n floats what is to be done to them as they are read. */
static inline void ug_apply_reading(const struct ug_reading *r, int64_t n, float *x)
{
    for (int64_t at = 0; r->map && at < n; at += UG_MAP_BLOCK) {
        const float *const in = x + at;

        r->map(r->attrs, ug_min(n - at, UG_MAP_BLOCK), &in, x + at);
    }
}

#endif
