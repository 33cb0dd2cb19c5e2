/* test_sources.c -- each kind of source: what it holds, in which order, and what it refuses. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "engine/data/safetensors.h"
#include "tests/harness_data.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* The first values of all samples in order, as levels 0 … 255. */
static void check_levels(struct ug_dataset *d, const char *name, int n, const int *levels)
{
    const int64_t count = ug_dataset_count(d, name);

    ck_assert_int_eq(count, n);
    struct ug_loader *l = ug_loader_start(d, UG_DRAW_IN_ORDER, 2, 0, 0, count, diags);
    for (int i = 0; i < n; i += 2) {
        const struct ug_batch *b = ug_loader_next(l, diags);
        ck_assert_msg(b != NULL, "%s", ug_diags_first(diags));
        ck_assert_int_eq(b->tensors[0].shape.dim[0], n - i < 2 ? 1 : 2);
        for (int k = 0; k < 2 && i + k < n; k++)
            ck_assert_int_eq(level_of(batch_value(b, 0, k, 0)), levels[i + k]);
    }
    ck_assert_ptr_null(ug_loader_next(l, diags));
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    ug_loader_stop(l);
}

static void check_labels(struct ug_dataset *d, int entry, int n, const int *labels)
{
    struct ug_loader *l = ug_loader_start(d, UG_DRAW_IN_ORDER, n, 0, 0, n, diags);
    const struct ug_batch *b = ug_loader_next(l, diags);

    ck_assert_ptr_nonnull(b);
    ck_assert_int_eq(b->tensors[entry].dtype, UG_I64);
    ck_assert_int_eq(b->tensors[entry].shape.rank, 1);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(((const int64_t *)b->tensors[entry].data)[i], labels[i]);
    ug_loader_stop(l);
}

/* ---- images ---- */

/* Upper case stands before lower case, digits are not numbers, folders where their name stands. */
static void make_folder(void)
{
    write_plain("f/b.png", 4, 6, 50);
    write_plain("f/Z.PNG", 4, 6, 10);
    write_plain("f/a/deep/x.png", 4, 6, 30);
    write_plain("f/a/b10.png", 4, 6, 20);
    write_plain("f/a.png", 4, 6, 40);
    write_plain("f/.hidden.png", 4, 6, 99);
    folder_write("f/LICENSE.txt", "free", 4);
    ck_assert(mkfifo(folder_file("f/pipe.png"), 0600) == 0); /* nobody writes to it */
}

START_TEST(folder_in_name_order)
{
    make_folder();
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("f"));
    struct ug_dataset *d = open_sound(&e, 1);
    const struct ug_type type = ug_dataset_type(d, "x");
    const struct ug_shape shape = UG_SHAPE(1, 4, 6);

    ck_assert(type.dtype == UG_F32 && ug_shape_equal(&type.shape, &shape));
    ck_assert_int_eq(ug_dataset_largest(d), 5);
    check_levels(d, "x", 5, (int[]){10, 20, 30, 40, 50});
    ug_dataset_close(d);
    e.limit = 3;
    d = open_sound(&e, 1);
    check_levels(d, "x", 3, (int[]){10, 20, 30});
    ug_dataset_close(d);
}
END_TEST

START_TEST(folder_labels)
{
    write_plain("l/cat/1.png", 2, 2, 1);
    write_plain("l/cat/more/2.png", 2, 2, 2);
    write_plain("l/ant/3.png", 2, 2, 3);
    write_plain("l/cat-b/4.png", 2, 2, 4);
    struct ug_data_entry e[] = {entry_of("x", UG_DATA_IMAGES, folder_file("l")),
                                entry_of("y", UG_DATA_LABELS_OF, NULL)};
    e[1].of = "x";
    struct ug_dataset *d = open_sound(e, 2);
    check_levels(d, "x", 4, (int[]){3, 1, 2, 4});
    check_labels(d, 1, 4, (int[]){0, 1, 1, 2});
    ug_dataset_close(d);
    write_plain("l/zoo.png", 2, 2, 5);
    open_refused(e, 2, "zoo.png' of 'x' has no label");
}
END_TEST

/* What looks like pictures and is not read is not passed over in silence. */
START_TEST(other_formats_are_counted)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("f"));

    write_plain("f/a.png", 2, 2, 1);
    folder_write("f/notes.txt", "x", 1);
    ug_dataset_close(open_sound(&e, 1));
    ck_assert_uint_eq(ug_diags_warnings(diags), 0);
    folder_write("f/b/c.webp", "x", 1);
    folder_write("f/d.BMP", "x", 1);
    ug_dataset_close(open_sound(&e, 1));
    expect_part(messages(), "has 2 pictures of other formats, like '");
    expect_part(messages(), "f/b/c.webp'");
}
END_TEST

