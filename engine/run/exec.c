/* exec.c -- running a plan: kernels, one after the other, over one arena. */
#include "engine/run/exec.h"

#include <assert.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/simd.h"
#include "engine/graph/fuse.h"
#include "engine/graph/node.h"
#include "engine/run/elementwise.h"

struct ug_exec {
    struct ug_plan *plan;
    const struct ug_store *store;
    unsigned char *memory;
    size_t bytes;
    bool owns_memory;
    void **data;               /* by node id: where its value lies; NULL where it is not needed */
    float *numbers;            /* by node id: values of constants and counters */
    struct ug_kernel *kernels; /* one a call */
    struct ug_tensor *inputs;  /* of all kernels, one after the other */
    bool *alone;               /* by call: too little work to wake other threads for */
    int threads;               /* for the others */
    bool resolved;             /* views and kernels have the addresses of all values */
};

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

static struct ug_tensor tensor_of(const struct ug_exec *e, const struct ug_node *n)
{
    return (struct ug_tensor){n->type.dtype, n->type.shape, e->data[n->id]};
}

bool ug_exec_shares(double flops, double bytes)
{
    static const double worth = 50e-6, flops_rate = 20e9, bytes_rate = 8e9; /* of one thread */

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
            .out = tensor_of(e, ug_call_result(call)),
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
            *in++ = tensor_of(e, e->plan->calls[c].node->in[j]);
    e->resolved = true;
}

/* The threads that will run kernels treat tiny numbers alike. */
static void prepare(struct ug_exec *e)
{
    if (!e->resolved)
        resolve(e);
    e->threads = omp_get_max_threads();
#pragma omp parallel
    ug_flush_denormals();
}

static void run_call(struct ug_exec *e, int c, uint64_t seed, uint64_t step)
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

static int phase_start(const struct ug_plan *p, int phase)
{
    return phase ? p->phase_end[phase - 1] : 0;
}

static void make_copies(struct ug_exec *e, int phase)
{
    for (int i = 0; i < e->plan->n_copies; i++) {
        const struct ug_copy *copy = &e->plan->copies[i];

        if (copy->phase == phase)
            memcpy(copy->home, e->data[copy->node->id], ug_type_bytes(&copy->node->type));
    }
}

void ug_exec_run(struct ug_exec *e, int phase, uint64_t seed, uint64_t step)
{
    prepare(e);
    for (int c = phase_start(e->plan, phase); c < e->plan->phase_end[phase]; c++)
        run_call(e, c, seed, step);
    make_copies(e, phase);
}

void ug_exec_time(struct ug_exec *e, int phase, uint64_t seed, uint64_t step, struct ug_time *times)
{
    double now;

    prepare(e);
    now = ug_now();
    for (int c = phase_start(e->plan, phase); c < e->plan->phase_end[phase]; c++) {
        times[c].start = now;
        run_call(e, c, seed, step);
        times[c].end = now = ug_now();
    }
    make_copies(e, phase);
    times[e->plan->n_calls] = (struct ug_time){now, ug_now()};
}

int ug_exec_threads(const struct ug_exec *e, int call)
{
    return e->alone[call] ? 1 : e->threads;
}

struct ug_tensor ug_exec_value(const struct ug_exec *e, const struct ug_node *node)
{
    return tensor_of(e, node);
}

/* ---- Watching every value as it is made ---- */

struct watch {
    struct ug_exec *exec;
    ug_exec_look *look;
    void *context;
    bool *seen;   /* by node id: leaves that were shown */
    void *beside; /* room for the largest value of the phase */
};

static bool show_leaves(const struct watch *w, int c)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;

    for (int i = 0; i < n->n_in; i++) {
        const struct ug_node *leaf = n->in[i];

        while (leaf->op->is_view)
            leaf = leaf->in[0];
        if (!ug_is_leaf(leaf) || w->seen[leaf->id])
            continue;
        w->seen[leaf->id] = true;
        if (!w->look(w->context, leaf, tensor_of(w->exec, leaf)))
            return false;
    }
    return true;
}

/* Of nodes that run as one, first each with its own samples. */
static bool show(const struct watch *w, const struct ug_node *n, struct ug_tensor value)
{
    struct ug_tensor part = value;

    for (int i = 0; i < n->n_members; i++) {
        part.shape = n->members[i]->type.shape;
        if (!w->look(w->context, n->members[i], part))
            return false;
        part.data = (unsigned char *)part.data + ug_type_bytes(&n->members[i]->type);
    }
    return w->look(w->context, n, value);
}

