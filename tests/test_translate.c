/* Pictures through a trained network: their names and sizes, and what stands in the way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/picture.h"
#include "engine/run/folder.h"
#include "tests/harness_experiment.h"
#include "tests/harness_folder.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* `same` gives back what it gets; its pooling needs sizes that are multiples of 4.  The pictures of a
 * batch must not meet in any of the others. */
static const char text[] =
    "unitgraph: 1\n"
    "data: {batch: 1, x: {synthetic: {scene: shapes, domain: filled, count: 2, seed: 1}, size: "
    "8}}\n"
    "modules:\n"
    "  net: {body: [linear(8)]}\n"
    "  layers: {body: ['conv2d(8, 3, padding=1, padding_mode=reflect)', instance_norm, relu,\n"
    "    'conv2d(3, 3, padding=1)', tanh]}\n"
    "  mixing: {body: [batch_norm(training=true)]}\n"
    "  pyramid: {body: ['pad(1, mode=replicate)', 'max_pool2d(3, 2)', 'softmax(1)',\n"
    "    'upsample(4, mode=bilinear)', 'avg_pool2d(2)']}\n"
    "networks: {N: net(), C: layers(), B: mixing()}\n"
    "losses: {L: mean(N(x)) + mean(C(x)) + mean(B(x))}\n"
    "train:\n"
    "  steps: 1\n"
    "  optimizers: {all: {minimize: L, parameters: [N, C, B], sgd: {lr: 0}}}\n"
    "translate:\n"
    "  same: {from: x, to: 'x + 0 * upsample(avg_pool2d(x, 4, stride=4), 4)'}\n"
    "  layers: {from: x, to: C(x)}\n"
    "  mixing: {from: x, to: B(x)}\n"
    "  pyramid: {from: x, to: 'cat(pyramid(x)[:, 0:1], x[:, 1:3], dim=1) - mean(x, dim=[1, 2, 3], "
    "keepdim=true)'}\n"
    "  centred: {from: x, to: x - mean(x)}\n"
    "  noisy: {from: x, to: '0.2 * normal_like(x) + 0 * x'}\n"
    "  drawn: {to: '0.2 * normal_like([1, 3, 4, 4])'}\n"
    "  shared_noise: {from: x, to: '0.2 * normal_like([1, 3, 1, 1]) + 0 * x'}\n"
    "  counted: {from: x, to: 'x / size(x, 0)'}\n";

static void setup(void)
{
    scratch_setup();
    experiment_run(experiment_write("text", text), "run", as_written);
}

/* A picture of one grey; its name may end in anything: what is read is told by content. */
static void picture(const char *name, int64_t height, int64_t width, float grey)
{
    struct ug_picture p;

    ck_assert(ug_picture_make(&p, 1, height, width));
    for (int64_t i = 0; i < height * width; i++)
        p.planes[i] = grey;
    ck_assert(ug_picture_write_png(folder_file(name), &p, diags));
    ug_picture_free(&p);
}

/* Only what it says itself is in `diags` afterwards. */
static enum ug_status translate_with(struct ug_translate_options o, const char *in, const char *out)
{
    forget_messages();
    o.run = folder_file("run");
    o.in = folder_file(in);
    o.out = folder_file(out);
    o.step = o.seed = -1;
    return ug_translate(&o, diags);
}

/* A size of 0 is the pictures' own. */
static enum ug_status translate_at(const char *in, const char *out, int64_t height, int64_t width)
{
    return translate_with(
        (struct ug_translate_options){.name = "same", .height = height, .width = width}, in, out);
}

static enum ug_status translate(const char *in, const char *out)
{
    return translate_at(in, out, 0, 0);
}

static void expect(const char *name, int64_t height, int64_t width, float grey)
{
    struct ug_picture p;

    ck_assert_msg(ug_picture_read(folder_file(name), 0, &p, UG_NOWHERE, diags), "%s",
                  ug_diags_first(diags));
    ck_assert_int_eq(p.channels, 3);
    ck_assert_int_eq(p.height, height);
    ck_assert_int_eq(p.width, width);
    for (int64_t i = 0; i < 3 * height * width; i++)
        ck_assert_float_eq_tol(p.planes[i], grey, 1e-6f);
    ug_picture_free(&p);
}

START_TEST(sizes_and_names_are_kept)
{
    picture("in/one.png", 1, 1, 1);
    picture("in/odd.png", 7, 13, 0.2f);
    picture("in/deep/er/even.PNG", 8, 4, 0.6f);
    ck_assert_int_eq(translate("in", "out"), UG_DONE);
    expect("out/one.png", 1, 1, 1);
    expect("out/odd.png", 7, 13, 0.2f);
    expect("out/deep/er/even.png", 8, 4, 0.6f);
    ck_assert_int_eq(translate("in/odd.png", "out/deep"), UG_DONE);
    expect("out/deep/odd.png", 7, 13, 0.2f);
}
END_TEST

