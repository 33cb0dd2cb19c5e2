/* history.c -- CycleGAN's pool of pictures (Zhu et al. 2017, after Shrivastava et al. 2017).
 *
 * A discriminator that sees only the newest fakes forgets the older ones; the pool shows it some of
 * them.  As state it is two tensors: the kept pictures [size, C, H, W] and how many pictures were
 * seen. Three nodes make one call, and each works out the same moves of pictures from the same
 * draws: seen -> seen + N, pool -> pool with new pictures put in, and what the call returns.
 */
#include <string.h>

#include "engine/base/random.h"
#include "engine/graph/call.h"
#include "ops/history.h"

struct history {
    int64_t size;
    uint64_t stream;
};

enum { LARGEST = 100000 };

/* ---- The moves ---- */

void ug_history_moves(const struct ug_random *random, int64_t size, int64_t seen, int64_t n,
                      int64_t *from, int64_t *into)
{
    for (int64_t i = 0; i < n; i++) {
        const uint64_t draw = 2 * (uint64_t)i;
        int64_t slot;

        from[i] = -1;
        into[i] = -1;
        if (seen + i < size) {
            into[i] = seen + i;
        } else if (ug_random_below(random, draw, 2)) {
            slot = (int64_t)ug_random_below(random, draw + 1, (uint64_t)size);
            from[i] = slot;
            into[i] = slot;
        }
    }
}

/* Scratch of the kernels: from[N], into[N]. */
static size_t moves_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return 2 * (size_t)in[2].shape.dim[0] * sizeof(int64_t);
}

/* in: pool, seen after this batch, x. */
struct moves {
    const float *pool, *x;
    const int64_t *from, *into;
    int64_t n, picture; /* pictures of x, elements of one */
};

static struct moves find_moves(const struct ug_kernel *k)
{
    const struct history *a = k->attrs;
    const struct ug_random r = {.seed = k->seed, .stream = a->stream, .step = k->step};
    const struct ug_shape *x = &k->in[2].shape;
    int64_t *from = k->scratch, *into = from + x->dim[0];
    const int64_t seen = *(const int64_t *)k->in[1].data - x->dim[0];

    ug_history_moves(&r, a->size, seen, x->dim[0], from, into);
    return (struct moves){.pool = k->in[0].data,
                          .x = k->in[2].data,
                          .from = from,
                          .into = into,
                          .n = x->dim[0],
                          .picture = ug_shape_span(x, 1, x->rank)};
}

/* ---- Nodes ---- */

static bool seen_infer(struct ug_inference *t)
{
    t->out = t->in[0];
    return true;
}

static void seen_run(const struct ug_kernel *k)
{
    *(int64_t *)k->out.data = *(const int64_t *)k->in[0].data + k->in[1].shape.dim[0];
}

static const char *const why_not = "the pool is given, like data";

static const struct ug_op history_seen = {
    .name = "history_seen",
    .summary = "How many pictures a pool has seen after this batch.",
    .formula = "seen + N",
    .internal = true,
    .infer = seen_infer,
    .run = seen_run,
    .why_no_gradient = why_not,
    .in_place = 1,
    .state_input = 1,
};

static bool pool_infer(struct ug_inference *t)
{
    t->out = t->in[0];
    return true;
}

/* A picture of the batch that a later one of the same batch displaces is not copied twice: order
 * decides. */
static void pool_run(const struct ug_kernel *k)
{
    const struct moves m = find_moves(k);
    float *out = k->out.data;

    if (out != m.pool)
        memcpy(out, m.pool, (size_t)ug_shape_count(&k->out.shape) * sizeof *out);
    for (int64_t i = 0; i < m.n; i++)
        if (m.into[i] >= 0)
            memcpy(out + m.into[i] * m.picture, m.x + i * m.picture,
                   (size_t)m.picture * sizeof *out);
}

static const struct ug_op history_pool = {
    .name = "history_pool",
    .summary = "A pool of pictures after this batch.",
    .formula = "pool, with some pictures of x put in",
    .internal = true,
    .attrs_size = sizeof(struct history),
    .infer = pool_infer,
    .run = pool_run,
    .scratch = moves_scratch,
    .why_no_gradient = why_not,
    .in_place = 1,
    .state_input = 1,
    .due_with = 1 << 1, /* what was seen after this batch, which history_read asks for */
};