START_TEST(list_file)
{
    char list[1000];

    write_plain("d/p q.png", 2, 2, 60);
    write_plain("d/r 7", 2, 2, 70);
    const char *absolute = write_plain("other.png", 2, 2, 80);
    snprintf(list, sizeof list, "\xef\xbb\xbfp q.png 12\r\n\n  r 7\t\t0 \n%s 3\n../other.png 4",
             absolute);
    const char *path = folder_write("d/list.txt", list, strlen(list));
    struct ug_data_entry e[] = {entry_of("x", UG_DATA_IMAGES, path),
                                entry_of("y", UG_DATA_LABELS_OF, NULL)};
    e[1].of = "x";
    struct ug_dataset *d = open_sound(e, 2);
    check_levels(d, "x", 4, (int[]){60, 70, 80, 80});
    check_labels(d, 1, 4, (int[]){12, 0, 3, 4});
    ug_dataset_close(d);
    folder_write("d/list.txt", "p q.png\n", 8);
    d = open_sound(e, 1);
    check_levels(d, "x", 1, (int[]){60});
    ug_dataset_close(d);
    open_refused(e, 2, "'x' has no labels");
    folder_write("d/list.txt", "\n \n", 3);
    open_refused(e, 1, "names no pictures");
    folder_write("d/list.txt", "p\0q", 3);
    open_refused(e, 1, "is not text");
    folder_write("d/list.txt", "gone.png", 8);
    open_refused(e, 1, "gone.png': No such file");
}
END_TEST

START_TEST(globs_and_single_files)
{
    make_folder();
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("f/*.[pP][nN][gG]"));
    struct ug_dataset *d = open_sound(&e, 1);
    check_levels(d, "x", 3, (int[]){10, 40, 50});
    ug_dataset_close(d);
    e.path = folder_file("f/a.png");
    d = open_sound(&e, 1);
    check_levels(d, "x", 1, (int[]){40});
    ug_dataset_close(d);
    e.path = folder_file("f/*.bmp");
    open_refused(&e, 1, "names no pictures");
}
END_TEST

START_TEST(unsound_folders)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("gone"));

    open_refused(&e, 1, "gone': No such file");
    folder_write("none/README.txt", "no", 2);
    e.path = folder_file("none");
    open_refused(&e, 1, "none' holds no pictures");
    folder_write("broken/1.png", "no", 2);
    write_plain("broken/2.png", 4, 4, 0);
    e.path = folder_file("broken");
    open_refused(&e, 1, "1.png': it is neither PNG nor JPEG");
    ck_assert_int_eq(symlink(".", folder_file("loop/again")), 0);
    ck_assert_int_eq(symlink(".", folder_file("loop/and-again")), 0);
    e.path = folder_file("loop");
    open_refused(&e, 1, "Too many levels");
}
END_TEST

START_TEST(pictures_must_agree)
{
    write_plain("s/a.png", 4, 4, 0);
    write_plain("s/b.png", 4, 5, 0);
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("s"));
    open_refused(&e, 1, "b.png' is 4x5, but");
    e.size[0] = e.size[1] = 8;
    ug_dataset_close(open_sound(&e, 1));
    /* an RGB picture: one white pixel */
    static const unsigned char rgb[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
        0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00,
        0x00, 0x90, 0x77, 0x53, 0xde, 0x00, 0x00, 0x00, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78,
        0x9c, 0x63, 0xf8, 0xff, 0xff, 0x3f, 0x00, 0x05, 0xfe, 0x02, 0xfe, 0x0d, 0xef, 0x46,
        0xb8, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    folder_write("s/c.png", rgb, sizeof rgb);
    open_refused(&e, 1, "c.png' has 3 channels, but");
    e.channels = 3;
    struct ug_dataset *d = open_sound(&e, 1);
    check_levels(d, "x", 3, (int[]){0, 0, 255});
    ug_dataset_close(d);
    e.resize = 6;
    open_refused(&e, 1, "is resized to 6x6, smaller than the crop of 8x8");
}
END_TEST

/* ---- Options ---- */

