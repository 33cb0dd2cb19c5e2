/* optimizer.c -- Adam (Kingma & Ba 2015, arXiv:1412.6980), AdamW (Loshchilov & Hutter 2019,
 * arXiv:1711.05101), SGD with momentum, RMSprop; as torch.optim computes them.
 *
 * The block is cut into pieces of a fixed size, whatever the number of threads: each is updated by
 * itself, and the sums of the norm are added in their order.
 */
#include "engine/run/optimizer.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/simd.h"

enum {
    PIECE = 1 << 14,               /* elements */
    SPARE = UG_MAX_MOMENTS * PIECE /* of each thread */
};

/* What an update of one piece needs.  All arrays have n elements. */
struct update {
    size_t n;
    float *p, *m0, *m1, *m2;
    const float *g;
    float clip; /* gradients are multiplied by this */
    double lr;
    bool first;                      /* no update before this one */
    double correction1, correction2; /* Adam: 1 - beta^updates */
};

/* ---- Which moments an optimizer keeps ---- */

static int moment_names(const struct ug_optimizer_spec *s, const char *names[UG_MAX_MOMENTS])
{
    int n = 0;

    switch (s->kind) {
    case UG_ADAM:
    case UG_ADAMW:
        names[n++] = "exp_avg";
        names[n++] = "exp_avg_sq";
        if (s->amsgrad)
            names[n++] = "max_exp_avg_sq";
        break;
    case UG_SGD:
        if (s->momentum != 0)
            names[n++] = "momentum_buffer";
        break;
    case UG_RMSPROP:
        names[n++] = "square_avg";
        if (s->momentum > 0)
            names[n++] = "momentum_buffer";
        if (s->centered)
            names[n++] = "grad_avg";
        break;
    }
    return n;
}

int ug_optimizer_arrays(const struct ug_optimizer_spec *spec)
{
    const char *names[UG_MAX_MOMENTS];

    return moment_names(spec, names) + (spec->ema > 0);
}

static void cut_pieces(struct ug_optimizer *o, const bool *reached)
{
    const struct ug_block *b = o->block;
    int n = 0;

    for (int i = 0; i < b->n_spans; i++)
        n += reached[i] ? (int)((b->spans[i].n + PIECE - 1) / PIECE) : 0;
    o->pieces = ug_xcalloc((size_t)n, sizeof *o->pieces);
    o->sums = ug_xcalloc((size_t)n, sizeof *o->sums);
    for (int i = 0; i < b->n_spans; i++) {
        const struct ug_span *s = &b->spans[i];
        for (size_t at = 0; reached[i] && at < s->n; at += PIECE)
            o->pieces[o->n_pieces++] =
                (struct ug_piece){s->at + at, s->n - at < PIECE ? s->n - at : PIECE};
    }
}

static size_t spare_bytes(int threads)
{
    return (size_t)threads * SPARE * sizeof(float);
}

size_t ug_optimizer_trial_bytes(size_t n, int threads)
{
    return n * sizeof(float) + spare_bytes(threads);
}

bool ug_optimizer_init(struct ug_optimizer *o, const struct ug_optimizer_spec *spec,
                       struct ug_block *block, const bool *reached, bool tries,
                       struct ug_diags *diags)
{
    const size_t bytes = block->n * sizeof(float);
    bool whole = true;

    *o = (struct ug_optimizer){.spec = spec, .block = block};
    o->n_moments = moment_names(spec, o->moment_names);
    for (int i = 0; i < o->n_moments; i++)
        whole = (o->moments[i] = ug_memory_take(bytes)) && whole;
    if (spec->ema > 0)
        whole = (o->average = ug_memory_take(bytes)) && whole;
    if (tries) {
        o->threads = omp_get_max_threads();
        o->before = ug_memory_take(bytes);
        o->spare = ug_memory_take(spare_bytes(o->threads));
        whole = o->before && o->spare && whole;
    }
    cut_pieces(o, reached);
    if (!whole)
        ug_error(diags, spec->pos, "there is no memory for what '%s' keeps: %d blocks of %.1f MB",
                 spec->name, ug_optimizer_arrays(spec) + tries, (double)bytes / 1e6);
    return whole;
}

