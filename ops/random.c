/* random.c -- random values: a function of seed, step, the place in the file, and the element.
 *
 * A node's stream is the name of its place (ug_call_stream), so that recomputing, reordering or
 * adding entries never changes a draw; pieces of one tensor may be filled in any order, by any
 * thread.
 */
#include <math.h>
#include <string.h>

#include "engine/base/random.h"
#include "engine/graph/call.h"
#include "ops/emit.h"

/* Of all nodes here: what is drawn, for what shape. */
struct draw {
    uint64_t stream;
    struct ug_ints shape;
    double a, b; /* normal: mean, std; uniform: low, high; mask: p */
};

enum { PIECE = 1 << 14 }; /* elements drawn at once; even, because normal numbers come in pairs */

typedef void draw_piece(const struct draw *a, const struct ug_random *r, int64_t first, int64_t n,
                        float *out);

static void run(const struct ug_kernel *k, draw_piece *piece)
{
    const struct draw *a = k->attrs;
    const struct ug_random r = {.seed = k->seed, .stream = a->stream, .step = k->step};
    const int64_t n = ug_shape_count(&k->out.shape);

#pragma omp parallel for schedule(static)
    for (int64_t first = 0; first < n; first += PIECE)
        piece(a, &r, first, n - first < PIECE ? n - first : PIECE, (float *)k->out.data + first);
}

static bool draw_infer(struct ug_inference *t)
{
    const struct draw *a = t->attrs;

    t->out = (struct ug_type){UG_F32, ug_shape_of(a->shape.n, a->shape.v)};
    return true;
}

/* A node of its own for each call: only then does the place name the draw. */
static struct ug_node *draw_build(struct ug_call *c)
{
    struct draw *a = c->attrs;

    a->stream = ug_call_stream(c);
    return ug_emit(c->b, c->op, a, NULL, 0);
}

/* Philox takes 20 multiplications and as many additions for four numbers. */
static double uniform_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)in;
    return 10.0 * (double)ug_shape_count(&out->shape);
}

/* And a logarithm, a sine and a cosine, by polynomials, for two of them. */
static double normal_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    return uniform_flops(attrs, in, out) + 20.0 * (double)ug_shape_count(&out->shape);
}

static const char *const why_not = "a draw depends on no value";

/* ---- normal_like ---- */

static void normal_piece(const struct draw *a, const struct ug_random *r, int64_t first, int64_t n,
                         float *out)
{
    const float mean = (float)a->a, std = (float)a->b;

    ug_random_normal(r, (uint64_t)first, n, out);
    for (int64_t i = 0; i < n; i++)
        out[i] = mean + std * out[i];
}

static void normal_run(const struct ug_kernel *k)
{
    run(k, normal_piece);
}

static const struct ug_arg normal_args[] = {
    {.name = "x",
     .doc = "a tensor whose shape is taken, or a list of extents",
     .type = UG_LIKE,
     .offset = offsetof(struct draw, shape)},
    {.name = "mean",
     .doc = "mean of the numbers",
     .type = UG_FLOAT,
     .offset = offsetof(struct draw, a),
     .initial = "0"},
    {.name = "std",
     .doc = "their standard deviation",
     .type = UG_FLOAT,
     .offset = offsetof(struct draw, b),
     .initial = "1",
     .min = 0,
     .max = 1e30},
    {.name = NULL},
};

static const struct ug_op normal_like = {
    .name = "normal_like",
    .summary = "Normally distributed numbers, drawn anew each step.",
    .formula = "y ~ N(mean, std^2), by Philox 4x32-10 (Salmon et al. 2011) and Box-Muller",
    .example = "unitgraph: 1\n"
               "inputs: {x: [2, 3]}\n"
               "graph: {y: x * normal_like(x), z: 'x + normal_like([2, 1], std=0.1)'}\n",
    .args = normal_args,
    .attrs_size = sizeof(struct draw),
    .build = draw_build,
    .infer = draw_infer,
    .run = normal_run,
    .why_no_gradient = why_not,
    .flops = normal_flops,
};

/* ---- uniform_like ---- */

static void uniform_piece(const struct draw *a, const struct ug_random *r, int64_t first, int64_t n,
                          float *out)
{
    const float low = (float)a->a, extent = (float)(a->b - a->a);

    ug_random_uniform(r, (uint64_t)first, n, out);
    for (int64_t i = 0; i < n; i++)
        out[i] = low + extent * out[i];
}