/* The first and the last are broken, and all between are of sizes of their own. */
START_TEST(broken_pictures_hold_up_no_others)
{
    folder_write("in/a.png", "no picture", 10);
    picture("in/b.png", 5, 5, 0);
    picture("in/c.png", 9, 3, 0.4f);
    folder_write("in/d.jpg", "", 0);
    ck_assert_int_eq(translate("in", "out"), UG_FAILED);
    ck_assert_uint_eq(ug_diags_errors(diags), 2);
    expect_message("in/a.png");
    expect("out/b.png", 5, 5, 0);
    expect("out/c.png", 9, 3, 0.4f);
    ck_assert_int_eq(folder_count("out"), 2);
}
END_TEST

START_TEST(names_that_differ_in_their_endings)
{
    picture("in/a.png", 4, 4, 0);
    picture("in/a.jpg", 4, 4, 0.2f);
    picture("in/b.jpg", 4, 4, 0.4f);
    picture("in/b.jpeg", 4, 4, 0.6f);
    picture("in/deep/a.png", 4, 4, 0.8f);
    ck_assert_int_eq(translate("in", "out"), UG_DONE);
    expect("out/a.png", 4, 4, 0);
    expect("out/a.jpg.png", 4, 4, 0.2f);
    expect("out/b.jpg.png", 4, 4, 0.4f);
    expect("out/b.jpeg.png", 4, 4, 0.6f);
    expect("out/deep/a.png", 4, 4, 0.8f);
    picture("in/a.jpg.png", 4, 4, 1);
    ck_assert_int_eq(translate("in", "again"), UG_FAILED);
    expect_message("would both become 'a.jpg.png'");
    expect_message(folder_file("in/a.jpg"));
    ck_assert(!ug_file_exists(folder_file("again")));
}
END_TEST

START_TEST(pictures_are_not_written_over_their_originals)
{
    picture("in/a.png", 4, 4, 0);
    picture("in/b.jpg", 4, 4, 0.2f);
    ck_assert_int_eq(translate("in", "run/../in"), UG_WRONG);
    expect_message("would be overwritten");
    ck_assert_int_eq(translate("in/a.png", "in"), UG_WRONG);
    ck_assert_int_eq(translate("in/a.png", "in/a.png"), UG_WRONG);
    ck_assert_int_eq(folder_count("in"), 2);
    picture("in/sub/a.png", 4, 4, 0.4f);
    ck_assert_int_eq(translate("in", "in/sub"), UG_FAILED); /* in/a.png would become in/sub/a.png */
    expect_message("in/sub/a.png' would be overwritten by what is made of");
    struct ug_picture kept;
    ck_assert(ug_picture_read(folder_file("in/sub/a.png"), 1, &kept, UG_NOWHERE, diags));
    ck_assert_float_eq(kept.planes[0], 0.4f);
    ug_picture_free(&kept);
    ck_assert_int_eq(translate("in/b.jpg", "in"), UG_DONE);
    expect("in/b.png", 4, 4, 0.2f);
}
END_TEST

START_TEST(other_formats_are_not_promised)
{
    picture("a.png", 4, 4, 0);
    ck_assert_int_eq(translate("a.png", "b.JPG"), UG_WRONG);
    ck_assert_int_eq(translate("a.png", "b.webp"), UG_WRONG);
    expect_message("written as PNG");
    ck_assert(!ug_file_exists(folder_file("b.webp")));
}
END_TEST

START_TEST(lists_and_patterns)
{
    static const char lines[] = "in/a.png\nin/deep/b.png\n";
    struct ug_picture_info info;

    picture("in/a.png", 4, 4, 0);
    picture("in/deep/b.png", 5, 3, 0.2f);
    picture("in/deep/c.png", 4, 4, 0.4f);
    folder_write("list.txt", lines, sizeof lines - 1);
    ck_assert_int_eq(translate("list.txt", "listed"), UG_DONE);
    expect("listed/a.png", 4, 4, 0);
    expect("listed/b.png", 5, 3, 0.2f);
    ck_assert_int_eq(folder_count("listed"), 2);
    ck_assert_int_eq(translate("in/deep/*.png", "matched"), UG_DONE);
    expect("matched/c.png", 4, 4, 0.4f);
    ck_assert_int_eq(folder_count("matched"), 2);
    ck_assert_int_eq(translate("list.txt", "in/deep"), UG_FAILED);
    expect_message("would be overwritten");
    ck_assert(ug_picture_info(folder_file("in/deep/b.png"), &info, UG_NOWHERE, diags));
    ck_assert_int_eq(info.channels, 1);
}
END_TEST

START_TEST(pictures_are_brought_to_a_size)
{
    picture("in/a.png", 4, 9, 0.2f);
    picture("in/b.png", 30, 3, 0.6f);
    ck_assert_int_eq(translate_at("in", "out", 6, 10), UG_DONE);
    expect("out/a.png", 6, 10, 0.2f);
    expect("out/b.png", 6, 10, 0.6f);
}
END_TEST

