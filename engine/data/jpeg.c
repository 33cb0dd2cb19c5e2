/* jpeg.c -- JPEG by libjpeg-turbo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "engine/data/codec.h"
#include "engine/data/jpeg_marks.h"

static bool fail(tjhandle handle, char reason[UG_REASON])
{
    snprintf(reason, UG_REASON, "%s", tjGetErrorStr2(handle));
    return false;
}

/* A warning means that data are damaged or missing and that grey was put in their place. */
static bool decode_as(tjhandle handle, const unsigned char *bytes, size_t n, int format,
                      const struct ug_raster *s, void *pixels)
{
    return !tjDecompress2(handle, bytes, (unsigned long)n, pixels, (int)s->width, 0, (int)s->height,
                          format, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING);
}

/* Each ink takes its share of what black leaves; Adobe stores how much light each lets through. */
static void light_of_inks(const unsigned char *cmyk, bool adobe, unsigned char *rgb)
{
    const int black = adobe ? cmyk[3] : 255 - cmyk[3];

    for (int k = 0; k < 3; k++)
        rgb[k] = (unsigned char)(((adobe ? cmyk[k] : 255 - cmyk[k]) * black + 127) / 255);
}

static bool decode_cmyk(tjhandle handle, const unsigned char *bytes, size_t n, bool adobe,
                        const struct ug_raster *out, char reason[UG_REASON])
{
    const size_t pixels = (size_t)(out->height * out->width);
    unsigned char *inks = malloc(4 * pixels), *rgb = out->data;

    if (!inks) {
        snprintf(reason, UG_REASON, "out of memory");
        return false;
    }
    const bool done = decode_as(handle, bytes, n, TJPF_CMYK, out, inks);
    for (size_t i = 0; done && i < pixels; i++)
        light_of_inks(inks + 4 * i, adobe, rgb + 3 * i);
    free(inks);
    return done || fail(handle, reason);
}

/* ---- Turning upright ---- */

/* Where pixel (y, x) of the upright picture stands in the file, as an index into its rows. */
static int64_t source_of(int orientation, const struct ug_raster *s, int64_t y, int64_t x)
{
    const int64_t down = s->height - 1, right = s->width - 1;

    switch (orientation) {
    case 2:
        return y * s->width + right - x;
    case 3:
        return (down - y) * s->width + right - x;
    case 4:
        return (down - y) * s->width + x;
    case 5:
        return x * s->width + y;
    case 6:
        return (down - x) * s->width + y;
    case 7:
        return (down - x) * s->width + right - y;
    case 8:
        return x * s->width + right - y;
    default:
        return y * s->width + x;
    }
}

static bool turn(struct ug_raster *s, int orientation, bool header_only, char reason[UG_REASON])
{
    const bool on_its_side = orientation >= 5;
    struct ug_raster upright = *s;

    if (orientation == 1)
        return true;
    upright.height = on_its_side ? s->width : s->height;
    upright.width = on_its_side ? s->height : s->width;
    if (!ug_raster_make(&upright, header_only, reason))
        return false;
    for (int64_t i = 0; !header_only && i < s->height * s->width; i++)
        memcpy((unsigned char *)upright.data + i * s->channels,
               (unsigned char *)s->data +
                   source_of(orientation, s, i / upright.width, i % upright.width) * s->channels,
               (size_t)s->channels);
    free(s->data);
    *s = upright;
    return true;
}

static bool decode(tjhandle handle, const unsigned char *bytes, size_t n, bool header_only,
                   struct ug_raster *out, char reason[UG_REASON])
{
    const struct ug_jpeg_marks marks = ug_jpeg_marks_find(bytes, n);
    int width, height, subsampling, space;

    if (tjDecompressHeader3(handle, bytes, (unsigned long)n, &width, &height, &subsampling, &space))
        return fail(handle, reason);
    *out = (struct ug_raster){height, width, space == TJCS_GRAY ? 1 : 3, 8, NULL};
    if (!ug_raster_make(out, header_only, reason))
        return false;
    if (header_only)
        return turn(out, marks.orientation, true, reason);
    if (space == TJCS_CMYK || space == TJCS_YCCK) {
        if (!decode_cmyk(handle, bytes, n, marks.adobe, out, reason))
            return false;
    } else if (!decode_as(handle, bytes, n, space == TJCS_GRAY ? TJPF_GRAY : TJPF_RGB, out,
                          out->data)) {
        return fail(handle, reason);
    }
    return turn(out, marks.orientation, false, reason);
}

bool ug_jpeg_decode(const unsigned char *bytes, size_t n, bool header_only, struct ug_raster *out,
                    char reason[UG_REASON])
{
    tjhandle handle = tjInitDecompress();

    *out = (struct ug_raster){0};
    if (!handle) {
        snprintf(reason, UG_REASON, "out of memory");
        return false;
    }
    const bool done = decode(handle, bytes, n, header_only, out, reason);
    tjDestroy(handle);
    if (!done) {
        free(out->data);
        out->data = NULL;
    }
    return done;
}
