/* test_init.c -- which initialiser each parameter gets, by the precedence of language.md 3. */
#include <string.h>

#include "engine/data/safetensors.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_program.h"

#define FILE_HEAD                                                                                  \
    "inputs: {x: [1, 4, 8, 8]}\n"                                                                  \
    "modules:\n"                                                                                   \
    "  m: {body: [a: ['conv2d(4, 1)', batch_norm, prelu], b: 'conv_transpose2d(4, 1)', c: "        \
    "[flatten, linear(4)]]}\n"                                                                     \
    "networks: {N: m(), M: m()}\n"                                                                 \
    "vars: {std: 0.5}\n"                                                                           \
    "graph: {n: N(x), o: M(x), g: 'parameter([4])'}\n"

static struct ug_program *init(const char *lines)
{
    return program_load(ug_arena_format(arena, FILE_HEAD "init:\n%s", lines));
}

/* "normal(0, 0.5)" as it was understood; "default" where the file says nothing. */
static const char *of(const struct ug_program *p, const char *name)
{
    static const char *const kinds[] = {[UG_INIT_DEFAULT] = "default",
                                        [UG_INIT_NORMAL] = "normal",
                                        [UG_INIT_UNIFORM] = "uniform",
                                        [UG_INIT_CONSTANT] = "constant",
                                        [UG_INIT_XAVIER_UNIFORM] = "xavier_uniform",
                                        [UG_INIT_XAVIER_NORMAL] = "xavier_normal",
                                        [UG_INIT_KAIMING_UNIFORM] = "kaiming_uniform",
                                        [UG_INIT_KAIMING_NORMAL] = "kaiming_normal",
                                        [UG_INIT_ORTHOGONAL] = "orthogonal",
                                        [UG_INIT_FILE] = "file"};
    const struct ug_param *param = ug_params_find(p->params, name);

    ck_assert_msg(param != NULL, "there is no %s", name);
    ck_assert_msg(!*message(0), "%s", messages());
    if (!param->init.pos.source)
        return "default";
    return ug_arena_format(arena, "%s(%g, %g)", kinds[param->init.kind], param->init.a,
                           param->init.b);
}

START_TEST(a_layer_name_means_its_weights)
{
    struct ug_program *p = init("  conv2d: normal(0, std)\n  prelu: constant(3)\n");

    ck_assert_str_eq(of(p, "N.a.0.weight"), "normal(0, 0.5)");
    ck_assert_str_eq(of(p, "N.a.0.bias"), "default");
    ck_assert_str_eq(of(p, "N.a.1.weight"), "default");
    ck_assert_str_eq(of(p, "N.a.2.weight"), "constant(3, 0)");
    ck_assert_str_eq(of(p, "N.b.weight"), "default");
    ck_assert_str_eq(of(p, "M.a.0.weight"), "normal(0, 0.5)");
}
END_TEST

START_TEST(weights_and_biases_apart)
{
    struct ug_program *p = init(
        "  conv2d: {weight: \"kaiming_normal(a=0.2)\", bias: zeros}\n  batch_norm: {bias: ones}\n");

    ck_assert_str_eq(of(p, "N.a.0.weight"), "kaiming_normal(0.2, 0)");
    ck_assert_str_eq(of(p, "N.a.0.bias"), "constant(0, 0)");
    ck_assert_str_eq(of(p, "N.a.1.weight"), "default");
    ck_assert_str_eq(of(p, "N.a.1.bias"), "constant(1, 0)");
    ck_assert_str_eq(of(p, "N.a.1.running_mean"), "default");
}
END_TEST

START_TEST(a_scope_means_the_weights_of_convolutions_and_linear)
{
    struct ug_program *p = init("  N: orthogonal()\n");

    ck_assert_str_eq(of(p, "N.a.0.weight"), "orthogonal(1, 0)");
    ck_assert_str_eq(of(p, "N.b.weight"), "orthogonal(1, 0)");
    ck_assert_str_eq(of(p, "N.c.1.weight"), "orthogonal(1, 0)");
    ck_assert_str_eq(of(p, "N.c.1.bias"), "default");
    ck_assert_str_eq(of(p, "N.a.1.weight"), "default");
    ck_assert_str_eq(of(p, "N.a.2.weight"), "default");
    ck_assert_str_eq(of(p, "M.b.weight"), "default");
}
END_TEST

START_TEST(a_scope_wins_over_a_layer_name_and_a_deeper_over_a_shallower)
{
    struct ug_program *p =
        init("  N.a.0: uniform(1, 2)\n"
             "  conv2d: {weight: zeros, bias: ones}\n"
             "  N.a: {batch_norm: constant(7)}\n"
             "  N: {weight: xavier_uniform, conv2d: \"xavier_normal(2)\", batch_norm: ones}\n");

    ck_assert_str_eq(of(p, "N.a.0.weight"), "uniform(1, 2)");
    ck_assert_str_eq(of(p, "N.a.0.bias"), "constant(1, 0)");
    ck_assert_str_eq(of(p, "N.a.1.weight"), "constant(7, 0)");
    ck_assert_str_eq(of(p, "N.b.weight"), "xavier_uniform(1, 0)");
    ck_assert_str_eq(of(p, "M.a.0.weight"), "constant(0, 0)");
    p = init("  N: {weight: xavier_uniform, conv2d: \"xavier_normal(2)\"}\n  conv2d: zeros\n");
    /* within a scope, the layer's name before the plain form */
    ck_assert_str_eq(of(p, "N.a.0.weight"), "xavier_normal(2, 0)");
}
END_TEST

