/* test_batch.c -- runs over several batches as one: where it happens, where it must not, and that
 * values and gradients stay. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"
#include "engine/graph/passes.h"
#include "harness_bench.h"
#include "harness_main.h"
#include "ops/convolve.h"
#include "ops/emit.h"
#include "ops/normalize.h"

enum { CHANNELS = 16, SIZE = 4, MOST = 16 };

static int samples = 1; /* of a picture, as Check's fork finds it in each test */

static struct ug_node *picture(void)
{
    return ug_bench_floats(&t, UG_SHAPE(samples, CHANNELS, SIZE, SIZE), NULL);
}

static struct ug_node *weight(void)
{
    return ug_bench_floats(&t, UG_SHAPE(CHANNELS, CHANNELS, 3, 3), NULL);
}

static struct ug_node *op(const char *name, struct ug_node *a, struct ug_node *b)
{
    return ug_emit_named(&t.b, name, NULL, (struct ug_node *[]){a, b}, b ? 2 : 1);
}

static struct ug_node *convolve(struct ug_node *x, struct ug_node *w)
{
    const struct ug_convolve_attrs a = {
        .stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1, .size = {SIZE, SIZE}};

    return ug_emit(&t.b, &ug_op_convolve, &a, (struct ug_node *[]){x, w}, 2);
}

static struct ug_node *normalize(struct ug_node *x)
{
    const struct ug_norm_attrs a = {1, x->type.shape.dim[0] * CHANNELS, SIZE * SIZE, 1e-5};
    struct ug_node *stats = ug_emit(&t.b, &ug_op_norm_stats, &a, &x, 1);

    return ug_emit(&t.b, &ug_op_normalize, &a, (struct ug_node *[]){x, stats}, 2);
}

/* Two layers with a path around them. */
static struct ug_node *net(struct ug_node *x, struct ug_node *w, struct ug_node *v)
{
    struct ug_node *h = op("relu", normalize(convolve(x, w)), NULL);

    return op("add", x, normalize(convolve(h, v)));
}

static struct ug_node *sum(struct ug_node *x)
{
    return ug_sum_to(&t.b, op("square", x, NULL), ug_shape_scalar());
}

static int count(const struct ug_graph *g, const char *name)
{
    int n = 0;

    for (int i = 0; i < g->n; i++)
        n += !strcmp(g->nodes[i]->op->name, name);
    return n;
}

static void bind(struct ug_exec *e)
{
    for (int i = 0; i < t.n_inputs; i++)
        ug_exec_bind(e, t.inputs[i].name, t.inputs[i].data);
}

/* All roots in one run, their values one after the other. */
static float *run(const struct ug_graph *g, struct ug_node *const *roots, int n, int64_t *floats)
{
    struct ug_goal goals[MOST];
    float *values, *at;
    struct ug_exec *e;

    *floats = 0;
    for (int i = 0; i < n; i++)
        *floats += ug_shape_count(&roots[i]->type.shape);
    at = values = ug_xcalloc((size_t)*floats, sizeof *values);
    for (int i = 0; i < n; i++) {
        goals[i] = (struct ug_goal){.node = roots[i], .home = at};
        at += ug_shape_count(&roots[i]->type.shape);
    }
    e = ug_exec_new(ug_plan_new(g, goals, n, 1), NULL, NULL, t.diags);
    ck_assert_ptr_nonnull(e);
    bind(e);
    ug_exec_run(e, 0, 7, 0);
    ug_exec_free(e);
    return values;
}

/* The graph with batches joined, after checking that all roots keep their values. */
static struct ug_graph *batched(struct ug_node **roots, int n)
{
    struct ug_graph *simple = ug_simplify(t.graph, roots, n), *g;
    int64_t floats, same;
    float *before = run(simple, roots, n, &floats), *after, largest = 0;

    g = ug_batch(simple, roots, n);
    after = run(g, roots, n, &same);
    ck_assert_int_eq(floats, same);
    for (int64_t i = 0; i < floats; i++)
        largest = fmaxf(largest, fabsf(before[i]));
    for (int64_t i = 0; i < floats; i++)
        ck_assert_float_le(fabsf(before[i] - after[i]), 1e-5F * largest);
    free(before), free(after);
    ug_graph_free(simple);
    return g;
}

