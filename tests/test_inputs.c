/* test_inputs.c -- where the types of inputs come from: what is given, what entries say, what files
 * hold. */
#include <string.h>

#include "engine/data/safetensors.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_program.h"

static const char text[] =
    "unitgraph: 1\n"
    "inputs: {n: {shape: [2, 5], dtype: int64}}\n"
    "data:\n"
    "  batch: 3\n"
    "  a: {images: nowhere, size: [4, 6], channels: 1}\n"
    "  s: {synthetic: {scene: shapes, domain: filled, count: 8, seed: 1}, size: 8}\n"
    "  l: {labels_of: a}\n"
    "  t: {tensors: t.safetensors, key: k}\n";

/* The type of an input as text, "float32 3x1x4x6". */
static const char *type_of(const struct ug_program *p, const char *name)
{
    char shape[UG_SHAPE_TEXT];

    for (int i = 0; i < p->n_inputs; i++)
        if (!strcmp(p->inputs[i].name, name))
            return p->inputs[i].type.shape.rank < 0
                       ? "unknown"
                       : ug_arena_format(arena, "%s %s", ug_dtype_name(p->inputs[i].type.dtype),
                                         ug_shape_text(&p->inputs[i].type.shape, shape));
    return "missing";
}

static struct ug_program *load(const struct ug_load_options *options)
{
    struct ug_program *p =
        ug_program_load(folder_write("t.yaml", text, strlen(text)), options, diags);

    ck_assert(p != NULL);
    return p;
}

START_TEST(entries_tell_what_they_can)
{
    const struct ug_load_options options = {.without_data = true};
    struct ug_program *p = load(&options);

    ck_assert_str_eq(messages(), "");
    ck_assert_str_eq(type_of(p, "n"), "int64 2x5");
    ck_assert_str_eq(type_of(p, "a"), "float32 3x1x4x6");
    ck_assert_str_eq(type_of(p, "s"), "float32 3x3x8x8");
    ck_assert_str_eq(type_of(p, "l"), "int64 3");
    ck_assert_str_eq(type_of(p, "t"), "unknown");
    ug_program_free(p);
}
END_TEST

START_TEST(what_is_given_comes_first)
{
    const struct ug_input given[] = {{.name = "t", .type = {UG_F32, UG_SHAPE(7, 2)}},
                                     {.name = "a", .type = {UG_F32, UG_SHAPE(1, 1, 9, 9)}},
                                     {.name = "n", .type = {UG_F32, UG_SHAPE(1)}}};
    const struct ug_load_options options = {.without_data = true, .given = given, .n_given = 3};
    struct ug_program *p = load(&options);

    ck_assert_str_eq(type_of(p, "t"), "float32 7x2");
    ck_assert_str_eq(type_of(p, "a"), "float32 1x1x9x9");
    ck_assert_str_eq(type_of(p, "n"), "int64 2x5");
    ug_program_free(p);
}
END_TEST

START_TEST(files_tell_where_nothing_else_does)
{
    static const char only_tensors[] = "unitgraph: 1\n"
                                       "data: {batch: 2, t: {tensors: t.safetensors, key: k}}\n"
                                       "graph: {y: mean(t)}\n"
                                       "losses: {L: y}\n"
                                       "train: {epochs: 2.5, optimizers: {o: {minimize: L, "
                                       "parameters: [], sgd: {lr: 1}}}}\n";
    static float zeros[5 * 3];
    const struct ug_named_tensor t = {"k", {UG_F32, UG_SHAPE(5, 3), zeros}};
    const struct ug_load_options without = {.without_data = true};
    const char *path = folder_write("t.yaml", only_tensors, strlen(only_tensors));
    struct ug_program *p;

    ck_assert(ug_safetensors_write(folder_file("t.safetensors"), &t, 1, NULL, diags));
    for (int i = 0; i < 2; i++) {
        p = ug_program_load(path, i ? &without : NULL, diags);
        ck_assert_str_eq(type_of(p, "t"), "float32 2x3");
        /* 2.5 times 5 samples in batches of 2 */
        ck_assert_int_eq(p->train.steps, 7);
        ug_program_free(p);
    }
}
END_TEST

