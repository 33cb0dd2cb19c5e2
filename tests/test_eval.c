/* unitgraph eval: values and gradients that can be done by hand, and what it refuses. */
#include <string.h>

#include "engine/data/safetensors.h"
#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* x = (1, 2, 3), w = (2, 2, 2): y = w x = (2, 4, 6), L.fit = mean(y^2) = 56 / 3, L.small = 0.5
 * sum(w). */
static const char small[] = "unitgraph: 1\n"
                            "modules: {scale: {graph: {w: 'parameter([3], init=constant(2))', "
                            "y: w * x}, outputs: y}}\n"
                            "inputs: {x: [3], unused: [2]}\n"
                            "networks: {N: scale()}\n"
                            "graph:\n"
                            "  y: N(x)\n"
                            "  both: N(x + 1)\n"
                            "losses:\n"
                            "  L: {fit: mean(y ** 2), small: 0.5 * sum(both - both + y)}\n"
                            "  M: sum(y)\n";

static const char *input(const char *name)
{
    return experiment_tensor("in.safetensors", name, 1, (int64_t[]){3}, 1.0f);
}

static enum ug_status eval(const char *text, struct ug_eval_options o)
{
    o.out = folder_file("out.safetensors");
    return ug_eval(experiment_write("small", text), &o, diags);
}

static void check_values(const char *name, const float *want, int n)
{
    float got[16];

    experiment_read("out.safetensors", name, n, got);
    for (int i = 0; i < n; i++)
        ck_assert_float_eq_tol(got[i], want[i], 1e-5f);
}

static bool was_written(const char *name)
{
    struct ug_safetensors *f =
        ug_safetensors_open(folder_file("out.safetensors"), UG_NOWHERE, diags);
    const bool found = ug_safetensors_find(f, name) != NULL;

    ug_safetensors_close(f);
    return found;
}

static void expect_refusal(enum ug_status status, const char *part)
{
    ck_assert_int_eq(status, UG_WRONG);
    expect_message(part);
    ck_assert(!ug_file_exists(folder_file("out.safetensors")));
}

START_TEST(writes_values_losses_and_terms)
{
    ck_assert_int_eq(eval(small, (struct ug_eval_options){.in = input("x"), .seed = -1}), UG_DONE);
    check_values("y", (float[]){2, 4, 6}, 3);
    check_values("both", (float[]){4, 6, 8}, 3);
    check_values("L", (float[]){56.0f / 3 + 6}, 1);
    check_values("L.fit", (float[]){56.0f / 3}, 1);
    check_values("M", (float[]){12}, 1);
    ck_assert(!was_written("x"));
}
END_TEST

/* dL.fit/dx = 2 y w / 3 = 4 y / 3, dL.fit/dw = 2 y x / 3. */
START_TEST(writes_gradients_of_a_term)
{
    const struct ug_eval_options o = {.in = input("x"),
                                      .grad = "L.fit",
                                      .fetch = (const char *[]){"y"},
                                      .n_fetch = 1,
                                      .seed = -1};

    ck_assert_int_eq(eval(small, o), UG_DONE);
    check_values("grad.x", (float[]){8.0f / 3, 16.0f / 3, 8}, 3);
    check_values("grad.N.w", (float[]){4.0f / 3, 16.0f / 3, 12}, 3);
    ck_assert(was_written("y"));
    ck_assert(!was_written("both"));
    ck_assert(!was_written("L.fit"));
}
END_TEST

START_TEST(fetches_by_name)
{
    const struct ug_eval_options o = {
        .in = input("x"), .fetch = (const char *[]){"M", "L.small", "x"}, .n_fetch = 3, .seed = -1};

    ck_assert_int_eq(eval(small, o), UG_DONE);
    check_values("M", (float[]){12}, 1);
    check_values("L.small", (float[]){6}, 1);
    check_values("x", (float[]){1, 2, 3}, 3);
    ck_assert(!was_written("y"));
}
END_TEST

