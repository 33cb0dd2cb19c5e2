/* test_shape.c -- moving elements: every output element is followed back to where it came from. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness_main.h"
#include "harness_trial.h"
#include "ops/emit.h"

static char error[500]; /* the first error of a file that was refused */

/* A trial of `y: CALL` over inputs as written ("x: [2, 3]"), in place of `t`; NULL after an error.
 */
static struct ug_node *load(const char *inputs, const char *call)
{
    char text[400];

    snprintf(text, sizeof text, "unitgraph: 1\ninputs: {%s}\ngraph:\n  y: %s\n", inputs, call);
    trial_free(t);
    t = trial_try(text, true, 9, error);
    return t ? trial_value(t, "y") : NULL;
}

static struct ug_node *load_whole(const char *inputs, const char *call)
{
    struct ug_node *y = load(inputs, call);

    ck_assert_msg(y != NULL, "%s: %s", call, error);
    return y;
}

/* ---- Where an element comes from ---- */

enum { AXES = 4 };

/* Takes an index apart into positions along axes, and back. */
static void positions(int64_t index, const struct ug_shape *s, int64_t *at)
{
    for (int i = s->rank - 1; i >= 0; i--) {
        at[i] = index % s->dim[i];
        index /= s->dim[i];
    }
}

static int64_t index_at(const struct ug_shape *s, const int64_t *at)
{
    int64_t index = 0;

    for (int i = 0; i < s->rank; i++)
        index = index * s->dim[i] + at[i];
    return index;
}

/* Expects y[at] = x[source(at)] everywhere; -1 stands for `missing`. */
typedef int64_t source(const struct ug_shape *x, const int64_t *at);

static void expect_moved(struct ug_node *y, struct ug_node *x, source *from, double missing)
{
    const int64_t n = ug_shape_count(&y->type.shape);
    double *xs = trial_values(t, x), *want = calloc((size_t)n + 1, sizeof *want);

    for (int64_t i = 0; i < n; i++) {
        int64_t at[UG_MAX_RANK];

        positions(i, &y->type.shape, at);
        const int64_t k = from(&x->type.shape, at);
        want[i] = k < 0 ? missing : xs[k];
    }
    expect_values(t, y, 0, n, want);
    free(want);
    free(xs);
}

static struct ug_node *x_of(struct trial *trial)
{
    return trial->leaves[0].node;
}

/* ---- permute, transpose ---- */

static int order[AXES]; /* of the permutation that is tested */

static int64_t permuted(const struct ug_shape *x, const int64_t *at)
{
    int64_t back[UG_MAX_RANK];

    for (int i = 0; i < x->rank; i++)
        back[order[i]] = at[i];
    return index_at(x, back);
}

/* All orders of four axes: i counts them. */
static void set_order(int i)
{
    int left[AXES] = {0, 1, 2, 3};

    for (int k = 0; k < AXES; k++) {
        const int pick = i % (AXES - k);

        i /= AXES - k;
        order[k] = left[pick];
        left[pick] = left[AXES - k - 1];
    }
}

static void check_permute(struct ug_shape shape)
{
    struct ug_node *x = trial_input(t, "x", shape, NULL);

    expect_moved(ug_permute(&t->b, x, UG_AXES(order[0], order[1], order[2], order[3])), x, permuted,
                 0);
    trial_free(t);
    t = trial_new(true);
}

START_TEST(every_order)
{
    set_order(_i);
    check_permute(UG_SHAPE(2, 3, 4, 5));
    check_permute(UG_SHAPE(1, 70, 1, 33));
    check_permute(UG_SHAPE(35, 2, 64, 3));
    check_permute(UG_SHAPE(2, 0, 3, 4));
    check_permute(UG_SHAPE(1, 1, 1, 1));
}
END_TEST

static int64_t transposed_0_2(const struct ug_shape *x, const int64_t *at)
{
    return index_at(x, (int64_t[]){at[2], at[1], at[0]});
}

