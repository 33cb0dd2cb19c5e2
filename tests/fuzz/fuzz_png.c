/* Any file as PNG.  Check sums are mended first, or nothing changed would get past them. */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/picture.h"

enum { SIGNATURE = 8, CHUNK = 12 };

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void mend_sums(uint8_t *bytes, size_t n)
{
    for (size_t at = SIGNATURE; at + CHUNK <= n;) {
        const size_t length = big_endian(bytes + at);
        if (length > n - at - CHUNK)
            return;
        const uLong sum = crc32(0, bytes + at + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            bytes[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += CHUNK + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n + 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    mend_sums(copy, n);
    fuzz_picture(copy, n);
    free(copy);
    return 0;
}

/* ---- Seeds: every kind of PNG ---- */

struct memory {
    uint8_t bytes[4096];
    size_t n;
};

static void append(png_structp png, png_bytep from, size_t n)
{
    struct memory *m = png_get_io_ptr(png);

    if (n > sizeof m->bytes - m->n)
        abort();
    memcpy(m->bytes + m->n, from, n);
    m->n += n;
}

static void seed(int type, int depth, int interlace)
{
    enum { WIDTH = 5, HEIGHT = 3 };
    struct memory m = {.n = 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_byte rows[HEIGHT][WIDTH * 8] = {{0, 9, 40}, {200, 1}, {77}};
    png_bytep pointers[HEIGHT] = {rows[0], rows[1], rows[2]};
    const png_color palette[2] = {{10, 200, 30}, {255, 0, 77}};
    const png_byte alpha[2] = {255, 51};

    if (setjmp(png_jmpbuf(png)))
        abort();
    png_set_write_fn(png, &m, append, NULL);
    png_set_IHDR(png, info, WIDTH, HEIGHT, depth, type, interlace, 0, 0);
    if (type == PNG_COLOR_TYPE_PALETTE) {
        memset(rows, 0, sizeof rows);
        png_set_PLTE(png, info, palette, 2);
        png_set_tRNS(png, info, alpha, 2, NULL);
    }
    png_set_rows(png, info, pointers);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    fuzz_seed(m.bytes, m.n);
}

void fuzz_seeds(void)
{
    static const int kinds[][2] = {
        {PNG_COLOR_TYPE_GRAY, 1},       {PNG_COLOR_TYPE_GRAY, 4},       {PNG_COLOR_TYPE_GRAY, 16},
        {PNG_COLOR_TYPE_GRAY_ALPHA, 8}, {PNG_COLOR_TYPE_PALETTE, 2},    {PNG_COLOR_TYPE_PALETTE, 8},
        {PNG_COLOR_TYPE_RGB, 8},        {PNG_COLOR_TYPE_RGB_ALPHA, 16},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        seed(kinds[i][0], kinds[i][1], PNG_INTERLACE_NONE);
        seed(kinds[i][0], kinds[i][1], PNG_INTERLACE_ADAM7);
    }
}