static void fetch_calls(const char *const *fetch, int n, float a[3], float b[3])
{
    static const char calls[] = "unitgraph: 1\n"
                                "modules: {m: {body: ['linear(3, spectral_norm=true)']}}\n"
                                "inputs: {x: [3]}\n"
                                "networks: {N: m()}\n"
                                "graph: {a: N(x), b: N(x), c: b - a}\n";
    const struct ug_eval_options o = {
        .in = input("x"), .fetch = fetch, .n_fetch = n, .training = true, .seed = 3};

    ck_assert_int_eq(eval(calls, o), UG_DONE);
    experiment_read("out.safetensors", fetch[0], 3, a);
    experiment_read("out.safetensors", fetch[n - 1], 3, b);
}

/* Each call makes a step of the power iteration from where the call before it in the file left the
 * state: a is worth what it is alone, and b something else, whatever asks for them first. */
START_TEST(calls_with_state_keep_the_order_of_the_file)
{
    float alone[3], a[3], b[3], c[3];

    fetch_calls((const char *[]){"a"}, 1, alone, alone);
    fetch_calls((const char *[]){"b", "a"}, 2, b, a);
    for (int i = 0; i < 3; i++) {
        ck_assert_float_eq(a[i], alone[i]);
        ck_assert_float_ne(b[i], alone[i]);
    }
    fetch_calls((const char *[]){"c", "a"}, 2, c, a);
    for (int i = 0; i < 3; i++) {
        ck_assert_float_eq(a[i], alone[i]);
        ck_assert_float_eq(c[i], b[i] - a[i]);
    }
}
END_TEST

START_TEST(takes_parameters_from_a_file)
{
    const char *params =
        experiment_tensor("p.safetensors", "N.w", 1, (int64_t[]){3}, 10.0f); /* 10, 20, 30 */
    const struct ug_eval_options o = {.in = input("x"), .params = params, .seed = -1};

    ck_assert_int_eq(eval(small, o), UG_DONE);
    check_values("y", (float[]){10, 40, 90}, 3);
}
END_TEST

START_TEST(refuses_what_does_not_fit)
{
    static const struct {
        const char *tensor;
        int64_t extent;
        const char *says;
    } params[] = {{"N.weight", 3, "1 missing, 1 unknown"}, {"N.w", 4, "1 that differ"}};
    const char *in = input("x");

    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        const char *file =
            experiment_tensor("p.safetensors", params[i].tensor, 1, &params[i].extent, 1.0f);
        forget_messages();
        expect_refusal(eval(small, (struct ug_eval_options){.in = in, .params = file, .seed = -1}),
                       params[i].says);
    }
}
END_TEST

START_TEST(refuses_other_inputs)
{
    expect_refusal(eval(small, (struct ug_eval_options){.in = input("z"), .seed = -1}), "'z'");
}
END_TEST

START_TEST(names_the_missing_input)
{
    expect_refusal(eval(small, (struct ug_eval_options){.seed = -1}), "'x'");
}
END_TEST

START_TEST(holds_declared_shapes)
{
    const char *in = experiment_tensor("in.safetensors", "x", 2, (int64_t[]){3, 1}, 1.0f);

    expect_refusal(eval(small, (struct ug_eval_options){.in = in, .seed = -1}),
                   "3x1, but the file declares 3");
}
END_TEST

START_TEST(names_the_loss_that_is_not_there)
{
    expect_refusal(
        eval(small, (struct ug_eval_options){.in = input("x"), .grad = "L.fot", .seed = -1}),
        "L.fot");
}
END_TEST

