/* test_safetensors.c -- the format read and written, and every way in which a file can be unsound.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>

#include "engine/base/random.h"
#include "engine/data/safetensors.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* A file with this header and `n` bytes of data: 0, 1, 2 … */
static const char *write_file(const char *header, size_t n)
{
    static unsigned char bytes[4096];
    const uint64_t length = strlen(header);

    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < n; i++)
        bytes[8 + length + i] = (unsigned char)i;
    return folder_write("t.safetensors", bytes, 8 + length + n);
}

static struct ug_tensor floats(struct ug_shape shape, float *data)
{
    return (struct ug_tensor){UG_F32, shape, data};
}

START_TEST(round_trip)
{
    float weight[6] = {0, -1.5f, 3e-39f, INFINITY, 1e30f, 2}, scale[1] = {7};
    int64_t labels[3] = {INT64_MIN, 0, INT64_MAX};
    const struct ug_named_tensor in[] = {
        {"E1.stem.0.weight", floats(UG_SHAPE(2, 3), weight)},
        {"labels", {UG_I64, UG_SHAPE(3), labels}},
        {"scale", floats(ug_shape_scalar(), scale)},
        {"none", floats(UG_SHAPE(0, 4), NULL)},
    };
    const char *const metadata[] = {"config", "dim: 4\n# \"quoted\" é", "format", "pt", NULL};
    const char *path = folder_file("a.safetensors");
    float out[6];
    int64_t ints[3];

    ck_assert(ug_safetensors_write(path, in, 4, metadata, diags));
    ck_assert_int_eq(folder_count("."), 1);
    struct ug_safetensors *s = ug_safetensors_open(path, UG_NOWHERE, diags);
    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(ug_safetensors_count(s), 4);
    for (int i = 0; i < 4; i++) {
        const struct ug_stored *t = ug_safetensors_item(s, i);
        ck_assert_str_eq(t->name, in[i].name);
        ck_assert(ug_shape_equal(&t->shape, &in[i].tensor.shape));
        ck_assert_ptr_eq(ug_safetensors_find(s, in[i].name), t);
        ck_assert_uint_eq((uintptr_t)t->data % ug_dtype_size(in[i].tensor.dtype), 0);
    }
    ck_assert(ug_stored_read(ug_safetensors_item(s, 0), UG_F32, 0, 6, out));
    ck_assert_mem_eq(out, weight, sizeof weight);
    ck_assert(ug_stored_read(ug_safetensors_item(s, 0), UG_F32, 4, 2, out));
    ck_assert_mem_eq(out, weight + 4, 2 * sizeof *out);
    ck_assert(ug_stored_read(ug_safetensors_item(s, 1), UG_I64, 0, 3, ints));
    ck_assert_mem_eq(ints, labels, sizeof labels);
    ck_assert(!ug_stored_read(ug_safetensors_item(s, 0), UG_I64, 0, 1, ints));
    ck_assert_str_eq(ug_safetensors_metadata(s, "config"), metadata[1]);
    ck_assert_ptr_null(ug_safetensors_metadata(s, "absent"));
    ck_assert_ptr_null(ug_safetensors_find(s, "absent"));
    ck_assert_ptr_null(ug_safetensors_find(s, "__metadata__"));
    ug_safetensors_close(s);
}
END_TEST

/* The bytes that the format's definition gives for one float32 tensor, header padded to 8. */
START_TEST(written_bytes)
{
    float x[2] = {1, -2};
    const struct ug_named_tensor in[] = {{"x", floats(UG_SHAPE(2), x)}};
    static const char header[] =
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  ";
    const char *path = folder_file("b.safetensors");
    unsigned char bytes[128];

    ck_assert_uint_eq((sizeof header - 1) % 8, 0);
    ck_assert(ug_safetensors_write(path, in, 1, NULL, diags));
    FILE *f = fopen(path, "rb");
    ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, f), 8 + sizeof header - 1 + 8);
    fclose(f);
    ck_assert_uint_eq(bytes[0], sizeof header - 1);
    ck_assert_mem_eq(bytes + 8, header, sizeof header - 1);
    ck_assert_mem_eq(bytes + 8 + sizeof header - 1, "\0\0\x80\x3f\0\0\0\xc0", 8);
}
END_TEST

