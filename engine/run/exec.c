/* exec.c -- running a plan: kernels, one after the other, over one arena. */
#include "engine/run/exec_parts.h"

#include <assert.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/simd.h"
#include "engine/graph/fuse.h"
#include "engine/graph/node.h"
#include "engine/run/elementwise.h"

/* ---- Making ---- */

static bool take_memory(struct ug_exec *e, struct ug_exec *share, struct ug_diags *diags)
{
    e->bytes = e->plan->bytes;
    if (share && share->bytes >= e->bytes) {
        e->memory = share->memory;
        return true;
    }
    e->owns_memory = true;
    e->memory = ug_memory_take(e->bytes);
    if (!e->memory)
        ug_error(
            diags, UG_NOWHERE,
            "there is not enough memory: the values of a step need %.1f MB; make 'batch' or the "
            "pictures smaller",
            (double)e->bytes / 1e6);
    return e->memory != NULL;
}

static void set_leaf(struct ug_exec *e, const struct ug_node *n)
{
    if (n->op == &ug_op_param) {
        const struct ug_param *param = ((const struct ug_param_attrs *)n->attrs)->param;

        e->data[n->id] = e->store->data[param->index];
    } else if (n->op != &ug_op_input) {
        if (n->op == &ug_op_constant)
            e->numbers[n->id] = (float)((const struct ug_constant_attrs *)n->attrs)->value;
        e->data[n->id] = &e->numbers[n->id];
    }
}

static void set_places(struct ug_exec *e)
{
    const struct ug_graph *g = e->plan->graph;

    for (int i = 0; i < g->n; i++) {
        const struct ug_place *place = &e->plan->places[i];

        if (place->kind == UG_OF_LEAF)
            set_leaf(e, g->nodes[i]);
        else if (place->kind == UG_IN_ARENA)
            e->data[i] = e->memory + place->offset;
        else if (place->kind == UG_AT_HOME)
            e->data[i] = place->home;
    }
}

struct ug_tensor ug_exec_value(const struct ug_exec *e, const struct ug_node *n)
{
    return (struct ug_tensor){n->type.dtype, n->type.shape, e->data[n->id]};
}

bool ug_exec_shares(double flops, double bytes)
{
    static const double worth = 25e-6, flops_rate = 20e9, bytes_rate = 8e9; /* of one thread */

    return flops / flops_rate + bytes / bytes_rate >= worth;
}

static bool works_alone(const struct ug_node *n)
{
    double bytes = (double)ug_type_bytes(&n->type);

    for (int i = 0; i < n->n_in; i++)
        bytes += (double)ug_type_bytes(&n->in[i]->type);
    return !ug_exec_shares(ug_node_flops(n), bytes);
}

/* NULL: it reads its inputs as they lie. */
static const struct ug_reading *reading_of(struct ug_arena *arena, const struct ug_node *n)
{
    struct ug_reading *reading;

    if (!n->through)
        return NULL;
    reading = ug_arena_array(arena, (size_t)n->n_in, sizeof *reading);
    for (int i = 0; i < n->n_in; i++)
        if (n->through[i])
            reading[i] = (struct ug_reading){n->through[i]->op->map, n->through[i]->attrs};
    return reading;
}

static void make_kernels(struct ug_exec *e)
{
    const struct ug_plan *plan = e->plan;
    size_t inputs = 0;

    for (int c = 0; c < plan->n_calls; c++)
        inputs += (size_t)plan->calls[c].node->n_in;
    e->inputs = ug_arena_array(plan->arena, inputs, sizeof *e->inputs);
    e->kernels = ug_arena_array(plan->arena, (size_t)plan->n_calls, sizeof *e->kernels);
    e->alone = ug_arena_array(plan->arena, (size_t)plan->n_calls, sizeof *e->alone);
    inputs = 0;
    for (int c = 0; c < plan->n_calls; c++) {
        const struct ug_kernel_call *call = &plan->calls[c];

        e->kernels[c] = (struct ug_kernel){
            .attrs = call->node->attrs,
            .n_in = call->node->n_in,
            .in = e->inputs + inputs,
            .out = ug_exec_value(e, ug_call_result(call)),
            .adds = call->sum != NULL,
            .scratch = call->scratch_bytes ? e->memory + call->scratch : NULL,
            .reading = reading_of(plan->arena, call->node),
        };
        e->alone[c] = works_alone(call->node);
        inputs += (size_t)call->node->n_in;
    }
}

struct ug_exec *ug_exec_new(struct ug_plan *take, const struct ug_store *store,
                            struct ug_exec *share, struct ug_diags *diags)
{
    struct ug_exec *e = ug_xcalloc(1, sizeof *e);
    const size_t n = (size_t)take->graph->n;

    e->plan = take;
    e->store = store;
    e->data = ug_arena_array(take->arena, n, sizeof *e->data);
    e->numbers = ug_arena_array(take->arena, n, sizeof *e->numbers);
    if (!take_memory(e, share, diags)) {
        ug_exec_free(e);
        return NULL;
    }
    set_places(e);
    make_kernels(e);
    return e;
}

