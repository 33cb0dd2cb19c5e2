/* Updates against what torch.optim makes of the same gradients (tools/make_optimizer_goldens.py).
 */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/safetensors.h"
#include "engine/run/optimizer.h"
#include "harness_main.h"
#include "harness_scratch.h"

enum { N = 37, UPDATES = 5 };

static const struct golden_case {
    const char *name;
    struct ug_optimizer_spec spec;
    double lr;
} cases[] = {
    {"adam", {.kind = UG_ADAM, .betas = {0.5, 0.999}, .eps = 1e-8}, 1e-2},
    {"adam_decay",
     {.kind = UG_ADAM, .betas = {0.9, 0.999}, .eps = 1e-3, .weight_decay = 0.1},
     1e-2},
    {"amsgrad", {.kind = UG_ADAM, .betas = {0.9, 0.6}, .eps = 1e-8, .amsgrad = true}, 1e-2},
    {"adamw", {.kind = UG_ADAMW, .betas = {0.9, 0.999}, .eps = 1e-8, .weight_decay = 0.2}, 1e-2},
    {"sgd", {.kind = UG_SGD}, 0.1},
    {"sgd_momentum",
     {.kind = UG_SGD, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.05},
     0.1},
    {"nesterov", {.kind = UG_SGD, .momentum = 0.9, .nesterov = true}, 0.1},
    {"rmsprop", {.kind = UG_RMSPROP, .alpha = 0.9, .eps = 1e-8, .weight_decay = 0.1}, 1e-2},
    {"rmsprop_centered",
     {.kind = UG_RMSPROP, .alpha = 0.9, .eps = 1e-8, .centered = true, .momentum = 0.5},
     1e-2},
    {"clipped", {.kind = UG_SGD, .clip_norm = 2.5}, 0.1},
};

static struct ug_safetensors *golden;

static void setup(void)
{
    scratch_setup();
    golden = ug_safetensors_open("optimizers.safetensors", UG_NOWHERE, diags);
    ck_assert_ptr_nonnull(golden);
}

static void teardown(void)
{
    ug_safetensors_close(golden);
    scratch_teardown();
}

static void read_golden(const char *name, int64_t first, int64_t n, float *out)
{
    const struct ug_stored *t = ug_safetensors_find(golden, name);

    ck_assert_msg(t != NULL, "no tensor '%s'", name);
    ck_assert(ug_stored_read(t, UG_F32, first, n, out));
}

/* A block of one span, started from the goldens. */
struct fixture {
    struct ug_param param;
    struct ug_span span;
    struct ug_block block;
    float values[N], grads[N];
};

static void start(struct fixture *f)
{
    f->span = (struct ug_span){&f->param, 0, N};
    f->block = (struct ug_block){&f->span, 1, N, f->values, f->grads};
    read_golden("start", 0, N, f->values);
}

/* The moments of a case are named in the file as PyTorch names them. */
static void check_close(const char *what, const float *got, const float *want)
{
    for (int i = 0; i < N; i++)
        ck_assert_msg(fabsf(got[i] - want[i]) <= 2e-6f * fmaxf(1.0f, fabsf(want[i])),
                      "%s[%d] is %.9g, not %.9g", what, i, (double)got[i], (double)want[i]);
}

START_TEST(agrees_with_torch)
{
    const struct golden_case *c = &cases[_i];
    const bool reached = true;
    struct fixture f;
    struct ug_optimizer o;
    char name[64];
    float want[N];

    start(&f);
    ck_assert(ug_optimizer_init(&o, &c->spec, &f.block, &reached, false, diags));
    for (int i = 0; i < UPDATES; i++) {
        read_golden("grads", i * N, N, f.grads);
        ug_optimizer_update(&o, c->lr);
    }
    snprintf(name, sizeof name, "%s.after", c->name);
    read_golden(name, 0, N, want);
    check_close(name, f.values, want);
    for (int i = 0; i < o.n_moments; i++) {
        snprintf(name, sizeof name, "%s.%s", c->name, o.moment_names[i]);
        read_golden(name, 0, N, want);
        check_close(name, o.moments[i], want);
    }
    ck_assert_int_eq(o.updates, UPDATES);
    ug_optimizer_free(&o);
}
END_TEST

