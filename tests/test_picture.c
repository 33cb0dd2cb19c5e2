/* test_picture.c -- pictures of every kind written by the libraries themselves and read back. */
#include <math.h>
#include <png.h>
#include <string.h>
#include <turbojpeg.h>

#include "engine/base/random.h"
#include "engine/data/picture.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

enum { HEIGHT = 11, WIDTH = 13, COLOURS = 2 };

static float at(const struct ug_picture *p, int64_t c, int64_t y, int64_t x)
{
    return p->planes[(c * p->height + y) * p->width + x];
}

/* ---- PNG ---- */

struct png_kind {
    int type, depth, interlace;
    bool transparent; /* a tRNS chunk */
};

static const struct png_kind png_kinds[] = {
    {PNG_COLOR_TYPE_GRAY, 1, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_GRAY, 2, PNG_INTERLACE_ADAM7, false},
    {PNG_COLOR_TYPE_GRAY, 4, PNG_INTERLACE_NONE, true},
    {PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_GRAY, 16, PNG_INTERLACE_ADAM7, false},
    {PNG_COLOR_TYPE_GRAY_ALPHA, 8, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_GRAY_ALPHA, 16, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_ADAM7, true},
    {PNG_COLOR_TYPE_RGB, 16, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_RGB_ALPHA, 8, PNG_INTERLACE_ADAM7, false},
    {PNG_COLOR_TYPE_RGB_ALPHA, 16, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_PALETTE, 1, PNG_INTERLACE_NONE, false},
    {PNG_COLOR_TYPE_PALETTE, 4, PNG_INTERLACE_NONE, true},
    {PNG_COLOR_TYPE_PALETTE, 8, PNG_INTERLACE_ADAM7, true},
};
enum { PNG_KINDS = sizeof png_kinds / sizeof *png_kinds };

static int channels_of(const struct png_kind *k)
{
    return k->type == PNG_COLOR_TYPE_RGB_ALPHA    ? 4
           : k->type == PNG_COLOR_TYPE_RGB        ? 3
           : k->type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                  : 1;
}

/* What stands in the file: something between 0 and the largest value of the depth. */
static unsigned raw(const struct png_kind *k, int c, int y, int x)
{
    const unsigned levels = k->type == PNG_COLOR_TYPE_PALETTE ? COLOURS : 1u << k->depth;

    return (unsigned)(y * 7919 + x * 104729 + c * 1299709 + y * x * 31) % levels;
}

static const png_color palette[COLOURS] = {{10, 200, 30}, {255, 0, 77}};
static const png_byte palette_alpha[COLOURS] = {255, 51};

/* The value of channel c after laying on white. */
static double expected(const struct png_kind *k, int c, int y, int x)
{
    const double most = (double)((1u << k->depth) - 1);
    const int n = channels_of(k), colours = n < 3 ? 1 : 3;
    double alpha = 1, v;

    if (k->type == PNG_COLOR_TYPE_PALETTE) {
        const unsigned i = raw(k, 0, y, x);
        v = (c == 0 ? palette[i].red : c == 1 ? palette[i].green : palette[i].blue) / 255.0;
        alpha = k->transparent ? palette_alpha[i] / 255.0 : 1;
    } else {
        v = raw(k, colours == 1 ? 0 : c, y, x) / most;
        if (n != colours)
            alpha = raw(k, colours, y, x) / most;
        bool clear = k->transparent;
        for (int i = 0; i < colours; i++)
            clear &= raw(k, i, y, x) == raw(k, i, 0, 0);
        alpha = clear ? 0 : alpha;
    }
    return v * alpha + 1 - alpha;
}

static void write_rows(png_structp png, const struct png_kind *k)
{
    png_byte row[WIDTH * 4 * 2];
    const int n = channels_of(k);
    const int passes = png_set_interlace_handling(png);

    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < HEIGHT; y++) {
            for (int i = 0; i < WIDTH * n; i++) {
                const unsigned v = raw(k, i % n, y, i / n);
                if (k->depth == 16)
                    row[2 * i] = (png_byte)(v >> 8), row[2 * i + 1] = (png_byte)v;
                else
                    row[i] = (png_byte)v;
            }
            png_write_row(png, row);
        }
}

