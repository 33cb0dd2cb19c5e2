/* winograd_kernels.c -- the inner loops for each width of vectors, and the choice among them. */
#include "ops/kernels/winograd_kernels.h"

#include <assert.h>
#include <string.h>

#include "ops/kernels/cut.h"
#include "ops/kernels/winograd_points.h"

#define FORM(name) portable_##name
#define LANES      4
#define ROWS       6
#define TARGET
#include "ops/kernels/winograd_transforms.h"
#include "ops/kernels/winograd_loops.h"

#ifdef __x86_64__

#define FORM(name) avx2_##name
#define LANES      8
#define ROWS       6
#define TARGET     __attribute__((target("avx2,fma")))
#include "ops/kernels/winograd_transforms.h"
#include "ops/kernels/winograd_loops.h"

#define FORM(name) avx512_##name
#define LANES      16
#define ROWS       8
#define TARGET                                                                                     \
    __attribute__((target("avx512f,avx512vl,avx512dq,fma,prfchw,prefer-vector-width=512")))
#include "ops/kernels/winograd_transforms.h"
#include "ops/kernels/winograd_loops.h"

#endif

static const struct ug_winograd_kernels *const all[] = {
    portable_kernels,
#ifdef __x86_64__
    avx2_kernels,
    avx512_kernels,
#endif
};

const struct ug_winograd_kernels *ug_winograd_kernels_of(const struct ug_tile *tile, int across,
                                                         int taps)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int j = 0; j < 3; j++)
            if (2 * all[i][j].lanes == tile->cols && all[i][j].results[1] == across &&
                all[i][j].taps == taps)
                return &all[i][j];
    assert(!"a tile is two vectors wide, and there are kernels for it");
    return NULL;
}
