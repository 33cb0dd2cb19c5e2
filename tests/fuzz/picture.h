/* picture.h -- what the targets for pictures do with a file. */
#ifndef UG_FUZZ_PICTURE_H
#define UG_FUZZ_PICTURE_H

#include <stddef.h>
#include <stdint.h>

/* Reads the header as a listing does and, of pictures that are not so large that they take long,
 * all of it, as training and translation do. */
void fuzz_picture(const uint8_t *bytes, size_t n);

#endif
