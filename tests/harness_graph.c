/* harness_graph.c -- a graph with its inputs' values, run for one node. */
#include "harness_graph.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"

void ug_bench_start(struct ug_bench *t)
{
    *t = (struct ug_bench){.diags = ug_diags_new(), .params = ug_params_new()};
    t->graph = ug_graph_new(t->params);
    t->program.params = t->params;
    t->b = (struct ug_builder){
        .graph = t->graph, .diags = t->diags, .scope = "net", .place = "net", .training = true};
}

void ug_bench_end(struct ug_bench *t)
{
    for (int i = 0; i < t->n_inputs; i++)
        free(t->inputs[i].data);
    ug_graph_free(t->graph);
    ug_params_free(t->params);
    ug_diags_free(t->diags);
}

static struct ug_node *add_input(struct ug_bench *t, struct ug_type type, const void *values)
{
    const size_t bytes = (size_t)ug_shape_count(&type.shape) * ug_dtype_size(type.dtype);
    const int i = t->n_inputs++;

    ck_assert_int_lt(i, UG_BENCH_INPUTS);
    snprintf(t->inputs[i].name, sizeof t->inputs[i].name, "x%d", i);
    t->inputs[i].data = calloc(1, bytes + 1);
    if (values)
        memcpy(t->inputs[i].data, values, bytes);
    return ug_input(&t->b, t->inputs[i].name, type);
}

struct ug_node *ug_bench_floats(struct ug_bench *t, struct ug_shape shape, const float *values)
{
    struct ug_node *n = add_input(t, (struct ug_type){UG_F32, shape}, values);
    const int i = t->n_inputs - 1;

    if (!values)
        ug_random_normal(&(struct ug_random){.seed = 1, .stream = (uint64_t)i}, 0,
                         ug_shape_count(&shape), t->inputs[i].data);
    return n;
}

struct ug_node *ug_bench_integers(struct ug_bench *t, struct ug_shape shape, const int64_t *values)
{
    return add_input(t, (struct ug_type){UG_I64, shape}, values);
}

struct ug_node *ug_bench_param(struct ug_bench *t, const char *name, struct ug_shape shape)
{
    const struct ug_init init = {.kind = UG_INIT_NORMAL, .a = 0.0, .b = 1.0};

    return ug_param_node(&t->b,
                         ug_params_get(t->params, t->diags, name, "weight", "test", UG_TRAINED,
                                       (struct ug_type){UG_F32, shape}, init, UG_NOWHERE, t));
}

struct ug_node *ug_bench_op(struct ug_bench *t, const char *op, const void *attrs, int n_in, ...)
{
    struct ug_node *in[16];
    va_list args;

    va_start(args, n_in);
    for (int i = 0; i < n_in; i++)
        in[i] = va_arg(args, struct ug_node *);
    va_end(args);
    return ug_emit_named(&t->b, op, attrs, in, n_in);
}

float *ug_bench_run(struct ug_bench *t, const struct ug_graph *graph, struct ug_node *node,
                    const struct ug_store *store)
{
    const struct ug_goal goal = {.node = node};
    struct ug_exec *e = ug_exec_new(ug_plan_new(graph, &goal, 1, 1), store, NULL, t->diags);
    const size_t bytes =
        (size_t)ug_shape_count(&node->type.shape) * ug_dtype_size(node->type.dtype);
    float *values = malloc(bytes + 1);

    ck_assert_ptr_nonnull(e);
    for (int i = 0; i < t->n_inputs; i++)
        ug_exec_bind(e, t->inputs[i].name, t->inputs[i].data);
    ug_exec_run(e, 0, 7, 0);
    memcpy(values, ug_exec_value(e, node).data, bytes);
    ug_exec_free(e);
    return values;
}

float *ug_bench_value(struct ug_bench *t, struct ug_node *node)
{
    struct ug_store *store = ug_store_new(&t->program, t->diags);
    float *values;

    ck_assert_ptr_nonnull(node);
    ck_assert(ug_store_init(store, &t->program, 1, t->diags));
    values = ug_bench_run(t, t->graph, node, store);
    ug_store_free(store);
    return values;
}
