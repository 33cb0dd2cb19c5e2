/* Parameters of other programs: the shipped maps against PyTorch's outputs, and both ways round. */
#include <math.h>

#include "engine/data/safetensors.h"
#include "engine/model/name_map.h"
#include "engine/unitgraph.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

static void expect_done(enum ug_status status)
{
    ck_assert_msg(status == UG_DONE, "%s", ug_diags_first(diags));
}

/* Tensor `a` of one file and `b` of another, which must be as near as `tolerance`. */
static void compare(const char *path_a, const char *a, const char *path_b, const char *b,
                    double tolerance)
{
    struct ug_safetensors *file_a = ug_safetensors_open(path_a, UG_NOWHERE, diags);
    struct ug_safetensors *file_b = ug_safetensors_open(path_b, UG_NOWHERE, diags);

    ck_assert_msg(file_a && file_b, "%s", ug_diags_first(diags));
    const struct ug_stored *x = ug_safetensors_find(file_a, a), *y = ug_safetensors_find(file_b, b);
    ck_assert_msg(x && y, "'%s' or '%s' is not there", a, b);
    ck_assert_msg(ug_shape_equal(&x->shape, &y->shape), "'%s' has another shape", b);
    for (int64_t i = 0; i < ug_shape_count(&x->shape); i++) {
        float u, v;
        ck_assert(ug_stored_read(x, UG_F32, i, 1, &u) && ug_stored_read(y, UG_F32, i, 1, &v));
        ck_assert_msg(fabs((double)u - (double)v) <= tolerance, "%s[%d]: %g and %g", b, (int)i,
                      (double)u, (double)v);
    }
    ug_safetensors_close(file_a);
    ug_safetensors_close(file_b);
}

/* ---- The shipped maps ---- */

