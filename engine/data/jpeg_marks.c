/* jpeg_marks.c -- what stands beside the picture in a JPEG: how it is turned, and whose CMYK it is. */
#include <string.h>

#include "engine/data/jpeg_marks.h"

enum { APP1 = 0xe1, APP14 = 0xee, START_OF_SCAN = 0xda, ORIENTATION = 0x0112, SHORT = 3 };

struct bytes {
    const unsigned char *at;
    size_t n;
    bool little; /* the low byte of a number stands first */
};

/* A number of 2 or 4 bytes; 0 beyond the end. */
static uint32_t number(const struct bytes *b, size_t at, size_t size)
{
    uint32_t value = 0;

    if (at > b->n || b->n - at < size)
        return 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | b->at[at + (b->little ? size - 1 - i : i)];
    return value;
}

/* The first directory of a TIFF header: entries of tag, type, count and value, 12 bytes each. */
static int find_orientation(const unsigned char *tiff, size_t n)
{
    struct bytes b = {tiff, n, n > 0 && tiff[0] == 'I'};
    const size_t directory = number(&b, 4, 4);
    const uint32_t entries = number(&b, directory, 2);

    if (number(&b, 2, 2) != 42)
        return 1;
    for (uint32_t i = 0; i < entries; i++) {
        const size_t entry = directory + 2 + 12 * (size_t)i;
        if (number(&b, entry, 2) != ORIENTATION || number(&b, entry + 2, 2) != SHORT)
            continue;
        const uint32_t value = number(&b, entry + 8, 2);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

static void take_segment(struct ug_jpeg_marks *m, int marker, const unsigned char *data, size_t n)
{
    if (marker == APP1 && n > 6 && !memcmp(data, "Exif\0", 6))
        m->orientation = find_orientation(data + 6, n - 6);
    if (marker == APP14 && n >= 5 && !memcmp(data, "Adobe", 5))
        m->adobe = true;
}

struct ug_jpeg_marks ug_jpeg_marks_find(const unsigned char *bytes, size_t n)
{
    const struct bytes b = {bytes, n, false};
    struct ug_jpeg_marks m = {.orientation = 1};

    for (size_t at = 2; at + 4 <= n && bytes[at] == 0xff && bytes[at + 1] != START_OF_SCAN;) {
        if (bytes[at + 1] == 0xff) { /* padding */
            at++;
            continue;
        }
        const size_t length = number(&b, at + 2, 2), left = n - at - 2;
        if (length < 2)
            break;
        take_segment(&m, bytes[at + 1], bytes + at + 4, (length < left ? length : left) - 2);
        at += 2 + length;
    }
    return m;
}
