/* conv_gather_weights.c -- the weights of a gather in panels, as the inner loops read them. */
#include "ops/kernels/conv_gather.h"

enum { CHANNELS = 16 }; /* whose weights are packed together */

/* One term of a panel.  Tiles have 8 or 6 rows, narrow ones half of that: whole ones are unrolled.
 */
static inline void copy_column(const float *from, int64_t step, int64_t rows, int64_t left,
                               float *to)
{
    if (left == 8)
        for (int i = 0; i < 8; i++)
            to[i] = from[i * step];
    else if (left == 6 && rows == 6)
        for (int i = 0; i < 6; i++)
            to[i] = from[i * step];
    else
        for (int64_t i = 0; i < rows; i++)
            to[i] = i < left ? from[i * step] : 0.0f;
}

/* A panel of `rows` rows of weights, those past `left` being 0: the terms of channels [c, end). */
static void pack_weights(const struct ug_gather *g, const float *w, int64_t rows, int64_t left,
                         int64_t c, int64_t end, float *to)
{
    const struct ug_gather_axis *row = &g->axis[0], *col = &g->axis[1];

    for (; c < end; c++)
        for (int64_t s = 0; s < row->taps; s++)
            for (int64_t t = 0; t < col->taps; t++, to += rows) {
                const float *from = w + c * g->w_c + (row->w + s * row->w_step) * g->w_line +
                                    col->w + t * col->w_step;

                copy_column(from, g->w_m, rows, left, to);
            }
}

/* Some channels at a time, so that weights come from memory once. */
void ug_gather_pack_weights(const struct ug_gather *phases, int n, const struct ug_tile *tile,
                            const float *w)
{
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t group = 0; group < phases->groups; group++)
        for (int64_t c = 0; c < phases->c; c += CHANNELS)
            for (int64_t m = 0; m < phases->m; m += tile->rows)
                for (const struct ug_gather *g = phases; g < phases + n; g++) {
                    const int64_t left = ug_min(g->m - m, tile->rows);
                    const int64_t taps = g->axis[0].taps * g->axis[1].taps;

                    pack_weights(g, w + group * g->w_group + m * g->w_m,
                                 ug_gather_panel_rows(tile, left), left, c,
                                 ug_min(c + CHANNELS, g->c),
                                 ug_gather_packed(g, tile, group, m, c * taps));
                }
}
