/* A folder in which some pictures are broken, each in another way: training leaves them out and
 * counts them, translation names every one and does the others.
 *
 * BROKEN_OF="10000 100" in the environment takes 10000 pictures, one in 100 of them broken. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "engine/base/file.h"
#include "engine/run/folder.h"
#include "tests/harness_data.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

enum { SIDE = 16, BATCH = 10 };

static int n_pictures = 300, one_in = 10;

static void setup(void)
{
    const char *given = getenv("BROKEN_OF");

    if (given)
        ck_assert_int_eq(sscanf(given, "%d %d", &n_pictures, &one_in), 2);
    scratch_setup();
}

/* ---- Breaking a PNG file ---- */

enum { WIDTH_AT = 16, HEADER_AT = 12, HEADER = 17, CRC_AT = 29 }; /* in its IHDR */

static size_t cut(unsigned char *bytes, size_t n)
{
    (void)bytes;
    return n - n / 3;
}

static size_t empty(unsigned char *bytes, size_t n)
{
    (void)bytes, (void)n;
    return 0;
}

static size_t text(unsigned char *bytes, size_t n)
{
    static const char words[] = "<html>404 not found</html>\n";

    (void)n;
    memcpy(bytes, words, sizeof words - 1);
    return sizeof words - 1;
}

/* The beginning of a JPEG file, then bytes without a meaning. */
static size_t jpeg_garbage(unsigned char *bytes, size_t n)
{
    static const unsigned char begin[] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0};

    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i * 137 + 11);
    memcpy(bytes, begin, sizeof begin);
    return n;
}

/* One bit of the picture's data: their checksum no longer fits. */
static size_t wrong_checksum(unsigned char *bytes, size_t n)
{
    bytes[n - 20] ^= 0x10;
    return n;
}

/* A sound header of 2^30 by 2^30. */
static size_t huge(unsigned char *bytes, size_t n)
{
    static const unsigned char side[] = {0x40, 0, 0, 0};

    memcpy(bytes + WIDTH_AT, side, 4);
    memcpy(bytes + WIDTH_AT + 4, side, 4);
    const uLong crc = crc32_z(0, bytes + HEADER_AT, HEADER);
    for (int i = 0; i < 4; i++)
        bytes[CRC_AT + i] = (unsigned char)(crc >> (24 - 8 * i));
    return n;
}

static size_t (*const breaks[])(unsigned char *, size_t) = {cut,          empty, text,
                                                            jpeg_garbage, huge,  wrong_checksum};
enum { BREAKS = sizeof breaks / sizeof *breaks };

static bool is_broken(int i)
{
    return i % one_in == one_in / 2;
}

static const char *name_of(int i)
{
    static char name[40];

    snprintf(name, sizeof name, "pictures/%05d.png", i);
    return name;
}

static void write_pictures(void)
{
    const char *sound = write_plain("sound.png", SIDE, SIDE, 100);

    for (int i = 0; i < n_pictures; i++) {
        size_t n;
        char *bytes = ug_file_read(sound, 1 << 16, &n, UG_NOWHERE, diags);
        ck_assert(bytes && n > 40);
        if (is_broken(i))
            n = breaks[i / one_in % BREAKS]((unsigned char *)bytes, n);
        folder_write(name_of(i), bytes, n);
        free(bytes);
    }
}

/* ---- What becomes of them ---- */

static void train(const char *file)
{
    struct ug_run_options o = as_written;
    char wanted[80];

    experiment_run(file, "run", o);
    char *log = experiment_text("run/log.txt");
    snprintf(wanted, sizeof wanted, "%d broken pictures were left out", n_pictures / one_in);
    ck_assert_msg(strstr(log, wanted) != NULL, "%s", log);
}

static void translate(void)
{
    char command[1000], path[400];
    snprintf(command, sizeof command, "%s translate %s same %s %s -q 2>%s", getenv("UNITGRAPH"),
             folder_file("run"), folder_file("pictures"), folder_file("out"), folder_file("said"));
    const int status = system(command);
    char *said = experiment_text("said");

    ck_assert_int_eq(WEXITSTATUS(status), UG_FAILED);
    ck_assert_int_eq(folder_count("out"), n_pictures - n_pictures / one_in);
    for (int i = 0; i < n_pictures; i++) {
        snprintf(path, sizeof path, "%s'", folder_file(name_of(i)));
        ck_assert_msg(!strstr(said, path) == !is_broken(i), "%s %s named in:\n%s", path,
                      is_broken(i) ? "is not" : "is", said);
    }
}

START_TEST(broken_pictures_among_sound_ones)
{
    char yaml[1000];

    write_pictures();
    snprintf(yaml, sizeof yaml,
             "unitgraph: 1\n"
             "data:\n"
             "  batch: %d\n"
             "  x: {images: pictures, size: %d, channels: 1, skip_broken: true}\n"
             "graph: {a: 'parameter([1])'}\n"
             "losses: {A: mean((x - a) ** 2)}\n"
             "train:\n"
             "  steps: %d\n"
             "  optimizers: {A: {minimize: A, parameters: [a], sgd: {lr: 0.1}}}\n"
             "translate: {same: {from: x, to: x + 0 * a}}\n",
             BATCH, SIDE, n_pictures / BATCH);
    train(experiment_write("text", yaml));
    translate();
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("broken");
    TCase *t = tcase_create("broken");

    tcase_add_checked_fixture(t, setup, scratch_teardown);
    tcase_add_test(t, broken_pictures_among_sound_ones);
    suite_add_tcase(s, t);
    return s;
}
