/* Whole training steps against PyTorch (tools/make_step_goldens.py): what is shared between
 * optimizers, what is computed anew after an update, and how often statistics move. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/safetensors.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const struct {
    const char *name, *set;
} ways[] = {
    {"simultaneous", "train.update=simultaneous"},
    {"D_G", "train.update=[D, G]"},
    {"G_D", "train.update=[G, D]"},
    {"every", "train.optimizers.G.every=2"},
};

static float *read_tensor(const struct ug_safetensors *f, const char *name, int64_t *n)
{
    const struct ug_stored *t = ug_safetensors_find(f, name);

    ck_assert_msg(t != NULL, "no '%s'", name);
    *n = ug_shape_count(&t->shape);
    float *values = malloc((size_t)*n * sizeof *values + 1);
    ck_assert(ug_stored_read(t, UG_F32, 0, *n, values));
    return values;
}

static void compare(const char *way)
{
    char path[80];
    snprintf(path, sizeof path, "%s/latest/params.safetensors", way);
    struct ug_safetensors *after =
        ug_safetensors_open("steps_after.safetensors", UG_NOWHERE, diags);
    struct ug_safetensors *got = ug_safetensors_open(folder_file(path), UG_NOWHERE, diags);
    ck_assert(after && got);
    for (int i = 0; i < ug_safetensors_count(after); i++) {
        const char *name = ug_safetensors_item(after, i)->name;
        const size_t length = strlen(way);
        int64_t n, m;
        if (strncmp(name, way, length) || name[length] != '/')
            continue;
        float *w = read_tensor(after, name, &n), *g = read_tensor(got, name + length + 1, &m);
        ck_assert_int_eq(n, m);
        for (int64_t k = 0; k < n; k++)
            ck_assert_msg(fabsf(w[k] - g[k]) < 2e-5f * fmaxf(1, fabsf(w[k])),
                          "%s[%lld] is %.7g, not %.7g", name, (long long)k, (double)g[k],
                          (double)w[k]);
        free(w);
        free(g);
    }
    ug_safetensors_close(after);
    ug_safetensors_close(got);
}

START_TEST(agrees_with_torch)
{
    struct ug_run_options o = as_written;

    o.overrides = (struct ug_overrides){&ways[_i].set, 1};
    experiment_run("steps.yaml", ways[_i].name, o);
    compare(ways[_i].name);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("steps");
    TCase *t = tcase_create("steps");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_loop_test(t, agrees_with_torch, 0, (int)(sizeof ways / sizeof *ways));
    suite_add_tcase(s, t);
    return s;
}
