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

/* Values, moments, the average and the count are as if the update had not been: the next one has the
 * bits of the first. */
START_TEST(an_update_is_undone)
{
    enum { LARGE = 40000 };
    static const struct ug_optimizer_spec specs[] = {
        {.kind = UG_ADAM, .betas = {0.9, 0.999}, .eps = 1e-8, .amsgrad = true, .ema = 0.5},
        {.kind = UG_SGD, .momentum = 0.9},
        {.kind = UG_RMSPROP, .alpha = 0.9, .eps = 1e-8, .momentum = 0.5, .centered = true},
    };
    float *values = calloc(LARGE, sizeof *values), *grads = calloc(LARGE, sizeof *grads);
    float *found = calloc(LARGE, sizeof *found), *after = calloc(LARGE, sizeof *after);
    struct ug_param param = {0};
    struct ug_span span = {&param, 0, LARGE};
    struct ug_block block = {&span, 1, LARGE, values, grads};
    const bool reached = true;
    struct ug_optimizer o;

    for (int i = 0; i < LARGE; i++)
        values[i] = cosf((float)i), grads[i] = sinf((float)i);
    ck_assert(ug_optimizer_init(&o, &specs[_i], &block, &reached, true, diags));
    ug_optimizer_start(&o);
    ug_optimizer_update(&o, 0.1);
    memcpy(found, values, LARGE * sizeof *found);
    ug_optimizer_update_undoably(&o, 0.1);
    memcpy(after, values, LARGE * sizeof *after);
    ck_assert_mem_ne(found, after, LARGE * sizeof *found);
    ug_optimizer_undo(&o);
    ck_assert_mem_eq(values, found, LARGE * sizeof *found);
    ck_assert_int_eq(o.updates, 1);
    ug_optimizer_update(&o, 0.1);
    ck_assert_mem_eq(values, after, LARGE * sizeof *after);
    if (o.average)
        for (int i = 0; i < LARGE; i += 999) /* of x1 and x2, x0 being the first of it */
            ck_assert_float_eq(o.average[i],
                               0.5f * (0.5f * cosf((float)i) + 0.5f * found[i]) + 0.5f * after[i]);
    ug_optimizer_free(&o);
    free(values), free(grads), free(found), free(after);
}
END_TEST

/* A block of many pieces: the norm and the update have the same bits for any number of threads. */
START_TEST(threads_change_nothing)
{
    enum { LARGE = 100003, TIMES = 2 };
    float *values[TIMES];
    struct ug_param param = {0};
    struct ug_span span = {&param, 0, LARGE};
    const struct ug_optimizer_spec spec = {
        .kind = UG_ADAM, .betas = {0.9, 0.999}, .eps = 1e-8, .clip_norm = 0.1};
    const bool reached = true;
    const int threads = omp_get_max_threads();

    for (int k = 0; k < TIMES; k++) {
        float *grads = calloc(LARGE, sizeof *grads);
        values[k] = calloc(LARGE, sizeof *values[k]);
        struct ug_block block = {&span, 1, LARGE, values[k], grads};
        struct ug_optimizer o;
        omp_set_num_threads(k == 0 ? 1 : 3);
        ck_assert(ug_optimizer_init(&o, &spec, &block, &reached, false, diags));
        for (int i = 0; i < LARGE; i++)
            grads[i] = sinf((float)i);
        ug_optimizer_update(&o, 0.1);
        ug_optimizer_free(&o);
        free(grads);
    }
    omp_set_num_threads(threads);
    ck_assert_mem_eq(values[0], values[1], LARGE * sizeof(float));
    free(values[0]);
    free(values[1]);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("optimizer");
    TCase *t = tcase_create("updates");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, agrees_with_torch, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(t, leaves_alone_what_is_not_reached);
    tcase_add_loop_test(t, an_update_is_undone, 0, 3);
    tcase_add_test(t, threads_change_nothing);
    suite_add_tcase(s, t);
    return s;
}
