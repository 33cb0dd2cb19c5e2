/* linalg.c -- products of matrices.
 *
 * OpenBLAS computes pieces of the result, each on one thread; the cut depends on the shapes alone,
 * so that the bits do not depend on the number of threads.
 */
#include <cblas.h>
#include <string.h>

#include "engine/graph/call.h"
#include "ops/axes.h"
#include "ops/emit.h"
#include "ops/settings.h"

/* One product y [m, n] = a [m, k] b [k, n], of which a and b may lie transposed. */
struct product {
    int64_t m, n, k;
    bool transpose_a, transpose_b;
};

static struct product product_of(const struct ug_matmul_attrs *at, const struct ug_shape *a,
                                 const struct ug_shape *b)
{
    return (struct product){
        .m = a->dim[a->rank - (at->transpose_a ? 1 : 2)],
        .k = a->dim[a->rank - (at->transpose_a ? 2 : 1)],
        .n = b->dim[b->rank - (at->transpose_b ? 2 : 1)],
        .transpose_a = at->transpose_a,
        .transpose_b = at->transpose_b,
    };
}

/* The axes in front of the matrices. */
static struct ug_shape batch_of(const struct ug_shape *s)
{
    return ug_shape_of(s->rank - 2, s->dim);
}

enum { MOST_EXTENT = 1 << 30 }; /* OpenBLAS counts in int */

static bool matmul_infer(struct ug_inference *t)
{
    const struct ug_matmul_attrs *at = t->attrs;
    const struct ug_shape *a = &t->in[0].shape, *b = &t->in[1].shape;
    struct ug_shape out;

    for (int i = 0; i < 2; i++) {
        if (t->in[i].dtype != UG_F32)
            return ug_reject(t, "needs float32 values, not %s", ug_dtype_name(t->in[i].dtype));
        if (t->in[i].shape.rank < 2)
            return ug_reject(t, "a matrix has two axes");
    }
    const struct ug_shape batch_a = batch_of(a), batch_b = batch_of(b);
    const struct product p = product_of(at, a, b);
    const int64_t k_of_b = b->dim[b->rank - (at->transpose_b ? 1 : 2)];

    if (p.k != k_of_b)
        return ug_reject(t, "rows of %lld elements do not meet columns of %lld", (long long)p.k,
                         (long long)k_of_b);
    if (p.m > MOST_EXTENT || p.n > MOST_EXTENT || p.k > MOST_EXTENT)
        return ug_reject(t, "a matrix may have at most 2^30 rows or columns");
    if (!ug_shape_broadcast(&batch_a, &batch_b, &out))
        return ug_reject(t, "the axes before the last two do not fit together");
    out.dim[out.rank++] = p.m;
    out.dim[out.rank++] = p.n;
    t->out = (struct ug_type){UG_F32, out};
    return true;
}

/* Rows [row, row + rows) and columns [column, column + columns) of one product. */
struct piece {
    int64_t row, rows, column, columns;
};

static void run_piece(const struct product *p, const struct piece *s, const float *a,
                      const float *b, float *y)
{
    const int64_t lda = p->transpose_a ? p->m : p->k, ldb = p->transpose_b ? p->k : p->n;

    a += p->transpose_a ? s->row : s->row * p->k;
    b += p->transpose_b ? s->column * p->k : s->column;
    y += s->row * p->n + s->column;
    cblas_sgemm(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans,
                p->transpose_b ? CblasTrans : CblasNoTrans, (int)s->rows, (int)s->columns,
                (int)p->k, 1.0f, a, (int)lda, b, (int)ldb, 0.0f, y, (int)p->n);
}

/* How a product is cut: into strips of `size` rows, or of columns where there are more of them. */
struct cut {
    bool columns;
    int64_t size, n;
};

