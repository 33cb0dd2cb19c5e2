/* test_identities.c -- what ops know of themselves that makes a graph smaller: each rule gives the
 * op it should, and the same values. */
#include <stdlib.h>

#include "engine/graph/passes.h"
#include "harness_main.h"
#include "harness_trial.h"
#include "ops/emit.h"

static void setup(void)
{
    trial_setup();
    t->positive = true;
}

/* Simplifying leaves `op` at the root, and `n` nodes in all; the values stay. */
static void expect_simpler(struct ug_node *y, const char *op, int n)
{
    struct ug_node *root = y;
    struct ug_graph *g = ug_simplify(t->graph, &root, 1);
    double *want;

    ck_assert_str_eq(root->op->name, op);
    ck_assert_int_eq(g->n, n);
    ug_graph_free(g);
    want = trial_values(t, y);
    expect_values(t, y, 1e-6, ug_shape_count(&y->type.shape), want);
    free(want);
}

static struct ug_node *input(struct ug_shape shape)
{
    return trial_input(t, "x", shape, NULL);
}

static struct ug_node *number(double c)
{
    return ug_constant(&t->b, c);
}

START_TEST(neutral_numbers)
{
    struct ug_node *x = input(UG_SHAPE(2, 3));

    expect_simpler(ug_sub(&t->b, x, number(0)), "input", 1);
    expect_simpler(ug_sub(&t->b, number(0), x), "sub", 3);
    expect_simpler(ug_mul(&t->b, x, number(1)), "input", 1);
    expect_simpler(ug_mul(&t->b, number(1), x), "input", 1);
    expect_simpler(ug_mul(&t->b, x, number(2)), "mul", 3);
    expect_simpler(ug_div(&t->b, x, number(1)), "input", 1);
    expect_simpler(ug_div(&t->b, number(1), x), "div", 3);
    expect_simpler(ug_neg(&t->b, ug_neg(&t->b, x)), "input", 1);
}
END_TEST

START_TEST(easy_powers)
{
    struct ug_node *x = input(UG_SHAPE(2, 3));

    expect_simpler(ug_pow(&t->b, x, number(1)), "input", 1);
    expect_simpler(ug_pow(&t->b, x, number(2)), "square", 2);
    expect_simpler(ug_pow(&t->b, x, number(0.5)), "sqrt", 2);
    expect_simpler(ug_pow(&t->b, x, number(1.5)), "pow", 3);
}
END_TEST

START_TEST(reductions_of_one_element)
{
    struct ug_node *x = input(UG_SHAPE(2, 1, 3));

    expect_simpler(ug_sum(&t->b, x, UG_AXES(1), true), "input", 1);
    expect_simpler(ug_mean(&t->b, x, UG_AXES(1), false), "reshape", 2);
    expect_simpler(ug_sum(&t->b, x, UG_AXES(0), false), "sum", 2);
}
END_TEST

START_TEST(permutations)
{
    struct ug_node *x = input(UG_SHAPE(2, 1, 3));

    expect_simpler(ug_permute(&t->b, x, UG_AXES(0, 1, 2)), "input", 1);
    expect_simpler(ug_permute(&t->b, x, UG_AXES(1, 0, 2)), "reshape", 2);
    expect_simpler(ug_permute(&t->b, x, UG_AXES(2, 0, 1)), "permute", 2);
    expect_simpler(ug_permute(&t->b, ug_permute(&t->b, x, UG_AXES(2, 0, 1)), UG_AXES(1, 2, 0)),
                   "input", 1);
    expect_simpler(ug_permute(&t->b, ug_permute(&t->b, x, UG_AXES(2, 0, 1)), UG_AXES(0, 2, 1)),
                   "permute", 2);
}
END_TEST

START_TEST(whole_slices_and_single_parts)
{
    const struct ug_padding none = {{0}, {0}};
    struct ug_node *x = input(UG_SHAPE(2, 3));

    expect_simpler(ug_slice(&t->b, x, 1, 0, 3), "input", 1);
    expect_simpler(ug_slice(&t->b, x, 1, 0, 2), "slice", 2);
    expect_simpler(ug_cat(&t->b, &x, 1, 0), "input", 1);
    expect_simpler(ug_pad(&t->b, x, &none, UG_PAD_REFLECT, 0), "input", 1);
}
END_TEST

START_TEST(products_of_transposed_matrices)
{
    struct ug_node *x = input(UG_SHAPE(2, 3, 4));
    struct ug_node *turned = ug_transpose(&t->b, x, 1, 2);

    expect_simpler(ug_matmul(&t->b, x, turned, false, false), "matmul", 2);
    expect_simpler(ug_matmul(&t->b, turned, x, false, false), "matmul", 2);
    expect_simpler(ug_matmul(&t->b, x, turned, true, true), "matmul", 2);
    struct ug_node *cube = trial_input(t, "cube", UG_SHAPE(2, 2, 2), NULL);
    struct ug_node *rolled = ug_permute(&t->b, cube, UG_AXES(1, 2, 0));

    expect_simpler(ug_matmul(&t->b, cube, rolled, false, true), "matmul", 3);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("identities");
    TCase *c = tcase_create("identities");

    tcase_add_checked_fixture(c, setup, trial_teardown);
    tcase_add_test(c, neutral_numbers);
    tcase_add_test(c, easy_powers);
    tcase_add_test(c, reductions_of_one_element);
    tcase_add_test(c, permutations);
    tcase_add_test(c, whole_slices_and_single_parts);
    tcase_add_test(c, products_of_transposed_matrices);
    suite_add_tcase(s, c);
    return s;
}