void ug_optimizer_free(struct ug_optimizer *o)
{
    for (int i = 0; i < o->n_moments; i++)
        ug_memory_give(o->moments[i], o->block->n * sizeof(float));
    if (o->block) {
        ug_memory_give(o->average, o->block->n * sizeof(float));
        ug_memory_give(o->before, o->block->n * sizeof(float));
        ug_memory_give(o->spare, spare_bytes(o->threads));
    }
    free(o->pieces);
    free(o->sums);
    *o = (struct ug_optimizer){0};
}

void ug_optimizer_start(struct ug_optimizer *o)
{
    if (o->average)
        memcpy(o->average, o->block->values, o->block->n * sizeof(float));
}

/* ---- Over the gradients ---- */

/* Eight sums side by side: the order is the same for any width of vectors. */
UG_WIDEST static double square_sum(size_t n, const float *g)
{
    enum { LANES = 8 };
    double sums[LANES] = {0}, sum = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            sums[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++)
        sums[i % LANES] += (double)g[i] * (double)g[i];
    for (size_t k = 0; k < LANES; k++)
        sum += sums[k];
    return sum;
}

/* Squares of floats do not overflow a double, so the norm is finite exactly where all gradients
 * are. */
static double gradient_norm(const struct ug_optimizer *o)
{
    double sum = 0;

#pragma omp parallel for schedule(static)
    for (int i = 0; i < o->n_pieces; i++)
        o->sums[i] = square_sum(o->pieces[i].n, o->block->grads + o->pieces[i].at);
    for (int i = 0; i < o->n_pieces; i++)
        sum += o->sums[i];
    return sqrt(sum);
}

/* x - x is 0 for finite x, and not a number otherwise: one sum tells, and it vectorises. */
UG_WIDEST static float departure(size_t n, const float *g)
{
    float sum = 0;

#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += g[i] - g[i];
    return sum;
}

bool ug_optimizer_finite(const struct ug_optimizer *o)
{
    int bad = 0;

#pragma omp parallel for schedule(static) reduction(+ : bad)
    for (int i = 0; i < o->n_pieces; i++)
        bad += departure(o->pieces[i].n, o->block->grads + o->pieces[i].at) != 0.0f;
    return bad == 0;
}

const struct ug_param *ug_optimizer_unsound(const struct ug_optimizer *o, const char **what)
{
    const float *arrays[UG_MAX_MOMENTS + 2] = {o->block->values, o->average};
    const char *names[UG_MAX_MOMENTS + 2] = {"the value", "the average"};

    for (int i = 0; i < o->n_moments; i++) {
        arrays[2 + i] = o->moments[i];
        names[2 + i] = o->moment_names[i];
    }
    for (int k = 0; k < 2 + o->n_moments; k++)
        for (int i = 0; arrays[k] && i < o->block->n_spans; i++) {
            const struct ug_span *s = &o->block->spans[i];
            *what = names[k];
            if (departure(s->n, arrays[k] + s->at) != 0.0f)
                return s->param;
        }
    return NULL;
}

/* ---- Updates of one piece ---- */

/* m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;
 * p <- p - lr / c1 * m / (sqrt(v) / sqrt(c2) + eps), with c = 1 - b^t. */
