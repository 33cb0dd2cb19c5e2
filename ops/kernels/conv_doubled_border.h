/* conv_doubled_border.h -- what a doubled convolution (conv_doubled.h) of mirrored pictures has more
 * than one of pictures whose border is repeated: a convolution of lines along the four sides.
 *
 * x [N, C, H, W], y [N, O, 2H, 2W] and w [O, C, 5, 5] are those of `g`; `lines` is ug_border_lines(g),
 * whose operands are the lines that are taken here.  Every ug_border_add_ is the adjoint of its
 * ug_border_take_.
 */
#ifndef UG_CONV_DOUBLED_BORDER_H
#define UG_CONV_DOUBLED_BORDER_H

#include "ops/kernels/conv.h"

enum {
    UG_DOUBLED_TAPS = 5,
    UG_SIDES = 4
}; /* along an axis; of a picture: top, bottom, left, right */

/* The convolution of lines: each side is a group of its own, and shorter lines end in zeros. */
struct ug_conv ug_border_lines(const struct ug_conv *g);

/* Lines [n][side][c][length] of x with two pixels more at each end: pixels less those outside of
 * them. */
void ug_border_take_x(const struct ug_conv *g, const struct ug_conv *lines, const float *x,
                      float *to);
void ug_border_add_x(const struct ug_conv *g, const struct ug_conv *lines, const float *from,
                     float *x);

/* The outermost lines of y: [n][side][o][length]. */
void ug_border_take_y(const struct ug_conv *g, const struct ug_conv *lines, const float *y,
                      float *to);
void ug_border_add_y(const struct ug_conv *g, const struct ug_conv *lines, const float *from,
                     float *y);

/* The outermost taps of w: [side][o][c][5].  They are added to the taps of one kernel, number
 * o * C + c, at a time. */
void ug_border_take_w(const struct ug_conv *g, const float *w, float *to);
void ug_border_add_w(const struct ug_conv *g, const float *from, int64_t kernel, float *taps);

#endif
