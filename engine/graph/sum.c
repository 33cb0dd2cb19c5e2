/* sum.c -- sums over axes.
 *
 * Axes of extent 1 are dropped and neighbours of one fate merged, so that what is left alternates
 * between kept and summed groups.  If the innermost group is summed, each output is a sum of
 * contiguous lines; if it is kept, lines are added up element by element.  Where there are few
 * outputs, the lines of one are cut into pieces of a fixed size whose partial sums are added in
 * order: the cut depends on the shape alone, never on the number of threads.
 */
#include "engine/graph/sum.h"

#include <string.h>

#include "engine/base/simd.h"

enum {
    LANES = 16,      /* partial sums of a line, so that additions do not wait for one another */
    BLOCK = 1024,    /* elements of a kept line that are summed at once, on the stack */
    PIECE = 16384,   /* elements of a piece */
    ENOUGH_SUMS = 64 /* independent sums that keep any number of threads busy */
};

struct group {
    int64_t extent, stride; /* in x */
};

struct layout {
    struct group kept[UG_MAX_RANK], summed[UG_MAX_RANK]; /* without the innermost one */
    int n_kept, n_summed;
    bool inner_kept;
    int64_t line;        /* extent of the innermost group, contiguous in x */
    int64_t outer, rows; /* products of the extents of `kept` and `summed` */
    int64_t blocks;      /* of a kept line */
    int64_t pieces,
        per_piece; /* pieces of one sum; rows (inner kept) or elements (inner summed) in each */
    double scale;
    bool adds; /* to what is there */
};

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* As many pieces as keep threads busy, but none smaller than PIECE elements. */
static void cut_into_pieces(struct layout *l)
{
    const int64_t work = l->inner_kept ? l->rows : l->rows * l->line;
    const int64_t width = !l->inner_kept ? 1 : l->line < BLOCK ? l->line : BLOCK;
    int64_t sums, pieces;

    l->blocks = l->inner_kept ? ceil_div(l->line, BLOCK) : 1;
    sums = l->outer * l->blocks;
    pieces = sums ? ceil_div(ENOUGH_SUMS, sums) : 1;
    if (pieces > work * width / PIECE)
        pieces = work * width / PIECE;
    if (pieces < 1)
        pieces = 1;
    l->per_piece = work ? ceil_div(work, pieces) : 1;
    l->pieces = work ? ceil_div(work, l->per_piece) : 1;
}

static struct layout lay_out(const struct ug_shape *x, const struct ug_shape *y)
{
    struct layout l = {.line = 1, .outer = 1, .rows = 1, .inner_kept = true};
    struct group groups[UG_MAX_RANK];
    bool kept[UG_MAX_RANK];
    int64_t stride = 1;
    int n = 0;

    for (int i = x->rank - 1; i >= 0; i--) { /* innermost first */
        const int iy = i - (x->rank - y->rank);
        const bool keep = iy >= 0 && y->dim[iy] == x->dim[i];

        if (x->dim[i] == 1)
            continue;
        if (n && kept[n - 1] == keep) {
            groups[n - 1].extent *= x->dim[i];
        } else {
            groups[n] = (struct group){x->dim[i], stride};
            kept[n++] = keep;
        }
        stride *= x->dim[i];
    }
    if (n) {
        l.line = groups[0].extent;
        l.inner_kept = kept[0];
    }
    for (int i = 1; i < n; i++) {
        if (kept[i]) {
            l.kept[l.n_kept++] = groups[i];
            l.outer *= groups[i].extent;
        } else {
            l.summed[l.n_summed++] = groups[i];
            l.rows *= groups[i].extent;
        }
    }
    cut_into_pieces(&l);
    return l;
}

/* Where member `index` of a set of groups starts. */
static int64_t offset_of(const struct group *groups, int n, int64_t index)
{
    int64_t offset = 0;

    for (int i = 0; i < n; i++) {
        offset += index % groups[i].extent * groups[i].stride;
        index /= groups[i].extent;
    }
    return offset;
}

UG_WIDEST static double sum_line(const float *x, int64_t n)
{
    double lane[LANES] = {0.0}, sum = 0.0;
    int64_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j];
    for (int j = 0; i + j < n; j++)
        lane[j] += (double)x[i + j];
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

static inline void put(const struct layout *l, double sum, float *y)
{
    const float scaled = (float)(l->scale * sum);

    *y = l->adds ? *y + scaled : scaled;
}