UG_WIDEST static void update_adam(const struct ug_optimizer_spec *s, const struct update *u)
{
    const float b1 = (float)s->betas[0], a1 = (float)(1 - s->betas[0]);
    const float b2 = (float)s->betas[1], a2 = (float)(1 - s->betas[1]);
    const float eps = (float)s->eps, rate = (float)(u->lr / u->correction1);
    const float root = (float)sqrt(u->correction2);
    const float coupled = s->kind == UG_ADAM ? (float)s->weight_decay : 0.0f;
    const float shrink = s->kind == UG_ADAMW ? (float)(1 - u->lr * s->weight_decay) : 1.0f;
    float *restrict p = u->p, *restrict m = u->m0, *restrict v = u->m1, *restrict top = u->m2;
    const float *restrict g = u->g;

    if (s->amsgrad) {
        for (size_t i = 0; i < u->n; i++) {
            const float x = p[i] * shrink, d = g[i] * u->clip + coupled * x;
            m[i] = m[i] * b1 + a1 * d;
            v[i] = v[i] * b2 + a2 * d * d;
            top[i] = top[i] > v[i] ? top[i] : v[i];
            p[i] = x - rate * (m[i] / (sqrtf(top[i]) / root + eps));
        }
        return;
    }
    for (size_t i = 0; i < u->n; i++) {
        const float x = p[i] * shrink, d = g[i] * u->clip + coupled * x;
        m[i] = m[i] * b1 + a1 * d;
        v[i] = v[i] * b2 + a2 * d * d;
        p[i] = x - rate * (m[i] / (sqrtf(v[i]) / root + eps));
    }
}

/* m <- mu m + (1 - dampening) d, which starts as d;  p <- p - lr m, or with Nesterov lr (d + mu m).
 */
UG_WIDEST static void update_sgd(const struct ug_optimizer_spec *s, const struct update *u)
{
    const float decay = (float)s->weight_decay, mu = (float)s->momentum;
    const float lr = (float)u->lr, keep = u->first ? 0.0f : mu;
    const float take = u->first ? 1.0f : (float)(1 - s->dampening);
    float *restrict p = u->p, *restrict m = u->m0;
    const float *restrict g = u->g;

    if (s->momentum == 0) {
        for (size_t i = 0; i < u->n; i++)
            p[i] -= lr * (g[i] * u->clip + decay * p[i]);
        return;
    }
    for (size_t i = 0; i < u->n; i++) {
        const float d = g[i] * u->clip + decay * p[i];
        m[i] = keep * m[i] + take * d;
        p[i] -= lr * (s->nesterov ? d + mu * m[i] : m[i]);
    }
}

/* v <- a v + (1 - a) d^2;  x = d / (sqrt(v) + eps), centered: sqrt(v - mean(d)^2);
 * p <- p - lr x, or with momentum  m <- mu m + x,  p <- p - lr m. */
UG_WIDEST static void update_rmsprop(const struct ug_optimizer_spec *s, const struct update *u)
{
    const float decay = (float)s->weight_decay, mu = (float)s->momentum, eps = (float)s->eps;
    const float lr = (float)u->lr, a = (float)s->alpha, b = (float)(1 - s->alpha);
    float *restrict p = u->p, *restrict v = u->m0;
    float *restrict m = s->momentum > 0 ? u->m1 : NULL;
    float *restrict mean = s->centered ? (m ? u->m2 : u->m1) : NULL;
    const float *restrict g = u->g;

    for (size_t i = 0; i < u->n; i++) {
        const float d = g[i] * u->clip + decay * p[i];
        v[i] = a * v[i] + b * d * d;
        float spread = v[i];
        if (mean) {
            mean[i] = a * mean[i] + b * d;
            spread -= mean[i] * mean[i];
        }
        float x = d / (sqrtf(spread) + eps);
        if (m)
            x = m[i] = mu * m[i] + x;
        p[i] -= lr * x;
    }
}

/* a <- decay a + (1 - decay) p */
UG_WIDEST static void update_average(double decay, size_t n, float *restrict a,
                                     const float *restrict p)
{
    const float keep = (float)decay, take = (float)(1 - decay);

    for (size_t i = 0; i < n; i++)
        a[i] = keep * a[i] + take * p[i];
}