/* Doubles, halves and int32 in the file become what the graph computes with. */
START_TEST(converts_what_the_file_holds)
{
    static const char header[] =
        "{\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[16,20]},"
        "\"i\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[20,28]}}";
    const uint64_t length = sizeof header - 1;
    const double d[] = {0.5, -3};
    const uint16_t h[] = {0x3c00, 0xc000}; /* 1, -2 */
    const int32_t i[] = {2, 0};
    char bytes[512];
    size_t at = 0;

#define APPEND(from, n) (memcpy(bytes + at, from, n), at += (n))
    APPEND(&length, sizeof length);
    APPEND(header, length);
    APPEND(d, sizeof d);
    APPEND(h, sizeof h);
    APPEND(i, sizeof i);
    const struct ug_eval_options o = {.in = folder_write("in.safetensors", bytes, at), .seed = -1};
    ck_assert_int_eq(eval("unitgraph: 1\n"
                          "inputs: {d: [2], h: [2], i: {shape: [2], dtype: int64}}\n"
                          "graph: {sum: d + h, hot: 'one_hot(i, 3)'}\n",
                          o),
                     UG_DONE);
    check_values("sum", (float[]){1.5f, -5}, 2);
    check_values("hot", (float[]){0, 0, 1, 1, 0, 0}, 6);
}
END_TEST

/* A data entry may come in another batch than the file's; draws have the same seed, so the same
 * bits. */
START_TEST(batches_may_differ)
{
    static const char text[] = "unitgraph: 1\n"
                               "data: {batch: 1, x: {images: nowhere, size: 2, channels: 1}}\n"
                               "graph: {y: x * 2, n: normal_like(x)}\n";
    const char *in = experiment_tensor("in.safetensors", "x", 4, (int64_t[]){3, 1, 2, 2}, 1.0f);
    float first[12], again[12];

    ck_assert_int_eq(eval(text, (struct ug_eval_options){.in = in, .seed = 4}), UG_DONE);
    check_values("y", (float[]){2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24}, 12);
    experiment_read("out.safetensors", "n", 12, first);
    ck_assert_int_eq(eval(text, (struct ug_eval_options){.in = in, .seed = 4}), UG_DONE);
    experiment_read("out.safetensors", "n", 12, again);
    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert_int_eq(eval(text, (struct ug_eval_options){.in = in, .seed = 5}), UG_DONE);
    experiment_read("out.safetensors", "n", 12, again);
    ck_assert_mem_ne(first, again, sizeof first);
}
END_TEST

/* Training mode alone: batch_norm takes the batch's statistics, and dropout drops. */
START_TEST(modes_differ)
{
    static const char text[] = "unitgraph: 1\n"
                               "inputs: {x: [2, 1, 1, 1]}\n"
                               "graph: {y: 'batch_norm(x, affine=false, eps=0)', z: dropout(x)}\n";
    const char *in = experiment_tensor("in.safetensors", "x", 4, (int64_t[]){2, 1, 1, 1}, 1.0f);

    ck_assert_int_eq(eval(text, (struct ug_eval_options){.in = in, .seed = -1}), UG_DONE);
    check_values("y", (float[]){1, 2}, 2); /* running mean 0, variance 1 */
    check_values("z", (float[]){1, 2}, 2);
    ck_assert_int_eq(eval(text, (struct ug_eval_options){.in = in, .training = true, .seed = -1}),
                     UG_DONE);
    check_values("y", (float[]){-1, 1}, 2);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("eval");
    TCase *t = tcase_create("eval");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, writes_values_losses_and_terms);
    tcase_add_test(t, writes_gradients_of_a_term);
    tcase_add_test(t, fetches_by_name);
    tcase_add_test(t, calls_with_state_keep_the_order_of_the_file);
    tcase_add_test(t, takes_parameters_from_a_file);
    tcase_add_test(t, refuses_what_does_not_fit);
    tcase_add_test(t, refuses_other_inputs);
    tcase_add_test(t, names_the_missing_input);
    tcase_add_test(t, holds_declared_shapes);
    tcase_add_test(t, names_the_loss_that_is_not_there);
    tcase_add_test(t, converts_what_the_file_holds);
    tcase_add_test(t, batches_may_differ);
    tcase_add_test(t, modes_differ);
    suite_add_tcase(s, t);
    return s;
}
