/* png.c -- PNG by libpng, from memory and into a file that appears whole or not at all. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"
#include "engine/data/codec.h"
#include "engine/data/picture.h"

enum { LARGEST_CHUNK = 16 << 20 }; /* bytes of an ancillary chunk: a colour profile, a comment */

/* libpng leaves a function by longjmp, so all that must survive or be freed stands here, outside
 * the frames that it unwinds. */
struct decoding {
    png_structp png;
    png_infop info;
    const unsigned char *bytes;
    size_t left;
    struct ug_raster *out;
    png_bytep *rows;
    char *reason;
};

static void decoding_failed(png_structp png, png_const_charp message)
{
    struct decoding *d = png_get_error_ptr(png);

    snprintf(d->reason, UG_REASON, "%s", message);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static void read_bytes(png_structp png, png_bytep to, size_t n)
{
    struct decoding *d = png_get_io_ptr(png);

    if (n > d->left)
        png_error(png, "the file is cut short");
    memcpy(to, d->bytes, n);
    d->bytes += n;
    d->left -= n;
}

/* Fills out's extents and channels from the header, with palettes and tRNS seen as what they expand
 * to. */
static bool read_header(struct decoding *d, bool header_only)
{
    png_set_user_limits(d->png, UG_MAX_PIXELS, UG_MAX_PIXELS);
    png_set_chunk_malloc_max(d->png, LARGEST_CHUNK);
    png_set_read_fn(d->png, d, read_bytes);
    png_read_info(d->png, d->info);
    png_set_expand(d->png);
    if (png_get_bit_depth(d->png, d->info) == 16)
        png_set_swap(d->png);
    png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    d->out->width = png_get_image_width(d->png, d->info);
    d->out->height = png_get_image_height(d->png, d->info);
    d->out->channels = png_get_channels(d->png, d->info);
    d->out->depth = png_get_bit_depth(d->png, d->info);
    return ug_raster_make(d->out, header_only, d->reason);
}

static void read_rows(struct decoding *d)
{
    const size_t stride = png_get_rowbytes(d->png, d->info);

    d->rows = ug_xcalloc((size_t)d->out->height, sizeof *d->rows);
    for (int64_t y = 0; y < d->out->height; y++)
        d->rows[y] = (png_bytep)d->out->data + (size_t)y * stride;
    png_read_image(d->png, d->rows);
    png_read_end(d->png, NULL);
}

static bool decode(struct decoding *d, bool header_only)
{
    if (setjmp(png_jmpbuf(d->png)))
        return false;
    if (!read_header(d, header_only))
        return false;
    if (!header_only)
        read_rows(d);
    return true;
}

bool ug_png_decode(const unsigned char *bytes, size_t n, bool header_only, struct ug_raster *out,
                   char reason[UG_REASON])
{
    struct decoding d = {.bytes = bytes, .left = n, .out = out, .reason = reason};

    *out = (struct ug_raster){0};
    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, decoding_failed, ignore_warning);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    snprintf(reason, UG_REASON, "out of memory");
    const bool done = d.info && decode(&d, header_only);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    free(d.rows);
    if (!done) {
        free(out->data);
        out->data = NULL;
    }
    return done;
}

/* ---- Writing ---- */

struct encoding {
    png_structp png;
    png_infop info;
    struct ug_writer writer;
    png_bytep row;
};

static void encoding_failed(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static void write_bytes(png_structp png, png_bytep from, size_t n)
{
    struct encoding *e = png_get_io_ptr(png);

    if (!ug_writer_put(&e->writer, from, n))
        png_error(png, "cannot write");
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

static png_byte byte_of(float v)
{
    return v > 0.0f ? (png_byte)((v < 1.0f ? v : 1.0f) * 255.0f + 0.5f) : 0; /* NaN becomes 0 */
}

static bool encode(struct encoding *e, const struct ug_picture *p)
{
    const int64_t plane = p->height * p->width;

    if (setjmp(png_jmpbuf(e->png)))
        return false;
    png_set_user_limits(e->png, UG_MAX_PIXELS, UG_MAX_PIXELS);
    png_set_write_fn(e->png, e, write_bytes, flush_nothing);
    png_set_IHDR(e->png, e->info, (png_uint_32)p->width, (png_uint_32)p->height, 8,
                 p->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(e->png, e->info);
    for (int64_t y = 0; y < p->height; y++) {
        for (int64_t x = 0; x < p->width; x++)
            for (int64_t c = 0; c < p->channels; c++)
                e->row[x * p->channels + c] = byte_of(p->planes[c * plane + y * p->width + x]);
        png_write_row(e->png, e->row);
    }
    png_write_end(e->png, e->info);
    return true;
}

bool ug_picture_write_png(const char *path, const struct ug_picture *p, struct ug_diags *diags)
{
    struct encoding e = {0};

    if (!ug_writer_open(&e.writer, path, diags))
        return false;
    e.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, encoding_failed, ignore_warning);
    e.info = e.png ? png_create_info_struct(e.png) : NULL;
    e.row = ug_xcalloc((size_t)(p->width * p->channels), 1);
    const bool encoded = e.info && encode(&e, p);
    png_destroy_write_struct(&e.png, &e.info);
    free(e.row);
    if (encoded || e.writer.failed)
        return ug_writer_commit(&e.writer, diags);
    ug_writer_abandon(&e.writer);
    ug_error(diags, UG_NOWHERE, "cannot write '%s': libpng refuses a picture of %lldx%lld", path,
             (long long)p->height, (long long)p->width);
    return false;
}