static struct cut cut_product(const struct product *p, int64_t products)
{
    enum { ENOUGH_PIECES = 16, LEAST = 64 };
    const int64_t length = p->m >= p->n ? p->m : p->n;
    const int64_t wanted =
        products >= ENOUGH_PIECES ? 1 : ENOUGH_PIECES / (products ? products : 1);
    int64_t size = (length + wanted - 1) / wanted;

    size = (size + LEAST - 1) / LEAST * LEAST;
    return (struct cut){p->m < p->n, size, size ? (length + size - 1) / size : 0};
}

static struct piece piece_of(const struct product *p, const struct cut *c, int64_t i)
{
    const int64_t length = c->columns ? p->n : p->m, at = i * c->size;
    const int64_t size = length - at < c->size ? length - at : c->size;

    return c->columns ? (struct piece){0, p->m, at, size} : (struct piece){at, size, 0, p->n};
}

/* Where the matrices of member `index` of the result's batch start in an operand. */
static int64_t batch_offset(const struct ug_shape *operand, const struct ug_shape *out,
                            int64_t index)
{
    const struct ug_shape batch = batch_of(operand), all = batch_of(out);
    int64_t stride = operand->dim[operand->rank - 2] * operand->dim[operand->rank - 1];
    int64_t offset = 0;

    for (int i = all.rank - 1; i >= 0; i--) {
        const int at = i - (all.rank - batch.rank);
        const int64_t k = index % all.dim[i];

        index /= all.dim[i];
        if (at >= 0) {
            offset += (batch.dim[at] == 1 ? 0 : k) * stride;
            stride *= batch.dim[at];
        }
    }
    return offset;
}

static void matmul_run(const struct ug_kernel *k)
{
    const struct ug_tensor *a = &k->in[0], *b = &k->in[1], *y = &k->out;
    const struct product p = product_of(k->attrs, &a->shape, &b->shape);
    const int64_t products = ug_shape_span(&y->shape, 0, y->shape.rank - 2);
    const struct cut cut = cut_product(&p, products);

    if (ug_shape_count(&y->shape) == 0)
        return;
    if (p.k == 0) {
        memset(y->data, 0, (size_t)ug_shape_count(&y->shape) * sizeof(float));
        return;
    }
#pragma omp parallel for schedule(static) if (products * p.m * p.n * p.k > 65536)
    for (int64_t unit = 0; unit < products * cut.n; unit++) {
        const int64_t i = unit / cut.n;
        const struct piece piece = piece_of(&p, &cut, unit % cut.n);

        run_piece(&p, &piece, (const float *)a->data + batch_offset(&a->shape, &y->shape, i),
                  (const float *)b->data + batch_offset(&b->shape, &y->shape, i),
                  (float *)y->data + i * p.m * p.n);
    }
}

/* With A and B the operands as they stand in the product: dA = dy B', dB = A' dy, and where an
 * operand lies transposed, so does its gradient. */
static void matmul_gradient(struct ug_builder *b, struct ug_node *y, struct ug_node *dy,
                            const bool *wanted, struct ug_node **dx)
{
    const struct ug_matmul_attrs *at = y->attrs;
    struct ug_node *p = y->in[0], *q = y->in[1];
    const bool tp = at->transpose_a, tq = at->transpose_b;

    if (wanted[0])
        dx[0] = tp ? ug_matmul(b, q, dy, tq, true) : ug_matmul(b, dy, q, false, !tq);
    if (wanted[1])
        dx[1] = tq ? ug_matmul(b, dy, p, true, tp) : ug_matmul(b, p, dy, !tp, false);
}

/* x, if y is x with its last two axes in each other's place; else NULL. */
static struct ug_node *transposed(struct ug_node *y)
{
    const struct ug_permute_attrs *a = y->attrs;
    const int rank = y->type.shape.rank;

    if (strcmp(y->op->name, "permute"))
        return NULL;
    for (int i = 0; i < rank; i++) {
        const int wanted = i < rank - 2 ? i : i == rank - 2 ? rank - 1 : rank - 2;

        if (ug_axis_of(a->dims.v[i], rank, NULL) != wanted)
            return NULL;
    }
    return y->in[0];
}