/* A fused node that ends early gives the value of the member that it ends with. */
static bool show_members(const struct watch *w, int c)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;
    struct ug_fused part = *(const struct ug_fused *)n->attrs;
    const int n_members = part.n;
    struct ug_kernel k = w->exec->kernels[c];

    k.attrs = &part;
    k.out.data = w->beside;
    for (int i = 0; i < n_members; i++) {
        part.n = i + 1;
        ug_map_run(n->op->map, &k);
        if (!show(w, part.steps[i].node, k.out))
            return false;
    }
    return true;
}

/* What call c reads through. */
static bool show_through(const struct watch *w, int c)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;
    bool go_on = true;

    for (int i = 0; n->through && i < n->n_in && go_on; i++) {
        const struct ug_node *made = n->through[i];
        const struct ug_kernel *k = &w->exec->kernels[c];

        if (!made)
            continue;
        ug_map_run(made->op->map,
                   &(struct ug_kernel){.attrs = made->attrs,
                                       .n_in = 1,
                                       .in = &k->in[i],
                                       .out = {made->type.dtype, made->type.shape, w->beside}});
        go_on = show(w, made, (struct ug_tensor){made->type.dtype, made->type.shape, w->beside});
    }
    return go_on;
}

/* Runs call c beside its place, so that inputs that it would overwrite can still be looked at. */
static bool run_and_show(const struct watch *w, int c, uint64_t seed, uint64_t step)
{
    const struct ug_node *n = w->exec->plan->calls[c].node;
    struct ug_tensor *out = &w->exec->kernels[c].out;
    void *place = out->data;

    if (!show_leaves(w, c) || (n->op == &ug_op_fused && !show_members(w, c)) || !show_through(w, c))
        return false;
    out->data = w->beside;
    if (w->exec->kernels[c].adds)
        memcpy(w->beside, place, ug_type_bytes(&n->type));
    run_call(w->exec, c, seed, step);
    const bool go_on = show(w, n, *out);
    out->data = place;
    memcpy(place, w->beside, ug_type_bytes(&n->type));
    return go_on;
}

/* Bytes of the largest value that the calls make, or read through. */
static size_t largest_value(const struct ug_exec *e, int from, int to)
{
    size_t largest = 1;

    for (int c = from; c < to; c++) {
        const struct ug_node *n = e->plan->calls[c].node;

        if (ug_type_bytes(&n->type) > largest)
            largest = ug_type_bytes(&n->type);
        for (int i = 0; n->through && i < n->n_in; i++)
            if (n->through[i] && ug_type_bytes(&n->through[i]->type) > largest)
                largest = ug_type_bytes(&n->through[i]->type);
    }
    return largest;
}

bool ug_exec_watch(struct ug_exec *e, int phase, uint64_t seed, uint64_t step, ug_exec_look *look,
                   void *context)
{
    const int from = phase_start(e->plan, phase), to = e->plan->phase_end[phase];
    struct watch w = {.exec = e, .look = look, .context = context};
    bool go_on = true;

    prepare(e);
    w.seen = ug_xcalloc((size_t)e->plan->graph->n, sizeof *w.seen);
    w.beside = ug_xrealloc(NULL, largest_value(e, from, to));
    for (int c = from; c < to && go_on; c++)
        go_on = run_and_show(&w, c, seed, step);
    free(w.seen);
    free(w.beside);
    if (go_on)
        make_copies(e, phase);
    return go_on;
}

/* ---- Looking for what is not finite ---- */

static bool is_finite(const struct ug_tensor *t)
{
    const int64_t n = t->dtype == UG_F32 ? ug_shape_count(&t->shape) : 0;
    const float *x = t->data;

    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static bool look_for_fault(void *context, const struct ug_node *n, struct ug_tensor value)
{
    const struct ug_node **fault = context;

    if (is_finite(&value))
        return true;
    *fault = n;
    return false;
}

const struct ug_node *ug_exec_find_fault(struct ug_exec *e, int phase, uint64_t seed, uint64_t step)
{
    const struct ug_node *fault = NULL;

    ug_exec_watch(e, phase, seed, step, look_for_fault, &fault);
    return fault;
}