static const char *write_png(const struct png_kind *k, const char *name)
{
    const char *path = folder_file(name);
    FILE *f = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    const png_color_16 clear = {.gray = (png_uint_16)raw(k, 0, 0, 0),
                                .red = (png_uint_16)raw(k, 0, 0, 0),
                                .green = (png_uint_16)raw(k, 1, 0, 0),
                                .blue = (png_uint_16)raw(k, 2, 0, 0)};

    ck_assert(!setjmp(png_jmpbuf(png)));
    png_init_io(png, f);
    png_set_IHDR(png, info, WIDTH, HEIGHT, k->depth, k->type, k->interlace, 0, 0);
    if (k->type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, COLOURS);
    if (k->transparent)
        png_set_tRNS(png, info, palette_alpha, COLOURS, &clear);
    png_write_info(png, info);
    png_set_packing(png);
    write_rows(png, k);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(f);
    return path;
}

START_TEST(png_kind_is_read)
{
    const struct png_kind *k = &png_kinds[_i];
    const char *path = write_png(k, "any-name-at-all");
    const int colours =
        k->type == PNG_COLOR_TYPE_GRAY || k->type == PNG_COLOR_TYPE_GRAY_ALPHA ? 1 : 3;
    struct ug_picture p;
    struct ug_picture_info info;

    ck_assert(ug_picture_info(path, &info, UG_NOWHERE, diags));
    ck_assert(ug_picture_read(path, 0, &p, UG_NOWHERE, diags));
    ck_assert_int_eq(info.channels, colours);
    ck_assert(info.height == HEIGHT && info.width == WIDTH);
    ck_assert(p.channels == colours && p.height == HEIGHT && p.width == WIDTH);
    for (int c = 0; c < colours; c++)
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                ck_assert_double_eq_tol((double)at(&p, c, y, x), expected(k, c, y, x), 1e-6);
    ug_picture_free(&p);
}
END_TEST

START_TEST(channels_are_converted)
{
    const struct png_kind grey = {PNG_COLOR_TYPE_GRAY, 8, 0, false},
                          colour = {PNG_COLOR_TYPE_RGB, 8, 0, false};
    struct ug_picture p;

    ck_assert(ug_picture_read(write_png(&grey, "g"), 3, &p, UG_NOWHERE, diags));
    ck_assert_int_eq(p.channels, 3);
    for (int c = 0; c < 3; c++)
        ck_assert_double_eq_tol((double)at(&p, c, 4, 5), expected(&grey, 0, 4, 5), 1e-6);
    ug_picture_free(&p);
    ck_assert(ug_picture_read(write_png(&colour, "c"), 1, &p, UG_NOWHERE, diags));
    ck_assert_int_eq(p.channels, 1);
    ck_assert_double_eq_tol((double)at(&p, 0, 4, 5),
                            0.299 * expected(&colour, 0, 4, 5) +
                                0.587 * expected(&colour, 1, 4, 5) +
                                0.114 * expected(&colour, 2, 4, 5),
                            1e-6);
    ug_picture_free(&p);
}
END_TEST

/* ---- JPEG ---- */

static const char *write_jpeg(int pixel_format, int subsampling, const char *name)
{
    enum { SIDE = 32 };
    unsigned char rows[SIDE * SIDE * 4], *out = NULL;
    unsigned long n = 0;
    const int channels = tjPixelSize[pixel_format];
    tjhandle handle = tjInitCompress();

    for (int i = 0; i < SIDE * SIDE; i++)
        for (int c = 0; c < channels; c++)
            rows[i * channels + c] = (unsigned char)(c == 0   ? 7 * (i % SIDE)
                                                     : c == 1 ? 7 * (i / SIDE)
                                                              : 120);
    ck_assert_int_eq(
        tjCompress2(handle, rows, SIDE, 0, SIDE, pixel_format, &out, &n, subsampling, 95, 0), 0);
    const char *path = folder_write(name, out, n);
    tjFree(out);
    tjDestroy(handle);
    return path;
}

START_TEST(jpeg_is_read)
{
    struct ug_picture p;
    struct ug_picture_info info;

    const char *path = write_jpeg(TJPF_RGB, TJSAMP_444, "j.png");
    ck_assert(ug_picture_info(path, &info, UG_NOWHERE, diags));
    ck_assert(info.channels == 3 && info.height == 32 && info.width == 32);
    ck_assert(ug_picture_read(path, 0, &p, UG_NOWHERE, diags));
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            ck_assert_double_eq_tol((double)at(&p, 0, y, x), 7 * x / 255.0, 0.03);
            ck_assert_double_eq_tol((double)at(&p, 1, y, x), 7 * y / 255.0, 0.03);
            ck_assert_double_eq_tol((double)at(&p, 2, y, x), 120 / 255.0, 0.03);
        }
    ug_picture_free(&p);
    path = write_jpeg(TJPF_GRAY, TJSAMP_GRAY, "g.jpg");
    ck_assert(ug_picture_read(path, 0, &p, UG_NOWHERE, diags));
    ck_assert_int_eq(p.channels, 1);
    ck_assert_double_eq_tol((double)at(&p, 0, 3, 20), 140 / 255.0, 0.03);
    ug_picture_free(&p);
}
END_TEST

