/* test_store.c -- where parameters lie and what they start from.  Bounds and deviations are
 * torch.nn.init's formulas, worked out for each shape by hand. */
#include <math.h>
#include <string.h>

#include "engine/data/safetensors.h"
#include "harness_folder.h"
#include "harness_graph.h"
#include "harness_main.h"
#include "harness_scratch.h"

static struct ug_bench t;
static struct ug_store *store;

static void setup(void)
{
    ug_bench_start(&t);
    store = NULL;
}

static void teardown(void)
{
    ug_store_free(store);
    ug_bench_end(&t);
}

static struct ug_param *param(const char *name, struct ug_shape shape, struct ug_init init)
{
    return ug_params_get(t.params, t.diags, name, "weight", "conv2d", UG_TRAINED,
                         (struct ug_type){UG_F32, shape}, init, UG_NOWHERE, &t);
}

static const float *values_of(const struct ug_param *p)
{
    return store->data[p->index];
}

static bool fill_store(uint64_t seed)
{
    ug_store_free(store);
    store = ug_store_new(&t.program, t.diags);
    return ug_store_init(store, &t.program, seed, t.diags);
}

/* Of values drawn from a symmetric distribution around `mean`. */
static void check_spread(const struct ug_param *p, double mean, double std, double bound)
{
    const int64_t n = ug_shape_count(&p->type.shape);
    const float *x = values_of(p);
    double sum = 0, squares = 0, most = 0;

    for (int64_t i = 0; i < n; i++) {
        const double d = (double)x[i] - mean;

        sum += d;
        squares += d * d;
        most = fmax(most, fabs(d));
    }
    ck_assert_double_eq_tol(sum / (double)n, 0, 4 * std / sqrt((double)n));
    ck_assert_double_eq_tol(sqrt(squares / (double)n) / std, 1, 4 / sqrt((double)n));
    if (bound > 0) {
        ck_assert_double_le(most, bound * (1 + 1e-6));
        ck_assert_double_ge(most, bound * 0.999);
    }
}

START_TEST(initial_values_follow_the_fans)
{
    const struct ug_shape shape = UG_SHAPE(64, 32, 5, 3); /* fan_in 32 * 15 = 480, fan_out 960 */
    struct ug_param *p[] = {
        param("normal", shape, (struct ug_init){.kind = UG_INIT_NORMAL, .a = 2, .b = 0.02}),
        param("uniform", shape, (struct ug_init){.kind = UG_INIT_UNIFORM, .a = -1, .b = 3}),
        param("xu", shape, (struct ug_init){.kind = UG_INIT_XAVIER_UNIFORM, .a = 2}),
        param("xn", shape, (struct ug_init){.kind = UG_INIT_XAVIER_NORMAL, .a = 1}),
        param("ku", shape, (struct ug_init){.kind = UG_INIT_KAIMING_UNIFORM, .a = sqrt(5)}),
        param("kn", shape, (struct ug_init){.kind = UG_INIT_KAIMING_NORMAL, .a = 0.2}),
        param("c", shape, (struct ug_init){.kind = UG_INIT_CONSTANT, .a = 0.25}),
    };

    ck_assert(fill_store(1));
    check_spread(p[0], 2, 0.02, 0);
    check_spread(p[1], 1, 4 / sqrt(12), 2);
    check_spread(p[2], 0, 2 * sqrt(2.0 / 1440), 2 * sqrt(6.0 / 1440));
    check_spread(p[3], 0, sqrt(2.0 / 1440), 0);
    check_spread(p[4], 0, 1 / sqrt(3.0 * 480), 1 / sqrt(480.0)); /* PyTorch's own for conv2d */
    check_spread(p[5], 0, sqrt(2 / 1.04 / 480), 0);
    ck_assert_float_eq(values_of(p[6])[777], 0.25f);
}
END_TEST

static void check_orthogonal(const float *q, int rows, int columns, double gain)
{
    const bool wide = rows <= columns;
    const int n = wide ? rows : columns, m = wide ? columns : rows;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double dot = 0;

            for (int k = 0; k < m; k++)
                dot += wide ? (double)q[i * columns + k] * (double)q[j * columns + k]
                            : (double)q[k * columns + i] * (double)q[k * columns + j];
            ck_assert_double_eq_tol(dot, i == j ? gain * gain : 0, 1e-5);
        }
}

START_TEST(orthogonal_matrices)
{
    const struct ug_init init = {.kind = UG_INIT_ORTHOGONAL, .a = 1.5};
    struct ug_param *wide = param("wide", UG_SHAPE(8, 4, 3, 3), init);
    struct ug_param *tall = param("tall", UG_SHAPE(40, 7), init);
    struct ug_param *square = param("square", UG_SHAPE(12, 12), init);

    ck_assert(fill_store(1));
    check_orthogonal(values_of(wide), 8, 36, 1.5);
    check_orthogonal(values_of(tall), 40, 7, 1.5);
    check_orthogonal(values_of(square), 12, 12, 1.5);
}
END_TEST

