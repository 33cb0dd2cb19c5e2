/* test_plan.c -- plans replayed by a checker that knows nothing of how they were made: who wrote
 * each granule of the arena last, and is it what the reader expects? */
#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"
#include "engine/graph/passes.h"
#include "engine/graph/peak.h"
#include "harness_bench.h"
#include "harness_main.h"

enum { GRANULE = 64, NOBODY = -1, SCRATCH = -2 };

static struct ug_node *op(const char *name, struct ug_node *a, struct ug_node *b)
{
    return ug_emit_named(&t.b, name, NULL, (struct ug_node *[]){a, b}, b ? 2 : 1);
}

/* ---- The checker ---- */

struct replay {
    const struct ug_plan *plan;
    int *owner; /* by granule: the node that wrote it last */
    bool *made; /* by node id */
};

static size_t bytes_of(const struct ug_node *n)
{
    return (size_t)ug_shape_count(&n->type.shape) * ug_dtype_size(n->type.dtype);
}

static const struct ug_node *source_of(const struct ug_node *n)
{
    while (n->op->is_view)
        n = n->in[0];
    return n;
}

static void write_bytes(struct replay *r, size_t offset, size_t bytes, int owner)
{
    ck_assert_uint_eq(offset % GRANULE, 0);
    ck_assert_uint_le(offset + bytes, r->plan->bytes);
    for (size_t g = offset / GRANULE; g * GRANULE < offset + bytes; g++)
        r->owner[g] = owner;
}

static void check_readable(const struct replay *r, const struct ug_node *n)
{
    const struct ug_node *source = source_of(n);
    const struct ug_place *place = &r->plan->places[source->id];

    if (source->n_in == 0 && place->kind == UG_OF_LEAF)
        return;
    ck_assert(r->made[source->id]);
    ck_assert_int_ne(place->kind, UG_NO_PLACE);
    if (place->kind != UG_IN_ARENA)
        return;
    for (size_t at = place->offset; at < place->offset + bytes_of(source); at += GRANULE)
        ck_assert_int_eq(r->owner[at / GRANULE], source->id);
}

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static void check_same_place(const struct ug_place *a, const struct ug_place *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_uint_eq(a->offset, b->offset);
    ck_assert_ptr_eq(a->home, b->home);
}

/* The output lies apart from every input, or exactly on one that the op lets it overwrite; and
 * exactly where the value lies that it is added to. */
static void check_output(const struct replay *r, const struct ug_kernel_call *call)
{
    const struct ug_node *n = call->node, *result = call->sum ? call->sum : n;
    const struct ug_place *out = &r->plan->places[result->id];

    ck_assert(out->kind == UG_IN_ARENA || out->kind == UG_AT_HOME);
    if (call->sum)
        check_same_place(out, &r->plan->places[call->added_to->id]);
    if (out->kind != UG_IN_ARENA)
        return;
    ck_assert(!overlap(out->offset, bytes_of(n), call->scratch, call->scratch_bytes));
    for (int i = 0; i < n->n_in; i++) {
        const struct ug_node *source = source_of(n->in[i]);
        const struct ug_place *in = &r->plan->places[source->id];

        if (in->kind != UG_IN_ARENA ||
            !overlap(out->offset, bytes_of(n), in->offset, bytes_of(source)))
            continue;
        ck_assert(!call->sum);
        ck_assert_uint_eq(in->offset, out->offset);
        ck_assert(n->op->in_place >> i & 1 || (n->op->in_place && n->op->map));
        ck_assert(ug_shape_equal(&n->in[i]->type.shape, &n->type.shape));
    }
}

static void replay_phase(struct replay *r, int phase)
{
    const struct ug_plan *p = r->plan;

    for (int c = ug_phase_start(p, phase); c < p->phase_end[phase]; c++) {
        const struct ug_kernel_call *call = &p->calls[c];
        const struct ug_node *n = call->node, *result = call->sum ? call->sum : n;

        for (int i = 0; i < n->n_in; i++) {
            const struct ug_node *source = source_of(n->in[i]);

            check_readable(r, n->in[i]);
            if (p->places[source->id].kind == UG_IN_ARENA)
                ck_assert(!overlap(p->places[source->id].offset, bytes_of(source), call->scratch,
                                   call->scratch_bytes));
        }
        if (call->sum)
            check_readable(r, call->added_to);
        check_output(r, call);
        if (call->scratch_bytes)
            write_bytes(r, call->scratch, call->scratch_bytes, SCRATCH);
        if (p->places[result->id].kind == UG_IN_ARENA)
            write_bytes(r, p->places[result->id].offset, bytes_of(n), result->id);
        r->made[result->id] = true;
    }
}