START_TEST(joins_what_follows_and_shows_parts)
{
    struct ug_node *w = weight(), *v = weight();
    struct ug_node *roots[] = {net(picture(), w, v), net(picture(), w, v), net(picture(), w, v)};
    struct ug_graph *g = batched(roots, 3);

    ck_assert_int_eq(count(g, "convolve"), 2);
    ck_assert_int_eq(count(g, "norm_stats"), 2);
    ck_assert_int_eq(count(g, "add"), 1);
    ck_assert_int_eq(count(g, "joined"), 1);
    ck_assert_int_eq(count(g, "part"), 3);
    ug_graph_free(g);
}
END_TEST

START_TEST(joins_backwards_and_sums_up_weights)
{
    struct ug_node *w = weight(), *v = weight(), *x = picture(), *to[] = {w, v, x};
    struct ug_node *loss = op("add", sum(net(x, w, v)), sum(net(picture(), w, v))), *roots[3];
    struct ug_graph *g;

    ck_assert(ug_differentiate(&t.b, loss, to, 3, roots));
    g = batched(roots, 3);
    ck_assert_int_eq(count(g, "convolve"), 2);
    ck_assert_int_eq(count(g, "convolve_weight"), 2);
    ck_assert_int_eq(count(g, "convolve_input"), 1 + 1);
    ck_assert_int_eq(count(g, "normalize_backward"), 2);
    ug_graph_free(g);
}
END_TEST

/* One loss wants the gradient to `fake`, another the gradients to the weights, of `fake` and `real`;
 * both go back through the same layers. */
static void try_two_losses(bool weights_first)
{
    struct ug_node *w = weight(), *v = weight(), *fake = picture(), *to[] = {w, v}, *roots[3];
    struct ug_node *a = net(fake, w, v), *b = net(picture(), w, v);
    struct ug_node *both = op("add", sum(op("tanh", a, NULL)), sum(b));
    struct ug_graph *g;

    if (weights_first)
        ck_assert(ug_differentiate(&t.b, both, to, 2, roots));
    ck_assert(ug_differentiate(&t.b, sum(a), &fake, 1, &roots[2]));
    if (!weights_first)
        ck_assert(ug_differentiate(&t.b, both, to, 2, roots));
    g = batched(roots, 3);
    ck_assert_int_eq(count(g, "convolve"), 2);
    ck_assert_int_eq(count(g, "convolve_weight"), 2);
    ck_assert_int_eq(count(g, "convolve_input"), 1 + 1);
    ug_graph_free(g);
}

START_TEST(gradients_of_one_loss_stand_together)
{
    try_two_losses(false);
    try_two_losses(true);
}
END_TEST

/* a, and b from a; d, and c from d.  Each pair could run as one, both cannot. */
START_TEST(crosswise_pairs_do_not_close_a_cycle)
{
    struct ug_node *w = weight(), *v = weight();
    struct ug_node *a = convolve(picture(), w), *b = convolve(op("tanh", a, NULL), v);
    struct ug_node *d = convolve(picture(), v), *c = convolve(op("tanh", d, NULL), w);
    struct ug_node *roots[] = {b, c};
    struct ug_graph *g = batched(roots, 2);

    ck_assert_int_eq(count(g, "convolve"), 3);
    ug_graph_free(g);
}
END_TEST

/* One network after the other: nothing is independent. */
START_TEST(what_depends_stays_apart)
{
    struct ug_node *w = weight(), *v = weight();
    struct ug_node *root = net(net(picture(), w, v), w, v);
    struct ug_graph *g = batched(&root, 1);

    ck_assert_int_eq(count(g, "convolve"), 4);
    ck_assert_int_eq(count(g, "joined"), 0);
    ug_graph_free(g);
}
END_TEST

/* The second waits until what it is compared with is there, though it could run at once. */
START_TEST(waits_for_what_comes_late)
{
    struct ug_node *w = weight(), *v = weight(), *d = weight();
    struct ug_node *fake = net(net(picture(), w, v), w, v);
    struct ug_node *roots[] = {convolve(picture(), d), convolve(fake, d)};
    struct ug_graph *g = batched(roots, 2);

    ck_assert_int_eq(count(g, "convolve"), 4 + 1);
    ug_graph_free(g);
}
END_TEST

START_TEST(leaves_large_pictures_and_other_settings)
{
    struct ug_node *large = ug_bench_floats(&t, UG_SHAPE(8, CHANNELS, SIZE, SIZE), NULL);
    struct ug_node *other = ug_bench_floats(&t, UG_SHAPE(8, CHANNELS, SIZE, SIZE), NULL);
    struct ug_node *w = weight(),
                   *roots[] = {convolve(large, w), convolve(other, w), convolve(picture(), w)};
    struct ug_graph *g = batched(roots, 3);

    ck_assert_int_eq(count(g, "convolve"), 3);
    ug_graph_free(g);
}
END_TEST

