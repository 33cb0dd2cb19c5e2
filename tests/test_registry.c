/* test_registry.c -- that no op is in the list without what users and engine need to know about it,
 * and that what each says of itself is true: its example loads, runs, and has the gradients it
 * says.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/program.h"
#include "harness_main.h"
#include "harness_ops.h"

enum { MAX_OPS = 400 };
static const struct ug_op *all[MAX_OPS];
static int n_all;

static bool is_leaf(const struct ug_op *op)
{
    return op == &ug_op_input || op == &ug_op_param || op == &ug_op_constant ||
           op == &ug_op_counter;
}

/* Whether nodes of this op can stand in a graph. */
static bool is_node(const struct ug_op *op)
{
    return !is_leaf(op) && (op->map || op->run || op->is_view);
}

START_TEST(describes_itself)
{
    const struct ug_op *op = all[_i];

    ck_assert_ptr_nonnull(op->name);
    ck_assert_msg(op->summary && !islower(op->summary[0]) &&
                      op->summary[strlen(op->summary) - 1] == '.',
                  "%s: the summary is no sentence", op->name);
    ck_assert_msg(is_leaf(op) || (op->formula && *op->formula), "%s has no formula", op->name);
    ck_assert_msg(op->internal || op->example, "%s has no example", op->name);
    ck_assert_msg(op->internal || op->args, "%s does not say what its arguments are", op->name);
    ck_assert_msg(ug_op_find(op->name) == op, "there are two ops '%s'", op->name);
    ck_assert_msg(*ug_op_family(op), "%s is in no family", op->name);
}
END_TEST

static void check_argument(const struct ug_op *op, const struct ug_arg *a, int index)
{
    const bool is_tensor = a->type == UG_TENSOR || a->type == UG_TENSORS;

    ck_assert_msg(a->doc && *a->doc, "%s: %s is not documented", op->name, a->name);
    ck_assert_msg(is_tensor || a->offset < op->attrs_size, "%s: %s lies outside the attributes",
                  op->name, a->name);
    ck_assert_msg(a->min <= a->max, "%s: the limits of %s are the wrong way round", op->name,
                  a->name);
    ck_assert_msg((a->type == UG_WORD) == (a->words != NULL), "%s: %s and its words disagree",
                  op->name, a->name);
    for (int i = 0; i < index; i++)
        ck_assert_msg(strcmp(op->args[i].name, a->name) != 0, "%s: two arguments '%s'", op->name,
                      a->name);
}

START_TEST(documents_its_arguments)
{
    const struct ug_op *op = all[_i];

    for (int i = 0; op->args && op->args[i].name; i++)
        check_argument(op, &op->args[i], i);
}
END_TEST

START_TEST(has_shape_rule_and_gradient)
{
    const struct ug_op *op = all[_i];

    if (is_node(op)) {
        ck_assert_msg(op->infer || op->map, "%s has no shape rule", op->name);
        ck_assert_msg(!op->gradient != !op->why_no_gradient,
                      "%s must have a gradient or say why not, and not both", op->name);
        ck_assert_msg(!op->map != !op->run || op->is_view, "%s has two kernels", op->name);
    } else {
        ck_assert_msg(is_leaf(op) || op->build, "%s is neither a node nor built of any", op->name);
    }
}
END_TEST

static bool all_finite(struct trial *t, struct ug_node *y)
{
    const int64_t n = ug_shape_count(&y->type.shape);
    double *values = trial_values(t, y);
    bool finite = true;

    for (int64_t i = 0; i < n; i++)
        finite &= isfinite(values[i]);
    free(values);
    return finite;
}

/* Whether the gradient of y is to be checked: y is a number that depends on floats, through ops
 * that have gradients. */
static bool has_gradient(const struct ug_node *y, const struct ug_op *op)
{
    return y->type.dtype == UG_F32 && !y->op->why_no_gradient && !op->why_no_gradient;
}

/* Every value of the example: finite for some drawn inputs, with right gradients of both orders. */
static void check_example(const struct ug_op *op, bool training)
{
    struct trial *t = trial_load(op->example, training, 2);
    const int n = t->unfolded->values.n; /* checking adds nodes, not values */

    for (int i = 0; i < n; i++) {
        struct ug_node *y = t->unfolded->values.items[i].node;
        const char *error;

        if (!y)
            continue;
        if (!all_finite(t, y))
            trial_redraw(t, true);
        ck_assert_msg(all_finite(t, y), "%s: %s is not finite", op->name,
                      t->unfolded->values.items[i].name);
        if (!has_gradient(y, op))
            continue;
        error = gradient_error(t, y, 2);
        ck_assert_msg(!error, "%s: gradient of %s: %s\n%s", op->name,
                      t->unfolded->values.items[i].name, error, op->example);
    }
    trial_free(t);
}

START_TEST(example_is_true)
{
    if (!all[_i]->example)
        return;
    check_example(all[_i], true);
    check_example(all[_i], false);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("registry");
    TCase *c = tcase_create("descriptions"), *examples = tcase_create("examples");

    for (const struct ug_op *op = ug_op_next(NULL); op && n_all < MAX_OPS; op = ug_op_next(op))
        all[n_all++] = op;
    tcase_set_timeout(examples, 120);
    tcase_add_loop_test(c, describes_itself, 0, n_all);
    tcase_add_loop_test(c, documents_its_arguments, 0, n_all);
    tcase_add_loop_test(c, has_shape_rule_and_gradient, 0, n_all);
    tcase_add_loop_test(examples, example_is_true, 0, n_all);
    suite_add_tcase(s, c);
    suite_add_tcase(s, examples);
    return s;
}