/* Runs each phase twice: nothing that it takes from an earlier one may be gone by then. */
static void check_plan(const struct ug_plan *p, const struct ug_goal *goals, int n_goals)
{
    struct replay r = {.plan = p,
                       .owner = calloc(p->bytes / GRANULE + 1, sizeof *r.owner),
                       .made = calloc((size_t)p->graph->n, sizeof *r.made)};

    for (size_t g = 0; g < p->bytes / GRANULE; g++)
        r.owner[g] = NOBODY;
    for (int phase = 0; phase < p->n_phases; phase++) {
        replay_phase(&r, phase);
        replay_phase(&r, phase);
        for (int i = 0; i < n_goals; i++)
            if (goals[i].phase <= phase)
                check_readable(&r, goals[i].node);
    }
    free(r.owner), free(r.made);
}

/* ---- Single properties ---- */

static struct ug_plan *plan_for(struct ug_node *n)
{
    const struct ug_goal goal = {.node = n};
    struct ug_plan *p = ug_plan_new(t.graph, &goal, 1, 1);

    check_plan(p, &goal, 1);
    return p;
}

START_TEST(a_chain_runs_in_place)
{
    struct ug_node *n = ug_bench_floats(&t, UG_SHAPE(1000), NULL);
    struct ug_plan *p;

    for (int i = 0; i < 10; i++)
        n = op("neg", n, NULL);
    p = plan_for(n);
    ck_assert_int_eq(p->n_calls, 10);
    ck_assert_uint_eq(p->bytes, 4032); /* one buffer of 4000 bytes, rounded up to 64 */
    ck_assert_double_eq(p->flops, 10000);
    ug_plan_free(p);
}
END_TEST

START_TEST(dead_nodes_are_left_out)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(1000), NULL);
    struct ug_node *dead = op("exp", x, NULL), *live = op("neg", x, NULL);
    struct ug_plan *p = plan_for(live);

    ck_assert_int_eq(p->n_calls, 1);
    ck_assert_int_eq(p->places[dead->id].kind, UG_NO_PLACE);
    ug_plan_free(p);
}
END_TEST

/* sum exp(x + i), i = 1 … 8, written with all the exp first: two buffers are enough, whatever the
 * text's order. */
START_TEST(order_lowers_the_peak)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(1600), NULL), *part[8], *sum;
    struct ug_plan *p;

    for (int i = 0; i < 8; i++)
        part[i] = op("exp", op("add", x, ug_constant(&t.b, i)), NULL);
    sum = part[0];
    for (int i = 1; i < 8; i++)
        sum = op("add", sum, part[i]);
    p = plan_for(sum);
    ck_assert_uint_eq(p->bytes, 2 * 6400);
    ug_plan_free(p);
}
END_TEST

/* ---- The peak ---- */

static size_t some_scratch(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)out;
    return (size_t)ug_shape_count(&in[0].shape) * 3;
}

static void run_with_scratch(const struct ug_kernel *k)
{
    const int64_t n = ug_shape_count(&k->out.shape);
    const float *x = k->in[0].data;
    float *y = k->out.data;

    memset(k->scratch, 0xff, (size_t)n * 3);
    for (int64_t i = 0; i < n; i++)
        y[i] = k->adds ? y[i] + x[i] * 0.5f : x[i] * 0.5f;
}

static bool always_adds(const void *attrs, const struct ug_type *in, const struct ug_type *out)
{
    (void)attrs, (void)in, (void)out;
    return true;
}

static bool infer_first(struct ug_inference *i)
{
    i->out = i->in[0];
    return true;
}

static const struct ug_op with_scratch = {
    .name = "halve",
    .infer = infer_first,
    .run = run_with_scratch,
    .scratch = some_scratch,
    .adds = always_adds,
};