/* Two samples each, whose statistics are taken over both. */
START_TEST(batch_statistics_stay_apart)
{
    const struct ug_norm_attrs over_batch = {2, CHANNELS, SIZE * SIZE, 1e-5};
    struct ug_node *w = weight(), *roots[2];
    struct ug_graph *g;

    for (int i = 0; i < 2; i++) {
        struct ug_node *x =
            convolve(ug_bench_floats(&t, UG_SHAPE(2, CHANNELS, SIZE, SIZE), NULL), w);
        struct ug_node *stats = ug_emit(&t.b, &ug_op_norm_stats, &over_batch, &x, 1);

        roots[i] = ug_emit(&t.b, &ug_op_normalize, &over_batch, (struct ug_node *[]){x, stats}, 2);
    }
    g = batched(roots, 2);
    ck_assert_int_eq(count(g, "convolve"), 1);
    ck_assert_int_eq(count(g, "norm_stats"), 2);
    ck_assert_int_eq(count(g, "normalize"), 2);
    ug_graph_free(g);
}
END_TEST

/* What reads a parameter after its update may not run with what is due before it. */
START_TEST(phases_stay_apart)
{
    struct ug_node *w = weight(), *p = ug_bench_param(&t, "p", UG_SHAPE(1)), *later;
    struct ug_param_attrs attrs = *(const struct ug_param_attrs *)p->attrs;
    struct ug_node like = *p, *roots[2];
    struct ug_graph *g;

    attrs.version = 1;
    like.attrs = &attrs;
    later = ug_graph_leaf(t.graph, &like);
    roots[0] = convolve(op("mul", picture(), p), w);
    roots[1] = convolve(op("mul", picture(), later), w);
    g = ug_batch(t.graph, roots, 2);
    ck_assert_int_eq(count(g, "convolve"), 2);
    ug_graph_free(g);
}
END_TEST

/* The second sample makes the convolution overflow. */
START_TEST(faults_have_the_place_of_their_sample)
{
    float huge[CHANNELS * SIZE * SIZE];
    const struct ug_node *fault;
    struct ug_node *w = weight(), *roots[2];
    struct ug_graph *g;
    struct ug_exec *e;

    for (int i = 0; i < CHANNELS * SIZE * SIZE; i++)
        huge[i] = 3e38F;
    t.b.place = "first";
    roots[0] = convolve(picture(), w);
    t.b.place = "second";
    roots[1] = convolve(ug_bench_floats(&t, UG_SHAPE(1, CHANNELS, SIZE, SIZE), huge), w);
    g = ug_batch(t.graph, roots, 2);
    ck_assert_int_eq(count(g, "convolve"), 1);
    e = ug_exec_new(
        ug_plan_new(g, (struct ug_goal[]){{.node = roots[0]}, {.node = roots[1]}}, 2, 1), NULL,
        NULL, t.diags);
    bind(e);
    fault = ug_exec_find_fault(e, 0, 7, 0);
    ck_assert_ptr_nonnull(fault);
    ck_assert_str_eq(fault->op->name, "convolve");
    ck_assert_str_eq(fault->place, "second");
    ug_exec_free(e);
    ug_graph_free(g);
}
END_TEST

/* What follows joined layers and keeps samples apart is joined too; what mixes samples is not. */
START_TEST(joins_only_what_keeps_samples_apart)
{
    struct ug_node *w = weight(), *v = weight(), *roots[4];

    for (int i = 0; i < 2; i++) {
        struct ug_node *pair[] = {convolve(picture(), w), convolve(picture(), v)};
        struct ug_node *channels = ug_cat(&t.b, pair, 2, 1), *stacked = ug_cat(&t.b, pair, 2, 0);
        roots[2 * i] = op("tanh", ug_slice(&t.b, channels, 1, 3, 20), NULL);
        roots[2 * i + 1] = op("tanh", ug_slice(&t.b, stacked, 0, 0, 1), NULL);
    }
    struct ug_graph *g = batched(roots, 4);
    ck_assert_int_eq(count(g, "convolve"), 2);
    ck_assert_int_eq(count(g, "cat"), 3);
    ck_assert_int_eq(count(g, "slice"), 3);
    ug_graph_free(g);
}
END_TEST

/* ---- Graphs drawn at random ---- */

static uint64_t state;

static int draw(int n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)n);
}