/* Points `u` to a piece of all that an update reads and writes. */
static void point(const struct ug_optimizer *o, const struct ug_piece *piece, struct update *u)
{
    float **moments[UG_MAX_MOMENTS] = {&u->m0, &u->m1, &u->m2};

    u->n = piece->n;
    u->p = o->block->values + piece->at;
    u->g = o->block->grads + piece->at;
    for (int i = 0; i < o->n_moments; i++)
        *moments[i] = o->moments[i] + piece->at;
}

static void run_kernel(const struct ug_optimizer_spec *s, const struct update *u)
{
    if (s->kind == UG_SGD)
        update_sgd(s, u);
    else if (s->kind == UG_RMSPROP)
        update_rmsprop(s, u);
    else
        update_adam(s, u);
}

static void average_piece(const struct ug_optimizer *o, const struct ug_piece *piece)
{
    if (o->average)
        update_average(o->spec->ema, piece->n, o->average + piece->at,
                       o->block->values + piece->at);
}

/* Values change, moments only in copies.  What is copied is found in the cache by the kernel. */
static void try_piece(const struct ug_optimizer *o, const struct ug_piece *piece, struct update u,
                      float *spare)
{
    float **moments[UG_MAX_MOMENTS] = {&u.m0, &u.m1, &u.m2};

    point(o, piece, &u);
    memcpy(o->before + piece->at, u.p, u.n * sizeof(float));
    for (int i = 0; i < o->n_moments; i++, spare += PIECE)
        *moments[i] = memcpy(spare, *moments[i], u.n * sizeof(float));
    run_kernel(o->spec, &u);
}

/* Moments change as they would have, from the values before, which are of no use then. */
static void keep_piece(const struct ug_optimizer *o, const struct ug_piece *piece, struct update u)
{
    point(o, piece, &u);
    u.p = o->before + piece->at;
    run_kernel(o->spec, &u);
    average_piece(o, piece);
}

/* As torch.nn.utils.clip_grad_norm_. */
static float clip_factor(const struct ug_optimizer *o)
{
    if (o->spec->clip_norm <= 0)
        return 1.0f;
    const double factor = o->spec->clip_norm / (gradient_norm(o) + 1e-6);
    return factor < 1 ? (float)factor : 1.0f;
}

/* What all pieces share in the update that was counted last. */
static struct update last_update(const struct ug_optimizer *o, double lr, float clip)
{
    return (struct update){
        .clip = clip,
        .lr = lr,
        .first = o->updates == 1,
        .correction1 = 1 - pow(o->spec->betas[0], (double)o->updates),
        .correction2 = 1 - pow(o->spec->betas[1], (double)o->updates),
    };
}

void ug_optimizer_update(struct ug_optimizer *o, double lr)
{
    o->updates++;
    const struct update shared = last_update(o, lr, clip_factor(o));
#pragma omp parallel for schedule(static)
    for (int i = 0; i < o->n_pieces; i++) {
        struct update u = shared;
        point(o, &o->pieces[i], &u);
        run_kernel(o->spec, &u);
        average_piece(o, &o->pieces[i]);
    }
}

void ug_optimizer_try(struct ug_optimizer *o, double lr)
{
    o->updates++;
    o->lr = lr;
    o->clip = clip_factor(o);
    const struct update u = last_update(o, o->lr, o->clip);
#pragma omp parallel for schedule(static) num_threads(o->threads)
    for (int i = 0; i < o->n_pieces; i++)
        try_piece(o, &o->pieces[i], u, o->spare + (size_t)omp_get_thread_num() * SPARE);
}

void ug_optimizer_keep(struct ug_optimizer *o)
{
    const struct update u = last_update(o, o->lr, o->clip);

#pragma omp parallel for schedule(static)
    for (int i = 0; i < o->n_pieces; i++)
        keep_piece(o, &o->pieces[i], u);
}

void ug_optimizer_undo(struct ug_optimizer *o)
{
    o->updates--;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < o->n_pieces; i++) {
        const struct ug_piece *piece = &o->pieces[i];
        memcpy(o->block->values + piece->at, o->before + piece->at, piece->n * sizeof(float));
    }
}
