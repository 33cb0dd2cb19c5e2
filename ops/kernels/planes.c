/* planes.c -- sizes of frames, and copying pictures into them. */
#include "ops/kernels/planes.h"

#include <string.h>

struct ug_frame ug_frame_of(const int64_t in[2], const int64_t low[2], const int64_t high[2])
{
    struct ug_frame f;

    for (int d = 0; d < 2; d++) {
        f.in[d] = in[d];
        f.before[d] = ug_max(0, -low[d]);
        f.size[d] = f.before[d] + ug_max(in[d], high[d] + 1);
    }
    return f;
}

bool ug_frame_is_tight(const struct ug_frame *f)
{
    return f->size[0] == f->in[0] && f->size[1] == f->in[1];
}

int64_t ug_frame_area(const struct ug_frame *f)
{
    return f->size[0] * f->size[1];
}

static void copy_plane(const struct ug_frame *f, const float *from, float *to)
{
    const int64_t after = f->size[1] - f->before[1] - f->in[1];
    const int64_t below = f->size[0] - f->before[0] - f->in[0];

    memset(to, 0, (size_t)(f->before[0] * f->size[1]) * sizeof *to);
    to += f->before[0] * f->size[1];
    for (int64_t i = 0; i < f->in[0]; i++, from += f->in[1], to += f->size[1]) {
        memset(to, 0, (size_t)f->before[1] * sizeof *to);
        memcpy(to + f->before[1], from, (size_t)f->in[1] * sizeof *to);
        memset(to + f->before[1] + f->in[1], 0, (size_t)after * sizeof *to);
    }
    memset(to, 0, (size_t)(below * f->size[1]) * sizeof *to);
}

void ug_frame_copy(const struct ug_frame *f, int64_t planes, const float *from, float *to)
{
#pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < planes; p++)
        copy_plane(f, from + p * f->in[0] * f->in[1], to + p * ug_frame_area(f));
}
