/* conv_gather.h -- sums that are products of matrices, of which one is gathered while it is used.
 *
 * Result channel m at position q is the sum of w[m, k] x[position(q) + offset(k)] over terms
 * k = (channel, tap row, tap column).  The matrix x[position(q) + offset(k)] is never written out.
 */
#ifndef UG_CONV_GATHER_H
#define UG_CONV_GATHER_H

#include "ops/kernels/conv.h"
#include "ops/kernels/planes.h"

/* Along rows (axis 0) and columns (axis 1): */
struct ug_gather_axis {
    int64_t count;                 /* results */
    int64_t taps;                  /* that they meet */
    int64_t first, step, tap_step; /* result q meets tap t at first + q*step + t*tap_step */
    int64_t to, to_step;           /* result q lies at to + q*to_step */
    int64_t w, w_step;             /* tap t is w + t*w_step of the kernel */
};

/* One phase: results that meet the same taps at the same offsets. */
struct ug_gather {
    struct ug_gather_axis axis[2];
    int64_t batch, groups;
    int64_t m, c;            /* channels of a group: of results, and read */
    int64_t n_terms;         /* c * taps * taps */
    int64_t x_line, x_plane; /* of framed pictures */
    int64_t y_line, y_plane;
    int64_t w_m, w_c, w_line, w_group; /* strides of the weights */
    const float *x;
    float *y;
    int64_t *offset; /* of each term, from a result's position */
    /* Weights, packed: [group][panel of rows][phase][term][row]. */
    float *packed;
    int64_t all_terms, terms_before; /* of all phases, and of those before this one */
    const float *rows;               /* or as they are: w, where rows lie w_m apart; else NULL */
};

/* Bytes for packed weights, offsets of terms and framed pictures; m and c: channels of a group, of
 * results and read. */
size_t ug_gather_scratch(const struct ug_conv *conv, int64_t m, int64_t c,
                         const struct ug_frame *frame);

/* Sets what all phases have in common, and frames x [N, groups * c, H, W]; g->m, g->c, w_m, w_c and
 * those of y are set. */
void ug_gather_lay_out(struct ug_gather *g, const struct ug_conv *conv,
                       const struct ug_frame *frame, const float *x, void *scratch);

/* How many panels the columns of one phase make. */
int64_t ug_gather_panels(const struct ug_gather *g, const struct ug_tile *tile);

/* Computes the results of n phases that were laid out and have their axes. */
void ug_gather_run(struct ug_gather *phases, int n, const struct ug_tile *tile, const float *w);

/* ---- Packed weights, between conv_gather.c and conv_gather_weights.c only ---- */

/* Rows of a panel that starts with `left` rows to go: those of a tile, or of a narrow one. */
static inline int64_t ug_gather_panel_rows(const struct ug_tile *tile, int64_t left)
{
    return left > tile->rows / 2 ? tile->rows : tile->rows / 2;
}

/* Of all panels of m rows. */
static inline int64_t ug_gather_packed_rows(const struct ug_tile *tile, int64_t m)
{
    return m / tile->rows * tile->rows +
           (m % tile->rows ? ug_gather_panel_rows(tile, m % tile->rows) : 0);
}

/* Where the packed rows from m on begin with term k of this phase. */
static inline float *ug_gather_packed(const struct ug_gather *g, const struct ug_tile *tile,
                                      int64_t group, int64_t m, int64_t k)
{
    return g->packed + (group * ug_gather_packed_rows(tile, g->m) + m) * g->all_terms +
           ug_gather_panel_rows(tile, g->m - m) * (g->terms_before + k);
}

/* All weights of n phases. */
void ug_gather_pack_weights(const struct ug_gather *phases, int n, const struct ug_tile *tile,
                            const float *w);

#endif