static size_t sum_of_held(const struct ug_peak *peak)
{
    size_t sum = 0;

    for (int i = 0; i < peak->n; i++) {
        sum += peak->held[i].bytes;
        if (i)
            ck_assert_uint_le(peak->held[i].bytes, peak->held[i - 1].bytes);
    }
    return sum;
}

static bool holds(const struct ug_peak *peak, const struct ug_node *n, bool scratch)
{
    for (int i = 0; i < peak->n; i++)
        if (peak->held[i].node == n && peak->held[i].scratch == scratch)
            return true;
    return false;
}

/* What the call at the peak reads, writes and works in is held then, and all of it fits. */
static void check_peak(const struct ug_plan *p)
{
    const struct ug_peak peak = ug_peak_of(t.graph->arena, p);

    ck_assert_uint_eq(sum_of_held(&peak), peak.bytes);
    ck_assert_uint_le(peak.bytes, p->bytes);
    for (int c = 0; c < p->n_calls; c++) {
        const struct ug_kernel_call *call = &p->calls[c];
        const struct ug_node *result = ug_call_result(call);

        if (call->node != peak.during)
            continue;
        ck_assert_int_eq(holds(&peak, call->node, true), call->scratch_bytes > 0);
        ck_assert(p->places[result->id].kind != UG_IN_ARENA || holds(&peak, result, false));
        for (int i = 0; i < call->node->n_in; i++) {
            const struct ug_node *n = source_of(call->node->in[i]);
            const struct ug_place *place = &p->places[n->id];

            if (place->kind == UG_IN_ARENA && place->offset != p->places[result->id].offset)
                ck_assert(holds(&peak, n, false));
        }
    }
}

/* y = exp(x), z = halve(y) with scratch, sum of both: 2 values and the scratch are held. */
START_TEST(the_peak_says_what_is_held)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(1600), NULL), *y = op("exp", x, NULL);
    struct ug_node *z = ug_emit(&t.b, &with_scratch, NULL, &y, 1), *after = op("exp", z, NULL);
    struct ug_plan *p = plan_for(op("sub", after, y));
    const struct ug_peak peak = ug_peak_of(t.graph->arena, p);

    ck_assert_ptr_eq(peak.during, z);
    ck_assert_uint_eq(peak.bytes, 6400 + 6400 + 4800);
    ck_assert_int_eq(peak.n, 3);
    ck_assert(holds(&peak, y, false) && holds(&peak, z, false) && holds(&peak, z, true));
    ck_assert(!holds(&peak, after, false) && !holds(&peak, x, false));
    ug_plan_free(p);
}
END_TEST

START_TEST(homes_are_written_directly)
{
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(10), NULL), *y = op("neg", x, NULL);
    float home[3][10];
    const struct ug_goal goals[] = {
        {.node = y, .home = home[0]}, {.node = y, .home = home[1]}, {.node = x, .home = home[2]}};
    struct ug_plan *p = ug_plan_new(t.graph, goals, 3, 1);
    struct ug_exec *e;

    check_plan(p, goals, 3);
    ck_assert_uint_eq(p->bytes, 0);
    ck_assert_int_eq(p->places[y->id].kind, UG_AT_HOME);
    ck_assert_ptr_eq(p->places[y->id].home, home[0]);
    ck_assert_int_eq(p->n_copies, 2);
    e = ug_exec_new(p, NULL, NULL, t.diags);
    ck_assert(ug_exec_bind(e, "x0", t.inputs[0].data));
    ck_assert(!ug_exec_bind(e, "x1", t.inputs[0].data));
    ug_exec_run(e, 0, 0, 0);
    for (int i = 0; i < 10; i++) {
        const float value = ((const float *)t.inputs[0].data)[i];

        ck_assert_float_eq(home[0][i], -value);
        ck_assert_float_eq(home[1][i], -value);
        ck_assert_float_eq(home[2][i], value);
    }
    ug_exec_free(e);
}
END_TEST

/* Three sums over 300 rows, added up: their own kernels do it, where the first one lies. */
static struct ug_node *sum_of_sums(struct ug_node **parts)
{
    for (int i = 0; i < 3; i++)
        parts[i] = ug_sum_to(&t.b, ug_bench_floats(&t, UG_SHAPE(300, 10), NULL), UG_SHAPE(10));
    return op("add", op("add", parts[0], parts[1]), parts[2]);
}