/* What the loss does not reach keeps its bits, weight decay or not, and has no part in the norm. */
START_TEST(leaves_alone_what_is_not_reached)
{
    enum { SPAN = 16 };
    float values[2 * SPAN], grads[2 * SPAN];
    struct ug_param param = {0};
    struct ug_span spans[2] = {{&param, 0, SPAN}, {&param, SPAN, SPAN}};
    struct ug_block block = {spans, 2, 2 * SPAN, values, grads};
    const struct ug_optimizer_spec spec = {
        .kind = UG_SGD, .weight_decay = 0.5, .clip_norm = 1, .ema = 0.5};
    const bool reached[2] = {false, true};
    struct ug_optimizer o;

    for (int i = 0; i < 2 * SPAN; i++) {
        values[i] = (float)i;
        grads[i] = i < SPAN ? NAN : 0.0f;
    }
    ck_assert(ug_optimizer_init(&o, &spec, &block, reached, false, diags));
    ug_optimizer_start(&o);
    ck_assert(ug_optimizer_finite(&o));
    ug_optimizer_update(&o, 0.5);
    for (int i = 0; i < 2 * SPAN; i++) {
        ck_assert_float_eq(values[i], i < SPAN ? (float)i : 0.75f * (float)i);
        ck_assert_float_eq(o.average[i], i < SPAN ? (float)i : 0.875f * (float)i);
    }
    grads[SPAN + 3] = -INFINITY;
    ck_assert(!ug_optimizer_finite(&o));
    grads[SPAN + 3] = NAN;
    ck_assert(!ug_optimizer_finite(&o));
    ug_optimizer_free(&o);
}
END_TEST

/* Two optimizers of the same block of many pieces, after one update each. */
enum { LARGE = 40000, TWO = 2 };

struct pair {
    float *values[TWO], *grads[TWO];
    struct ug_param param;
    struct ug_span span;
    struct ug_block block[TWO];
    struct ug_optimizer o[TWO];
};

static const struct ug_optimizer_spec tried_specs[] = {
    {.kind = UG_ADAM, .betas = {0.9, 0.999}, .eps = 1e-8, .amsgrad = true, .ema = 0.5},
    {.kind = UG_ADAM, .betas = {0.5, 0.99}, .eps = 1e-8, .weight_decay = 0.1, .clip_norm = 0.01},
    {.kind = UG_SGD, .momentum = 0.9},
    {.kind = UG_SGD, .ema = 0.9},
    {.kind = UG_RMSPROP, .alpha = 0.9, .eps = 1e-8, .momentum = 0.5, .centered = true},
};

static void make_pair(struct pair *p, const struct ug_optimizer_spec *spec)
{
    const bool reached = true;

    *p = (struct pair){.span = {&p->param, 0, LARGE}};
    for (int k = 0; k < TWO; k++) {
        p->values[k] = calloc(LARGE, sizeof(float));
        p->grads[k] = calloc(LARGE, sizeof(float));
        for (int i = 0; i < LARGE; i++)
            p->values[k][i] = cosf((float)i), p->grads[k][i] = sinf((float)i);
        p->block[k] = (struct ug_block){&p->span, 1, LARGE, p->values[k], p->grads[k]};
        ck_assert(ug_optimizer_init(&p->o[k], spec, &p->block[k], &reached, k == 1, diags));
        ug_optimizer_start(&p->o[k]);
        ug_optimizer_update(&p->o[k], 0.1);
        for (int i = 0; i < LARGE; i++)
            p->grads[k][i] = cosf(3 * (float)i);
    }
}

