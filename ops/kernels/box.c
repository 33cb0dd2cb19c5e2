/* box.c -- see box.h: axes that are whole in both tensors are merged with the one before them, so
 * that few and long lines are copied. */
#include "ops/kernels/box.h"

#include <string.h>

#include "ops/kernels/cut.h"

struct axis {
    int64_t extent;             /* of the box */
    int64_t from, to;           /* where it starts in x and in y */
    int64_t stride_x, stride_y; /* in elements */
};

/* The box as axes, innermost first, each a run of its tensor's elements; returns their number. */
static int merge_axes(const struct ug_tensor *x, const int64_t *from, const struct ug_tensor *y,
                      const int64_t *to, const int64_t *extent, struct axis axes[UG_MAX_RANK + 1])
{
    int64_t whole = 1; /* elements of the axes that are merged with the next */
    int64_t stride_x = 1, stride_y = 1;
    int n = 0;

    for (int i = x->shape.rank - 1; i >= 0; i--) {
        whole *= extent[i];
        if (i > 0 && extent[i] == x->shape.dim[i] && extent[i] == y->shape.dim[i])
            continue;
        const int64_t inner = whole / extent[i];

        axes[n++] = (struct axis){whole, from[i] * inner, to[i] * inner, stride_x, stride_y};
        stride_x *= x->shape.dim[i] * inner;
        stride_y *= y->shape.dim[i] * inner;
        whole = 1;
    }
    if (n == 0)
        axes[n++] = (struct axis){1, 0, 0, 1, 1};
    return n;
}

void ug_copy_box(const struct ug_tensor *x, const int64_t *from, const struct ug_tensor *y,
                 const int64_t *to, const int64_t *extent)
{
    const size_t size = ug_dtype_size(x->dtype);
    const char *source = x->data;
    char *target = y->data;
    struct axis axes[UG_MAX_RANK + 1];
    int64_t lines = 1;

    for (int i = 0; i < x->shape.rank; i++)
        if (extent[i] == 0)
            return;
    const int n = merge_axes(x, from, y, to, extent, axes);
    const int64_t line = axes[0].extent;

    for (int i = 1; i < n; i++)
        lines *= axes[i].extent;
#pragma omp parallel for schedule(static) if (lines * line > UG_SHARED_ELEMENTS)
    for (int64_t unit = 0; unit < lines; unit++) {
        int64_t rest = unit, at_x = axes[0].from, at_y = axes[0].to;

        for (int i = 1; i < n; i++) {
            const int64_t k = i == n - 1 ? rest : rest % axes[i].extent;

            at_x += (axes[i].from + k) * axes[i].stride_x;
            at_y += (axes[i].to + k) * axes[i].stride_y;
            rest = i == n - 1 ? 0 : rest / axes[i].extent;
        }
        memcpy(target + (size_t)at_y * size, source + (size_t)at_x * size, (size_t)line * size);
    }
}