static void expect_sum_of_sums(const float *got)
{
    for (int j = 0; j < 10; j++) {
        double want = 0;

        for (int i = 0; i < 3; i++)
            for (int row = 0; row < 300; row++)
                want += (double)((const float *)t.inputs[i].data)[row * 10 + j];
        ck_assert_double_eq_tol(got[j], want, 2e-5);
    }
}

static bool see(void *context, const struct ug_node *n, struct ug_tensor value)
{
    (void)context, (void)n, (void)value;
    return true;
}

START_TEST(terms_add_themselves_to_sums)
{
    struct ug_node *parts[3], *sum = sum_of_sums(parts);
    float home[10];
    const struct ug_goal goals[] = {{.node = sum, .home = home}, {.node = parts[1]}};
    struct ug_plan *p = ug_plan_new(t.graph, goals, 1, 1);
    struct ug_exec *e;

    check_plan(p, goals, 1);
    ck_assert_int_eq(p->n_calls, 3);
    ck_assert_double_eq(p->flops, 3 * 3000 + 2 * 10); /* the additions still count */
    e = ug_exec_new(p, NULL, NULL, t.diags);
    for (int i = 0; i < t.n_inputs; i++)
        ck_assert(ug_exec_bind(e, t.inputs[i].name, t.inputs[i].data));
    for (int times = 0; times < 2; times++) {
        ug_exec_run(e, 0, 0, 0);
        expect_sum_of_sums(home);
    }
    memset(home, 0, sizeof home);
    ug_exec_watch(e, 0, 0, 0, see, NULL); /* it runs kernels beside their places */
    expect_sum_of_sums(home);
    ug_exec_free(e);
    p = ug_plan_new(t.graph, goals, 2, 1); /* one of them is wanted by itself */
    check_plan(p, goals, 2);
    ck_assert_int_eq(p->n_calls, 4);
    ug_plan_free(p);
}
END_TEST

/* w as it stands after one update is another leaf; what reads the old one must run before the
 * update, whether anything reads the new one or not. */
START_TEST(updates_come_between_phases)
{
    struct ug_node *w = ug_bench_param(&t, "w", UG_SHAPE(4)), like = *w, *updated, *old, *now, *dw;
    struct ug_param_attrs attrs;
    struct ug_plan *p;

    memcpy(&attrs, w->attrs, sizeof attrs);
    attrs.version = 1;
    like.attrs = &attrs;
    dw = op("square", ug_bench_floats(&t, UG_SHAPE(4), NULL), NULL);
    old = op("neg", op("exp", w, NULL), NULL);
    if (_i) {
        updated = ug_graph_leaf(t.graph, &like);
        now = op("exp", updated, NULL);
    } else
        now = op("exp", dw, NULL);
    const struct ug_goal goals[] = {{.node = now, .phase = 1},
                                    {.node = old, .phase = 1},
                                    {.node = dw, .phase = 0, .updates = attrs.param}};

    p = ug_plan_new(t.graph, goals, 3, 2);
    check_plan(p, goals, 3);
    for (int c = 0; c < p->n_calls; c++) {
        if (p->calls[c].node == old->in[0])
            ck_assert_int_lt(c, p->phase_end[0]);
        if (p->calls[c].node == now)
            ck_assert_int_ge(c, p->phase_end[0]);
    }
    ug_plan_free(p);
}
END_TEST

/* ---- Any graph ---- */

static struct ug_random dice;
static uint64_t throws;

static int64_t pick(int64_t n)
{
    return (int64_t)ug_random_below(&dice, throws++, (uint64_t)n);
}

static struct ug_node *random_node(void)
{
    struct ug_node *a = t.graph->nodes[pick(t.graph->n)], *b = t.graph->nodes[pick(t.graph->n)];
    struct ug_shape both;

    switch (pick(6)) {
    case 0:
        return op("tanh", a, NULL);
    case 1:
        return op("detach", a, NULL);
    case 2:
        return ug_emit(&t.b, &with_scratch, NULL, &a, 1);
    case 3:
        return ug_sum_to(&t.b, a,
                         a->type.shape.rank > 1 ? UG_SHAPE(a->type.shape.dim[1]) : a->type.shape);
    default:
        if (!ug_shape_broadcast(&a->type.shape, &b->type.shape, &both))
            return op("neg", a, NULL);
        return op(pick(2) ? "add" : "sub", a, b);
    }
}