static const struct {
    const char *dtype;
    size_t size;
    unsigned char bytes[2 * 8];
    double value[2]; /* of two elements */
    bool whole;      /* also as int64 */
} conversions[] = {
    {"F64", 8, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, {1.5, -2}, false},
    {"F32", 4, {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, {1.5, -2}, false},
    {"F16", 2, {0x00, 0x3e, 0x01, 0x80}, {1.5, -0x1p-24}, false},
    {"F16", 2, {0xff, 0x7b, 0x00, 0xfc}, {65504, -INFINITY}, false},
    {"BF16", 2, {0xc0, 0x3f, 0x00, 0xc0}, {1.5, -2}, false},
    {"I64", 8, {3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}, {3, -1}, true},
    {"I32", 4, {3, 0, 0, 0, 255, 255, 255, 255}, {3, -1}, true},
    {"U32", 4, {3, 0, 0, 0, 0, 0, 0, 0x80}, {3, 2147483648.0}, true},
    {"I16", 2, {3, 1, 255, 255}, {259, -1}, true},
    {"U16", 2, {3, 1, 255, 255}, {259, 65535}, true},
    {"I8", 1, {3, 255}, {3, -1}, true},
    {"U8", 1, {3, 255}, {3, 255}, true},
    {"BOOL", 1, {0, 2}, {0, 1}, true},
};

START_TEST(conversion)
{
    char header[200];
    unsigned char bytes[300];
    float as_float[2];
    int64_t as_int[2];
    const size_t n = 2 * conversions[_i].size;

    /* An odd length of header puts the elements at odd addresses. */
    snprintf(header, sizeof header,
             "{\"x\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%zu]}}%s",
             conversions[_i].dtype, n, "");
    uint64_t length = strlen(header);
    if (length % 2 == 0)
        header[length++] = ' ';
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, conversions[_i].bytes, n);
    const char *path = folder_write("c.safetensors", bytes, 8 + length + n);
    struct ug_safetensors *s = ug_safetensors_open(path, UG_NOWHERE, diags);
    ck_assert_ptr_nonnull(s);
    const struct ug_stored *t = ug_safetensors_find(s, "x");
    ck_assert(ug_stored_read(t, UG_F32, 0, 2, as_float));
    ck_assert_int_eq(ug_stored_read(t, UG_I64, 0, 2, as_int), conversions[_i].whole);
    for (int i = 0; i < 2; i++) {
        ck_assert(as_float[i] == (float)conversions[_i].value[i]);
        ck_assert(!conversions[_i].whole || as_int[i] == (int64_t)conversions[_i].value[i]);
    }
    ug_safetensors_close(s);
}
END_TEST

#define F32(name, shape, from, to)                                                                 \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