static bool read_infer(struct ug_inference *t)
{
    t->out = t->in[2];
    return true;
}

/* What stands in a slot when picture i comes: the last picture of the batch put there before it, or
 * what the pool held. */
static const float *standing(const struct moves *m, int64_t i)
{
    for (int64_t before = i - 1; before >= 0; before--)
        if (m->into[before] == m->from[i])
            return m->x + before * m->picture;
    return m->pool + m->from[i] * m->picture;
}

static void read_run(const struct ug_kernel *k)
{
    const struct moves m = find_moves(k);
    float *out = k->out.data;

    for (int64_t i = 0; i < m.n; i++)
        memcpy(out + i * m.picture, m.from[i] < 0 ? m.x + i * m.picture : standing(&m, i),
               (size_t)m.picture * sizeof *out);
}

static const struct ug_op history_read = {
    .name = "history_read",
    .summary = "What history returns: pictures of this batch, or displaced ones of the pool.",
    .formula = "x[n], or what stood in the slot that x[n] takes",
    .internal = true,
    .attrs_size = sizeof(struct history),
    .infer = read_infer,
    .run = read_run,
    .scratch = moves_scratch,
    .why_no_gradient = why_not,
    .state_input = 1,
};

/* ---- The call ---- */

static const struct ug_op history;

static struct ug_node *history_build(struct ug_call *c)
{
    struct history *a = c->attrs;
    const struct ug_init zeros = {.kind = UG_INIT_CONSTANT};
    struct ug_node *x = ug_call_tensor(c, "x"), *pool, *seen, *next_seen, *next_pool;
    struct ug_type pool_type;
    char text[UG_SHAPE_TEXT];

    if (!x)
        return NULL;
    if (x->type.dtype != UG_F32 || x->type.shape.rank < 1)
        return ug_call_fail(c, "needs float32 samples along axis 0, not %s of shape %s",
                            ug_dtype_name(x->type.dtype), ug_shape_text(&x->type.shape, text));
    a->stream = ug_call_stream(c);
    pool_type = x->type;
    pool_type.shape.dim[0] = a->size;
    pool = ug_call_state(c, "images", pool_type, zeros);
    seen = ug_call_state(c, "seen", (struct ug_type){UG_I64, ug_shape_scalar()}, zeros);
    x = ug_emit(c->b, &ug_op_detach, NULL, &x, 1);
    if (!c->b->training || !pool || !seen)
        return pool && seen ? x : NULL;
    next_seen = ug_emit(c->b, &history_seen, NULL, (struct ug_node *[]){seen, x}, 2);
    next_pool = ug_emit(c->b, &history_pool, a, (struct ug_node *[]){pool, next_seen, x}, 3);
    x = ug_emit(c->b, &history_read, a, (struct ug_node *[]){pool, next_seen, x}, 3);
    ug_call_update(c, seen, next_seen);
    ug_call_update(c, pool, next_pool);
    return x;
}

static const struct ug_arg history_args[] = {
    {.name = "x", .doc = "samples along axis 0", .type = UG_TENSOR},
    {.name = "size",
     .doc = "how many samples are kept",
     .type = UG_INT,
     .offset = offsetof(struct history, size),
     .initial = "50",
     .min = 1,
     .max = LARGEST},
    {.name = NULL},
};

static const struct ug_op history = {
    .name = "history",
    .summary =
        "CycleGAN's image pool: shows a discriminator older fakes, too (Shrivastava et al. 2017).",
    .formula =
        "for each sample in turn:\n"
        "while fewer than size are kept, it is kept and returned; then, with probability 1/2,\n"
        "a kept one is returned and the sample takes its place, else the sample is returned;\n"
        "no gradient; x itself outside training",
    .example = "unitgraph: 1\n"
               "inputs: {x: [4, 2, 3, 3]}\n"
               "graph: {y: 'history(x, 2)'}\n",
    .args = history_args,
    .attrs_size = sizeof(struct history),
    .has_parameters = true,
    .build = history_build,
};

static const struct ug_op *const ops[] = {
    &history, &history_seen, &history_pool, &history_read, NULL,
};

const struct ug_op_family ug_family_history = {"control", ops};