static void check_moments(const struct pair *p)
{
    for (int i = 0; i < p->o[0].n_moments; i++)
        ck_assert_mem_eq(p->o[0].moments[i], p->o[1].moments[i], LARGE * sizeof(float));
    if (p->o[0].average)
        ck_assert_mem_eq(p->o[0].average, p->o[1].average, LARGE * sizeof(float));
}

static void free_pair(struct pair *p)
{
    for (int k = 0; k < TWO; k++) {
        ug_optimizer_free(&p->o[k]);
        free(p->values[k]);
        free(p->grads[k]);
    }
}

/* Values have the bits of an update at once, moments and the average only when it is kept. */
START_TEST(a_tried_update_is_kept)
{
    struct pair p;

    make_pair(&p, &tried_specs[_i]);
    ug_optimizer_try(&p.o[1], 0.1);
    ck_assert_mem_ne(p.values[0], p.values[1], LARGE * sizeof(float));
    check_moments(&p);
    ug_optimizer_update(&p.o[0], 0.1);
    ck_assert_mem_eq(p.values[0], p.values[1], LARGE * sizeof(float));
    ug_optimizer_keep(&p.o[1]);
    ck_assert_mem_eq(p.values[0], p.values[1], LARGE * sizeof(float));
    check_moments(&p);
    ck_assert_int_eq(p.o[1].updates, p.o[0].updates);
    free_pair(&p);
}
END_TEST

/* Values, moments, the average and the count are as if the update had not been. */
START_TEST(a_tried_update_is_undone)
{
    struct pair p;

    make_pair(&p, &tried_specs[_i]);
    ug_optimizer_try(&p.o[1], 0.1);
    ck_assert_mem_ne(p.values[0], p.values[1], LARGE * sizeof(float));
    ug_optimizer_undo(&p.o[1]);
    ck_assert_mem_eq(p.values[0], p.values[1], LARGE * sizeof(float));
    check_moments(&p);
    ck_assert_int_eq(p.o[1].updates, p.o[0].updates);
    free_pair(&p);
}
END_TEST

/* A block of many pieces: the norm and the update have the same bits for any number of threads. */
START_TEST(threads_change_nothing)
{
    enum { MANY = 100003 };
    float *values[TWO];
    struct ug_param param = {0};
    struct ug_span span = {&param, 0, MANY};
    const struct ug_optimizer_spec spec = {
        .kind = UG_ADAM, .betas = {0.9, 0.999}, .eps = 1e-8, .clip_norm = 0.1};
    const bool reached = true;
    const int threads = omp_get_max_threads();

    for (int k = 0; k < TWO; k++) {
        float *grads = calloc(MANY, sizeof *grads);
        values[k] = calloc(MANY, sizeof *values[k]);
        struct ug_block block = {&span, 1, MANY, values[k], grads};
        struct ug_optimizer o;
        omp_set_num_threads(k == 0 ? 1 : 3);
        ck_assert(ug_optimizer_init(&o, &spec, &block, &reached, false, diags));
        for (int i = 0; i < MANY; i++)
            grads[i] = sinf((float)i);
        ug_optimizer_update(&o, 0.1);
        ug_optimizer_free(&o);
        free(grads);
    }
    omp_set_num_threads(threads);
    ck_assert_mem_eq(values[0], values[1], MANY * sizeof(float));
    free(values[0]);
    free(values[1]);
}
END_TEST

Suite *ug_suite(void)
{
    const int n_tried = (int)(sizeof tried_specs / sizeof *tried_specs);
    Suite *s = suite_create("optimizer");
    TCase *t = tcase_create("updates");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, agrees_with_torch, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(t, leaves_alone_what_is_not_reached);
    tcase_add_loop_test(t, a_tried_update_is_kept, 0, n_tried);
    tcase_add_loop_test(t, a_tried_update_is_undone, 0, n_tried);
    tcase_add_test(t, threads_change_nothing);
    suite_add_tcase(s, t);
    return s;
}
