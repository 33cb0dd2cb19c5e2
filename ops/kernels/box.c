/* box.c -- see box.h: the axes that are whole in both tensors are copied in one piece. */
#include "ops/kernels/box.h"

#include <string.h>

/* The first axis of those at the end over which a box is contiguous in both. */
static int first_contiguous(const struct ug_tensor *x, const struct ug_tensor *y,
                            const int64_t *extent)
{
    int axis = x->shape.rank;

    while (axis > 0) {
        axis--;
        if (extent[axis] != x->shape.dim[axis] || extent[axis] != y->shape.dim[axis])
            break;
    }
    return axis;
}

void ug_copy_box(const struct ug_tensor *x, const int64_t *from, const struct ug_tensor *y,
                 const int64_t *to, const int64_t *extent)
{
    const size_t size = ug_dtype_size(x->dtype);
    const int inner = first_contiguous(x, y, extent), rank = x->shape.rank;
    const char *source = x->data;
    char *target = y->data;
    int64_t lines = 1, line = 1;

    for (int i = 0; i < rank; i++)
        *(i < inner ? &lines : &line) *= extent[i];
    if (lines * line == 0)
        return;
#pragma omp parallel for schedule(static) if (lines * line > 16384)
    for (int64_t unit = 0; unit < lines; unit++) {
        int64_t rest = unit, at_x = 0, at_y = 0, stride_x = 1, stride_y = 1;

        for (int i = rank - 1; i >= 0; i--) {
            const int64_t k = i < inner ? rest % extent[i] : 0;

            at_x += (from[i] + k) * stride_x;
            at_y += (to[i] + k) * stride_y;
            stride_x *= x->shape.dim[i];
            stride_y *= y->shape.dim[i];
            rest /= i < inner ? extent[i] : 1;
        }
        memcpy(target + (size_t)at_y * size, source + (size_t)at_x * size, (size_t)line * size);
    }
}
