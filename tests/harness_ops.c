/* harness_ops.c -- leaves with their values, and comparing what comes of them. */
#include "harness_ops.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/graph/passes.h"
#include "engine/run/exec.h"
#include "harness_runner.h"

/* ---- The trial and its leaves ---- */

static void release_built(struct trial *t)
{
    ug_graph_free(t->graph);
    ug_params_free(t->params);
    ug_diags_free(t->diags);
}

struct trial *trial_new(bool training)
{
    struct trial *t = ug_xcalloc(1, sizeof *t);

    t->seed = 7;
    t->step = 3;
    t->release = release_built;
    t->diags = ug_diags_new();
    t->params = ug_params_new();
    t->graph = ug_graph_new(t->params);
    t->b = (struct ug_builder){.graph = t->graph,
                               .diags = t->diags,
                               .training = training,
                               .scope = "net",
                               .place = "net",
                               .site = t};
    return t;
}

void trial_free(struct trial *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->n_leaves; i++)
        free(t->leaves[i].data);
    free(t->leaves);
    free(t->store.data);
    ug_graph_free(t->chained);
    t->release(t);
    free(t);
}

/* splitmix64: the trial's own numbers, [0, 1). */
double trial_draw(struct trial *t)
{
    uint64_t z = t->draws += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Evenly spaced magnitudes in a random order, with random signs: see trial_input. */
static void draw_values(struct trial *t, float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const double sign = t->positive || trial_draw(t) < 0.5 ? 1 : -1;

        x[i] = (float)(sign * (0.2 + 1.3 * ((double)i + 0.5) / (double)n));
    }
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)(trial_draw(t) * (double)(i + 1));
        const float swapped = x[i];

        x[i] = x[j];
        x[j] = swapped;
    }
}

static struct trial_leaf *new_leaf(struct trial *t, const char *name, struct ug_type type)
{
    const size_t count = (size_t)ug_shape_count(&type.shape);

    if (t->n_leaves == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 8;
        t->leaves = ug_xrealloc(t->leaves, (size_t)t->capacity * sizeof *t->leaves);
    }
    t->leaves[t->n_leaves] = (struct trial_leaf){
        .name = name,
        .type = type,
        .data = ug_xcalloc(count + 16, ug_dtype_size(type.dtype)),
        .varied = type.dtype == UG_F32,
    };
    return &t->leaves[t->n_leaves++];
}

static void fill_leaf(struct trial_leaf *leaf, const double *values)
{
    const int64_t n = ug_shape_count(&leaf->type.shape);

    for (int64_t i = 0; i < n; i++)
        if (leaf->type.dtype == UG_F32)
            ((float *)leaf->data)[i] = (float)values[i];
        else
            ((int64_t *)leaf->data)[i] = (int64_t)values[i];
}

struct ug_node *trial_adopt_input(struct trial *t, struct ug_node *node, int64_t n_labels)
{
    const struct ug_input_attrs *a = node->attrs;
    struct trial_leaf *leaf = new_leaf(t, a->name, node->type);
    const int64_t n = ug_shape_count(&node->type.shape);

    leaf->node = node;
    if (leaf->varied)
        draw_values(t, leaf->data, n);
    else
        for (int64_t i = 0; i < n; i++)
            ((int64_t *)leaf->data)[i] = (int64_t)(trial_draw(t) * (double)n_labels);
    return node;
}

struct ug_node *trial_input(struct trial *t, const char *name, struct ug_shape shape,
                            const double *values)
{
    struct ug_node *node = ug_input(&t->b, name, (struct ug_type){UG_F32, shape});

    ck_assert_msg(node != NULL, "input %s: %s", name, ug_diags_first(t->diags));
    trial_adopt_input(t, node, 1);
    if (values)
        fill_leaf(&t->leaves[t->n_leaves - 1], values);
    return node;
}

struct ug_node *trial_labels(struct trial *t, const char *name, struct ug_shape shape,
                             const int64_t *values)
{
    struct ug_node *node = ug_input(&t->b, name, (struct ug_type){UG_I64, shape});

    ck_assert_msg(node != NULL, "input %s: %s", name, ug_diags_first(t->diags));
    trial_adopt_input(t, node, 1);
    memcpy(t->leaves[t->n_leaves - 1].data, values,
           (size_t)ug_shape_count(&shape) * sizeof(int64_t));
    return node;
}

