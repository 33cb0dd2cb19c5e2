/* loss_classes.c -- losses of classes.
 *
 * Scores have their classes along axis 1: [N, C] or [N, C, H, W].  Labels are int64 of the scores'
 * shape without that axis, or one number for all.  A label that is no class gives NaN: the run then
 * stops and names the loss.
 */
#include "ops/loss_classes.h"

#include <math.h>
#include <string.h>

#include "engine/graph/call.h"
#include "ops/emit.h"
#include "ops/labels.h"

struct classes {
    int64_t n;
};

static bool at_label_infer(struct ug_inference *t)
{
    t->out = (struct ug_type){.dtype = UG_F32};
    return ug_check_labels(t, &t->out.shape);
}

static void at_label_run(const struct ug_kernel *k)
{
    const struct ug_shape *x = &k->in[0].shape;
    const int64_t n = ug_shape_count(&k->out.shape), classes = x->dim[1];
    const int64_t inner = ug_shape_span(x, 2, x->rank);
    const float *from = k->in[0].data;
    float *y = k->out.data;

    for (int64_t i = 0; i < n; i++) {
        const int64_t label = ug_label_at(&k->in[1], i, classes);

        y[i] = label < 0 ? NAN : from[(i / inner * classes + label) * inner + i % inner];
    }
}

static bool to_label_infer(struct ug_inference *t)
{
    const struct classes *a = t->attrs;
    const struct ug_shape *x = &t->in[0].shape;

    if (t->in[0].dtype != UG_F32 || x->rank < 1 || x->rank >= UG_MAX_RANK)
        return ug_reject(t, "needs float32 values");
    t->out = (struct ug_type){UG_F32, {.rank = x->rank + 1}};
    for (int i = 0; i < t->out.shape.rank; i++)
        t->out.shape.dim[i] = i < 1 ? x->dim[i] : i == 1 ? a->n : x->dim[i - 1];
    return true;
}

static void to_label_run(const struct ug_kernel *k)
{
    const struct ug_shape *y = &k->out.shape;
    const int64_t n = ug_shape_count(&k->in[0].shape), classes = y->dim[1];
    const int64_t inner = ug_shape_span(y, 2, y->rank);
    const float *x = k->in[0].data;
    float *to = k->out.data;

    memset(to, 0, (size_t)ug_shape_count(y) * sizeof *to);
    for (int64_t i = 0; i < n; i++) {
        const int64_t label = ug_label_at(&k->in[1], i, classes);

        if (label >= 0)
            to[(i / inner * classes + label) * inner + i % inner] = x[i];
    }
}

static void to_label_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                              const bool *wanted, struct ug_node **dx)
{
    (void)wanted;
    dx[0] = ug_emit(b, &ug_op_at_label, NULL, (struct ug_node *[]){dy, y->in[1]}, 2);
}

const struct ug_op ug_op_to_label = {
    .name = "to_label",
    .summary = "Each value in the place of its label along a new axis 1, zeros elsewhere.",
    .formula = "y[n, label[n]] = x[n]",
    .internal = true,
    .attrs_size = sizeof(struct classes),
    .infer = to_label_infer,
    .run = to_label_run,
    .gradient = to_label_gradient,
};

static void at_label_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                              const bool *wanted, struct ug_node **dx)
{
    const struct classes classes = {y->in[0]->type.shape.dim[1]};

    (void)wanted;
    dx[0] = ug_emit(b, &ug_op_to_label, &classes, (struct ug_node *[]){dy, y->in[1]}, 2);
}

static int64_t at_label_classes(const struct ug_type *in, const struct ug_type *out)
{
    (void)out;
    return in[0].shape.dim[1];
}

const struct ug_op ug_op_at_label = {
    .name = "at_label",
    .summary = "The score of each sample's label; NaN where the label is no class.",
    .formula = "y[n] = x[n, label[n]]",
    .internal = true,
    .infer = at_label_infer,
    .run = at_label_run,
    .gradient = at_label_gradient,
    .classes = at_label_classes,
};

/* -mean of x at the labels; a label written as a number is checked here and now. */
static struct ug_node *nll(struct ug_call *c, struct ug_node *x)
{
    struct ug_node *labels = ug_call_tensor(c, "labels");

    if (!x || !labels)
        return NULL;
    if (labels->op == &ug_op_constant && x->type.shape.rank > 1) {
        const double label = ((const struct ug_constant_attrs *)labels->attrs)->value;
        const int64_t n = x->type.shape.dim[1];

        if (!(label >= 0 && label < (double)n) || floor(label) != label)
            return ug_call_fail(c, "%g is no class: there are %lld, counted from 0", label,
                                (long long)n);
    }
    x = ug_emit(c->b, &ug_op_at_label, NULL, (struct ug_node *[]){x, labels}, 2);
    return ug_neg(c->b, ug_mean(c->b, x, UG_ALL_AXES, false));
}

static struct ug_node *nll_build(struct ug_call *c)
{
    return nll(c, ug_call_tensor(c, "log_probs"));
}

#define LABELS_DOC "int64 [N] or [N, H, W], classes counted from 0, or one number for every sample"

static const struct ug_arg nll_args[] = {
    {.name = "log_probs", .doc = "[N, C] or [N, C, H, W]", .type = UG_TENSOR},
    {.name = "labels", .doc = LABELS_DOC, .type = UG_TENSOR},
    {.name = NULL},
};

const struct ug_op ug_op_nll_loss = {
    .name = "nll_loss",
    .summary =
        "Negative logarithm of the labels' probabilities; a label that is no class gives NaN.",
    .formula = "-mean(log_probs[n, label[n]])",
    .example = "unitgraph: 1\n"
               "inputs: {x: [4, 3], labels: {shape: [4], dtype: int64}}\n"
               "graph: {y: 'nll_loss(log_softmax(x, 1), labels)'}\n",
    .args = nll_args,
    .build = nll_build,
};

static struct ug_node *cross_entropy_build(struct ug_call *c)
{
    struct ug_node *x = ug_call_tensor(c, "logits");
    char text[UG_SHAPE_TEXT];

    if (!x)
        return NULL;
    if (x->type.shape.rank < 2)
        return ug_call_fail(c, "needs logits [N, C] or [N, C, H, W], not %s",
                            ug_shape_text(&x->type.shape, text));
    return nll(c, ug_log_softmax(c->b, x, 1));
}

static const struct ug_arg cross_entropy_args[] = {
    {.name = "logits", .doc = "[N, C] or [N, C, H, W]", .type = UG_TENSOR},
    {.name = "labels", .doc = LABELS_DOC, .type = UG_TENSOR},
    {.name = NULL},
};

const struct ug_op ug_op_cross_entropy = {
    .name = "cross_entropy",
    .summary = "Negative logarithm of the labels' softmax probabilities; a label that is no class "
               "gives NaN.",
    .formula = "-mean(log_softmax(logits)[n, label[n]])",
    .example = "unitgraph: 1\n"
               "inputs: {logits: [4, 3], labels: {shape: [4], dtype: int64}}\n"
               "graph: {y: 'cross_entropy(logits, labels) + cross_entropy(logits, 2)'}\n",
    .args = cross_entropy_args,
    .build = cross_entropy_build,
};