/* Epochs of 100 samples: 0.07 * 100 is a little more than 7 in doubles. */
START_TEST(epochs_are_steps)
{
    static const struct {
        const char *epochs;
        int batch;
        int64_t steps;
    } cases[] = {{"0.07", 1, 7}, {"0.071", 1, 8}, {"1", 3, 34}, {"1e-9", 1, 1}, {"1.1", 10, 11}};
    static float zeros[100];
    const struct ug_named_tensor t = {"k", {UG_F32, UG_SHAPE(100, 1), zeros}};
    static const char form[] = "unitgraph: 1\n"
                               "data: {batch: %d, t: {tensors: t.safetensors, key: k}}\n"
                               "losses: {L: mean(t)}\n"
                               "train: {epochs: %s, optimizers: {o: {minimize: L, parameters: [], "
                               "sgd: {lr: 1}}}}\n";

    ck_assert(ug_safetensors_write(folder_file("t.safetensors"), &t, 1, NULL, diags));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *yaml = ug_arena_format(arena, form, cases[i].batch, cases[i].epochs);
        struct ug_program *p =
            ug_program_load(folder_write("t.yaml", yaml, strlen(yaml)), NULL, diags);
        ck_assert_int_eq(p->train.steps, cases[i].steps);
        ug_program_free(p);
    }
    const char *yaml = ug_arena_format(arena, form, 1, "1e15");
    forget_messages();
    ug_program_free(ug_program_load(folder_write("t.yaml", yaml, strlen(yaml)), NULL, diags));
    ck_assert_ptr_nonnull(strstr(messages(), "1e+15 epochs are 1e+17 steps"));
}
END_TEST

/* A hundred samples, in batches of 4: an epoch are 25 steps. */
START_TEST(what_no_step_can_do_is_warned_of)
{
    static const struct {
        const char *train, *warning; /* NULL: none */
    } cases[] = {
        {"steps: 9, optimizers: {o: {minimize: L, parameters: N, sgd: {lr: 1}, every: 10}}",
         "the optimizer 'o' never updates: it takes part in each 10th step, and there are 9"},
        {"steps: 10, optimizers: {o: {minimize: L, parameters: N, sgd: {lr: 1}, every: 10}}", NULL},
        {"steps: 9, optimizers: {o: {minimize: L, parameters: N, sgd: {lr: 1 - step / 4}}}",
         "the learning rate of 'o' fails in step 9, if not before: an lr must be 0 or more, not "
         "-1"},
        {"steps: 9, optimizers: {o: {minimize: L, parameters: N, sgd: {lr: 1 - step / 4}, every: "
         "5}}",
         NULL}, /* step 4 of 9 is the last one */
        {"epochs: 2, optimizers: {o: {minimize: L, parameters: N, sgd: {lr: 1 / (1 - epoch)}}}",
         "the learning rate of 'o' fails in step 50, if not before: division by zero"},
        {"epochs: 2, optimizers: {o: {minimize: L, parameters: N, sgd: {lr: 1 - epoch / epochs}}}",
         NULL},
    };
    static float zeros[100];
    const struct ug_named_tensor t = {"k", {UG_F32, UG_SHAPE(100, 1), zeros}};
    static const char form[] = "unitgraph: 1\n"
                               "data: {batch: 4, t: {tensors: t.safetensors, key: k}}\n"
                               "modules: {m: {body: [linear(1)]}}\n"
                               "networks: {N: m()}\n"
                               "losses: {L: mean(N(t))}\n"
                               "train: {%s}\n";

    ck_assert(ug_safetensors_write(folder_file("t.safetensors"), &t, 1, NULL, diags));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *yaml = ug_arena_format(arena, form, cases[i].train);
        forget_messages();
        ug_program_free(ug_program_load(folder_write("t.yaml", yaml, strlen(yaml)), NULL, diags));
        ck_assert_msg(cases[i].warning ? strstr(messages(), cases[i].warning) != NULL
                                       : !*messages(),
                      "%s: %s", cases[i].train, messages());
    }
}
END_TEST

START_TEST(data_that_cannot_be_read_are_an_error)
{
    struct ug_program *p = load(NULL);

    ck_assert(strstr(messages(), "nowhere") != NULL);
    ck_assert(strstr(messages(), "t.safetensors") != NULL);
    ug_program_free(p);
}
END_TEST

START_TEST(a_value_and_an_input_may_not_have_one_name)
{
    ck_assert_str_eq(program_error("inputs: {x: [1]}\ngraph: {x: 3}\n"),
                     "2:9: a value and an input are both named 'x'");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("inputs");
    TCase *t = tcase_create("inputs");

    tcase_add_checked_fixture(t, program_setup, program_teardown);
    tcase_add_test(t, entries_tell_what_they_can);
    tcase_add_test(t, what_is_given_comes_first);
    tcase_add_test(t, files_tell_where_nothing_else_does);
    tcase_add_test(t, epochs_are_steps);
    tcase_add_test(t, what_no_step_can_do_is_warned_of);
    tcase_add_test(t, data_that_cannot_be_read_are_an_error);
    tcase_add_test(t, a_value_and_an_input_may_not_have_one_name);
    suite_add_tcase(s, t);
    return s;
}