START_TEST(range_and_invert)
{
    write_plain("r/a.png", 2, 2, 0);
    write_plain("r/b.png", 2, 2, 51);
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("r"));
    struct ug_dataset *d;

    e.invert = UG_INVERT_YES;
    d = open_sound(&e, 1);
    check_levels(d, "x", 2, (int[]){255, 204});
    ug_dataset_close(d);
    e.invert = UG_INVERT_BOTH;
    d = open_sound(&e, 1);
    check_levels(d, "x", 4, (int[]){0, 51, 255, 204});
    ug_dataset_close(d);
    e.range[0] = 0; /* 0 … 1 seen as -1 … 1 */
    d = open_sound(&e, 1);
    check_levels(d, "x", 4, (int[]){128, 153, 255, 230});
    ug_dataset_close(d);
}
END_TEST

/* In order: resized to 4 high, then the middle of what it became. */
START_TEST(resize_and_middle_crop)
{
    static const unsigned char columns[] = {10, 10, 200, 200, 90, 90};

    write_columns("c/a.png", 6, columns);
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("c"));
    e.size[0] = e.size[1] = 2;
    e.resize = 2;
    struct ug_dataset *d = open_sound(&e, 1);
    struct ug_loader *l = ug_loader_start(d, UG_DRAW_IN_ORDER, 1, 0, 0, 1, diags);
    const struct ug_batch *b = ug_loader_next(l, diags);
    ck_assert_int_eq(level_of(batch_value(b, 0, 0, 0)), 200);
    ck_assert_int_eq(level_of(batch_value(b, 0, 0, 1)), 200);
    ck_assert_ptr_nonnull(strstr(b->origins[0][0], "c/a.png"));
    ug_loader_stop(l);
    ug_dataset_close(d);
    e.resize = 0;
    e.size[1] = 6; /* the whole picture */
    e.size[0] = 4;
    d = open_sound(&e, 1);
    l = ug_loader_start(d, UG_DRAW_IN_ORDER, 1, 0, 0, 1, diags);
    b = ug_loader_next(l, diags);
    for (int i = 0; i < 24; i++)
        ck_assert_int_eq(level_of(batch_value(b, 0, 0, i)), columns[i % 6]);
    ug_loader_stop(l);
    ug_dataset_close(d);
}
END_TEST

START_TEST(unsound_sizes)
{
    write_plain("r/a.png", 2, 2, 0);
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("r"));

    e.resize = (int64_t)1 << 60;
    open_refused(&e, 1, "no side may exceed 32768");
    e.resize = 0;
    e.size[0] = 1 << 20, e.size[1] = 8;
    open_refused(&e, 1, "no side may exceed 32768");
}
END_TEST

START_TEST(broken_ones_are_skipped)
{
    for (int i = 0; i < 6; i++) {
        char name[20];
        snprintf(name, sizeof name, "k/%d.png", i);
        if (i == 1 || i == 2 || i == 5)
            folder_write(name, "broken", 6);
        else
            write_plain(name, 2, 2, i * 10);
    }
    struct ug_data_entry e = entry_of("x", UG_DATA_IMAGES, folder_file("k"));
    e.skip_broken = true;
    struct ug_dataset *d = open_sound(&e, 1);
    ck_assert_int_eq(ug_dataset_skipped(d), 3);
    check_levels(d, "x", 3, (int[]){0, 30, 40});
    ug_dataset_close(d);
    /* What goes together leaves out the same samples. */
    struct ug_data_entry pair[] = {e, entry_of("y", UG_DATA_IMAGES, folder_file("m"))};
    for (int i = 0; i < 6; i++) {
        char name[20];
        snprintf(name, sizeof name, "m/%d.png", i);
        write_plain(name, 2, 2, i * 10);
    }
    pair[1].pair = "x";
    pair[1].skip_broken = true;
    folder_write("m/3.png", "broken too", 10);
    d = open_sound(pair, 2);
    ck_assert_int_eq(ug_dataset_skipped(d), 4);
    check_levels(d, "y", 2, (int[]){0, 40});
    ug_dataset_close(d);
    e.path = folder_file("n");
    folder_write("n/0.png", "broken", 6);
    open_refused(&e, 1, "every picture is broken");
}
END_TEST