static const struct layout {
    const char *map, *original, *experiment, *picture, *made;
    const char *map_sets[2];
    int n_map_sets;
    const char *values[3], *golden[3];
    int n_values;
} layouts[] = {
    {"../graphs/maps/unit_2018.yaml",
     "convert/unit_2018.safetensors",
     "convert/unit_2018.yaml",
     "convert/unit_2018_picture.safetensors",
     "convert/unit_2018_made.safetensors",
     {"n_layer=2"},
     1,
     {"made", "score[0]", "score[1]"},
     {"fake_x2", "score_0", "score_1"},
     3},
    {"../graphs/maps/pytorch_gan.yaml",
     "convert/pytorch_gan.safetensors",
     "convert/pytorch_gan.yaml",
     "convert/pytorch_gan_picture.safetensors",
     "convert/pytorch_gan_made.safetensors",
     {"n_layer=2", "n_res=2"},
     2,
     {"made", "score"},
     {"fake_x2", "score_0"},
     2},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static const char *take_in(const struct layout *l)
{
    const struct ug_convert_options o = {.in = l->original,
                                         .out = folder_file("here.safetensors"),
                                         .map = l->map,
                                         .map_overrides = {l->map_sets, l->n_map_sets},
                                         .experiment = l->experiment};

    expect_done(ug_convert_weights(&o, diags));
    return o.out;
}

START_TEST(outputs_are_those_of_torch)
{
    const struct layout *l = &layouts[_i];
    const struct ug_eval_options o = {.in = l->picture,
                                      .out = folder_file("out.safetensors"),
                                      .params = take_in(l),
                                      .fetch = l->values,
                                      .n_fetch = l->n_values,
                                      .seed = -1};

    expect_done(ug_eval(l->experiment, &o, diags));
    for (int i = 0; i < l->n_values; i++)
        compare(l->made, l->golden[i], o.out, l->values[i], 2e-4);
}
END_TEST

/* The file that comes in knows its experiment: names that are tied here are written each. */
START_TEST(there_and_back_is_the_same)
{
    const struct layout *l = &layouts[_i];
    const struct ug_convert_options o = {.in = take_in(l),
                                         .out = folder_file("there.safetensors"),
                                         .map = l->map,
                                         .map_overrides = {l->map_sets, l->n_map_sets},
                                         .reverse = true};
    struct ug_safetensors *original = ug_safetensors_open(l->original, UG_NOWHERE, diags);

    expect_done(ug_convert_weights(&o, diags));
    for (int i = 0; i < ug_safetensors_count(original); i++) {
        const char *name = ug_safetensors_item(original, i)->name;
        compare(l->original, name, o.out, name, 0);
    }
    ug_safetensors_close(original);
}
END_TEST

/* ---- Without an experiment ---- */

static enum ug_status convert(const char *in, const char *map, const char *out, bool reverse)
{
    const struct ug_convert_options o = {
        .in = in, .out = out, .map = experiment_write("map", map), .reverse = reverse};

    return ug_convert_weights(&o, diags);
}

/* With an experiment, every parameter is written, whatever the map names. */
START_TEST(what_was_written_is_said)
{
    struct ug_convert_options o = {.in = layouts[0].original,
                                   .out = folder_file("here.safetensors"),
                                   .map = layouts[0].map,
                                   .map_overrides = {layouts[0].map_sets, layouts[0].n_map_sets},
                                   .experiment = layouts[0].experiment,
                                   .progress = capture()};

    expect_done(ug_convert_weights(&o, diags));
    struct ug_safetensors *made = ug_safetensors_open(o.out, UG_NOWHERE, diags);
    ck_assert_str_eq(captured(), ug_arena_format(arena, "wrote %d tensors to %s\n",
                                                 ug_safetensors_count(made), o.out));
    ug_safetensors_close(made);
    o.experiment = NULL;
    o.progress = capture();
    expect_done(ug_convert_weights(&o, diags));
    made = ug_safetensors_open(o.out, UG_NOWHERE, diags);
    ck_assert_str_eq(captured(), ug_arena_format(arena, "wrote %d tensors to %s\n",
                                                 ug_safetensors_count(made), o.out));
    ug_safetensors_close(made);
}
END_TEST

/* 1 … 6 as [2, 3], seen from there as [3, 2]: the first column is 1 2 3. */
START_TEST(axes_and_shapes_change_both_ways)
{
    static const char permute[] =
        "unitgraph: 1\nnames: {a.weight: {name: b.weight, permute: [1, 0]}}\n";
    static const char reshape[] = "unitgraph: 1\nnames:\n  b.weight: {name: c, reshape: {there: "
                                  "[3, 2], here: [6, 1, 1]}}\n";
    const char *a = experiment_tensor("a", "a.weight", 2, (int64_t[]){2, 3}, 1);
    const char *b = folder_file("b"), *c = folder_file("c"), *back = folder_file("back");
    float v[6];

    expect_done(convert(a, permute, b, false));
    experiment_read("b", "b.weight", 6, v);
    ck_assert(v[0] == 1 && v[1] == 4 && v[2] == 2 && v[3] == 5 && v[4] == 3 && v[5] == 6);
    expect_done(convert(b, permute, back, true));
    compare(a, "a.weight", back, "a.weight", 0);
    expect_done(convert(b, reshape, c, false));
    experiment_read("c", "c", 6, v);
    ck_assert(v[0] == 1 && v[1] == 4 && v[5] == 6);
    expect_done(convert(c, reshape, back, true));
    compare(b, "b.weight", back, "b.weight", 0);
    ck_assert_int_eq(convert(a, reshape, c, false), UG_WRONG);
}
END_TEST

/* A longer permutation, against indices written out: here[i][j][k] = there[k][i][j]. */
START_TEST(axes_of_three)
{
    const char *a = experiment_tensor("a", "x", 3, (int64_t[]){2, 3, 4}, 1);
    float v[24];

    expect_done(convert(a, "unitgraph: 1\nnames: {x: {name: y, permute: [1, 2, 0]}}\n",
                        folder_file("b"), false));
    experiment_read("b", "y", 24, v);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++)
            for (int k = 0; k < 2; k++)
                ck_assert_float_eq(v[(i * 4 + j) * 2 + k], (float)(1 + (k * 3 + i) * 4 + j));
    expect_done(convert(folder_file("b"), "unitgraph: 1\nnames: {x: {name: y, permute: [1, 2, 0]}}",
                        folder_file("c"), true));
    compare(a, "x", folder_file("c"), "x", 0);
}
END_TEST

/* ---- What does not fit ---- */

static const char pair[] = "unitgraph: 1\n"
                           "modules: {net: {body: ['conv2d(2, 1)']}}\n"
                           "networks: {A: net(), B: net()}\n"
                           "inputs: {x: [1, 3, 4, 4]}\n"
                           "share: [A = B]\n"
                           "graph: {y: A(x), z: B(x)}\n";