/* Channels of two pictures, or their samples, crosswise. */
static struct ug_node *cross(struct ug_node *x, struct ug_node *y, int axis)
{
    const int64_t n = x->type.shape.dim[axis], half = n / 2;
    struct ug_node *parts[] = {ug_slice(&t.b, x, axis, half, n), ug_slice(&t.b, y, axis, 0, half)};

    return ug_cat(&t.b, parts, 2, axis);
}

static struct ug_node *reflect_and_crop(struct ug_node *x)
{
    const struct ug_padding more = {{0, 0, 1, 2}, {0, 0, 0, 1}},
                            less = {{0, 0, 0, -3}, {0, 0, -1, 0}};

    return ug_pad(&t.b, ug_pad(&t.b, x, &more, UG_PAD_REFLECT, 0), &less, UG_PAD_CONSTANT, 0);
}

static struct ug_node *draw_layer(struct ug_node *const *values, int n, struct ug_node *const *w)
{
    struct ug_node *x = values[draw(n)], *y = values[draw(n)];

    switch (draw(12)) {
    case 3:
        return cross(x, y, 1);
    case 4:
        return cross(x, y, 0); /* mixes samples */
    case 5:
        return ug_sub(&t.b, x, ug_mean(&t.b, y, (struct ug_ints){3, {1, 2, 3}}, true));
    case 6:
        return ug_sub(&t.b, x, ug_mean(&t.b, y, (struct ug_ints){1, {0}}, true)); /* mixes */
    case 7:
        return reflect_and_crop(x);
    case 0:
        return op("add", x, y);
    case 1:
        return op("tanh", x, NULL);
    case 2:
        return normalize(x);
    default:
        return op("tanh", normalize(convolve(x, w[draw(3)])), NULL);
    }
}

enum { INPUTS = 3, VALUES = 24, WEIGHTS = 3, ROOTS = WEIGHTS + 2 };

/* A loss of the last values, its gradients, and a value in between; those that the loss does not
 * reach are the loss itself. */
static void draw_graph(struct ug_node **roots)
{
    struct ug_node *values[VALUES], *w[WEIGHTS], *loss = NULL;

    for (int i = 0; i < WEIGHTS; i++)
        w[i] = weight();
    for (int i = 0; i < VALUES; i++)
        values[i] = i < INPUTS ? picture() : draw_layer(values, i, w);
    for (int i = VALUES - 4; i < VALUES; i++)
        loss = loss ? op("add", loss, sum(values[i])) : sum(values[i]);
    ck_assert(ug_differentiate(&t.b, loss, w, WEIGHTS, roots));
    roots[WEIGHTS] = loss;
    roots[WEIGHTS + 1] = values[VALUES - 6];
    for (int i = 0; i < WEIGHTS; i++)
        roots[i] = roots[i] ? roots[i] : loss;
}

/* How many convolutions were spared. */
static int try_random_graph(uint64_t seed)
{
    struct ug_node *roots[ROOTS], *same[ROOTS];
    struct ug_graph *simple, *g;
    int spared;

    state = seed;
    draw_graph(roots);
    memcpy(same, roots, sizeof same);
    simple = ug_simplify(t.graph, same, ROOTS);
    g = batched(roots, ROOTS);
    spared = count(simple, "convolve") - count(g, "convolve");
    ug_graph_free(simple);
    ug_graph_free(g);
    return spared;
}

START_TEST(any_graph_keeps_its_values)
{
    int spared = 0;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        samples = 1 + (int)(seed % 2);
        spared += try_random_graph(seed);
        bench_teardown();
        bench_setup();
    }
    ck_assert_int_gt(spared, 10);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("batch");
    TCase *c = tcase_create("batch");

    tcase_add_checked_fixture(c, bench_setup, bench_teardown);
    tcase_add_test(c, joins_what_follows_and_shows_parts);
    tcase_add_test(c, joins_backwards_and_sums_up_weights);
    tcase_add_test(c, gradients_of_one_loss_stand_together);
    tcase_add_test(c, crosswise_pairs_do_not_close_a_cycle);
    tcase_add_test(c, what_depends_stays_apart);
    tcase_add_test(c, waits_for_what_comes_late);
    tcase_add_test(c, leaves_large_pictures_and_other_settings);
    tcase_add_test(c, batch_statistics_stay_apart);
    tcase_add_test(c, phases_stay_apart);
    tcase_add_test(c, faults_have_the_place_of_their_sample);
    tcase_add_test(c, joins_only_what_keeps_samples_apart);
    tcase_add_test(c, any_graph_keeps_its_values);
    suite_add_tcase(s, c);
    return s;
}
