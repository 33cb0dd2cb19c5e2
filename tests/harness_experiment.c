/* harness_experiment.c -- files of an experiment, and what a run leaves. */
#include "tests/harness_experiment.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/data/safetensors.h"
#include "tests/harness_folder.h"
#include "tests/harness_scratch.h"

enum { LARGEST_FILE = 1 << 26 };

const char *experiment_write(const char *name, const char *yaml)
{
    char file[64];

    snprintf(file, sizeof file, "%s.yaml", name);
    return folder_write(file, yaml, strlen(yaml));
}

const char *experiment_tensor(const char *file, const char *name, int rank, const int64_t *dim,
                              float scale)
{
    struct ug_named_tensor t = {name, {UG_F32, ug_shape_of(rank, dim), NULL}};
    const int64_t n = ug_shape_count(&t.tensor.shape);
    float *values = ug_arena_array(arena, (size_t)n, sizeof *values);
    const char *path = folder_file(file);

    for (int64_t i = 0; i < n; i++)
        values[i] = scale * (float)(i + 1);
    t.tensor.data = values;
    ck_assert(ug_safetensors_write(path, &t, 1, NULL, diags));
    return path;
}

const struct ug_run_options as_written = {.seed = -1};

void experiment_run(const char *file, const char *out, struct ug_run_options options)
{
    options.out = folder_file(out);
    const enum ug_status status = ug_run(file, &options, diags);
    ck_assert_msg(status == UG_DONE, "running %s gave %d:\n%s", file, status, messages());
}

void experiment_read(const char *path, const char *tensor, int n, float *values)
{
    struct ug_safetensors *file = ug_safetensors_open(folder_file(path), UG_NOWHERE, diags);

    ck_assert_msg(file != NULL, "cannot open %s", path);
    const struct ug_stored *t = ug_safetensors_find(file, tensor);
    ck_assert_msg(t != NULL, "%s has no %s", path, tensor);
    ck_assert(ug_stored_read(t, UG_F32, 0, n, values));
    ug_safetensors_close(file);
}

static char *read_whole(const char *path, size_t *length)
{
    char *text = ug_file_read(folder_file(path), LARGEST_FILE, length, UG_NOWHERE, diags);

    ck_assert_msg(text != NULL, "cannot read %s", path);
    char *copy = ug_arena_copy(arena, text, *length);
    free(text);
    return copy;
}

char *experiment_text(const char *path)
{
    size_t length;

    return read_whole(path, &length);
}

int experiment_same(const char *a, const char *b)
{
    size_t n, m;
    const char *x = read_whole(a, &n), *y = read_whole(b, &m);

    return n == m && !memcmp(x, y, n);
}
