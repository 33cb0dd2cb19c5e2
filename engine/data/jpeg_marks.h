/* jpeg_marks.h -- what stands beside the picture in a JPEG file. */
#ifndef UG_JPEG_MARKS_H
#define UG_JPEG_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ug_jpeg_marks {
    int orientation; /* 1 … 8 as in EXIF 2.32, tag 274: how it must be turned to stand upright */
    bool adobe;      /* Adobe's mark: CMYK is stored as what is left of white */
};

/* From the first n bytes of a file; what is cut off or broken counts as absent. */
struct ug_jpeg_marks ug_jpeg_marks_find(const unsigned char *bytes, size_t n);

#endif