/* A parameter's values depend on its name and the seed, not on what else there is. */
START_TEST(each_name_has_its_own_stream)
{
    const struct ug_init init = {.kind = UG_INIT_NORMAL, .b = 1};
    struct ug_param *a = param("a", UG_SHAPE(50), init), *b = param("b", UG_SHAPE(50), init);
    float before[50];

    ck_assert(fill_store(1));
    ck_assert_mem_ne(values_of(a), values_of(b), sizeof before);
    memcpy(before, values_of(b), sizeof before);
    param("c", UG_SHAPE(7), init);
    ck_assert(fill_store(1));
    ck_assert_mem_eq(values_of(b), before, sizeof before);
    ck_assert(fill_store(2));
    ck_assert_mem_ne(values_of(b), before, sizeof before);
}
END_TEST

START_TEST(blocks_follow_the_optimizers)
{
    const struct ug_init zeros = {.kind = UG_INIT_CONSTANT};
    struct ug_param *a = param("a", UG_SHAPE(5), zeros), *b = param("b", UG_SHAPE(17), zeros);
    struct ug_param *c = param("c", UG_SHAPE(3), zeros), *tied = param("tied", UG_SHAPE(5), zeros);
    struct ug_param *count =
        ug_params_get(t.params, t.diags, "count", "count", "norm", UG_STATE,
                      (struct ug_type){UG_I64, UG_SHAPE(2)},
                      (struct ug_init){.kind = UG_INIT_CONSTANT, .a = 7}, UG_NOWHERE, &t);
    struct ug_optimizer_spec optimizer = {.params = (struct ug_param *[]){b, a}, .n_params = 2};

    tied->owner = a;
    t.program.train.optimizers = &optimizer;
    t.program.train.n_optimizers = 1;
    ck_assert(fill_store(1));
    ck_assert_int_eq(store->n_blocks, 2);
    ck_assert_int_eq(store->blocks[0].n_spans, 2);
    ck_assert_ptr_eq(store->data[b->index], store->blocks[0].values);
    ck_assert_ptr_eq(store->data[a->index],
                     store->blocks[0].values + 32); /* 17, rounded up to 16s */
    ck_assert_ptr_eq(store->grad[a->index], store->blocks[0].grads + 32);
    ck_assert_uint_eq(store->blocks[0].n, 48);
    ck_assert_ptr_eq(store->data[tied->index], store->data[a->index]);
    ck_assert_ptr_eq(store->grad[tied->index], store->grad[a->index]);
    ck_assert_ptr_eq(store->data[c->index], store->blocks[1].values);
    ck_assert_ptr_null(store->grad[c->index]);
    ck_assert_int_eq(((const int64_t *)store->data[count->index])[1], 7);
}
END_TEST

START_TEST(fans_need_two_axes)
{
    param("bias", UG_SHAPE(4), (struct ug_init){.kind = UG_INIT_XAVIER_NORMAL, .a = 1});
    ck_assert(!fill_store(1));
    ck_assert_str_eq(ug_diags_first(t.diags),
                     "this initial value needs a weight with two axes or more, and 'bias' has 1");
}
END_TEST

/* Writes "f.safetensors" with stem.weight [2, 2] and, on request, another tensor. */
static const char *write_file(const char *second)
{
    static float weight[] = {1, 2, 3, 4}, other[] = {5, 6};
    const struct ug_named_tensor tensors[] = {{"stem.weight", {UG_F32, UG_SHAPE(2, 2), weight}},
                                              {second, {UG_F32, UG_SHAPE(2), other}}};
    const char *path = folder_file("f.safetensors");

    ck_assert(ug_safetensors_write(path, tensors, second ? 2 : 1, NULL, t.diags));
    return path;
}

START_TEST(files_fill_a_scope)
{
    const char *path = write_file("stem.bias");
    const struct ug_init init = {.kind = UG_INIT_FILE, .path = path, .scope = "E"};
    struct ug_param *weight = param("E.stem.weight", UG_SHAPE(2, 2), init);
    struct ug_param *bias = param("E.stem.bias", UG_SHAPE(2), init);

    ck_assert(fill_store(1));
    ck_assert_float_eq(values_of(weight)[2], 3);
    ck_assert_float_eq(values_of(bias)[1], 6);
}
END_TEST

START_TEST(files_must_fit)
{
    const char *path = write_file("extra");
    const struct ug_init init = {.kind = UG_INIT_FILE, .path = path, .scope = "E"};
    const size_t errors = 3; /* missing, misshapen, extra */

    param("E.stem.weight", UG_SHAPE(4), init);
    param("E.stem.bias", UG_SHAPE(2), init);
    ck_assert(!fill_store(1));
    ck_assert_uint_eq(ug_diags_errors(t.diags), errors);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("store");
    TCase *c = tcase_create("store");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, initial_values_follow_the_fans);
    tcase_add_test(c, orthogonal_matrices);
    tcase_add_test(c, each_name_has_its_own_stream);
    tcase_add_test(c, blocks_follow_the_optimizers);
    tcase_add_test(c, fans_need_two_axes);
    suite_add_tcase(s, c);
    c = tcase_create("files");
    tcase_add_checked_fixture(c, scratch_setup, scratch_teardown);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, files_fill_a_scope);
    tcase_add_test(c, files_must_fit);
    suite_add_tcase(s, c);
    return s;
}
