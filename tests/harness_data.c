/* harness_data.c -- entries, pictures and the values of batches. */
#include "tests/harness_data.h"

#include <check.h>
#include <math.h>

#include "engine/data/picture.h"
#include "tests/harness_folder.h"
#include "tests/harness_scratch.h"

struct ug_data_entry entry_of(const char *name, enum ug_data_kind kind, const char *path)
{
    return (struct ug_data_entry){
        .name = name, .kind = kind, .path = path, .range = {-1, 1}, .shuffle = true};
}

struct ug_dataset *open_sound(struct ug_data_entry *entries, int n)
{
    const struct ug_data_spec spec = {.entries = entries, .n = n, .batch = 1};
    struct ug_dataset *d = ug_dataset_open(&spec, diags);

    ck_assert_msg(d != NULL, "%s", messages());
    ck_assert_uint_eq(ug_diags_errors(diags), 0);
    return d;
}

void open_refused(struct ug_data_entry *entries, int n, const char *reason)
{
    const struct ug_data_spec spec = {.entries = entries, .n = n, .batch = 1};

    ck_assert_ptr_null(ug_dataset_open(&spec, diags));
    expect_message(reason);
    forget_messages();
}

/* A grey PNG whose columns have the values in turn, n of them. */
static const char *write_grey(const char *name, int height, int width, int n,
                              const unsigned char *values)
{
    const char *path = folder_file(name);
    struct ug_picture p;

    ck_assert(ug_picture_make(&p, 1, height, width));
    for (int i = 0; i < height * width; i++)
        p.planes[i] = (float)values[i % width % n] / 255.0f;
    ck_assert(ug_picture_write_png(path, &p, diags));
    ug_picture_free(&p);
    return path;
}

const char *write_columns(const char *name, int n, const unsigned char *values)
{
    return write_grey(name, 2, n, n, values);
}

const char *write_plain(const char *name, int height, int width, int v)
{
    const unsigned char value = (unsigned char)v;

    return write_grey(name, height, width, 1, &value);
}

float batch_value(const struct ug_batch *b, int entry, int64_t sample, int64_t at)
{
    const struct ug_tensor *t = &b->tensors[entry];

    return ((const float *)t->data)[sample * ug_shape_span(&t->shape, 1, t->shape.rank) + at];
}

int level_of(float v)
{
    return (int)lroundf((v + 1) * 127.5f);
}
