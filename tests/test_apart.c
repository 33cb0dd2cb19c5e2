/* Samples together as each alone: what ops declare as `per_sample` is held against their kernels, and
 * graphs are told apart that mix samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/random.h"
#include "engine/graph/apart.h"
#include "engine/graph/node.h"
#include "ops/emit.h"
#include "tests/harness_main.h"
#include "tests/harness_ops.h"

enum { SAMPLES = 3, MOST_INPUTS = 8, MOST_TEXT = 1000 };

/* Each computes a sample of y from that of x alone. */
static const char *const keeping[] = {
    "relu(x) * 2 + x",
    "upsample(x, 2)",
    "upsample(x, 1.5, mode=bilinear)",
    "avg_pool2d(x, 2)",
    "avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=false)",
    "adaptive_avg_pool2d(x, 2)",
    "max_pool2d(x, 2)",
    "pixel_shuffle(x, 2)",
    "pad(x, 1)",
    "pad(x, [1, 0, 2, 1], mode=reflect)",
    "pad(x, 2, mode=replicate)",
    "cat(x, x * 2)",
    "cat(x, x, dim=-1)",
    "x[:, 1:3]",
    "x[:, 0, :, 2:4]",
    "cat(split(x, 2), dim=2)",
    "permute(x, [0, 2, 3, 1])",
    "transpose(x, 1, 2)",
    "reshape(x, [-1, 8])",
    "flatten(x)",
    "sum(x, dim=1)",
    "mean(x, dim=[2, 3], keepdim=true)",
    "x - mean(x, dim=[1, 2, 3], keepdim=true)",
    "var(x, dim=[1, 3])",
    "max(x, dim=[2, 3])",
    "min(x, dim=1, keepdim=true)",
    "argmax(x, dim=1)",
    "softmax(x, 1)",
    "log_softmax(x, -1)",
    "conv2d(x, 5, 3, padding=1, padding_mode=reflect)",
    "conv_transpose2d(x, 3, 4, stride=2, padding=1)",
    "instance_norm(x)",
    "group_norm(x, 2)",
    "layer_norm(x)",
    "batch_norm(x, training=false)",
    "tanh(conv2d(upsample(max_pool2d(conv2d(x, 6, 3, padding=1), 2), 2), 3, 1))",
};
enum { KEEPING = sizeof keeping / sizeof *keeping };

/* Each makes one thing of several samples, or counts them. */
static const char *const mixing[] = {
    "cat(x, x, dim=0)",
    "x[0:1] + x",
    "x - mean(x)",
    "x - mean(x, dim=0)",
    "x + sum(x, dim=0, keepdim=true)",
    "x * max(x)",
    "x + flatten(x)[0, 0]",
    "softmax(x, 0)",
    "log_softmax(x, dim=-4)",
    "permute(x, [1, 0, 2, 3])",
    "transpose(x, 0, 1)",
    "reshape(x, [1, -1])",
    "reshape(x, [4, -1])",
    "pad(x, [0, 0, 0, 0, 0, 0, 1, 0])",
    "batch_norm(x, training=true)",
    "x / size(x, 0)",
    "x + normal_like(x)",
    "x + upsample(mean(x, dim=0, keepdim=true), 2)[:, :, 0:4, 0:8]",
};
enum { MIXING = sizeof mixing / sizeof *mixing };

static struct trial *load(const char *y, int samples, bool training)
{
    char text[MOST_TEXT];

    snprintf(text, sizeof text, "unitgraph: 1\ninputs: {x: [%d, 4, 4, 8]}\ngraph: {y: \"%s\"}\n",
             samples, y);
    return trial_load(text, training, 1);
}

/* The same program, unfolded for more samples. */
static bool keeps_apart(const char *y)
{
    struct trial *one = load(y, 1, false);
    const struct ug_input x = {.name = "x", .type = {UG_F32, UG_SHAPE(SAMPLES, 4, 4, 8)}};
    const struct ug_request request = {
        .want = UG_WANT_VALUES, .batch = SAMPLES, .types = &x, .n_types = 1};
    struct ug_unfolded *many = ug_unfold(one->program, &request, one->diags);

    ck_assert_msg(many != NULL, "%s: %s", y, ug_diags_first(one->diags));
    const bool apart =
        ug_graph_keeps_apart(one->graph, many->graph, SAMPLES, trial_value(one, "y"));
    ug_unfolded_free(many);
    trial_free(one);
    return apart;
}

START_TEST(graphs_that_keep_samples_apart)
{
    ck_assert_msg(keeps_apart(keeping[_i]), "'%s' is taken to mix samples", keeping[_i]);
}
END_TEST

START_TEST(graphs_that_mix_samples)
{
    ck_assert_msg(!keeps_apart(mixing[_i]), "'%s' is taken to keep samples apart", mixing[_i]);
}
END_TEST

/* ---- Kernels ---- */

static void *draw(const struct ug_type *type, uint64_t stream)
{
    const struct ug_random random = {.seed = 5, .stream = stream};
    const int64_t n = ug_shape_count(&type->shape);
    void *values = ug_memory_take(ug_type_bytes(type) + 1);

    if (type->dtype == UG_F32)
        ug_random_normal(&random, 0, n, values);
    for (int64_t i = 0; i < n && type->dtype == UG_I64; i++)
        ((int64_t *)values)[i] = (int64_t)ug_random_below(&random, (uint64_t)i, 4); /* positions */
    return values;
}

static bool has_samples(const struct ug_node *n, int input)
{
    return n->op->per_sample && ug_node_per_sample(n, input);
}

