/* core_ops.c -- the ops that the engine itself needs: leaves, addition, and the two halves of
 * broadcasting. */
#include <string.h>

#include "engine/base/simd.h"
#include "engine/graph/build.h"
#include "engine/graph/sum.h"

double ug_no_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)in, (void)out;
    return 0.0;
}

/* ---- Leaves ---- */

const struct ug_op ug_op_input = {
    .name = "input",
    .summary = "A value given from outside: data, or an entry of 'inputs'.",
    .internal = true,
    .attrs_size = sizeof(struct ug_input_attrs),
    .why_no_gradient = "it has no inputs",
    .flops = ug_no_flops,
};

const struct ug_op ug_op_param = {
    .name = "param",
    .summary = "A parameter or a state, as it stands when it is read.",
    .internal = true,
    .attrs_size = sizeof(struct ug_param_attrs),
    .why_no_gradient = "it has no inputs",
    .flops = ug_no_flops,
};

const struct ug_op ug_op_constant = {
    .name = "constant",
    .summary = "A number.",
    .internal = true,
    .attrs_size = sizeof(struct ug_constant_attrs),
    .why_no_gradient = "it has no inputs",
    .flops = ug_no_flops,
};

const struct ug_op ug_op_counter = {
    .name = "counter",
    .summary = "A number known as training runs: step, steps, epoch or epochs.",
    .internal = true,
    .attrs_size = sizeof(struct ug_counter_attrs),
    .why_no_gradient = "it has no inputs",
    .flops = ug_no_flops,
};

/* ---- add ---- */

UG_WIDEST static void add_map(const void *attrs, int64_t n, const float *const *in, float *out)
{
    const float *a = in[0], *b = in[1];

    (void)attrs;
    UG_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        out[i] = a[i] + b[i];
}

/* dx = dy for both; the engine sums over axes that were broadcast. */
static void add_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                         const bool *wanted, struct ug_node **dx)
{
    (void)b, (void)y, (void)wanted;
    dx[0] = dx[1] = dy;
}

/* x + 0 = x, which makes +0 of -0 only. */
static struct ug_node *add_simplify(struct ug_builder *b, const struct ug_node *n)
{
    for (int i = 0; i < 2; i++)
        if (ug_is_scalar_constant(n->in[i], 0.0))
            return ug_expand_to(b, n->in[1 - i], n->type.shape);
    return NULL;
}

const struct ug_op ug_op_add = {
    .name = "add",
    .summary = "The sum of two tensors: what + means.",
    .formula = "y = a + b",
    .internal = true,
    .map = add_map,
    .gradient = add_gradient,
    .simplify = add_simplify,
    .in_place = 3,
};

/* ---- identity, detach ---- */

static bool infer_same(struct ug_inference *t)
{
    t->out = t->in[0];
    return true;
}

static void identity_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                              const bool *wanted, struct ug_node **dx)
{
    (void)b, (void)y, (void)wanted;
    dx[0] = dy;
}

static const struct ug_arg identity_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    {.name = NULL},
};

const struct ug_op ug_op_identity = {
    .name = "identity",
    .summary = "The value itself: the activation that is none.",
    .formula = "y = x",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: identity(x)}\n",
    .args = identity_args,
    .infer = infer_same,
    .gradient = identity_gradient,
    .flops = ug_no_flops,
    .is_view = true,
};

const struct ug_op ug_op_detach = {
    .name = "detach",
    .summary = "The value itself, taken as given: no gradient flows through it.",
    .formula = "y = x, dy/dx = 0",
    .example = "unitgraph: 1\ninputs: {x: [2, 3]}\ngraph: {y: x * detach(x)}\n",
    .args = identity_args,
    .infer = infer_same,
    .why_no_gradient = "stopping the gradient is what it is for",
    .flops = ug_no_flops,
    .is_view = true,
};

/* ---- sum_to, expand_to ---- */

/* attrs of both: the shape to come to. */
static bool infer_to(struct ug_inference *t, const struct ug_shape *small,
                     const struct ug_shape *large)
{
    char a[UG_SHAPE_TEXT], b[UG_SHAPE_TEXT];
    struct ug_shape both;

    if (t->in[0].dtype != UG_F32)
        return ug_reject(t, "needs float32 values, not %s", ug_dtype_name(t->in[0].dtype));
    if (!ug_shape_broadcast(small, large, &both) || !ug_shape_equal(&both, large))
        return ug_reject(t, "%s does not broadcast to %s", ug_shape_text(small, a),
                         ug_shape_text(large, b));
    t->out = (struct ug_type){UG_F32, *(const struct ug_shape *)t->attrs};
    return true;
}

static bool sum_to_infer(struct ug_inference *t)
{
    return infer_to(t, t->attrs, &t->in[0].shape);
}

static void sum_to_run(const struct ug_kernel *k)
{
    ug_sum_run(k->in[0].data, &k->in[0].shape, &k->out.shape, 1.0, k->adds, k->scratch,
               k->out.data);
}

static size_t sum_to_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs;
    return ug_sum_scratch(&in[0].shape, &out->shape);
}

static bool sum_to_adds(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)in, (void)out;
    return true;
}

static double sum_to_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return (double)ug_shape_count(&in[0].shape);
}

static void sum_to_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                            const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_expand_to(b, dy, y->in[0]->type.shape);
}

static struct ug_node *sum_to_simplify(struct ug_builder *b, const struct ug_node *n)
{
    const struct ug_node *x = n->in[0];

    return x->op->simplify_sum ? x->op->simplify_sum(b, x, &n->type.shape) : NULL;
}

const struct ug_op ug_op_sum_to = {
    .name = "sum_to",
    .summary = "The sum over the axes along which broadcasting would repeat a smaller shape.",
    .formula = "y[j] = sum of x[i] over all i that broadcasting reads j for",
    .internal = true,
    .attrs_size = sizeof(struct ug_shape),
    .infer = sum_to_infer,
    .run = sum_to_run,
    .scratch = sum_to_scratch,
    .gradient = sum_to_gradient,
    .simplify = sum_to_simplify,
    .adds = sum_to_adds,
    .sums_samples = 1,
    .flops = sum_to_flops,
};

static bool expand_to_infer(struct ug_inference *t)
{
    return infer_to(t, &t->in[0].shape, t->attrs);
}

static void copy_map(const void *attrs, int64_t n, const float *const *in, float *out)
{
    (void)attrs;
    if (in[0] != out)
        memcpy(out, in[0], (size_t)n * sizeof *out);
}

static void expand_to_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                               const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_sum_to(b, dy, y->in[0]->type.shape);
}

const struct ug_op ug_op_expand_to = {
    .name = "expand_to",
    .summary = "A value repeated along axes of extent 1, as broadcasting does.",
    .formula = "y[i] = x[j], j = i but 0 on the axes where x has extent 1",
    .internal = true,
    .attrs_size = sizeof(struct ug_shape),
    .infer = expand_to_infer,
    .map = copy_map,
    .gradient = expand_to_gradient,
    .flops = ug_no_flops,
};

static const struct ug_op *const core_ops[] = {
    &ug_op_input,     &ug_op_param, &ug_op_constant, &ug_op_counter, &ug_op_sum_to,
    &ug_op_expand_to, NULL,
};

const struct ug_op_family ug_family_core = {"core", core_ops};