/* Elements [from, to) of the lines that output `o` sums. */
static double sum_piece(const struct layout *l, const float *x, int64_t o, int64_t from, int64_t to)
{
    const float *base = x + offset_of(l->kept, l->n_kept, o);
    double sum = 0.0;

    while (from < to) {
        const int64_t row = from / l->line, start = from % l->line;
        const int64_t n = to - from < l->line - start ? to - from : l->line - start;

        sum += sum_line(base + offset_of(l->summed, l->n_summed, row) + start, n);
        from += n;
    }
    return sum;
}

UG_WIDEST static void add_line(const float *x, int64_t n, double *sum)
{
    for (int64_t i = 0; i < n; i++)
        sum[i] += (double)x[i];
}

/* Rows [from, to) of a block of `n` kept elements that starts at `x`. */
static void sum_rows(const struct layout *l, const float *x, int64_t n, int64_t from, int64_t to,
                     double *sum)
{
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t row = from; row < to; row++)
        add_line(x + offset_of(l->summed, l->n_summed, row), n, sum);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void sum_inner_summed(const struct layout *l, const float *x, double *partial, float *y)
{
    const int64_t all = l->rows * l->line;

#pragma omp parallel for schedule(static) if (l->outer * all > PIECE)
    for (int64_t unit = 0; unit < l->outer * l->pieces; unit++) {
        const int64_t o = unit / l->pieces, from = unit % l->pieces * l->per_piece;
        const double sum = sum_piece(l, x, o, from, least(from + l->per_piece, all));

        if (l->pieces == 1)
            put(l, sum, &y[o]);
        else
            partial[unit % l->pieces * l->outer + o] = sum;
    }
}

static void sum_inner_kept(const struct layout *l, const float *x, double *partial, float *y)
{
#pragma omp parallel for schedule(static) if (l->outer * l->rows * l->line > PIECE)
    for (int64_t unit = 0; unit < l->outer * l->blocks * l->pieces; unit++) {
        const int64_t piece = unit % l->pieces, block = unit / l->pieces % l->blocks;
        const int64_t o = unit / l->pieces / l->blocks;
        const int64_t n = least(BLOCK, l->line - block * BLOCK), from = piece * l->per_piece;
        const int64_t at = o * l->line + block * BLOCK;
        double sum[BLOCK];

        sum_rows(l, x + offset_of(l->kept, l->n_kept, o) + block * BLOCK, n, from,
                 least(from + l->per_piece, l->rows), sum);
        for (int64_t i = 0; i < n; i++) {
            if (l->pieces == 1)
                put(l, sum[i], &y[at + i]);
            else
                partial[piece * l->outer * l->line + at + i] = sum[i];
        }
    }
}

static int64_t count_outputs(const struct layout *l)
{
    return l->inner_kept ? l->outer * l->line : l->outer;
}

size_t ug_sum_scratch(const struct ug_shape *x_shape, const struct ug_shape *y_shape)
{
    const struct layout l = lay_out(x_shape, y_shape);

    return l.pieces == 1 ? 0 : (size_t)(count_outputs(&l) * l.pieces) * sizeof(double);
}

/* Adds up the pieces [pieces, outputs] in their order. */
static void add_pieces(const struct layout *l, const double *partial, float *y)
{
    const int64_t outputs = count_outputs(l), blocks = ceil_div(outputs, BLOCK);

#pragma omp parallel for schedule(static) if (outputs * l->pieces > PIECE)
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t at = block * BLOCK, n = least(BLOCK, outputs - at);
        double sum[BLOCK] = {0.0};

        for (int64_t p = 0; p < l->pieces; p++)
            for (int64_t i = 0; i < n; i++)
                sum[i] += partial[p * outputs + at + i];
        for (int64_t i = 0; i < n; i++)
            put(l, sum[i], &y[at + i]);
    }
}

void ug_sum_run(const float *x, const struct ug_shape *x_shape, const struct ug_shape *y_shape,
                double scale, bool adds, void *scratch, float *y)
{
    struct layout l = lay_out(x_shape, y_shape);

    l.scale = scale;
    l.adds = adds;
    if (l.inner_kept)
        sum_inner_kept(&l, x, scratch, y);
    else
        sum_inner_summed(&l, x, scratch, y);
    if (l.pieces > 1)
        add_pieces(&l, scratch, y);
}
