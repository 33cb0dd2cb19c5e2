/* codec.h -- what the picture formats give to picture.c. */
#ifndef UG_CODEC_H
#define UG_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A picture as its file holds it: rows of interleaved samples. */
struct ug_raster {
    int64_t height, width;
    int channels; /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha */
    int depth;    /* 8: uint8_t, 16: uint16_t */
    void *data;   /* malloc'd; NULL where only the header was asked for */
};

enum { UG_REASON = 200 };

/* Decodes n bytes of a file, or with header_only as much as the header tells.  The samples are
 * within UG_MAX_PIXELS.  False with a reason: nothing is to be freed then. */
typedef bool ug_decode_fn(const unsigned char *bytes, size_t n, bool header_only,
                          struct ug_raster *out, char reason[UG_REASON]);
ug_decode_fn ug_png_decode, ug_jpeg_decode;

/* Checks extents and, unless header_only, takes memory for the samples. */
bool ug_raster_make(struct ug_raster *s, bool header_only, char reason[UG_REASON]);

#endif