/* Five pictures of one size go together, and one of another size by itself. */
static void six_pictures(void)
{
    for (int i = 0; i < 6; i++) {
        char *name = strdup("in/0.png");
        name[3] = (char)('0' + i);
        picture(name, i == 2 ? 12 : 8, 8, 0.15f * (float)(i + 1));
        free(name);
    }
}

static struct ug_picture read_back(const char *folder, int i)
{
    char name[40];
    struct ug_picture p;

    snprintf(name, sizeof name, "%s/%d.png", folder, i);
    ck_assert_msg(ug_picture_read(folder_file(name), 3, &p, UG_NOWHERE, diags), "%s",
                  ug_diags_first(diags));
    return p;
}

/* The largest difference between picture i of two folders. */
static float difference(const char *a, const char *b, int i)
{
    struct ug_picture p = read_back(a, i), q = read_back(b, i);
    float most = 0;

    ck_assert_int_eq(p.height, q.height);
    for (int64_t k = 0; k < 3 * p.height * p.width; k++)
        most = fmaxf(most, fabsf(p.planes[k] - q.planes[k]));
    ug_picture_free(&p);
    ug_picture_free(&q);
    return most;
}

/* One level of 255 is what rounding may make of a value between two, where there are convolutions,
 * whose algorithm goes by the size of the batch. */
START_TEST(together_as_alone)
{
    static const char *const names[] = {"layers",  "mixing",  "centred",
                                        "counted", "pyramid", "shared_noise"};
    const struct ug_translate_options o = {.name = names[_i]};

    six_pictures();
    ck_assert_int_eq(translate_with(o, "in", "together"), UG_DONE);
    ck_assert_int_eq(folder_count("together"), 6);
    for (int i = 0; i < (_i == 5 ? 1 : 6); i++) { /* draws are those of a picture's place */
        char from[] = "in/0.png", to[] = "alone/0.png";
        from[3] = to[6] = (char)('0' + i);
        ck_assert_int_eq(translate_with(o, from, to), UG_DONE);
        ck_assert_float_le(difference("together", "alone", i), _i == 0 ? 1.001f / 255 : 0);
    }
}
END_TEST

START_TEST(each_picture_has_draws_of_its_own)
{
    struct ug_picture first, other;

    six_pictures();
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "shared_noise" : "noisy";
        ck_assert_int_eq(translate_with((struct ug_translate_options){.name = name}, "in", name),
                         UG_DONE);
        first = read_back(name, 0);
        other = read_back(name, 1);
        ck_assert_float_gt(fabsf(first.planes[0] - other.planes[0]), 0);
        ug_picture_free(&first);
        ug_picture_free(&other);
    }
}
END_TEST

START_TEST(leftovers_of_a_killed_translation_go)
{
    picture("in/a.png", 4, 4, 0);
    folder_write("out/.ug-17-0.tmp", "x", 1);
    ck_assert_int_eq(translate("in", "out"), UG_DONE);
    ck_assert_int_eq(folder_count("out"), 1);
    folder_write("out/.ug-17-0.tmp", "x", 1);
    ck_assert_int_eq(translate("in/a.png", "out"), UG_DONE);
    ck_assert_int_eq(folder_count("out"), 1);
}
END_TEST

START_TEST(a_request_to_stop_leaves_whole_pictures)
{
    static const volatile int stop = 1;

    six_pictures();
    ck_assert_int_eq(
        translate_with((struct ug_translate_options){.name = "same", .stop = &stop}, "in", "out"),
        UG_FAILED);
    expect_message("stopped after 0 of 6 pictures");
    ck_assert_int_eq(folder_count("out"), 0);
    struct ug_translate_options o = {.name = "drawn", .stop = &stop, .count = 3};
    o.run = folder_file("run");
    o.out = folder_file("drawn");
    o.step = o.seed = -1;
    forget_messages();
    ck_assert_int_eq(ug_translate(&o, diags), UG_FAILED);
    expect_message("stopped after 0 of 3 pictures");
    ck_assert_int_eq(folder_count("drawn"), 0);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("translate");
    TCase *t = tcase_create("pictures");

    tcase_add_checked_fixture(t, setup, scratch_teardown);
    tcase_add_test(t, sizes_and_names_are_kept);
    tcase_add_test(t, broken_pictures_hold_up_no_others);
    tcase_add_test(t, names_that_differ_in_their_endings);
    tcase_add_test(t, pictures_are_not_written_over_their_originals);
    tcase_add_test(t, other_formats_are_not_promised);
    tcase_add_test(t, lists_and_patterns);
    tcase_add_test(t, pictures_are_brought_to_a_size);
    tcase_add_loop_test(t, together_as_alone, 0, 6);
    tcase_add_test(t, each_picture_has_draws_of_its_own);
    tcase_add_test(t, leftovers_of_a_killed_translation_go);
    tcase_add_test(t, a_request_to_stop_leaves_whole_pictures);
    suite_add_tcase(s, t);
    return s;
}