/* A transposed operand need not be moved: the product reads it as it lies. */
static struct ug_node *matmul_simplify(struct ug_builder *b, const struct ug_node *y)
{
    const struct ug_matmul_attrs *at = y->attrs;
    struct ug_node *p = transposed(y->in[0]), *q = transposed(y->in[1]);

    return p || q ? ug_matmul(b, p ? p : y->in[0], q ? q : y->in[1], at->transpose_a != !!p,
                              at->transpose_b != !!q)
                  : NULL;
}

static double matmul_flops(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    const struct product p = product_of(attrs, &in[0].shape, &in[1].shape);

    return 2.0 * (double)ug_shape_count(&out->shape) * (double)p.k;
}

/* Many matrices times one are one product of more rows. */
static struct ug_node *multiply(struct ug_builder *b, struct ug_node *x, struct ug_node *y)
{
    const struct ug_shape s = x->type.shape;

    if (s.rank <= 2 || y->type.shape.rank != 2 || ug_shape_count(&s) == 0 ||
        s.dim[s.rank - 1] != y->type.shape.dim[0])
        return ug_matmul(b, x, y, false, false);
    struct ug_node *rows =
        ug_reshape(b, x, UG_SHAPE(ug_shape_span(&s, 0, s.rank - 1), s.dim[s.rank - 1]));
    struct ug_shape out = s;

    out.dim[s.rank - 1] = y->type.shape.dim[1];
    return ug_reshape(b, ug_matmul(b, rows, y, false, false), out);
}

/* As torch.matmul: a vector is a row on the left and a column on the right, whose axis then goes.
 */
static struct ug_node *matmul_build(struct ug_call *c)
{
    struct ug_node *x = ug_call_tensor(c, "a"), *y = ug_call_tensor(c, "b");
    const bool row = x->type.shape.rank == 1, column = y->type.shape.rank == 1;

    if (x->type.shape.rank == 0 || y->type.shape.rank == 0)
        return ug_call_fail(c, "a scalar is no matrix: use * to scale a tensor");
    if (row)
        x = ug_reshape(c->b, x, UG_SHAPE(1, x->type.shape.dim[0]));
    if (column)
        y = ug_reshape(c->b, y, UG_SHAPE(y->type.shape.dim[0], 1));
    struct ug_node *product = multiply(c->b, x, y);

    if (!product)
        return NULL;
    struct ug_shape out = product->type.shape;

    if (row) {
        out.dim[out.rank - 2] = out.dim[out.rank - 1];
        out.dim[--out.rank] = 0;
    }
    if (column)
        out.dim[--out.rank] = 0;
    return ug_reshape(c->b, product, out);
}

static const struct ug_arg matmul_args[] = {
    {.name = "a", .doc = "[..., M, K], or a vector [K]", .type = UG_TENSOR},
    {.name = "b",
     .doc = "[..., K, N], or a vector [K]; the axes in front broadcast",
     .type = UG_TENSOR},
    {.name = NULL},
};

static const struct ug_op matmul = {
    .name = "matmul",
    .summary = "The product of matrices, one for each member of a batch.",
    .formula = "y[..., i, j] = sum over k of a[..., i, k] b[..., k, j]",
    .example = "unitgraph: 1\ninputs: {a: [2, 3, 4], b: [4, 5]}\ngraph: {y: \"matmul(a, b)\"}\n",
    .args = matmul_args,
    .attrs_size = sizeof(struct ug_matmul_attrs),
    .build = matmul_build,
    .infer = matmul_infer,
    .run = matmul_run,
    .gradient = matmul_gradient,
    .simplify = matmul_simplify,
    .flops = matmul_flops,
};

static const struct ug_op *const ops[] = {&matmul, NULL};

const struct ug_op_family ug_family_linalg = {"linear algebra", ops};