/* Constants for states whose `init` is one, drawn numbers for everything else. */
static void start_param(struct trial *t, struct trial_leaf *leaf)
{
    const struct ug_param *p = leaf->param;
    const int64_t n = ug_shape_count(&p->type.shape);

    leaf->varied = p->kind == UG_TRAINED;
    if (p->kind == UG_TRAINED || p->init.kind != UG_INIT_CONSTANT) {
        draw_values(t, leaf->data, n);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        if (p->type.dtype == UG_F32)
            ((float *)leaf->data)[i] = (float)p->init.a;
        else
            ((int64_t *)leaf->data)[i] = (int64_t)p->init.a;
}

/* Parameters and states that the graph has by now become leaves. */
static void adopt_params(struct trial *t)
{
    t->store.data = ug_xrealloc(t->store.data, ((size_t)t->params->n + 1) * sizeof *t->store.data);
    for (int i = t->store.n_params; i < t->params->n; i++) {
        struct ug_param *p = t->params->items[i];
        struct trial_leaf *leaf = new_leaf(t, p->name, p->type);

        leaf->param = p;
        start_param(t, leaf);
        t->store.data[i] = leaf->data;
    }
    t->store.n_params = t->params->n;
    for (int i = 0; i < t->params->n; i++) /* tied names share their owner's memory */
        t->store.data[i] = t->store.data[t->params->items[i]->owner->index];
}

void trial_redraw(struct trial *t, bool positive)
{
    adopt_params(t);
    t->positive = positive;
    for (int i = 0; i < t->n_leaves; i++)
        if (t->leaves[i].varied)
            draw_values(t, t->leaves[i].data, ug_shape_count(&t->leaves[i].type.shape));
}

void trial_set(struct trial *t, const char *name, const double *values, int64_t n)
{
    adopt_params(t);
    for (int i = 0; i < t->n_leaves; i++) {
        struct trial_leaf *leaf = &t->leaves[i];

        if (strcmp(leaf->name, name) != 0)
            continue;
        ck_assert_msg(n == ug_shape_count(&leaf->type.shape), "%s has %lld elements, not %lld",
                      name, (long long)ug_shape_count(&leaf->type.shape), (long long)n);
        fill_leaf(leaf, values);
        return;
    }
    ck_abort_msg("the trial has no input, parameter or state '%s'", name);
}

/* ---- Running ---- */

struct runner runner_open(struct trial *t, struct ug_node *const *nodes, int n, bool simplify)
{
    const struct ug_graph *whole = t->chained ? t->chained : t->graph;
    struct runner r = {.trial = t, .n = n};
    struct ug_goal *goals = ug_xcalloc((size_t)n, sizeof *goals);

    adopt_params(t);
    r.roots = ug_xcalloc((size_t)n, sizeof(struct ug_node *));
    for (int i = 0; i < n; i++) {
        ck_assert_msg(nodes[i] != NULL, "nothing to run: %s", ug_diags_first(t->diags));
        r.roots[i] = nodes[i];
    }
    if (simplify)
        r.graph = ug_simplify(whole, r.roots, n);
    for (int i = 0; i < n; i++)
        goals[i].node = r.roots[i];
    r.exec =
        ug_exec_new(ug_plan_new(r.graph ? r.graph : whole, goals, n, 1), &t->store, NULL, t->diags);
    ck_assert_msg(r.exec != NULL, "no exec: %s", ug_diags_first(t->diags));
    for (int i = 0; i < t->n_leaves; i++)
        if (t->leaves[i].node)
            ug_exec_bind(r.exec, t->leaves[i].name, t->leaves[i].data);
    ug_exec_count(r.exec, (int64_t)t->step, 100, 0, 1);
    free(goals);
    return r;
}

void runner_close(struct runner *r)
{
    ug_exec_free(r->exec);
    ug_graph_free(r->graph);
    free(r->roots);
}

void runner_run(struct runner *r)
{
    ug_exec_run(r->exec, 0, r->trial->seed, r->trial->step);
}

double *runner_values(struct runner *r, int i)
{
    const struct ug_tensor v = ug_exec_value(r->exec, r->roots[i]);
    const int64_t n = ug_shape_count(&v.shape);
    double *values = ug_xcalloc((size_t)n + 1, sizeof *values);

    for (int64_t k = 0; k < n; k++)
        values[k] =
            v.dtype == UG_F32 ? ((const float *)v.data)[k] : (double)((const int64_t *)v.data)[k];
    return values;
}

void trial_run(struct trial *t, struct ug_node *const *nodes, int n, double **values)
{
    struct runner r = runner_open(t, nodes, n, true);

    runner_run(&r);
    for (int i = 0; i < n; i++)
        values[i] = runner_values(&r, i);
    runner_close(&r);
}

double *trial_values(struct trial *t, struct ug_node *node)
{
    double *values;

    trial_run(t, &node, 1, &values);
    return values;
}

double trial_scalar(struct trial *t, struct ug_node *node)
{
    double *values, y;

    ck_assert_msg(node && ug_shape_count(&node->type.shape) == 1, "not one number: %s",
                  ug_diags_first(t->diags));
    values = trial_values(t, node);
    y = values[0];
    free(values);
    return y;
}

/* ---- Comparing ---- */

static void compare(const struct ug_node *node, const char *form, double tolerance, int64_t n,
                    const double *got, const double *want)
{
    double largest = 0;

    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * (largest > 0 ? largest : 1)))
            ck_abort_msg("%s (%s): element %lld is %.9g, not %.9g", node->op->name, form,
                         (long long)i, got[i], want[i]);
}

void expect_values(struct trial *t, struct ug_node *node, double tolerance, int64_t n,
                   const double *want)
{
    ck_assert_msg(node != NULL, "no value: %s", ug_diags_first(t->diags));
    ck_assert_msg(ug_shape_count(&node->type.shape) == n, "%s has %lld elements, not %lld",
                  node->op->name, (long long)ug_shape_count(&node->type.shape), (long long)n);
    for (int simplify = 0; simplify < 2; simplify++) {
        struct runner r = runner_open(t, &node, 1, simplify);
        double *got;

        runner_run(&r);
        got = runner_values(&r, 0);
        compare(node, simplify ? "simplified" : "as built", tolerance, n, got, want);
        free(got);
        runner_close(&r);
    }
}

void expect_shape(struct ug_node *node, struct ug_shape want)
{
    char got_text[UG_SHAPE_TEXT], want_text[UG_SHAPE_TEXT];

    ck_assert_msg(node != NULL, "no value");
    ck_assert_msg(ug_shape_equal(&node->type.shape, &want), "%s has shape %s, not %s",
                  node->op->name, ug_shape_text(&node->type.shape, got_text),
                  ug_shape_text(&want, want_text));
}

void expect_error(struct trial *t, const char *text)
{
    const char *first = ug_diags_first(t->diags);

    ck_assert_msg(first && strstr(first, text), "expected an error with '%s', got: %s", text,
                  first ? first : "none");
}