void ug_exec_free(struct ug_exec *e)
{
    if (!e)
        return;
    if (e->owns_memory)
        ug_memory_give(e->memory, e->bytes);
    ug_plan_free(e->plan);
    free(e);
}

const struct ug_plan *ug_exec_plan(const struct ug_exec *e)
{
    return e->plan;
}

/* ---- What comes from outside ---- */

bool ug_exec_bind(struct ug_exec *e, const char *input, const void *data)
{
    const struct ug_graph *g = e->plan->graph;

    for (int i = 0; i < g->n_leaves; i++) {
        const struct ug_node *leaf = g->leaves[i];

        if (leaf->op == &ug_op_input && e->plan->places[leaf->id].kind != UG_NO_PLACE &&
            !strcmp(((const struct ug_input_attrs *)leaf->attrs)->name, input)) {
            e->data[leaf->id] = (void *)(uintptr_t)data; /* kernels only read it */
            e->resolved = false;
            return true;
        }
    }
    return false;
}

void ug_exec_count(struct ug_exec *e, int64_t step, int64_t steps, int64_t epoch, int64_t epochs)
{
    const struct ug_graph *g = e->plan->graph;
    const float values[] = {[UG_STEP] = (float)step,
                            [UG_STEPS] = (float)steps,
                            [UG_EPOCH] = (float)epoch,
                            [UG_EPOCHS] = (float)epochs};

    for (int i = 0; i < g->n_leaves; i++)
        if (g->leaves[i]->op == &ug_op_counter)
            e->numbers[g->leaves[i]->id] =
                values[((const struct ug_counter_attrs *)g->leaves[i]->attrs)->which];
}

/* ---- Running ---- */

/* Where a view looks. */
static void *view_data(const struct ug_exec *e, const struct ug_node *n)
{
    unsigned char *data = e->data[n->in[0]->id];

    return n->op->view_at ? data + n->op->view_at(n->attrs, &n->in[0]->type) : data;
}

static void resolve(struct ug_exec *e)
{
    const struct ug_graph *g = e->plan->graph;
    struct ug_tensor *in = e->inputs;

    for (int i = 0; i < g->n; i++) {
        if (e->plan->places[i].kind == UG_OF_INPUT)
            e->data[i] = view_data(e, g->nodes[i]);
        assert((e->plan->places[i].kind == UG_NO_PLACE || e->data[i] ||
                !ug_shape_count(&g->nodes[i]->type.shape)) &&
               "an input that was not bound");
    }
    for (int c = 0; c < e->plan->n_calls; c++)
        for (int j = 0; j < e->kernels[c].n_in; j++)
            *in++ = ug_exec_value(e, e->plan->calls[c].node->in[j]);
    e->resolved = true;
}

/* The threads that will run kernels treat tiny numbers alike. */
void ug_exec_prepare(struct ug_exec *e)
{
    if (!e->resolved)
        resolve(e);
    e->threads = omp_get_max_threads();
#pragma omp parallel
    ug_flush_denormals();
}

void ug_exec_run_call(struct ug_exec *e, int c, uint64_t seed, uint64_t step)
{
    const struct ug_op *op = e->plan->calls[c].node->op;
    struct ug_kernel *k = &e->kernels[c];

    k->seed = seed;
    k->step = step;
    omp_set_num_threads(e->alone[c] ? 1 : e->threads);
    if (op->map)
        ug_map_run(op->map, k);
    else
        op->run(k);
    omp_set_num_threads(e->threads);
}

void ug_exec_make_copies(struct ug_exec *e, int phase)
{
    for (int i = 0; i < e->plan->n_copies; i++) {
        const struct ug_copy *copy = &e->plan->copies[i];

        if (copy->phase == phase)
            memcpy(copy->home, e->data[copy->node->id], ug_type_bytes(&copy->node->type));
    }
}

void ug_exec_run(struct ug_exec *e, int phase, uint64_t seed, uint64_t step)
{
    ug_exec_prepare(e);
    for (int c = ug_phase_start(e->plan, phase); c < e->plan->phase_end[phase]; c++)
        ug_exec_run_call(e, c, seed, step);
    ug_exec_make_copies(e, phase);
}

void ug_exec_time(struct ug_exec *e, int phase, uint64_t seed, uint64_t step, struct ug_time *times)
{
    double now;

    ug_exec_prepare(e);
    now = ug_now();
    for (int c = ug_phase_start(e->plan, phase); c < e->plan->phase_end[phase]; c++) {
        times[c].start = now;
        ug_exec_run_call(e, c, seed, step);
        times[c].end = now = ug_now();
    }
    ug_exec_make_copies(e, phase);
    times[e->plan->n_calls] = (struct ug_time){now, ug_now()};
}

int ug_exec_threads(const struct ug_exec *e, int call)
{
    return e->alone[call] ? 1 : e->threads;
}