START_TEST(transposes)
{
    struct ug_node *y = load_whole("x: [5, 3, 4]", "transpose(x, 0, -1)");

    expect_shape(y, UG_SHAPE(4, 3, 5));
    expect_moved(y, x_of(t), transposed_0_2, 0);
}
END_TEST

START_TEST(labels_move_too)
{
    struct ug_node *x = trial_labels(t, "x", UG_SHAPE(2, 3), (int64_t[]){1, 2, 3, 4, 5, 6});

    expect_values(t, ug_transpose(&t->b, x, 0, 1), 0, 6, (double[]){1, 4, 2, 5, 3, 6});
    expect_values(t, ug_slice(&t->b, x, 1, 1, 3), 0, 4, (double[]){2, 3, 5, 6});
    expect_values(t, ug_cat(&t->b, (struct ug_node *[]){x, x}, 2, 1), 0, 12,
                  (double[]){1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
    expect_values(t, ug_reshape(&t->b, x, UG_SHAPE(6)), 0, 6, (double[]){1, 2, 3, 4, 5, 6});
}
END_TEST

/* ---- reshape, flatten, expand ---- */

static struct ug_shape new_shape;

static int64_t same_place(const struct ug_shape *x, const int64_t *at)
{
    (void)x;
    return index_at(&new_shape, at);
}

static const struct {
    const char *call;
    int rank;
    int64_t dim[4];
} reshapes[] = {
    {"reshape(x, [2, 12])", 2, {2, 12}},
    {"reshape(x, [-1])", 1, {24}},
    {"reshape(x, -1)", 1, {24}},
    {"reshape(x, [4, 1, -1])", 3, {4, 1, 6}},
    {"flatten(x)", 2, {2, 12}},
    {"flatten(x, 0)", 1, {24}},
    {"flatten(x, start_dim=-1)", 3, {2, 3, 4}},
    {"flatten(x, 0, 1)", 2, {6, 4}},
};

START_TEST(reshaping)
{
    struct ug_node *y = load_whole("x: [2, 3, 4]", reshapes[_i].call);

    new_shape = ug_shape_of(reshapes[_i].rank, reshapes[_i].dim);
    expect_shape(y, new_shape);
    expect_moved(y, x_of(t), same_place, 0);
}
END_TEST

START_TEST(reshaping_nothing)
{
    expect_shape(load_whole("x: [0, 3]", "reshape(x, [3, 0, 2])"), UG_SHAPE(3, 0, 2));
    expect_shape(load_whole("x: [0, 3]", "reshape(x, [-1, 3])"), UG_SHAPE(0, 3));
    expect_shape(load_whole("x: [1]", "reshape(x, [])"), ug_shape_scalar());
}
END_TEST

static int64_t repeated(const struct ug_shape *x, const int64_t *at)
{
    return index_at(x, (int64_t[]){at[1], 0, at[3]});
}

START_TEST(expanding)
{
    struct ug_node *y = load_whole("x: [2, 1, 3]", "expand(x, [5, -1, 4, 3])");

    expect_shape(y, UG_SHAPE(5, 2, 4, 3));
    expect_moved(y, x_of(t), repeated, 0);
}
END_TEST

/* ---- slice, split, cat ---- */

static int64_t sliced(const struct ug_shape *x, const int64_t *at)
{
    return index_at(x, (int64_t[]){at[0], 1, at[1] + 1, at[2] + 2});
}

START_TEST(slicing)
{
    struct ug_node *y = load_whole("x: [3, 4, 5, 6]", "\"x[:, 1, 1:4, -4:]\"");

    expect_shape(y, UG_SHAPE(3, 3, 4));
    expect_moved(y, x_of(t), sliced, 0);
    expect_shape(load_whole("x: [3, 4]", "\"x[1:1]\""), UG_SHAPE(0, 4));
    expect_shape(load_whole("x: [3, 4]", "\"x[-1, -1]\""), ug_shape_scalar());
}
END_TEST

static void check_split(const char *call, int n, const int64_t *starts, const int64_t *sizes)
{
    char text[300];
    static const char *const names[] = {"a", "b", "c", "d"};

    snprintf(text, sizeof text, "unitgraph: 1\ninputs: {x: [2, 7, 3]}\ngraph:\n  %.*s: %s\n",
             3 * n - 2, "a, b, c, d", call);
    trial_free(t);
    t = trial_try(text, true, 1, error);
    ck_assert_msg(t != NULL, "%s", error);
    double *x = trial_values(t, x_of(t));
    for (int part = 0; part < n; part++) {
        struct ug_node *y = trial_value(t, names[part]);
        double want[42];

        expect_shape(y, UG_SHAPE(2, sizes[part], 3));
        for (int i = 0; i < 2 * 3 * (int)sizes[part]; i++)
            want[i] = x[i / (3 * (int)sizes[part]) * 21 + (int)starts[part] * 3 +
                        i % (3 * (int)sizes[part])];
        expect_values(t, y, 0, 6 * sizes[part], want);
    }
    free(x);
}

START_TEST(splitting)
{
    check_split("split(x, 3)", 3, (int64_t[]){0, 3, 6}, (int64_t[]){3, 3, 1});
    check_split("split(x, [1, 4, 2])", 3, (int64_t[]){0, 1, 5}, (int64_t[]){1, 4, 2});
    check_split("split(x, [7, 0], dim=-2)", 2, (int64_t[]){0, 7}, (int64_t[]){7, 0});
    check_split("split(x, 4, 1)", 2, (int64_t[]){0, 4}, (int64_t[]){4, 3});
}
END_TEST

/* x [2, 3, 2], z [2, 1, 2], joined with x again along axis 1. */
START_TEST(joining)
{
    struct ug_node *y = load_whole("x: [2, 3, 2], z: [2, 1, 2]", "\"cat(x, z, x)\"");
    double x[12], z[4];

    for (int i = 0; i < 12; i++)
        x[i] = i;
    for (int i = 0; i < 4; i++)
        z[i] = 100 + i;
    trial_set(t, "x", x, 12);
    trial_set(t, "z", z, 4);
    expect_shape(y, UG_SHAPE(2, 7, 2));
    expect_values(t, y, 0, 28, (double[]){0, 1, 2, 3, 4,  5,  100, 101, 0, 1, 2, 3, 4,  5,
                                          6, 7, 8, 9, 10, 11, 102, 103, 6, 7, 8, 9, 10, 11});
    expect_shape(load_whole("x: [2, 3], z: [0, 3]", "\"cat([x, z, x], dim=0)\""), UG_SHAPE(4, 3));
    expect_shape(load_whole("x: [2, 3]", "\"cat(x, x, dim=-1)\""), UG_SHAPE(2, 6));
}
END_TEST

/* ---- pad ---- */

enum { LEFT = 2, RIGHT = 1, TOP = 1, BOTTOM = 3 };

static int64_t reflected(int64_t k, int64_t n)
{
    return k < 0 ? -k : k >= n ? 2 * (n - 1) - k : k;
}

static int64_t clipped(int64_t k, int64_t n)
{
    return k < 0 ? 0 : k >= n ? n - 1 : k;
}

static int64_t pad_constant(const struct ug_shape *x, const int64_t *at)
{
    const int64_t i = at[2] - TOP, j = at[3] - LEFT;

    return i < 0 || j < 0 || i >= x->dim[2] || j >= x->dim[3]
               ? -1
               : index_at(x, (int64_t[]){at[0], at[1], i, j});
}

static int64_t pad_reflect(const struct ug_shape *x, const int64_t *at)
{
    return index_at(x, (int64_t[]){at[0], at[1], reflected(at[2] - TOP, x->dim[2]),
                                   reflected(at[3] - LEFT, x->dim[3])});
}

static int64_t pad_replicate(const struct ug_shape *x, const int64_t *at)
{
    return index_at(x, (int64_t[]){at[0], at[1], clipped(at[2] - TOP, x->dim[2]),
                                   clipped(at[3] - LEFT, x->dim[3])});
}

static const struct {
    const char *call;
    source *from;
    double missing;
} pads[] = {
    {"\"pad(x, [2, 1, 1, 3])\"", pad_constant, 0},
    {"\"pad(x, [2, 1, 1, 3], value=-2.5)\"", pad_constant, -2.5},
    {"\"pad(x, [2, 1, 1, 3], mode=reflect)\"", pad_reflect, 0},
    {"\"pad(x, [2, 1, 1, 3], replicate)\"", pad_replicate, 0},
};

START_TEST(padding)
{
    struct ug_node *y = load_whole("x: [2, 3, 4, 5]", pads[_i].call);

    expect_shape(y, UG_SHAPE(2, 3, 4 + TOP + BOTTOM, 5 + LEFT + RIGHT));
    expect_moved(y, x_of(t), pads[_i].from, pads[_i].missing);
}
END_TEST

START_TEST(padding_by_one_number)
{
    expect_shape(load_whole("x: [2, 3, 4, 5]", "pad(x, 2)"), UG_SHAPE(2, 3, 8, 9));
    expect_shape(load_whole("x: [4, 5]", "\"pad(x, [1, 0])\""), UG_SHAPE(4, 6));
    expect_shape(load_whole("x: [2, 3, 4, 5]", "\"pad(x, [0, 0, 0, 0, 1, 2])\""),
                 UG_SHAPE(2, 6, 4, 5));
    expect_shape(load_whole("x: [0, 3, 4, 5]", "pad(x, 1, replicate)"), UG_SHAPE(0, 3, 6, 7));
}
END_TEST

START_TEST(cropping)
{
    struct ug_node *y = load_whole("x: [4]", "\"pad(x, [-1, 2])\"");

    trial_set(t, "x", (double[]){1, 2, 3, 4}, 4);
    expect_values(t, y, 0, 5, (double[]){2, 3, 4, 0, 0});
    y = load_whole("x: [4]", "\"pad(x, [-3, -1])\"");
    expect_shape(y, UG_SHAPE(0));
    y = load_whole("x: [2]", "\"pad(x, [-2, 3], value=7)\"");
    expect_values(t, y, 0, 3, (double[]){7, 7, 7});
}
END_TEST

/* A row of one: reflection cannot widen it, replication can. */
START_TEST(padding_one_pixel)
{
    struct ug_node *y = load_whole("x: [1, 1, 1, 1]", "pad(x, 1, replicate)");

    trial_set(t, "x", (double[]){3}, 1);
    expect_values(t, y, 0, 9, (double[]){3, 3, 3, 3, 3, 3, 3, 3, 3});
}
END_TEST

/* ---- Gradients ---- */

static const struct {
    const char *inputs, *call;
} differentiable[] = {
    {"x: [2, 3, 4]", "reshape(x, [4, -1])"},
    {"x: [2, 3, 4]", "flatten(x)"},
    {"x: [2, 3, 4]", "\"permute(x, [2, 0, 1])\""},
    {"x: [2, 3, 4]", "transpose(x, 0, 1)"},
    {"x: [2, 1, 4]", "\"expand(x, [3, 2, 5, 4])\""},
    {"x: [2, 3, 4]", "\"x[1, 0:2]\""},
    {"x: [2, 3, 4]", "\"x[:, -1, 1:3]\""},
    {"x: [2, 3], z: [2, 2]", "\"cat(x, z, x)\""},
    {"x: [1, 2, 3, 4]", "\"pad(x, [2, 1, 0, 1])\""},
    {"x: [1, 2, 3, 4]", "\"pad(x, [3, 2, 1, 2], mode=reflect)\""},
    {"x: [1, 2, 3, 4]", "\"pad(x, [5, 2, 0, 3], mode=replicate)\""},
    {"x: [5, 2]", "\"pad(x, [1, 1, -2, 1])\""},
    {"x: [2, 3, 4]", "\"total(split(x ** 2, 1))\""},
};

START_TEST(gradients)
{
    check_gradient(t, load_whole(differentiable[_i].inputs, differentiable[_i].call), 2);
}
END_TEST

/* ---- What is refused ---- */

static const struct {
    const char *inputs, *call, *error;
} wrong[] = {
    {"x: [2, 3]", "reshape(x, [4, -1])", "do not divide"},
    {"x: [2, 3]", "reshape(x, [5])", "6 elements do not make"},
    {"x: [2, 3]", "reshape(x, [-1, -1])", "only one extent may be -1"},
    {"x: [2, 3]", "reshape(x, [-2, 3])", "is no extent"},
    {"x: [0, 3]", "reshape(x, [-1, 0])", "do not divide"},
    {"x: [2]", "reshape(x, [1099511627776, 1099511627776])", "2^40"},
    {"x: [2, 3]", "flatten(x, 2)", "there is no axis 2"},
    {"x: [2, 3]", "flatten(x, 1, 0)", "comes after"},
    {"x: [2, 3]", "\"permute(x, [0, 0])\"", "named twice"},
    {"x: [2, 3]", "\"permute(x, [0])\"", "order of 1"},
    {"x: [2, 3]", "transpose(x, 0, 5)", "there is no axis 5"},
    {"x: [2, 3]", "\"expand(x, [2, 4])\"", "only 1 can become 4"},
    {"x: [2, 3]", "\"expand(x, [3])\"", "do not fit into 1"},
    {"x: [2, 3]", "\"expand(x, [-1, 2, 3])\"", "needs an extent"},
    {"x: [1]", "\"expand(x, [1099511627777])\"", "2^40"},
    {"x: [2, 3], z: [3, 3]", "\"cat(x, z)\"", "differ beyond axis 1"},
    {"x: [2, 3], z: [2]", "\"cat(x, z)\"", "differ beyond axis 1"},
    {"x: [2, 3]", "\"cat(x, x, dim=2)\"", "there is no axis 2"},
    {"x: [2, 3]", "split(x, [1, 1])", "add up to 2"},
    {"x: [2, 3]", "split(x, 0)", "are none"},
    {"x: [2, 3]", "split(x, 1, 4)", "there is no axis 4"},
    {"x: [1, 1, 3, 3]", "pad(x, 3, mode=reflect)", "at most 2"},
    {"x: [1, 1, 0, 3]", "pad(x, 1, mode=replicate)", "nothing to repeat"},
    {"x: [1, 1, 3, 3]", "pad(x, -1, mode=reflect)", "only constant padding"},
    {"x: [2, 3]", "\"pad(x, [1, 2, 3])\"", "two for each axis"},
    {"x: [3]", "\"pad(x, [1, 1, 1, 1])\"", "4 numbers are for 2 axes"},
    {"x: [3]", "\"pad(x, [-2, -2])\"", "take away"},
};

START_TEST(refusals)
{
    load(wrong[_i].inputs, wrong[_i].call);
    ck_assert_msg(t == NULL, "it was accepted");
    ck_assert_msg(strstr(error, wrong[_i].error), "%s: %s", wrong[_i].call, error);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("shape");
    TCase *c = tcase_create("shape");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, trial_setup, trial_teardown);
    tcase_add_loop_test(c, every_order, 0, 24);
    tcase_add_test(c, transposes);
    tcase_add_test(c, labels_move_too);
    tcase_add_loop_test(c, reshaping, 0, sizeof reshapes / sizeof reshapes[0]);
    tcase_add_test(c, reshaping_nothing);
    tcase_add_test(c, expanding);
    tcase_add_test(c, slicing);
    tcase_add_test(c, splitting);
    tcase_add_test(c, joining);
    tcase_add_loop_test(c, padding, 0, sizeof pads / sizeof pads[0]);
    tcase_add_test(c, padding_by_one_number);
    tcase_add_test(c, cropping);
    tcase_add_test(c, padding_one_pixel);
    tcase_add_loop_test(c, gradients, 0, sizeof differentiable / sizeof differentiable[0]);
    tcase_add_loop_test(c, refusals, 0, sizeof wrong / sizeof wrong[0]);
    suite_add_tcase(s, c);
    return s;
}