/* Adobe's marker, which the encoder writes, says that 255 is no ink at all. */
START_TEST(cmyk_becomes_light)
{
    struct ug_picture p;

    ck_assert(
        ug_picture_read(write_jpeg(TJPF_CMYK, TJSAMP_444, "cmyk.jpg"), 0, &p, UG_NOWHERE, diags));
    ck_assert_int_eq(p.channels, 3);
    ck_assert_double_eq_tol((double)at(&p, 0, 3, 20), 140 / 255.0 * 120 / 255.0, 0.03);
    ck_assert_double_eq_tol((double)at(&p, 1, 30, 20), 210 / 255.0 * 120 / 255.0, 0.03);
    ck_assert_double_eq_tol((double)at(&p, 2, 3, 20), 120 / 255.0 * 120 / 255.0, 0.03);
    ug_picture_free(&p);
}
END_TEST

/* The file of write_jpeg with an EXIF segment that holds an orientation. */
static const char *write_turned(int orientation)
{
    unsigned char exif[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,    'M', 'M',
                            0,    42,   0, 0,  0,   8,   0,   1,   1, 0x12, 0,   3,
                            0,    0,    0, 1,  0,   0,   0,   0,   0, 0,    0,   0};
    unsigned char bytes[1 << 14], turned[1 << 15];
    FILE *f = fopen(write_jpeg(TJPF_RGB, TJSAMP_444, "straight.jpg"), "rb");
    const size_t n = fread(bytes, 1, sizeof bytes, f);

    fclose(f);
    exif[29] = (unsigned char)orientation;
    memcpy(turned, bytes, 2);
    memcpy(turned + 2, exif, sizeof exif);
    memcpy(turned + 2 + sizeof exif, bytes + 2, n - 2);
    return folder_write("turned.jpg", turned, n + sizeof exif);
}

/* EXIF says which sides the file's first row and first column are of: top or bottom and left or
 * right for 1 to 4, left or right and top or bottom for 5 to 8. */
START_TEST(pictures_are_turned_upright)
{
    static const struct {
        bool row_last, column_last;
    } sides[] = {{0}, {0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 0}, {1, 0}, {1, 1}, {0, 1}};
    struct ug_picture p;

    ck_assert(ug_picture_read(write_turned(_i), 0, &p, UG_NOWHERE, diags));
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            const int along = _i < 5 ? y : x, across = _i < 5 ? x : y;
            const int row = sides[_i].row_last ? 31 - along : along;
            const int column = sides[_i].column_last ? 31 - across : across;
            ck_assert_double_eq_tol((double)at(&p, 0, y, x), 7 * column / 255.0, 0.03);
            ck_assert_double_eq_tol((double)at(&p, 1, y, x), 7 * row / 255.0, 0.03);
        }
    ug_picture_free(&p);
}
END_TEST

/* ---- What cannot be read ---- */

static void refused(const char *path, const char *reason)
{
    struct ug_picture p;

    ck_assert(!ug_picture_read(path, 0, &p, UG_NOWHERE, diags));
    ck_assert_uint_eq(ug_diags_errors(diags), 1);
    expect_message(path);
    expect_message(reason);
    forget_messages();
}

START_TEST(unreadable_pictures)
{
    static const unsigned char huge[] = {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,   0,   13,   'I',  'H',  'D',
        'R',  0,    1,    0x86, 0xa0, 0,    1,    0x86, 0xa0, 8,   0,   0,    0,    0,    0x8d,
        0x39, 0x54, 0x14, 0,    0,    0,    0,    'I',  'D',  'A', 'T', 0x35, 0xaf, 0x06, 0x1e};

    refused(folder_file("absent.png"), "No such file");
    refused(folder_file("."), "Is a directory");
    refused(folder_write("empty.png", "", 0), "it is empty");
    refused(folder_write("text.png", "hello, world", 12), "neither PNG nor JPEG");
    refused(folder_write("huge.png", huge, sizeof huge), "100000x100000 pixels; the limit is");
}
END_TEST

static size_t load(const char *path, unsigned char *bytes, size_t limit)
{
    FILE *f = fopen(path, "rb");
    const size_t n = fread(bytes, 1, limit, f);

    ck_assert(n > 0 && n < limit);
    fclose(f);
    return n;
}

