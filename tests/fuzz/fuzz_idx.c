/* Any file as pictures or labels in MNIST's format, plain or gzip'd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/data/entry.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_SAMPLES = 4, MOST_VALUES = 1 << 20 };

static void read_samples(struct ug_dataset *d, struct ug_diags *diags)
{
    struct ug_entry *e = &d->entries[0];
    const int64_t count = ug_entry_count(e);
    const struct ug_type type = ug_dataset_type(d, "x");
    float *out = ug_shape_count(&type.shape) <= MOST_VALUES
                     ? calloc((size_t)ug_shape_count(&type.shape), sizeof *out)
                     : NULL;

    for (int64_t i = 0; out && i < count && i < MOST_SAMPLES; i++)
        ug_entry_read(d, e, &(struct ug_draw){.sample = i, .crop = {0.5, 0.5}}, out, diags);
    free(out);
}

static void open_entry(const char *path, const char *labels, int64_t size)
{
    struct ug_data_entry entry = {.name = "x",
                                  .kind = UG_DATA_IDX,
                                  .path = path,
                                  .labels_path = labels,
                                  .size = {size, size},
                                  .range = {-1, 1}};
    const struct ug_data_spec spec = {.entries = &entry, .n = 1, .batch = 1};
    struct ug_diags *diags = ug_diags_new();
    struct ug_dataset *d = ug_dataset_open(&spec, diags);

    if (d)
        read_samples(d, diags);
    ug_dataset_close(d);
    ug_diags_free(diags);
}

static const uint8_t pictures[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0,  0,
                                   0, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255};
static const uint8_t two_labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 3};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *path = fuzz_file("", bytes, n);

    open_entry(path, NULL, 0);
    open_entry(path, path, 4);
    return 0;
}

static void seed_zipped(const uint8_t *bytes, size_t n)
{
    uint8_t out[256];
    z_stream z = {
        .next_in = (Bytef *)bytes, .avail_in = (uInt)n, .next_out = out, .avail_out = sizeof out};

    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    fuzz_seed(out, z.total_out);
    deflateEnd(&z);
}

void fuzz_seeds(void)
{
    fuzz_seed(pictures, sizeof pictures);
    fuzz_seed(two_labels, sizeof two_labels);
    seed_zipped(pictures, sizeof pictures);
    seed_zipped(two_labels, sizeof two_labels);
}