static enum ug_status convert_pair(const char *names, bool partial)
{
    const struct ug_convert_options o = {.in = "convert/unit_2018.safetensors",
                                         .out = folder_file("out"),
                                         .map = experiment_write("map", names),
                                         .experiment = experiment_write("pair", pair),
                                         .partial = partial};

    return ug_convert_weights(&o, diags);
}

static const struct {
    const char *map, *part;
    bool partial_helps;
} misfits[] = {
    {"names: {dis_a.cnns.0.2.*: A.*}\nignore: ['*']", "A.weight", true},
    {"names: {gen_a.dec.model.0.*: A.*}", "no line of the map fits it", true},
    {"names: {gen_a.dec.model.5.conv.*: AB.*}\nignore: ['dis_*', 'gen_b*', '*.enc.*']",
     "the experiment has no such parameter near: A.weight", true},
    {"names: {dis_a.cnns.0.0.conv.*: A.*}", "the experiment has 2x3x1x1", false},
    {"names: {dis_a.cnns.0.0.*.bias: A.bias, dis_b.cnns.0.0.*.bias: A.bias}", "the same numbers",
     false},
    {"names: {dis_a.cnns.0.0.conv.bias: A.bias, dis_b.cnns.0.0.conv.bias: A.bias}",
     "another tensor becomes this too", false},
    {"names: {dis_a.cnns.0.0.conv.bias: A.bias, dis_b.cnns.0.0.conv.bias: B.bias}",
     "other values, though tied to A.bias", false},
    {"names: {dis_a.cnns.0.0.conv.bias: {name: A.bias, permute: [1, 0]}}",
     "not of the shape that its line of the map takes", false},
};

START_TEST(what_does_not_fit_is_said)
{
    char map[400];

    snprintf(map, sizeof map, "unitgraph: 1\n%s\n", misfits[_i].map);
    ck_assert_int_eq(convert_pair(map, false), UG_WRONG);
    expect_part(messages(), misfits[_i].part);
    ck_assert(!ug_safetensors_open(folder_file("out"), UG_NOWHERE, diags));
    forget_messages();
    const enum ug_status status = convert_pair(map, true);
    ck_assert_msg(status == (misfits[_i].partial_helps ? UG_DONE : UG_WRONG), "%s",
                  ug_diags_first(diags));
}
END_TEST

START_TEST(a_dry_run_writes_a_table_and_nothing_else)
{
    const struct ug_convert_options o = {
        .in = "convert/unit_2018.safetensors",
        .map = experiment_write("map", "unitgraph: 1\nnames: {gen_*.bias: x.*.bias}\n"
                                       "ignore: ['*.norm.*', 'dis_*']\n"),
        .dry_run = true,
        .table = capture()};

    ck_assert_int_eq(ug_convert_weights(&o, diags), UG_WRONG);
    const char *table = captured();
    expect_part(table, "gen_a.dec.model.2.conv.bias ");
    expect_part(table, "x.a.dec.model.2.conv.bias ");
    expect_part(table, "28 fit, 32 ignored, 28 do not fit\n");
}
END_TEST

START_TEST(a_file_is_not_written_over_itself)
{
    const int64_t dim[] = {2};
    const char *file = experiment_tensor("w.safetensors", "a", 1, dim, 1);
    const struct ug_convert_options o = {
        .in = file, .out = file, .map = experiment_write("map", "unitgraph: 1\nnames: {a: b}\n")};

    ck_assert_int_eq(ug_convert_weights(&o, diags), UG_WRONG);
    expect_message("would be written over itself");
}
END_TEST

/* ---- Maps that are wrong ---- */