/* Every beginning of a file is refused, at whatever byte it ends. */
static void cut_everywhere(const char *path, size_t step)
{
    static unsigned char bytes[1 << 16];
    const size_t n = load(path, bytes, sizeof bytes);

    for (size_t cut = 0; cut < n; cut += step)
        refused(folder_write("cut", bytes, cut), "");
}

START_TEST(cut_short)
{
    cut_everywhere(write_png(&png_kinds[10], "a.png"), 5);
    cut_everywhere(write_jpeg(TJPF_RGB, TJSAMP_420, "a.jpg"), 9);
}
END_TEST

/* Damaged files are read or refused; under a sanitizer this finds reads and writes outside. */
static void damage(const char *path, uint64_t rounds)
{
    static unsigned char bytes[1 << 16], damaged[1 << 16];
    const size_t n = load(path, bytes, sizeof bytes);
    const struct ug_random random = {3, 1, 4};

    for (uint64_t i = 0; i < rounds; i++) {
        struct ug_picture p;
        uint32_t draw[4];
        ug_random_block(&random, i, draw);
        memcpy(damaged, bytes, n);
        for (int k = 0; k < 3; k++)
            damaged[draw[k] % n] = (unsigned char)(draw[3] >> 8 * k);
        const bool read = ug_picture_read(folder_write("d", damaged, n), 3, &p, UG_NOWHERE, diags);
        ck_assert_int_eq(!read, ug_diags_errors(diags) == 1);
        if (read)
            ug_picture_free(&p);
        forget_messages();
    }
}

START_TEST(damaged)
{
    damage(write_png(&png_kinds[14], "a.png"), 500);
    damage(write_jpeg(TJPF_RGB, TJSAMP_420, "a.jpg"), 500);
}
END_TEST

/* ---- Resizing ---- */

static struct ug_picture noise(int64_t channels, int64_t height, int64_t width)
{
    const struct ug_random random = {5, 6, 7};
    struct ug_picture p;

    ck_assert(ug_picture_make(&p, channels, height, width));
    ug_random_uniform(&random, 0, channels * height * width, p.planes);
    return p;
}

static float clamped(const struct ug_picture *p, int64_t c, int64_t x)
{
    return at(p, c, 0, x < 0 ? 0 : x >= p->width ? p->width - 1 : x);
}

/* Halving by a triangle of twice the width has the weights 1 3 3 1; doubling those 1 3 and 3 1. */
START_TEST(resizing_by_two)
{
    struct ug_picture p = noise(3, 1, 16), half, twice;

    ck_assert(ug_picture_resize(&p, 1, 8, &half));
    ck_assert(ug_picture_resize(&p, 1, 32, &twice));
    for (int64_t c = 0; c < 3; c++) {
        for (int64_t x = 0; x < 8; x++)
            ck_assert_float_eq_tol(at(&half, c, 0, x),
                                   (clamped(&p, c, 2 * x - 1) + 3 * clamped(&p, c, 2 * x) +
                                    3 * clamped(&p, c, 2 * x + 1) + clamped(&p, c, 2 * x + 2)) /
                                       8,
                                   1e-6f);
        for (int64_t x = 0; x < 32; x++)
            ck_assert_float_eq_tol(at(&twice, c, 0, x),
                                   0.75f * clamped(&p, c, x / 2) +
                                       0.25f * clamped(&p, c, x / 2 + (x % 2 ? 1 : -1)),
                                   1e-6f);
    }
    ug_picture_free(&p);
    ug_picture_free(&half);
    ug_picture_free(&twice);
}
END_TEST

/* From any width to any other.  The weights of a triangle as wide as the step between pixels, and at
 * least one, taken at whole pixels: they seldom sum up to 1 by themselves. */
START_TEST(resizing_to_any_size)
{
    for (int64_t from = 1; from <= 120; from++) {
        struct ug_picture p = noise(1, 1, from), q;
        for (int64_t to = 1; to <= 120; to += 3) {
            const double step = (double)from / (double)to, reach = fmax(step, 1);
            ck_assert(ug_picture_resize(&p, 1, to, &q));
            for (int64_t x = 0; x < to; x++) {
                const double centre = ((double)x + 0.5) * step - 0.5;
                double sum = 0, weights = 0;
                for (int64_t i = (int64_t)floor(centre - reach); i <= centre + reach; i++) {
                    const double w = fmax(0, 1 - fabs((double)i - centre) / reach);
                    sum += w * (double)clamped(&p, 0, i), weights += w;
                }
                ck_assert_float_eq_tol(at(&q, 0, 0, x), (float)(sum / weights), 2e-5f);
            }
            ug_picture_free(&q);
        }
        ug_picture_free(&p);
    }
}
END_TEST

