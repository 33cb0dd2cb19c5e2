/* spectral.c -- spectral normalisation (Miyato et al. 2018, "Spectral Normalization for Generative
 * Adversarial Networks", algorithm 1), as PyTorch's torch.nn.utils.spectral_norm.
 *
 * In training, each call makes one step of power iteration, v = normalize(W' u), u = normalize(W
 * v), and keeps both; in evaluation, they stay as they are.  sigma = u' W v counts u and v as
 * constants.
 */
#include "ops/spectral.h"

#include <math.h>

#include "ops/emit.h"

/* normalize(x) = x / max(|x|, EPS), as in PyTorch. */
static const double EPS = 1e-12;

static void normalize_vector(const double *x, int64_t n, float *y)
{
    double sum = 0, scale;

    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    scale = 1 / fmax(sqrt(sum), EPS);
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)(x[i] * scale);
}

/* Inputs: the state's old value, the other vector, the weight [rows, cols]. */
static bool infer_vector(struct ug_inference *t)
{
    t->out = t->in[0];
    return (t->in[2].shape.rank == 2 && t->in[0].shape.rank == 1 && t->in[1].shape.rank == 1) ||
           ug_reject(t, "needs two vectors and a matrix");
}

static size_t vector_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)in;
    return (size_t)ug_shape_count(&out->shape) * sizeof(double);
}

static double vector_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return 2.0 * (double)ug_shape_count(&in[2].shape);
}

/* W v: a row each. */
static void run_left(const struct ug_kernel *k)
{
    const int64_t rows = k->in[2].shape.dim[0], cols = k->in[2].shape.dim[1];
    const float *v = k->in[1].data, *w = k->in[2].data;
    double *x = k->scratch;

#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < rows; i++) {
        x[i] = 0;
        for (int64_t j = 0; j < cols; j++)
            x[i] += (double)w[i * cols + j] * v[j];
    }
    normalize_vector(x, rows, k->out.data);
}

/* W' u: blocks of columns, along which the memory lies. */
static void run_right(const struct ug_kernel *k)
{
    enum { BLOCK = 256 };
    const int64_t rows = k->in[2].shape.dim[0], cols = k->in[2].shape.dim[1];
    const float *u = k->in[1].data, *w = k->in[2].data;
    double *x = k->scratch;

#pragma omp parallel for schedule(static)
    for (int64_t from = 0; from < cols; from += BLOCK) {
        const int64_t to = from + BLOCK < cols ? from + BLOCK : cols;

        for (int64_t j = from; j < to; j++)
            x[j] = 0;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = from; j < to; j++)
                x[j] += (double)w[i * cols + j] * u[i];
    }
    normalize_vector(x, cols, k->out.data);
}

const struct ug_op ug_op_spectral_left = {
    .name = "spectral_left",
    .summary = "The next left singular vector of a power iteration.",
    .formula = "u = W v / |W v|",
    .internal = true,
    .infer = infer_vector,
    .run = run_left,
    .scratch = vector_scratch,
    .flops = vector_flops,
    .why_no_gradient = "singular vectors count as constants",
    .state_input = 1,
};

const struct ug_op ug_op_spectral_right = {
    .name = "spectral_right",
    .summary = "The next right singular vector of a power iteration.",
    .formula = "v = W' u / |W' u|",
    .internal = true,
    .infer = infer_vector,
    .run = run_right,
    .scratch = vector_scratch,
    .flops = vector_flops,
    .why_no_gradient = "singular vectors count as constants",
    .state_input = 1,
};

struct ug_node *ug_spectral_norm(struct ug_call *c, struct ug_node *weight)
{
    const struct ug_init start = {.kind = UG_INIT_UNIT_NORMAL};
    struct ug_builder *b = c->b;
    struct ug_node *u, *v, *w, *sigma;
    int64_t rows, cols;

    if (!weight)
        return NULL;
    if (weight->type.dtype != UG_F32 || ug_shape_count(&weight->type.shape) < 1 ||
        weight->type.shape.rank < 1)
        return ug_call_fail(c, "spectral_norm needs a float32 weight that is not empty");
    rows = weight->type.shape.dim[0];
    cols = ug_shape_count(&weight->type.shape) / rows;
    w = ug_reshape(b, weight, UG_SHAPE(rows, cols));
    u = ug_call_state(c, "weight_u", (struct ug_type){UG_F32, UG_SHAPE(rows)}, start);
    v = ug_call_state(c, "weight_v", (struct ug_type){UG_F32, UG_SHAPE(cols)}, start);
    if (b->training) {
        struct ug_node *fixed = ug_emit(b, &ug_op_detach, NULL, &w, 1), *old_u = u, *old_v = v;

        v = ug_emit(b, &ug_op_spectral_right, NULL, (struct ug_node *[]){old_v, old_u, fixed}, 3);
        u = ug_emit(b, &ug_op_spectral_left, NULL, (struct ug_node *[]){old_u, v, fixed}, 3);
        ug_call_update(c, old_v, v);
        ug_call_update(c, old_u, u);
    }
    sigma =
        ug_matmul(b, ug_reshape(b, u, UG_SHAPE(1, rows)),
                  ug_matmul(b, w, ug_reshape(b, v, UG_SHAPE(cols, 1)), false, false), false, false);
    return ug_div(b, weight, ug_reshape(b, sigma, ug_shape_scalar()));
}
