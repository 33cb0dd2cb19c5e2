/* picture.h -- pictures in memory and in files. */
#ifndef UG_PICTURE_H
#define UG_PICTURE_H

#include <stdint.h>
#include "engine/base/diag.h"

/* No picture may have more pixels than this. */
#define UG_MAX_PIXELS 100000000

/* Planes of float in 0 … 1: [channels, height, width]. */
struct ug_picture {
    int64_t channels, height, width;
    float *planes;
};

struct ug_picture_info {
    int64_t channels, height, width; /* channels after laying alpha on white: 1 or 3 */
};

/* Planes of unset values; false when there is no memory for them or there are too many pixels. */
bool ug_picture_make(struct ug_picture *p, int64_t channels, int64_t height, int64_t width);
void ug_picture_free(struct ug_picture *p); /* leaves it empty; an empty one is fine */

/* The grey of a colour, by the weights of Rec. 601. */
static inline float ug_luma(float r, float g, float b)
{
    return 0.299f * r + 0.587f * g + 0.114f * b;
}

/* Reads PNG (8 or 16 bit, grey, palette, colour, interlaced or not) or JPEG (grey, colour, CMYK),
 * told apart by content.  channels: 1, 3, or 0 = as the file is; colour becomes grey by ug_luma.
 * Alpha is laid on white; a JPEG is turned upright as its EXIF says; colour profiles are not
 * followed.  False after an error at `pos` that names the file. The caller frees with
 * ug_picture_free. */
bool ug_picture_read(const char *path, int64_t channels, struct ug_picture *out, struct ug_pos pos,
                     struct ug_diags *diags);
/* The same for the header alone; most of the file is not read. */
bool ug_picture_info(const char *path, struct ug_picture_info *out, struct ug_pos pos,
                     struct ug_diags *diags);

/* Bilinear, widened where it shrinks (antialiased), edges repeated.  False as ug_picture_make. */
bool ug_picture_resize(const struct ug_picture *in, int64_t height, int64_t width,
                       struct ug_picture *out);

/* Writes an 8-bit PNG whole or not at all. Values are clamped to 0 … 1. */
bool ug_picture_write_png(const char *path, const struct ug_picture *p, struct ug_diags *diags);

/* A grid with a labelled column each: cells[row * columns + column], all pictures of 1 or 3
 * channels; text above the columns, small pictures enlarged by a whole factor so that labels fit.
 * labels NULL: none. */
bool ug_picture_write_grid(const char *path, const struct ug_picture *cells, int rows, int columns,
                           const char *const *labels, struct ug_diags *diags);
/* Whether there can be such a grid: only the sizes of the cells are looked at. */
bool ug_picture_grid_fits(const struct ug_picture *cells, int rows, int columns,
                          const char *const *labels);
/* Bytes that writing a grid of pictures of one size takes. */
size_t ug_picture_grid_bytes(int64_t rows, int64_t columns, int64_t height, int64_t width);

#endif