START_TEST(resizing_keeps_a_plain_picture)
{
    struct ug_picture p, q;

    ck_assert(ug_picture_make(&p, 1, 37, 23));
    for (int i = 0; i < 37 * 23; i++)
        p.planes[i] = 0.3f;
    ck_assert(ug_picture_resize(&p, 16, 64, &q));
    for (int i = 0; i < 16 * 64; i++)
        ck_assert_float_eq_tol(q.planes[i], 0.3f, 1e-6f);
    ug_picture_free(&q);
    ck_assert(!ug_picture_resize(&p, UG_MAX_PIXELS, 2, &q));
    ug_picture_free(&p);
}
END_TEST

/* ---- Writing ---- */

START_TEST(png_round_trip)
{
    struct ug_picture p, q;
    const char *path = folder_file("out.png");

    ck_assert(ug_picture_make(&p, 3, 16, 16));
    for (int i = 0; i < 3 * 256; i++)
        p.planes[i] = (float)(i % 256) / 255.0f;
    ck_assert(ug_picture_write_png(path, &p, diags));
    ck_assert(ug_picture_read(path, 0, &q, UG_NOWHERE, diags));
    ck_assert_mem_eq(p.planes, q.planes, 3 * 256 * sizeof(float));
    ug_picture_free(&q);
    p.channels = 1;
    p.planes[0] = NAN, p.planes[1] = -3, p.planes[2] = INFINITY, p.planes[3] = 0.4999f / 255;
    ck_assert(ug_picture_write_png(path, &p, diags));
    ck_assert(ug_picture_read(path, 0, &q, UG_NOWHERE, diags));
    ck_assert(q.channels == 1);
    ck_assert(q.planes[0] == 0 && q.planes[1] == 0 && q.planes[2] == 1 && q.planes[3] == 0);
    ug_picture_free(&p);
    ug_picture_free(&q);
    ck_assert_int_eq(folder_count("."), 1);
}
END_TEST

START_TEST(png_that_cannot_be_written)
{
    struct ug_picture p = noise(1, 4, 4);
    char path[300];

    snprintf(path, sizeof path, "%s/no/x.png", folder_file("."));
    ck_assert(!ug_picture_write_png(path, &p, diags));
    expect_message("no/x.png");
    ck_assert_int_eq(folder_count("."), 0);
    ug_picture_free(&p);
}
END_TEST

/* Pictures stand under their labels, enlarged, and nothing of them is lost. */
START_TEST(grid)
{
    static const char *const labels[] = {"x1",
                                         "a label much longer than its column is wide, \xc3\xa9"};
    struct ug_picture cells[4], out;
    const char *path = folder_file("grid.png");
    int64_t dark = 0, matches = 0;

    for (int i = 0; i < 4; i++) {
        cells[i] = noise(i % 2 ? 3 : 1, 8, 8);
        for (int k = 0; k < (i % 2 ? 3 : 1) * 64; k++)
            cells[i].planes[k] = (float)(i + 1) / 5;
    }
    ck_assert(ug_picture_write_grid(path, cells, 2, 2, labels, diags));
    ck_assert(ug_picture_read(path, 0, &out, UG_NOWHERE, diags));
    for (int64_t y = 0; y < out.height; y++)
        for (int64_t x = 0; x < out.width; x++) {
            dark += at(&out, 0, y, x) == 51 / 255.0f && y < 40 && x < 60;
            matches += at(&out, 2, y, x) == 102 / 255.0f; /* cell 1 */
        }
    ck_assert_int_eq(matches, 128 * 128);
    ck_assert(dark > 40 && dark < 400);
    ck_assert(out.height > 2 * 128 && out.width > 2 * 128);
    ug_picture_free(&out);
    for (int i = 0; i < 4; i++)
        ug_picture_free(&cells[i]);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("picture");
    TCase *t = tcase_create("files");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_loop_test(t, png_kind_is_read, 0, PNG_KINDS);
    tcase_add_test(t, channels_are_converted);
    tcase_add_test(t, jpeg_is_read);
    tcase_add_test(t, cmyk_becomes_light);
    tcase_add_loop_test(t, pictures_are_turned_upright, 1, 9);
    tcase_add_test(t, unreadable_pictures);
    tcase_add_test(t, cut_short);
    tcase_add_test(t, damaged);
    tcase_add_test(t, resizing_by_two);
    tcase_add_test(t, resizing_keeps_a_plain_picture);
    tcase_add_test(t, resizing_to_any_size);
    tcase_add_test(t, png_round_trip);
    tcase_add_test(t, png_that_cannot_be_written);
    tcase_add_test(t, grid);
    suite_add_tcase(s, t);
    return s;
}