START_TEST(pairs)
{
    make_folder();
    write_plain("g/a.png", 2, 2, 0);
    struct ug_data_entry e[] = {entry_of("x1", UG_DATA_IMAGES, folder_file("f")),
                                entry_of("x2", UG_DATA_IMAGES, folder_file("g"))};

    ug_dataset_close(open_sound(e, 2));
    e[1].pair = "x1";
    open_refused(e, 2, "'x2' has 1 samples, but 'x1' has 5");
    e[1].path = e[0].path;
    e[0].limit = 2;
    e[0].invert = UG_INVERT_BOTH; /* as many samples, of half as many pictures */
    e[1].limit = 4;
    open_refused(e, 2, "'x2' has 4 samples before 'invert', but 'x1' has 2");
    e[0].invert = UG_INVERT_NO;
    e[0].limit = 4;
    e[1].invert = UG_INVERT_BOTH;
    e[1].limit = 2;
    open_refused(e, 2, "'x2' has 2 samples before 'invert', but 'x1' has 4");
    e[1].invert = UG_INVERT_NO;
    e[1].limit = 1;
    e[0].limit = 1;
    ug_dataset_close(open_sound(e, 2));
    e[1].pair = "x3";
    open_refused(e, 2, "'x2' follows 'x3', which is no data entry");
    e[1].pair = "x1", e[0].pair = "x2";
    open_refused(e, 2, "is paired with itself");
}
END_TEST

/* ---- idx ---- */

static const unsigned char idx_pictures[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0,   0,
                                             1, 0, 0, 0, 2, 0, 1, 7, 8, 255, 254};
static const unsigned char idx_labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 9};

static const char *write_gzip(const char *name, const void *bytes, unsigned n)
{
    const char *path = folder_file(name);
    gzFile f = gzopen(path, "wb");

    ck_assert_int_eq(gzwrite(f, bytes, n), (int)n);
    ck_assert_int_eq(gzclose(f), Z_OK);
    return path;
}

START_TEST(idx_plain_and_gzip)
{
    for (int zipped = 0; zipped < 2; zipped++) {
        struct ug_data_entry e[] = {
            entry_of("x", UG_DATA_IDX,
                     zipped ? write_gzip("i.gz", idx_pictures, sizeof idx_pictures)
                            : folder_write("i", idx_pictures, sizeof idx_pictures)),
            entry_of("y", UG_DATA_LABELS_OF, NULL)};
        const struct ug_shape shape = UG_SHAPE(1, 1, 2);
        e[1].of = "x";
        e[0].labels_path = zipped ? write_gzip("l.gz", idx_labels, sizeof idx_labels)
                                  : folder_write("l", idx_labels, sizeof idx_labels);
        struct ug_dataset *d = open_sound(e, 2);
        const struct ug_type type = ug_dataset_type(d, "x");
        ck_assert(ug_shape_equal(&type.shape, &shape));
        check_levels(d, "x", 3, (int[]){0, 7, 255});
        check_labels(d, 1, 3, (int[]){5, 0, 9});
        ug_dataset_close(d);
    }
}
END_TEST

START_TEST(idx_unsound)
{
    unsigned char b[64];
    const size_t n = sizeof idx_pictures;
    struct ug_data_entry e = entry_of("x", UG_DATA_IDX, folder_file("i"));

    open_refused(&e, 1, "i': No such file");
    memcpy(b, idx_pictures, n);
    folder_write("i", b, n - 1);
    open_refused(&e, 1, "it is cut short");
    folder_write("i", b, 9);
    open_refused(&e, 1, "it is cut short in its header");
    b[n] = 0;
    folder_write("i", b, n + 1);
    open_refused(&e, 1, "goes on after its last element");
    b[3] = 1;
    folder_write("i", b, n);
    open_refused(&e, 1, "starts with 00000801 instead of 00000803");
    b[3] = 3, b[7] = 0;
    folder_write("i", b, n);
    open_refused(&e, 1, "it is empty");
    memset(b + 4, 255, 12);
    folder_write("i", b, n);
    open_refused(&e, 1, "more than 4 GiB");
    memset(b + 4, 0, 12), b[5] = 3, b[11] = 100, b[15] = 100; /* 2 GB that are not there */
    folder_write("i", b, n);
    open_refused(&e, 1, "it is cut short");

    const char *zipped = write_gzip("z", idx_pictures, n);
    FILE *f = fopen(zipped, "rb");
    const size_t whole = fread(b, 1, sizeof b, f);
    fclose(f);
    e.path = folder_write("z", b, whole - 3); /* within the closing sum */
    open_refused(&e, 1, "cut short");
    e.path = folder_write("z", b, whole - 14);
    open_refused(&e, 1, "cut short");
    b[whole - 6] ^= 1;
    e.path = folder_write("z", b, whole);
    open_refused(&e, 1, "incorrect data check");
    e.path = folder_write("i", idx_pictures, n);
    e.labels_path = folder_write("l", "\0\0\x08\x01\0\0\0\x02\1\1", 10);
    open_refused(&e, 1, "has 3 pictures, but");
}
END_TEST

