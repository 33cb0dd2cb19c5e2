/* Distances of sets: what is odd about a set, and gathering one batch by batch.  That the numbers
 * are SciPy's is the matter of cases/distances.safetensors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/safetensors.h"
#include "engine/unitgraph.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

enum { FEATURES = 3 };

/* FOLDER/sets with x [n, 3] and y [n, 3]. */
static const char *write_sets(int64_t n, const float *x, const float *y)
{
    const struct ug_shape shape = UG_SHAPE(n, FEATURES);
    const struct ug_named_tensor sets[] = {{"x", {UG_F32, shape, (void *)x}},
                                           {"y", {UG_F32, shape, (void *)y}}};
    const char *path = folder_file("sets");

    ck_assert(ug_safetensors_write(path, sets, 2, NULL, diags));
    return path;
}

/* Both distances of the sets, computed at once. */
static void distances(int n, float *frechet, float *kernel)
{
    char text[300];

    snprintf(text, sizeof text,
             "unitgraph: 1\ninputs: {x: [%d, 3], y: [%d, 3]}\n"
             "graph: {f: 'frechet_distance(x, y)', k: 'kernel_distance(x, y)'}\n",
             n, n);
    const struct ug_eval_options o = {
        .in = folder_file("sets"), .out = folder_file("out"), .seed = -1};
    ck_assert_msg(ug_eval(experiment_write("sets", text), &o, diags) == UG_DONE, "%s",
                  ug_diags_first(diags));
    experiment_read("out", "f", 1, frechet);
    experiment_read("out", "k", 1, kernel);
}

static const float some[] = {1, 2, 0, -1, 0.5f, 2, 0, 0, 1, 3, -2, 1, 0.5f, 1.5f, -1};
static const float others[] = {0, 1, 1, 2, 0.25f, 0, -1, 0, 1, 1, 2, -1, 0, 0.5f, 3};

START_TEST(a_set_is_no_distance_from_itself)
{
    float f, k;

    write_sets(5, some, some);
    distances(5, &f, &k);
    ck_assert_float_eq_tol(f, 0, 1e-5f);
    ck_assert_float_lt(k, 0); /* the pairs i = j are in the mixed mean alone */
}
END_TEST

/* No spread: what remains is the distance of the means. */
START_TEST(constant_features)
{
    const float x[] = {1, 2, 3, 1, 2, 3}, y[] = {1, 4, 2, 1, 4, 2};
    float f, k;
    const double kxx = pow(14.0 / 3 + 1, 3), kyy = pow(21.0 / 3 + 1, 3);

    write_sets(2, x, y);
    distances(2, &f, &k);
    ck_assert_float_eq_tol(f, 5, 1e-5f);
    ck_assert_double_eq_tol((double)k, kxx + kyy - 2 * pow(15.0 / 3 + 1, 3), 1e-3);
}
END_TEST

START_TEST(one_sample)
{
    float f, k;

    write_sets(1, some, others);
    distances(1, &f, &k);
    ck_assert_float_eq_tol(f, 1 + 1 + 1, 1e-6f);
    ck_assert(isnan(k));
}
END_TEST

static enum ug_status validate(const char *metrics, int batch)
{
    char text[800];
    const struct ug_run_options o = {.seed = -1, .out = folder_file("run")};

    snprintf(text, sizeof text,
             "unitgraph: 1\n"
             "data:\n  batch: %d\n"
             "  x: {tensors: sets, key: x}\n  y: {tensors: sets, key: y}\n"
             "graph: {a: 'parameter([1], init=ones)'}\n"
             "losses: {L: mean(a)}\n"
             "train:\n  steps: 1\n  optimizers: {L: {minimize: L, parameters: [a], sgd: {lr: 0}}}\n"
             "validate:\n  every: 1\n  metrics:\n%s",
             batch, metrics);
    return ug_run(experiment_write("run", text), &o, diags);
}

static double metric(const char *name)
{
    char *text = experiment_text("run/metrics.jsonl"), key[64];

    snprintf(key, sizeof key, "\"validate/%s\":", name);
    const char *at = strstr(text, key);
    ck_assert_msg(at != NULL, "%s is not in %s", key, text);
    const double value = strtod(at + strlen(key), NULL);
    return value;
}

/* The last batch is smaller; other metrics stay means over samples. */
START_TEST(batches_are_gathered)
{
    float f, k;
    double mean = 0;

    write_sets(5, some, others);
    distances(5, &f, &k);
    for (int i = 0; i < 5 * FEATURES; i++)
        mean += (double)some[i] / (5 * FEATURES);
    ck_assert_msg(
        validate("    f: frechet_distance(x, y)\n    m: mean(x)\n"
                 "    k: kernel_distance(x, y)\n    same: frechet_distance(2 * x, x + x)\n",
                 _i) == UG_DONE,
        "%s", ug_diags_first(diags));
    ck_assert_double_eq_tol(metric("f"), (double)f, 1e-6);
    ck_assert_double_eq_tol(metric("k"), (double)k, 1e-6);
    ck_assert_double_eq_tol(metric("m"), mean, 1e-6);
    ck_assert_double_eq_tol(metric("same"), 0, 1e-5);
}
END_TEST

static const struct {
    const char *metrics, *message;
} refused[] = {
    {"    f: 2 * frechet_distance(x, y)\n", "it must be a metric by itself"},
    {"    f: frechet_distance(x, y) + mean(x)\n", "it must be a metric by itself"},
    {"    f: kernel_distance(transpose(x, 0, 1), transpose(y, 0, 1))\n", "first axis"},
    {"    f: kernel_distance(x, y[:, 0:2])\n", "3 features, those of the other 2"},
    {"    f: frechet_distance(x, mean(y))\n", "two sets of features [N, D]"},
};

START_TEST(what_is_no_distance_of_sets)
{
    write_sets(5, some, others);
    ck_assert_int_eq(validate(refused[_i].metrics, 2), UG_WRONG);
    expect_message(refused[_i].message);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("distance");
    TCase *t = tcase_create("sets");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, a_set_is_no_distance_from_itself);
    tcase_add_test(t, constant_features);
    tcase_add_test(t, one_sample);
    tcase_add_loop_test(t, batches_are_gathered, 1, 6);
    tcase_add_loop_test(t, what_is_no_distance_of_sets, 0, sizeof refused / sizeof *refused);
    suite_add_tcase(s, t);
    return s;
}