static void uniform_run(const struct ug_kernel *k)
{
    run(k, uniform_piece);
}

static const struct ug_arg uniform_args[] = {
    {.name = "x",
     .doc = "a tensor whose shape is taken, or a list of extents",
     .type = UG_LIKE,
     .offset = offsetof(struct draw, shape)},
    {.name = "low",
     .doc = "the least number",
     .type = UG_FLOAT,
     .offset = offsetof(struct draw, a),
     .initial = "0"},
    {.name = "high",
     .doc = "the end of the interval",
     .type = UG_FLOAT,
     .offset = offsetof(struct draw, b),
     .initial = "1"},
    {.name = NULL},
};

static const struct ug_op uniform_like = {
    .name = "uniform_like",
    .summary = "Uniformly distributed numbers, drawn anew each step.",
    .formula = "y ~ U[low, high), by Philox 4x32-10 (Salmon et al. 2011)",
    .example = "unitgraph: 1\n"
               "inputs: {x: [2, 3]}\n"
               "graph: {y: 'x * uniform_like(x, -1, 1)'}\n",
    .args = uniform_args,
    .attrs_size = sizeof(struct draw),
    .build = draw_build,
    .infer = draw_infer,
    .run = uniform_run,
    .why_no_gradient = why_not,
    .flops = uniform_flops,
};

/* ---- dropout ---- */

/* 0 with probability p, else 1 / (1 - p). */
static void mask_piece(const struct draw *a, const struct ug_random *r, int64_t first, int64_t n,
                       float *out)
{
    const float p = (float)a->a, kept = (float)(1.0 / (1.0 - a->a));

    ug_random_uniform(r, (uint64_t)first, n, out);
    for (int64_t i = 0; i < n; i++)
        out[i] = out[i] < p ? 0.0f : kept;
}

static void mask_run(const struct ug_kernel *k)
{
    run(k, mask_piece);
}

static const struct ug_op dropout_mask = {
    .name = "dropout_mask",
    .summary = "What dropout multiplies with.",
    .formula = "0 with probability p, else 1 / (1 - p)",
    .internal = true,
    .attrs_size = sizeof(struct draw),
    .infer = draw_infer,
    .run = mask_run,
    .why_no_gradient = why_not,
    .flops = uniform_flops,
};

struct dropout {
    double p;
    bool training;
};

static struct ug_node *dropout_build(struct ug_call *c)
{
    const struct dropout *a = c->attrs;
    struct ug_node *x = ug_call_tensor(c, "x");
    struct draw mask;

    memset(&mask, 0, sizeof mask); /* the padding, too: settings are compared as bytes */
    mask.stream = ug_call_stream(c);
    mask.a = a->p;
    if (!x || !a->training || a->p == 0.0)
        return x;
    if (a->p == 1.0)
        return ug_scale(c->b, x, 0.0);
    mask.shape.n = x->type.shape.rank;
    memcpy(mask.shape.v, x->type.shape.dim, sizeof mask.shape.v);
    return ug_mul(c->b, x, ug_emit(c->b, &dropout_mask, &mask, NULL, 0));
}

static const struct ug_arg dropout_args[] = {
    {.name = "x", .doc = "any shape", .type = UG_TENSOR},
    {.name = "p",
     .doc = "probability that an element is dropped",
     .type = UG_FLOAT,
     .offset = offsetof(struct dropout, p),
     .initial = "0.5",
     .min = 0,
     .max = 1},
    {.name = "training",
     .doc = "true drops, false does nothing, auto drops in training",
     .type = UG_MODE,
     .offset = offsetof(struct dropout, training),
     .initial = "auto"},
    {.name = NULL},
};

static const struct ug_op dropout = {
    .name = "dropout",
    .summary = "Drops elements at random and enlarges the others (Srivastava et al. 2014).",
    .formula = "y = x m / (1 - p), m = 0 with probability p, else 1; y = x in evaluation mode",
    .example = "unitgraph: 1\n"
               "inputs: {x: [2, 8]}\n"
               "graph: {y: 'dropout(x, 0.25, training=true)'}\n",
    .args = dropout_args,
    .attrs_size = sizeof(struct dropout),
    .build = dropout_build,
};

static const struct ug_op *const ops[] = {
    &normal_like, &uniform_like, &dropout, &dropout_mask, NULL,
};

const struct ug_op_family ug_family_random = {"random", ops};