START_TEST(a_single_layer_or_parameter)
{
    struct ug_program *p = init("  N.a.1: constant(2)\n  N.a.2: {weight: constant(5)}\n"
                                "  g: normal(1, 2)\n  N.c.1.bias: constant(9)\n");

    ck_assert_str_eq(of(p, "N.a.1.weight"), "constant(2, 0)");
    ck_assert_str_eq(of(p, "N.a.1.bias"), "default");
    ck_assert_str_eq(of(p, "N.a.2.weight"), "constant(5, 0)");
    ck_assert_str_eq(of(p, "g"), "normal(1, 2)");
    ck_assert_str_eq(of(p, "N.c.1.bias"), "constant(9, 0)");
    p = init("  parameter: normal(0, 1)\n");
    ck_assert_str_eq(of(p, "g"), "normal(0, 1)");
}
END_TEST

START_TEST(a_tied_parameter_keeps_the_init_of_its_owner)
{
    struct ug_program *p = init("  N: constant(1)\n  M: constant(2)\nshare: [N.b = M.b]\n");

    ck_assert_str_eq(of(p, "N.b.weight"), "constant(1, 0)");
    ck_assert_ptr_eq(ug_params_find(p->params, "M.b.weight")->owner,
                     ug_params_find(p->params, "N.b.weight"));
}
END_TEST

static const struct {
    const char *lines, *error;
} wrong[] = {
    {"  conv2: zeros\n", "'conv2' is no scope that holds parameters"},
    {"  relu: zeros\n", "the op 'relu' has no parameters"},
    {"  N.d: zeros\n", "'N.d' is no scope that holds parameters"},
    {"  N: {wieght: zeros}\n", "'wieght' is no layer, weight or bias"},
    {"  N: {conv2d: {gain: zeros}}\n", "'gain' is no weight or bias"},
    {"  conv2d: norml(0, 1)\n", "unknown initialiser 'norml'"},
    {"  conv2d: normal(0)\n", "'normal' needs 'std'"},
    {"  conv2d: normal(zz, 1)\n", "'mean' of 'normal'"},
    {"  conv2d: uniform(2, 1)\n", "'uniform' goes from the smaller number to the larger"},
    {"  conv2d: 0.02\n", "an initialiser is like normal(0, 0.02) or zeros"},
    {"  conv2d: file(\"a\")\n", "'file' stands under a scope"},
    {"  N: file(3)\n", "'file' takes a path in quotes"},
    {"  N: file()\n", "'file' takes the path of a safetensors file"},
};

START_TEST(what_is_no_initialiser)
{
    init(wrong[_i].lines);
    ck_assert_msg(strstr(message(0), wrong[_i].error), "%s\n%s", wrong[_i].lines, messages());
    ck_assert_str_eq(message(1), "");
}
END_TEST

/* ---- Files ---- */

/* A file of zeros with these tensors, "NAME" of n elements each. */
static void write_tensors(const char *path, const struct ug_named_tensor *tensors, int n)
{
    ck_assert(ug_safetensors_write(path, tensors, n, NULL, diags));
}

static void load_file(const char *yaml)
{
    const struct ug_load_options options = {0};

    forget_messages();
    ug_program_free(ug_program_load(yaml, &options, diags));
}

START_TEST(parameters_from_a_file_are_checked)
{
    static float zeros[64];
    const char *yaml_text = "unitgraph: 1\n"
                            "inputs: {x: [1, 4, 2, 2]}\n"
                            "modules: {m: {body: [relu, 'conv2d(4, 1)']}}\n"
                            "networks: {N: m()}\n"
                            "graph: {n: N(x)}\n"
                            "init: {N: file(\"n.safetensors\")}\n";
    const char *yaml = folder_write("t.yaml", yaml_text, strlen(yaml_text));
    struct ug_named_tensor t[] = {
        {"1.weight", {UG_F32, UG_SHAPE(4, 4, 1, 1), zeros}},
        {"1.bias", {UG_F32, UG_SHAPE(4), zeros}},
        {"1.num_batches_tracked", {UG_F32, UG_SHAPE(1), zeros}},
    };

    write_tensors(folder_file("n.safetensors"), t, 3);
    load_file(yaml);
    ck_assert_str_eq(messages(), "");

    write_tensors(folder_file("n.safetensors"), t, 1);
    load_file(yaml);
    expect_part(messages(), "has no tensor '1.bias' for the parameter 'N.1.bias'");

    t[1].tensor.shape = UG_SHAPE(2, 2);
    t[2].name = "2.bias";
    write_tensors(folder_file("n.safetensors"), t, 3);
    load_file(yaml);
    expect_part(messages(), "holds '1.bias' as 2x2, but 'N.1.bias' is 4");
    expect_part(messages(), "holds '2.bias', and 'N' has no such parameter");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("init");
    TCase *t = tcase_create("init"), *files = tcase_create("files");

    tcase_add_checked_fixture(t, program_setup, program_teardown);
    tcase_add_test(t, a_layer_name_means_its_weights);
    tcase_add_test(t, weights_and_biases_apart);
    tcase_add_test(t, a_scope_means_the_weights_of_convolutions_and_linear);
    tcase_add_test(t, a_scope_wins_over_a_layer_name_and_a_deeper_over_a_shallower);
    tcase_add_test(t, a_single_layer_or_parameter);
    tcase_add_test(t, a_tied_parameter_keeps_the_init_of_its_owner);
    tcase_add_loop_test(t, what_is_no_initialiser, 0, sizeof wrong / sizeof *wrong);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(files, program_setup, program_teardown);
    tcase_add_test(files, parameters_from_a_file_are_checked);
    suite_add_tcase(s, files);
    return s;
}
