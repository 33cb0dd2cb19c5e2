/* Gradients of whole experiments against differences, in float64: right ones pass, whatever shares,
 * detaches or skips; one that is not the slope of what is computed is found. */

#include "tests/harness_experiment.h"
#include "tests/harness_main.h"
#include "tests/harness_scratch.h"

/* That gradcheck ends so, and prints `part`. */
static void expect(const char *yaml, bool terms, enum ug_status status, const char *part)
{
    const struct ug_gradcheck_options o = {
        .seed = -1, .terms = terms, .directions = 2, .out = capture()};
    const enum ug_status got = ug_gradcheck(experiment_write("e", yaml), &o, diags);
    const char *text = captured();

    ck_assert_msg(got == status, "gradcheck gave %d, not %d:\n%s%s", got, status, text, messages());
    expect_part(text, part);
}

/* Every kind of kernel with its own way through memory: 3x3 and strided convolutions, transposed
 * ones, products of matrices, norms, resampling, pooling. */
START_TEST(right_gradients_agree)
{
    static const char yaml[] =
        "unitgraph: 1\n"
        "modules:\n"
        "  generator:\n"
        "    body:\n"
        "      - 'conv2d(6, 3, padding=1, padding_mode=reflect)'\n"
        "      - instance_norm()\n"
        "      - relu()\n"
        "      - last: ['conv2d(4, 4, stride=2, padding=1)', batch_norm(), gelu(), "
        "'conv_transpose2d(3, 4, stride=2, padding=1)', tanh()]\n"
        "  critic:\n"
        "    body: ['conv2d(4, 3, padding=1, spectral_norm=true)', leaky_relu(0.2), "
        "'max_pool2d(2, 2)', flatten(), linear(5), layer_norm(), softplus(), linear(1)]\n"
        "data:\n"
        "  batch: 2\n"
        "  x: {synthetic: {scene: shapes, domain: outline, count: 9, seed: 1}, size: 16}\n"
        "networks: {G: generator(), H: generator(), D: critic()}\n"
        "share: ['G.last = H.last']\n"
        "graph:\n"
        "  fake: G(x + 0.1 * normal_like(x))\n"
        "  other: H(upsample(avg_pool2d(x, 2, 2), 2, mode=bilinear))\n"
        "losses:\n"
        "  D: bce_with_logits(D(x), 1) + bce_with_logits(D(detach(fake)), 0)\n"
        "  G: {gan: 'hinge_loss(D(fake), 1)', same: 'l1_loss(fake, x)', near: 'mse_loss(other, "
        "fake)'}\n"
        "train:\n"
        "  steps: 2\n"
        "  update: [D, G]\n"
        "  optimizers:\n"
        "    D: {minimize: D, parameters: [D], adam: {lr: 1e-2}}\n"
        "    G: {minimize: G, parameters: [G, H], adam: {lr: 1e-3}}\n";

    expect(yaml, false, UG_DONE, "\n3 compared: 3 agree, 0 differ, 0 unclear\n");
    expect(yaml, true, UG_DONE, "G.same      H                   168  not reached by the loss\n");
}
END_TEST

/* d/dp of p * detach(p) is p, while the value itself changes by 2p. */
START_TEST(what_is_detached_is_held_still)
{
    expect("unitgraph: 1\n"
           "graph: {p: 'parameter([3], init=constant(2))'}\n"
           "losses: {L: sum(p * detach(p))}\n"
           "train: {steps: 1, optimizers: {L: {minimize: L, parameters: [p], sgd: {lr: 1}}}}\n",
           false, UG_DONE, "detach and its kin hold back");
}
END_TEST

/* 1e20 swallows what is added to it: the value stands still, but the gradient says 1. */
START_TEST(gradients_that_are_no_slope_differ)
{
    static const char yaml[] = "unitgraph: 1\n"
                               "graph:\n"
                               "  p: parameter([3], init=constant(2))\n"
                               "  q: parameter([3], init=constant(1))\n"
                               "losses: {L: sum(p ** 2) + sum((q + 1e20) - 1e20), M: sum(p)}\n";

    expect(yaml, false, UG_FAILED, "\n3 compared: 2 agree, 1 differ, 0 unclear\n");
}
END_TEST

/* sqrt at 0 has no slope: what comes back is not a number. */
START_TEST(gradients_that_are_not_finite_differ)
{
    expect("unitgraph: 1\n"
           "graph: {p: 'parameter([3], init=constant(2))'}\n"
           "losses: {L: sqrt(sum((p - detach(p)) ** 2))}\n",
           false, UG_FAILED, "DIFFERS");
}
END_TEST

START_TEST(inputs_are_made_up_where_there_are_no_data)
{
    expect("unitgraph: 1\n"
           "inputs: {x: [2, 3, 8, 8]}\n"
           "graph: {y: 'conv2d(x, 4, 3)'}\n"
           "losses: {L: mean(y ** 2)}\n",
           false, UG_DONE, "1 agree, 0 differ");
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("gradcheck");
    TCase *c = tcase_create("gradcheck");

    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_test(c, right_gradients_agree);
    tcase_add_test(c, what_is_detached_is_held_still);
    tcase_add_test(c, gradients_that_are_no_slope_differ);
    tcase_add_test(c, gradients_that_are_not_finite_differ);
    tcase_add_test(c, inputs_are_made_up_where_there_are_no_data);
    suite_add_tcase(s, c);
    return s;
}
