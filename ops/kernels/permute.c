/* permute.c -- see permute.h.
 *
 * Axes of extent 1 are dropped and axes that stay neighbours merged.  If the innermost axis stays
 * innermost, lines are copied whole.  Otherwise the innermost axes of x and of the output span a
 * plane, which is transposed in tiles so that both sides use whole cache lines.
 */
#include "ops/kernels/permute.h"

#include <string.h>

#include "ops/kernels/cut.h"

enum { TILE = 32 };

struct axis {
    int64_t extent, stride_x, stride_y; /* strides in elements */
};

struct move {
    struct axis axes[UG_MAX_RANK]; /* in the output's order */
    int rank;
    size_t size; /* of an element */
    const char *x;
    char *y;
};

static struct move plan_move(const struct ug_tensor *x, const int *order, void *out)
{
    struct move m = {.size = ug_dtype_size(x->dtype), .x = x->data, .y = out};
    int64_t stride = 1;

    for (int i = 0; i < x->shape.rank; i++) {
        const int64_t extent = x->shape.dim[order[i]];
        const int64_t stride_x = ug_shape_span(&x->shape, order[i] + 1, x->shape.rank);
        struct axis *last = m.rank ? &m.axes[m.rank - 1] : NULL;

        if (extent == 1)
            continue;
        if (last && last->stride_x == extent * stride_x) {
            last->extent *= extent;
            last->stride_x = stride_x;
        } else {
            m.axes[m.rank++] = (struct axis){extent, stride_x, 0};
        }
    }
    for (int i = m.rank - 1; i >= 0; i--) {
        m.axes[i].stride_y = stride;
        stride *= m.axes[i].extent;
    }
    return m;
}

/* Takes the axis out and hands it back. */
static struct axis take_axis(struct move *m, int i)
{
    const struct axis axis = m->axes[i];

    memmove(&m->axes[i], &m->axes[i + 1], (size_t)(m->rank - i - 1) * sizeof axis);
    m->rank--;
    return axis;
}

static int64_t count(const struct move *m)
{
    int64_t n = 1;

    for (int i = 0; i < m->rank; i++)
        n *= m->axes[i].extent;
    return n;
}

/* Where member `index` of the axes starts. */
static void locate(const struct move *m, int64_t index, int64_t *x, int64_t *y)
{
    *x = *y = 0;
    for (int i = m->rank - 1; i >= 0; i--) {
        const int64_t at = index % m->axes[i].extent;

        *x += at * m->axes[i].stride_x;
        *y += at * m->axes[i].stride_y;
        index /= m->axes[i].extent;
    }
}

static void copy_lines(struct move *m)
{
    const int64_t line = m->rank ? take_axis(m, m->rank - 1).extent : 1, lines = count(m);

#pragma omp parallel for schedule(static) if (lines * line > UG_SHARED_ELEMENTS)
    for (int64_t i = 0; i < lines; i++) {
        int64_t x, y;

        locate(m, i, &x, &y);
        memcpy(m->y + (size_t)y * m->size, m->x + (size_t)x * m->size, (size_t)line * m->size);
    }
}

/* A tile: y[i * stride_y + j] = x[i + j * stride_x] for i < rows, j < columns. */
static void transpose_tile_64(const uint64_t *x, uint64_t *y, int64_t rows, int64_t columns,
                              int64_t stride_x, int64_t stride_y)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            y[i * stride_y + j] = x[i + j * stride_x];
}

typedef uint32_t four __attribute__((vector_size(16)));

static inline four load(const uint32_t *x)
{
    four v;

    memcpy(&v, x, sizeof v);
    return v;
}

static inline void store(uint32_t *y, four v)
{
    memcpy(y, &v, sizeof v);
}

/* 4 x 4 elements in registers: pairs of lines are interleaved, then pairs of pairs.  Twice as fast
 * as moving them one by one. */
static inline void transpose_four(const uint32_t *x, uint32_t *y, int64_t stride_x,
                                  int64_t stride_y)
{
    const four a = load(x), b = load(x + stride_x);
    const four c = load(x + 2 * stride_x), d = load(x + 3 * stride_x);
    const four ab01 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const four ab23 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const four cd01 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const four cd23 = __builtin_shufflevector(c, d, 2, 6, 3, 7);

    store(y, __builtin_shufflevector(ab01, cd01, 0, 1, 4, 5));
    store(y + stride_y, __builtin_shufflevector(ab01, cd01, 2, 3, 6, 7));
    store(y + 2 * stride_y, __builtin_shufflevector(ab23, cd23, 0, 1, 4, 5));
    store(y + 3 * stride_y, __builtin_shufflevector(ab23, cd23, 2, 3, 6, 7));
}

static void transpose_tile_32(const uint32_t *x, uint32_t *y, int64_t rows, int64_t columns,
                              int64_t stride_x, int64_t stride_y)
{
    const int64_t whole_rows = rows - rows % 4, whole_columns = columns - columns % 4;

    for (int64_t i = 0; i < whole_rows; i += 4)
        for (int64_t j = 0; j < whole_columns; j += 4)
            transpose_four(x + i + j * stride_x, y + i * stride_y + j, stride_x, stride_y);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; j++)
            y[i * stride_y + j] = x[i + j * stride_x];
}

/* `row` is x's innermost axis, `column` the output's. */
static void transpose_planes(struct move *m)
{
    const struct axis column = take_axis(m, m->rank - 1);
    int inner = 0;

    while (m->axes[inner].stride_x != 1)
        inner++;
    const struct axis row = take_axis(m, inner);
    const int64_t tiles_i = (row.extent + TILE - 1) / TILE;
    const int64_t tiles_j = (column.extent + TILE - 1) / TILE, planes = count(m);

#pragma omp parallel for schedule(static) if (planes * row.extent * column.extent >                \
                                              UG_SHARED_ELEMENTS)
    for (int64_t unit = 0; unit < planes * tiles_i * tiles_j; unit++) {
        const int64_t j = unit % tiles_j * TILE, i = unit / tiles_j % tiles_i * TILE;
        const int64_t rows = row.extent - i < TILE ? row.extent - i : TILE;
        const int64_t columns = column.extent - j < TILE ? column.extent - j : TILE;
        int64_t x, y;

        locate(m, unit / tiles_j / tiles_i, &x, &y);
        x += i + j * column.stride_x;
        y += i * row.stride_y + j;
        if (m->size == sizeof(uint32_t))
            transpose_tile_32((const uint32_t *)(const void *)m->x + x,
                              (uint32_t *)(void *)m->y + y, rows, columns, column.stride_x,
                              row.stride_y);
        else
            transpose_tile_64((const uint64_t *)(const void *)m->x + x,
                              (uint64_t *)(void *)m->y + y, rows, columns, column.stride_x,
                              row.stride_y);
    }
}

void ug_permute_run(const struct ug_tensor *x, const int *order, void *out)
{
    struct move m = plan_move(x, order, out);

    if (ug_shape_count(&x->shape) == 0)
        return;
    if (m.rank == 0 || m.axes[m.rank - 1].stride_x == 1)
        copy_lines(&m);
    else
        transpose_planes(&m);
}