/* ---- tensors ---- */

START_TEST(tensors)
{
    float values[6] = {-1, 1, 0, 0, 1, -1};
    int64_t classes[3] = {4, 5, 6};
    const struct ug_named_tensor stored[] = {{"v", {UG_F32, UG_SHAPE(3, 2), values}},
                                             {"k", {UG_I64, UG_SHAPE(3), classes}},
                                             {"s", {UG_F32, UG_SHAPE(0, 2), NULL}}};
    const char *path = folder_file("t.safetensors");

    ck_assert(ug_safetensors_write(path, stored, 3, NULL, diags));
    struct ug_data_entry e[] = {entry_of("x", UG_DATA_TENSORS, path),
                                entry_of("y", UG_DATA_TENSORS, path)};
    e[0].key = "v", e[1].key = "k", e[1].pair = "x";
    struct ug_dataset *d = open_sound(e, 2);
    const struct ug_type x = ug_dataset_type(d, "x"), y = ug_dataset_type(d, "y");
    ck_assert(x.dtype == UG_F32 && x.shape.rank == 1 && x.shape.dim[0] == 2);
    ck_assert(y.dtype == UG_I64 && y.shape.rank == 0);
    check_levels(d, "x", 3, (int[]){0, 128, 255});
    check_labels(d, 1, 3, (int[]){4, 5, 6});
    ug_dataset_close(d);
    e[0].key = "w";
    open_refused(e, 1, "has no tensor 'w'");
    e[0].key = "s";
    open_refused(e, 1, "it is empty");
    e[0].path = folder_file("gone");
    open_refused(e, 1, "gone': No such file");
}
END_TEST

/* ---- synthetic ---- */

START_TEST(synthetic_entries)
{
    struct ug_data_entry e = entry_of("x", UG_DATA_SYNTHETIC, NULL);

    e.scene = "shapes", e.domain = "filled", e.count = 20, e.limit = 7;
    e.size[0] = 8, e.size[1] = 16;
    struct ug_dataset *d = open_sound(&e, 1);
    const struct ug_type type = ug_dataset_type(d, "x");
    const struct ug_shape shape = UG_SHAPE(3, 8, 16);
    ck_assert(ug_shape_equal(&type.shape, &shape));
    ck_assert_int_eq(ug_dataset_count(d, "x"), 7);
    ug_dataset_close(d);
    e.scene = "shape";
    open_refused(&e, 1, "there is no scene 'shape'");
    e.scene = "shapes", e.domain = "filed";
    open_refused(&e, 1, "has no domain 'filed'");
    e.domain = "filled", e.count = 0;
    open_refused(&e, 1, "count of 0");
    e.count = (int64_t)1 << 50, e.limit = 0;
    open_refused(&e, 1, "1125899906842624 samples; the limit is 268435456");
}
END_TEST

/* Every entry that is wrong is reported, not only the first. */
START_TEST(all_errors_at_once)
{
    struct ug_data_entry e[] = {entry_of("x1", UG_DATA_IMAGES, folder_file("gone")),
                                entry_of("x2", UG_DATA_IDX, folder_file("gone2")),
                                entry_of("y", UG_DATA_LABELS_OF, NULL)};
    const struct ug_data_spec spec = {.entries = e, .n = 3, .batch = 1};

    e[2].of = "x2";
    ck_assert_ptr_null(ug_dataset_open(&spec, diags));
    ck_assert_uint_eq(ug_diags_errors(diags), 2);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("sources");
    TCase *t = tcase_create("entries");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, folder_in_name_order);
    tcase_add_test(t, folder_labels);
    tcase_add_test(t, other_formats_are_counted);
    tcase_add_test(t, list_file);
    tcase_add_test(t, globs_and_single_files);
    tcase_add_test(t, unsound_folders);
    tcase_add_test(t, pictures_must_agree);
    tcase_add_test(t, range_and_invert);
    tcase_add_test(t, resize_and_middle_crop);
    tcase_add_test(t, unsound_sizes);
    tcase_add_test(t, broken_ones_are_skipped);
    tcase_add_test(t, pairs);
    tcase_add_test(t, idx_plain_and_gzip);
    tcase_add_test(t, idx_unsound);
    tcase_add_test(t, tensors);
    tcase_add_test(t, synthetic_entries);
    tcase_add_test(t, all_errors_at_once);
    suite_add_tcase(s, t);
    return s;
}