/* Runs the op of `n` on inputs; `times` as many samples as the node has. */
static void *run(const struct ug_node *n, int times, struct ug_tensor *in, struct ug_type *out)
{
    char error[UG_ERROR_TEXT] = "";
    void *attrs = ug_xcalloc(1, n->op->attrs_size);
    struct ug_type types[MOST_INPUTS];

    if (n->op->attrs_size)
        memcpy(attrs, n->attrs, n->op->attrs_size);
    if (n->op->widen && times > 1)
        ck_assert(n->op->widen(attrs, times));
    for (int i = 0; i < n->n_in; i++)
        types[i] = (struct ug_type){in[i].dtype, in[i].shape};
    struct ug_inference t = {.n_in = n->n_in, .in = types, .attrs = attrs, .error = error};
    ck_assert_msg(n->op->infer(&t), "%s: %s", n->op->name, error);
    *out = t.out;
    struct ug_kernel k = {.attrs = attrs, .n_in = n->n_in, .in = in};
    k.out = (struct ug_tensor){out->dtype, out->shape, ug_memory_take(ug_type_bytes(out) + 1)};
    k.scratch = n->op->scratch ? ug_memory_take(n->op->scratch(attrs, types, out) + 1) : NULL;
    n->op->run(&k);
    free(attrs);
    return k.out.data;
}

/* Convolutions choose their algorithm by the shapes, and round as it does. */
static bool is_near(const struct ug_type *type, const void *a, const void *b, bool exact)
{
    const float *x = a, *y = b;

    if (exact)
        return !memcmp(a, b, ug_type_bytes(type));
    for (int64_t i = 0; i < ug_shape_count(&type->shape); i++)
        if (!(fabsf(x[i] - y[i]) <= 1e-4f * (1 + fabsf(y[i]))))
            return false;
    return true;
}

/* What a node makes of several times its samples, against what it makes of each. */
static void check_node(const struct ug_node *n)
{
    struct ug_tensor all[MOST_INPUTS], some[MOST_INPUTS];
    struct ug_type whole, part;

    ck_assert_int_le(n->n_in, MOST_INPUTS);
    for (int i = 0; i < n->n_in; i++) {
        struct ug_type type = n->in[i]->type;
        if (has_samples(n, i))
            type.shape.dim[0] *= SAMPLES;
        all[i] = (struct ug_tensor){type.dtype, type.shape, draw(&type, (uint64_t)i)};
    }
    const char *made = run(n, SAMPLES, all, &whole);
    for (int s = 0; s < SAMPLES; s++) {
        for (int i = 0; i < n->n_in; i++) {
            some[i] = all[i];
            some[i].shape = n->in[i]->type.shape;
            if (has_samples(n, i))
                some[i].data = (char *)all[i].data + (size_t)s * ug_type_bytes(&n->in[i]->type);
        }
        const void *alone = run(n, 1, some, &part);
        ck_assert_int_eq(whole.shape.dim[0], SAMPLES * part.shape.dim[0]);
        ck_assert_msg(is_near(&part, made + (size_t)s * ug_type_bytes(&part), alone,
                              strncmp(n->op->name, "convolve", 8)),
                      "%s: sample %d is not what it is alone", n->op->name, s);
    }
}

static struct ug_node *gradient_of_squares(struct trial *t, struct ug_node *y, struct ug_node *x)
{
    struct ug_node *squares = ug_mul(&t->b, y, y), *dx = NULL;

    ck_assert(ug_differentiate(&t->b, ug_sum_to(&t->b, squares, ug_shape_scalar()), &x, 1, &dx));
    return dx;
}

/* The gradient of y too, whose ops are the adjoints, and the gradient of that. */
static struct trial *load_with_gradients(const char *y)
{
    struct trial *t = load(y, 1, true);
    struct ug_node *value = trial_value(t, "y"), *x = t->leaves[0].node;

    if (value->type.dtype == UG_F32)
        gradient_of_squares(t, gradient_of_squares(t, value, x), x);
    return t;
}

START_TEST(kernels_keep_samples_apart)
{
    struct trial *t = load_with_gradients(keeping[_i]);

    for (int i = 0; i < t->graph->n; i++) {
        const struct ug_node *n = t->graph->nodes[i];
        if (n->op->run && n->n_in && has_samples(n, 0) && n->type.shape.rank)
            check_node(n);
    }
    trial_free(t);
}
END_TEST

START_TEST(every_such_op_is_checked)
{
    for (const struct ug_op *op = ug_op_next(NULL); op; op = ug_op_next(op)) {
        bool met = !op->per_sample || !op->run;
        for (int i = 0; i < KEEPING && !met; i++) {
            struct trial *t = load_with_gradients(keeping[i]);
            for (int k = 0; k < t->graph->n; k++)
                met |= t->graph->nodes[k]->op == op && has_samples(t->graph->nodes[k], 0);
            trial_free(t);
        }
        ck_assert_msg(met, "no graph here has '%s', which declares itself per_sample", op->name);
    }
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("apart");
    TCase *t = tcase_create("samples");

    tcase_add_loop_test(t, graphs_that_keep_samples_apart, 0, KEEPING);
    tcase_add_loop_test(t, graphs_that_mix_samples, 0, MIXING);
    tcase_add_loop_test(t, kernels_keep_samples_apart, 0, KEEPING);
    tcase_add_test(t, every_such_op_is_checked);
    suite_add_tcase(s, t);
    return s;
}