static const struct {
    const char *header;
    size_t data;
    const char *reason; /* part of the message; NULL: the file is sound */
} headers[] = {
    {"{}", 0, NULL},
    {"{" F32("x", "[2]", "0", "8") "}", 8, NULL},
    {"{" F32("x", "[2]", "0", "8") "}   \n", 8, NULL},
    {"{" F32("y", "[1]", "8", "12") "," F32("x", "[2]", "0", "8") "}", 12, NULL},
    {"{" F32("y", "[0]", "8", "8") "," F32("x", "[2]", "0", "8") "}", 8, NULL},
    {"{\"x\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2, NULL},
    {" ", 0, "is not a safetensors file"},
    {"[]", 0, "is not a safetensors file"},
    {"{\"x\":", 0, "not JSON"},
    {"{} x", 0, "not JSON"},
    {"{" F32("x", "[1]", "0", "4") "," F32("x", "[1]", "4", "8") "}", 8, "duplicate object key"},
    {"{\"x\": 3}", 0, "has no dtype"},
    {"{\"x\":{\"dtype\":1,\"shape\":[],\"data_offsets\":[0,4]}}", 4, "has no dtype"},
    {"{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "has no shape"},
    {"{" F32("x", "[1.5]", "0", "4") "}", 4, "not a list of whole numbers"},
    {"{" F32("x", "[-1]", "0", "4") "}", 4, "negative or too large"},
    {"{" F32("x", "[4611686018427387904, 4]", "0", "4") "}", 4, "negative or too large"},
    {"{" F32("x", "[1048576, 1048576, 2]", "0", "4") "}", 4, "negative or too large"},
    {"{" F32("x", "[18446744073709551617]", "0", "4") "}", 4, "too big integer"},
    {"{" F32("x", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "9 axes"},
    {"{" F32("x", "[2]", "0", "4") "}", 4, "has 4 bytes, which is not 2 of F32"},
    {"{" F32("x", "[1]", "4", "0") "}", 4, "run from 4 to 0"},
    {"{" F32("x", "[1]", "-4", "0") "}", 4, "run from -4 to 0"},
    {"{" F32("x", "[1]", "0", "4") "}", 3, "cut short"},
    {"{" F32("x", "[1]", "9223372036854775804", "9223372036854775807") "}", 4, "cut short"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "data_offsets"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4.0]}}", 4, "data_offsets"},
    {"{" F32("x", "[2]", "0", "8") "," F32("y", "[1]", "4", "8") "}", 8, "overlap"},
    {"{" F32("x", "[1]", "0", "4") "," F32("y", "[1]", "8", "12") "}", 12, "leave a gap"},
    {"{" F32("x", "[1]", "4", "8") "}", 8, "leave a gap"},
    {"{" F32("x", "[1]", "0", "4") "}", 7, "3 bytes after the last tensor"},
    {"{\"__metadata__\":[]}", 0, "is not an object"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "holds 'a', which is not a string"},
};

START_TEST(unsound_headers)
{
    const char *path = write_file(headers[_i].header, headers[_i].data);
    struct ug_safetensors *s = ug_safetensors_open(path, UG_NOWHERE, diags);

    ck_assert_int_eq(s == NULL, headers[_i].reason != NULL);
    ck_assert_uint_eq(ug_diags_errors(diags), s == NULL);
    if (!s) {
        expect_message(headers[_i].reason);
        expect_message(path);
    }
    ug_safetensors_close(s);
}
END_TEST

static void refused(const char *path, const char *reason)
{

    ck_assert_ptr_null(ug_safetensors_open(path, UG_NOWHERE, diags));
    expect_message(reason);
    forget_messages();
}

START_TEST(unsound_files)
{
    uint64_t huge = UINT64_MAX, long_one = 100000001, beyond = 9;

    refused(folder_file("absent"), "No such file");
    ck_assert_ptr_null(ug_safetensors_open(folder_file("."), UG_NOWHERE, diags));
    expect_message("Is a directory");
    expect_part(messages(), "of a run, the newest parameters are latest/params.safetensors");
    forget_messages();
    refused(folder_write("empty", "", 0), "has 0 bytes");
    refused(folder_write("short", "\1\0\0\0\0\0\0", 7), "has 7 bytes");
    refused(folder_write("huge", &huge, 8), "the limit is 100000000");
    refused(folder_write("long", &long_one, 8), "the limit is 100000000");
    refused(folder_write("beyond", &beyond, 8), "only 0 follow");
}
END_TEST

/* What torch.save writes, a zip or, before 1.6, a pickle; and a text. */
START_TEST(other_kinds_of_files)
{
    const char *zip = folder_write("model.pth", "PK\3\4\0\0\x08\x08\0\0\0\0\0\0", 14);

    ck_assert_ptr_null(ug_safetensors_open(zip, UG_NOWHERE, diags));
    expect_message("but one that torch.save writes");
    expect_part(messages(), "in Python: safetensors.torch.save_file(");
    forget_messages();
    refused(folder_write("old.pt", "\x80\2\x8a\nl\xfc\x9c\x46\xf9\x20", 10),
            "but one that torch.save writes");
    refused(folder_write("a.yaml", "unitgraph: 1\n", 13), "is not a safetensors file");
}
END_TEST

/* Whatever a few damaged bytes make of a sound file, it is read or refused: under a sanitizer this
 * finds reads outside of it. */
START_TEST(damaged_files)
{
    static const char header[] = "{\"__metadata__\":{\"k\":\"v\"}," F32(
        "x", "[2, 1]", "0", "8") ","
                                 "\"y\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}";
    const struct ug_random random = {1, 2, 3};
    unsigned char bytes[512], damaged[512];
    float out[16];

    const size_t n = 8 + strlen(header) + 11;
    FILE *f = fopen(write_file(header, 11), "rb");
    ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, f), n);
    fclose(f);
    for (uint64_t round = 0; round < 1000; round++) {
        uint32_t draw[4];
        ug_random_block(&random, round, draw);
        memcpy(damaged, bytes, n);
        damaged[draw[0] % n] = (unsigned char)draw[1];
        if (draw[2] & 1)
            damaged[draw[0] / n % n] ^= (unsigned char)(1u << (draw[1] >> 8 & 7));
        const char *path = folder_write("d.safetensors", damaged, draw[2] & 2 ? n : draw[3] % n);
        struct ug_safetensors *s = ug_safetensors_open(path, UG_NOWHERE, diags);
        for (int i = 0; s && i < ug_safetensors_count(s); i++) {
            const struct ug_stored *t = ug_safetensors_item(s, i);
            const int64_t count = ug_shape_count(&t->shape);
            ck_assert_ptr_eq(ug_safetensors_find(s, t->name), t);
            ug_stored_read(t, UG_F32, 0, count < 16 ? count : 16, out);
        }
        ck_assert_int_eq(s == NULL, ug_diags_errors(diags) == 1);
        ug_safetensors_close(s);
        forget_messages();
    }
}
END_TEST