static void make_random_graph(int seed)
{
    static const int64_t extents[][2] = {{7, 40}, {1, 40}, {7, 1}, {300, 40}};

    dice = (struct ug_random){.seed = (uint64_t)seed};
    throws = 0;
    for (int i = 0; i < 4; i++)
        ug_bench_floats(&t, ug_shape_of(2, extents[i]), NULL);
    ug_constant(&t.b, 0.5);
    for (int i = 0; i < 60; i++)
        random_node();
}

/* Each value of a random graph is the same whether it is computed by itself or with others in
 * between. */
START_TEST(plans_of_random_graphs_hold)
{
    struct ug_goal goals[8];
    struct ug_node *roots[8];
    struct ug_graph *simple;
    struct ug_plan *p;
    struct ug_exec *e;

    make_random_graph(_i);
    for (int i = 0; i < 8; i++)
        goals[i] =
            (struct ug_goal){.node = t.graph->nodes[pick(t.graph->n)], .phase = (int)pick(3)};
    p = ug_plan_new(t.graph, goals, 8, 3);
    check_plan(p, goals, 8);
    check_peak(p);
    e = ug_exec_new(p, NULL, NULL, t.diags);
    for (int i = 0; i < t.n_inputs; i++)
        ug_exec_bind(e, t.inputs[i].name, t.inputs[i].data);
    for (int phase = 0; phase < 3; phase++)
        ug_exec_run(e, phase, 0, 0);
    for (int i = 0; i < 8; i++)
        roots[i] = goals[i].node;
    simple = ug_simplify(t.graph, roots, 8);
    for (int i = 0; i < 8; i++) {
        const struct ug_tensor value = ug_exec_value(e, goals[i].node);
        const size_t bytes = (size_t)ug_shape_count(&value.shape) * sizeof(float);
        float *alone = ug_bench_run(&t, t.graph, goals[i].node, NULL);
        float *simplified = ug_bench_run(&t, simple, roots[i], NULL);

        ck_assert_mem_eq(value.data, alone, bytes);
        ck_assert_mem_eq(value.data, simplified, bytes);
        free(alone), free(simplified);
    }
    ug_exec_free(e);
    ug_graph_free(simple);
}
END_TEST

/* h <- h + tanh(h w), 4300 times, and its gradient: some 50,000 nodes, of which the forward pass
 * leaves three a layer alive. */
START_TEST(long_graphs_are_planned)
{
    enum { LAYERS = 4300, EXTENT = 64 };
    struct ug_node *x = ug_bench_floats(&t, UG_SHAPE(EXTENT), NULL), *h = x, *loss, *dx;
    struct ug_plan *p;

    for (int i = 0; i < LAYERS; i++)
        h = op("add", h, op("tanh", op("mul", h, op("add", x, ug_constant(&t.b, i))), NULL));
    loss = ug_sum_to(&t.b, op("square", h, NULL), ug_shape_scalar());
    ck_assert(ug_differentiate(&t.b, loss, &x, 1, &dx));
    ck_assert_int_gt(t.graph->n, 50000);
    p = plan_for(dx);
    ck_assert_uint_le(p->bytes, 64 * 64 + 4 * (size_t)LAYERS * EXTENT * sizeof(float));
    ug_plan_free(p);
}
END_TEST

Suite *ug_suite(void)
{
    Suite *s = suite_create("plan");
    TCase *c = tcase_create("plan");

    tcase_add_checked_fixture(c, bench_setup, bench_teardown);
    tcase_add_test(c, a_chain_runs_in_place);
    tcase_add_test(c, dead_nodes_are_left_out);
    tcase_add_test(c, the_peak_says_what_is_held);
    tcase_add_test(c, order_lowers_the_peak);
    tcase_add_test(c, homes_are_written_directly);
    tcase_add_test(c, terms_add_themselves_to_sums);
    tcase_add_loop_test(c, updates_come_between_phases, 0, 2);
    tcase_add_loop_test(c, plans_of_random_graphs_hold, 0, 60);
    tcase_add_test(c, long_graphs_are_planned);
    suite_add_tcase(s, c);
    return s;
}
