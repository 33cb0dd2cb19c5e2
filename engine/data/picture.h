/* picture.h -- pictures in memory and in files. */
#ifndef UG_PICTURE_H
#define UG_PICTURE_H

#include <stdint.h>
#include "engine/base/diag.h"

/* Planes of float in 0 … 1: [channels, height, width]. */
struct ug_picture {
    int64_t channels, height, width;
    float *planes;
};

struct ug_picture_info {
    int64_t channels, height, width; /* channels after laying alpha on white: 1 or 3 */
};

/* Reads PNG or JPEG by content.  channels: 1, 3, or 0 = as the file is.  Alpha is laid on white.  False after
 * an error at `pos` that names the file. The caller frees with ug_picture_free. */
bool ug_picture_read(const char *path, int64_t channels, struct ug_picture *out, struct ug_pos pos,
                     struct ug_diags *diags);
bool ug_picture_info(const char *path, struct ug_picture_info *out, struct ug_pos pos,
                     struct ug_diags *diags);
void ug_picture_free(struct ug_picture *p);

/* Antialiased. */
bool ug_picture_resize(const struct ug_picture *in, int64_t height, int64_t width, struct ug_picture *out);

/* Writes an 8-bit PNG whole or not at all. */
bool ug_picture_write_png(const char *path, const struct ug_picture *p, struct ug_diags *diags);

/* A grid with a labelled column each: cells[row * columns + column], all pictures of 1 or 3 channels; text
 * above the columns, small pictures enlarged by a whole factor so that labels fit. */
bool ug_picture_write_grid(const char *path, const struct ug_picture *cells, int rows, int columns,
                           const char *const *labels, struct ug_diags *diags);

#endif
