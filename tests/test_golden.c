/* The whole of UNIT against values computed in float64 elsewhere: forward pass, every gradient,
 * three steps.  The files are too large for the repository: UNITGRAPH_GOLDEN names their folder,
 * which holds eval.yaml, train.yaml, params, in, want and after3.safetensors.  Without it nothing
 * is tested. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/safetensors.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static const double values_tolerance = 2e-4, gradients_tolerance = 5e-3, steps_tolerance = 3e-2;
static const float nothing =
    1e-7f; /* gradients below this are rounding: a bias before a norm has none */

static const char *golden_file(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", getenv("UNITGRAPH_GOLDEN"), name);
    return strdup(path);
}

static struct ug_safetensors *open_file(const char *path)
{
    struct ug_safetensors *f = ug_safetensors_open(path, UG_NOWHERE, diags);

    ck_assert_msg(f != NULL, "cannot open %s", path);
    return f;
}

/* The float values of a tensor, to be freed. */
static float *values_of(const struct ug_safetensors *f, const char *name, int64_t *n)
{
    const struct ug_stored *t = ug_safetensors_find(f, name);

    *n = 0;
    if (!t)
        return NULL;
    *n = ug_shape_count(&t->shape);
    float *values = malloc((size_t)*n * sizeof *values + 1);
    ck_assert(ug_stored_read(t, UG_F32, 0, *n, values));
    return values;
}

static float largest(const float *x, int64_t n)
{
    float top = 0;

    for (int64_t i = 0; i < n; i++)
        top = fmaxf(top, fabsf(x[i]));
    return top;
}

static void compare(const struct ug_safetensors *got, const struct ug_safetensors *want,
                    const char *name)
{
    const bool gradient = !strncmp(name, "grad.", 5);
    int64_t n = 0, m = 0;
    float *w = values_of(want, name, &n), *g = values_of(got, name, &m);
    const float top = largest(w, n);

    if (!gradient || top > nothing) {
        ck_assert_msg(g && n == m, "no %s of %lld elements", name, (long long)n);
        for (int64_t i = 0; i < n; i++)
            g[i] -= w[i];
        const double off = (double)largest(g, n) / fmax((double)top, 1e-12);
        ck_assert_msg(off < (gradient ? gradients_tolerance : values_tolerance),
                      "%s is off by %.2g of its largest", name, off);
    }
    free(w);
    free(g);
}

START_TEST(values_and_gradients)
{
    if (!getenv("UNITGRAPH_GOLDEN"))
        return;
    const struct ug_eval_options o = {.in = golden_file("in.safetensors"),
                                      .params = golden_file("params.safetensors"),
                                      .out = folder_file("out.safetensors"),
                                      .grad = "G",
                                      .seed = -1};
    ck_assert_int_eq(ug_eval(golden_file("eval.yaml"), &o, diags), UG_DONE);
    struct ug_safetensors *got = open_file(o.out),
                          *want = open_file(golden_file("want.safetensors"));
    for (int i = 0; i < ug_safetensors_count(want); i++)
        compare(got, want, ug_safetensors_item(want, i)->name);
    ug_safetensors_close(got);
    ug_safetensors_close(want);
}
END_TEST

/* Biases before a norm move by rounding alone. */
static bool is_live(const struct ug_safetensors *want, const char *name)
{
    char gradient[128];
    int64_t n = 0;

    snprintf(gradient, sizeof gradient, "grad.%s", name);
    float *g = values_of(want, gradient, &n);
    const bool live = !g || largest(g, n) > nothing;
    free(g);
    return live && !(name[0] == 'D' && strstr(name, ".down.") && strstr(name, "bias"));
}

START_TEST(three_steps)
{
    if (!getenv("UNITGRAPH_GOLDEN"))
        return;
    const struct ug_run_options o = {.init = golden_file("params.safetensors"), .seed = -1};
    experiment_run(golden_file("train.yaml"), "run", o);
    struct ug_safetensors *got = open_file(folder_file("run/latest/params.safetensors"));
    struct ug_safetensors *before = open_file(o.init);
    struct ug_safetensors *after = open_file(golden_file("after3.safetensors"));
    struct ug_safetensors *want = open_file(golden_file("want.safetensors"));
    for (int i = 0; i < ug_safetensors_count(after); i++) {
        const char *name = ug_safetensors_item(after, i)->name;
        int64_t n = 0, m = 0, k = 0;
        float *a = values_of(after, name, &n), *b = values_of(before, name, &m);
        float *g = values_of(got, name, &k);
        double moved = 0, off = 0;
        ck_assert_msg(a && b && g && n == m && n == k, "no %s", name);
        for (int64_t e = 0; e < n; e++) {
            moved += fabs((double)a[e] - (double)b[e]);
            off += fabs((double)g[e] - (double)a[e]);
        }
        ck_assert_msg(!is_live(want, name) || off < steps_tolerance * fmax(moved, 1e-12),
                      "%s is off by %.2g of the way it moved", name, off / moved);
        free(a);
        free(b);
        free(g);
    }
    ug_safetensors_close(got);
    ug_safetensors_close(before);
    ug_safetensors_close(after);
    ug_safetensors_close(want);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("golden");
    TCase *t = tcase_create("unit");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, values_and_gradients);
    tcase_add_test(t, three_steps);
    suite_add_tcase(s, t);
    return s;
}