static const struct {
    const char *map, *message;
} mistakes[] = {
    {"names:\n  a.{i}: b.{k}", "map.yaml:3:3: error: 'a.{i}' and 'b.{k}' do not have the same"},
    {"names: {a.*: b}", "do not have the same"},
    {"names: {'a.{i': b}", "a bracket that is not closed"},
    {"names: {'{i}{i}': '{i}'}", "two of one name"},
    {"names: {'a.{i}': 'b.{i}2'}", "the pattern 'b.{i}2' has a number right beside another"},
    {"names: {'a.{i}.{k}': '{k}{i}'}", "where it ends could not be told"},
    {"names: {'a.{i}.*': '{i}*'}", "where it ends could not be told"},
    {"names: {'a.{i}.*': '*{i}'}", "where it ends could not be told"},
    {"names: {'a.{0*i}': 'b.{i}'}", "not understood"},
    {"names: {'a.{i*2}': 'b.{i}'}", "not understood"},
    {"names: {'a.{}': b}", "without a name"},
    {"names: {'*.*.*': '*.*.*'}", "more than two *"},
    {"names: {a: {name: b, permute: [0, 0]}}", "each axis once"},
    {"names: {a: {name: b, permute: [0, 9]}}", "'permute'"},
    {"names: {a: {name: b, reshape: {there: [2], here: [3]}}}", "different numbers of elements"},
    {"names: {a: {name: b, reshape: {there: [2]}}}", "needs 'here'"},
    {"names: {a: {nmae: b}}", "did you mean 'name'?"},
    {"nmaes: {a: b}", "did you mean 'names'?"},
    {"names: {'a.${none}': b}", "none"},
    {"names: {a: [b]}", "the name of a tensor"},
    {"names: {a: b}\nignore: a", "'ignore' must be a list"},
};

START_TEST(wrong_maps_are_refused)
{
    char map[200];

    snprintf(map, sizeof map, "unitgraph: 1\n%s\n", mistakes[_i].map);
    ck_assert_int_eq(convert("convert/unit_2018.safetensors", map, folder_file("o"), false),
                     UG_WRONG);
    expect_part(messages(), mistakes[_i].message);
}
END_TEST

/* ---- Names ---- */

static const struct {
    const char *names, *there, *here; /* here NULL: no line fits */
} renamed[] = {
    {"a.{i+1}.*: b.{i}.*", "a.1.weight", "b.0.weight"},
    {"a.{i+1}.*: b.{i}.*", "a.0.weight", NULL},
    {"a.{2*i+1}: b.{3*i}", "a.5", "b.6"},
    {"a.{2*i+1}: b.{3*i}", "a.4", NULL},
    {"a.{i}.b.{k}: '{k}.{i}'", "a.7.b.12", "12.7"},
    {"a.{i-1}: b.{i}", "a.0", "b.1"},
    {"a.{i}: b.{i-1}", "a.0", NULL},
    {"a.{i}: b.{i}", "a.01", NULL},
    {"'*.conv.*': '*.c.*'", "x.conv.conv.weight", "x.c.conv.weight"},
    {"'module.*': '*'", "module.x.y", "x.y"},
    {"'module.*': '*'", "module.", NULL},
    {"a: b", "ab", NULL},
};

START_TEST(names_become_others_and_back)
{
    char text[200];
    const char *other = NULL, *again = NULL;

    snprintf(text, sizeof text, "unitgraph: 1\nnames:\n  %s\n", renamed[_i].names);
    struct ug_name_map *m = ug_name_map_read(arena, experiment_write("map", text), NULL, 0, diags);
    ck_assert_msg(m != NULL, "%s", ug_diags_first(diags));
    const bool found = ug_name_map_find(m, renamed[_i].there, false, arena, &other) != NULL;
    ck_assert_int_eq(found, renamed[_i].here != NULL);
    if (found) {
        ck_assert_str_eq(other, renamed[_i].here);
        ck_assert_ptr_nonnull(ug_name_map_find(m, other, true, arena, &again));
        ck_assert_str_eq(again, renamed[_i].there);
    }
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("convert");
    TCase *t = tcase_create("convert");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_loop_test(t, outputs_are_those_of_torch, 0, LAYOUTS);
    tcase_add_loop_test(t, there_and_back_is_the_same, 0, LAYOUTS);
    tcase_add_test(t, what_was_written_is_said);
    tcase_add_test(t, axes_and_shapes_change_both_ways);
    tcase_add_test(t, axes_of_three);
    tcase_add_loop_test(t, what_does_not_fit_is_said, 0, sizeof misfits / sizeof *misfits);
    tcase_add_test(t, a_dry_run_writes_a_table_and_nothing_else);
    tcase_add_test(t, a_file_is_not_written_over_itself);
    tcase_add_loop_test(t, wrong_maps_are_refused, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_loop_test(t, names_become_others_and_back, 0, sizeof renamed / sizeof *renamed);
    suite_add_tcase(s, t);
    return s;
}