/* A disk that fills up (here: a limit on the size of files) leaves what was there, and nothing
 * else. */
START_TEST(failed_write)
{
    static float large[10000];
    float x[1] = {5};
    const struct ug_named_tensor small = {"x", floats(UG_SHAPE(1), x)},
                                 big = {"x", floats(UG_SHAPE(10000), large)};
    const char *path = folder_file("models/e.safetensors");
    const struct rlimit limit = {4096, RLIM_INFINITY};

    ck_assert(ug_safetensors_write(path, &small, 1, NULL, diags));
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert(!ug_safetensors_write(path, &big, 1, NULL, diags));
    expect_message("File too large");
    ck_assert_int_eq(folder_count("models"), 1);
    struct ug_safetensors *s = ug_safetensors_open(path, UG_NOWHERE, diags);
    ck_assert_int_eq((int)ug_safetensors_item(s, 0)->shape.dim[0], 1);
    ug_safetensors_close(s);
}
END_TEST

START_TEST(unwritable_places)
{
    float x[1] = {5};
    const struct ug_named_tensor one = {"x", floats(UG_SHAPE(1), x)},
                                 bad = {"\xff", floats(UG_SHAPE(1), x)};
    char inside[300];

    snprintf(inside, sizeof inside, "%s/f/x.safetensors", folder_file("."));
    ck_assert(!ug_safetensors_write(inside, &one, 1, NULL, diags));
    expect_message("No such file");
    ck_assert(!ug_safetensors_write(folder_file("."), &one, 1, NULL, diags));
    ck_assert(!ug_safetensors_write(folder_file("u"), &bad, 1, NULL, diags));
    ck_assert_uint_eq(ug_diags_errors(diags), 3);
    ck_assert_int_eq(folder_count("."), 0);
    ck_assert(ug_safetensors_write("/dev/null", &one, 1, NULL, diags));
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("safetensors");
    TCase *t = tcase_create("files");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, round_trip);
    tcase_add_test(t, written_bytes);
    tcase_add_loop_test(t, conversion, 0, sizeof conversions / sizeof *conversions);
    tcase_add_loop_test(t, unsound_headers, 0, sizeof headers / sizeof *headers);
    tcase_add_test(t, unsound_files);
    tcase_add_test(t, other_kinds_of_files);
    tcase_add_test(t, damaged_files);
    tcase_add_test(t, failed_write);
    tcase_add_test(t, unwritable_places);
    suite_add_tcase(s, t);
    return s;
}
