/* picture.c -- from the samples of any format to planes of floats, and to other sizes. */
#include "engine/data/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Compiled here, because Debian's library aborts where the weights of a pixel, before it makes them
 * sum up to 1, are more than a tenth away from it, as those from 360 to 256 pixels are. */
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#define STBIR_ASSERT(x) ((void)(x))
#include <stb/stb_image_resize.h>

#include "engine/base/file.h"
#include "engine/data/codec.h"

/* Most headers fit into the first of these; the second bounds a whole file. */
enum { HEADER_BYTES = 64 << 10, LARGEST_FILE = 1 << 30 };

bool ug_picture_make(struct ug_picture *p, int64_t channels, int64_t height, int64_t width)
{
    *p = (struct ug_picture){channels, height, width, NULL};
    if (height < 1 || width < 1 || height > UG_MAX_PIXELS / width)
        return false;
    p->planes = malloc((size_t)(channels * height * width) * sizeof *p->planes);
    return p->planes;
}

void ug_picture_free(struct ug_picture *p)
{
    free(p->planes);
    *p = (struct ug_picture){0};
}

bool ug_raster_make(struct ug_raster *s, bool header_only, char reason[UG_REASON])
{
    if (s->height < 1 || s->width < 1 || s->height > UG_MAX_PIXELS / s->width) {
        snprintf(reason, UG_REASON, "it has %lldx%lld pixels; the limit is %d in all",
                 (long long)s->height, (long long)s->width, UG_MAX_PIXELS);
        return false;
    }
    if (header_only)
        return true;
    s->data = malloc((size_t)(s->height * s->width * s->channels * (s->depth / 8)));
    if (!s->data)
        snprintf(reason, UG_REASON, "out of memory");
    return s->data;
}

/* ---- Files ---- */

static ug_decode_fn *decoder_for(const unsigned char *bytes, size_t n)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const unsigned char jpeg[] = {0xff, 0xd8, 0xff};

    if (n >= sizeof png && !memcmp(bytes, png, sizeof png))
        return ug_png_decode;
    if (n >= sizeof jpeg && !memcmp(bytes, jpeg, sizeof jpeg))
        return ug_jpeg_decode;
    return NULL;
}

static bool decode(const unsigned char *bytes, size_t n, bool header_only, struct ug_raster *out,
                   char reason[UG_REASON])
{
    ug_decode_fn *decoder = decoder_for(bytes, n);

    if (decoder)
        return decoder(bytes, n, header_only, out, reason);
    snprintf(reason, UG_REASON, n ? "it is neither PNG nor JPEG" : "it is empty");
    return false;
}

static bool decode_file(const char *path, bool header_only, struct ug_raster *out,
                        struct ug_pos pos, struct ug_diags *diags)
{
    char reason[UG_REASON];
    size_t n;
    char *bytes = ug_file_read(path, LARGEST_FILE, &n, pos, diags);

    if (!bytes)
        return false;
    const bool done = decode((const unsigned char *)bytes, n, header_only, out, reason);
    if (!done)
        ug_error(diags, pos, "cannot read the picture '%s': %s", path, reason);
    free(bytes);
    return done;
}

/* The header from the start of the file, where it nearly always is. */
static bool decode_start(const char *path, struct ug_raster *out)
{
    unsigned char bytes[HEADER_BYTES];
    char reason[UG_REASON];
    FILE *f = fopen(path, "rbe");

    if (!f)
        return false;
    setvbuf(f, NULL, _IONBF, 0);
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return decode(bytes, n, true, out, reason);
}

bool ug_picture_info(const char *path, struct ug_picture_info *out, struct ug_pos pos,
                     struct ug_diags *diags)
{
    struct ug_raster s;

    if (!decode_start(path, &s) && !decode_file(path, true, &s, pos, diags))
        return false;
    *out = (struct ug_picture_info){s.channels < 3 ? 1 : 3, s.height, s.width};
    return true;
}

/* ---- From samples to planes ---- */

static float sample(const struct ug_raster *s, int64_t i)
{
    return s->depth == 8 ? (float)((const uint8_t *)s->data)[i] / 255.0f
                         : (float)((const uint16_t *)s->data)[i] / 65535.0f;
}

/* Pixel i laid on white: one or three values. */
static void pixel(const struct ug_raster *s, int64_t i, float v[3])
{
    const int colours = s->channels < 3 ? 1 : 3;

    for (int c = 0; c < colours; c++)
        v[c] = sample(s, i * s->channels + c);
    if (colours != s->channels) {
        const float alpha = sample(s, i * s->channels + colours);
        for (int c = 0; c < colours; c++)
            v[c] = v[c] * alpha + (1.0f - alpha);
    }
}

static void lay_out(const struct ug_raster *s, struct ug_picture *p)
{
    const int64_t n = p->height * p->width;
    const bool grey = s->channels < 3;
    float v[3];

    for (int64_t i = 0; i < n; i++) {
        pixel(s, i, v);
        if (p->channels == 1)
            p->planes[i] = grey ? v[0] : ug_luma(v[0], v[1], v[2]);
        else
            for (int c = 0; c < 3; c++)
                p->planes[c * n + i] = v[grey ? 0 : c];
    }
}

bool ug_picture_read(const char *path, int64_t channels, struct ug_picture *out, struct ug_pos pos,
                     struct ug_diags *diags)
{
    struct ug_raster s;

    if (!decode_file(path, false, &s, pos, diags))
        return false;
    const bool made = ug_picture_make(out,
                                      channels         ? channels
                                      : s.channels < 3 ? 1
                                                       : 3,
                                      s.height, s.width);
    if (made)
        lay_out(&s, out);
    else
        ug_error(diags, pos, "cannot read the picture '%s': out of memory", path);
    free(s.data);
    return made;
}

/* ---- Resizing ---- */

bool ug_picture_resize(const struct ug_picture *in, int64_t height, int64_t width,
                       struct ug_picture *out)
{
    bool done = ug_picture_make(out, in->channels, height, width);

    for (int64_t c = 0; done && c < in->channels; c++)
        done = stbir_resize_float_generic(in->planes + c * in->height * in->width, (int)in->width,
                                          (int)in->height, 0, out->planes + c * height * width,
                                          (int)width, (int)height, 0, 1, STBIR_ALPHA_CHANNEL_NONE,
                                          0, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE,
                                          STBIR_COLORSPACE_LINEAR, NULL);
    if (!done)
        ug_picture_free(out);
    return done;
}
