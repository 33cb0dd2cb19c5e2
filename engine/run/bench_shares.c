/* bench_shares.c -- times each call by itself, adds up by op, and compares with the machine. */
#include "engine/run/bench_shares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/graph/node.h"

enum { ROUNDS = 3 };

static const double many_flops = 4; /* a byte: no other op computes so much on what it reads */

/* ---- One call ---- */

static double bytes_of(const struct ug_node *n)
{
    double bytes = (double)ug_type_bytes(&n->type);

    for (int i = 0; i < n->n_in; i++) {
        bool counted = false;

        for (int j = 0; j < i; j++)
            counted |= n->in[j] == n->in[i];
        bytes += counted ? 0 : (double)ug_type_bytes(&n->in[i]->type);
    }
    return bytes;
}

/* Convolutions, their gradients, matrix products: by the descriptor, whatever they are called.  A
 * product has two factors. */
static bool is_product(const struct ug_node *n)
{
    return n->op->ways || (n->n_in > 1 && ug_node_flops(n) > many_flops * bytes_of(n));
}

/* ---- All calls ---- */

static struct ug_share *share_of(struct ug_shares *s, const char *op)
{
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->items[i].op, op))
            return &s->items[i];
    s->items[s->n] = (struct ug_share){.op = op};
    return &s->items[s->n++];
}

static void add_calls(struct ug_shares *s, const struct ug_plan *plan, const double *seconds,
                      const struct ug_machine *machine)
{
    for (int c = 0; c < plan->n_calls; c++) {
        const struct ug_kernel_call *call = &plan->calls[c];
        const struct ug_node *n = call->node;
        struct ug_share *share = share_of(s, n->op->name);
        const double flops = ug_call_flops(call);
        const double bytes = bytes_of(n) + (call->sum ? (double)ug_type_bytes(&n->type) : 0);

        share->calls++;
        share->seconds += seconds[c];
        share->flops += flops;
        share->bytes += bytes;
        share->attainable += ug_machine_seconds(machine, flops, bytes);
        s->products += is_product(n) ? seconds[c] : 0;
    }
}

/* Parameters, gradients and what optimizers keep of them are read, and all but gradients written.
 */
static void add_updates(struct ug_shares *s, struct ug_trainer *t, const struct ug_machine *machine)
{
    struct ug_share *share = share_of(s, "(updates)");
    const double start = ug_now();

    share->calls = t->program->train.n_optimizers;
    for (int i = 0; i < share->calls; i++) {
        const struct ug_optimizer *o = &t->optimizers[i];

        ug_optimizer_update(&t->optimizers[i], 0);
        share->bytes +=
            (double)(o->block->n * sizeof(float)) * (3 + 2 * (double)ug_optimizer_arrays(o->spec));
    }
    share->seconds = ug_now() - start;
    share->attainable = ug_machine_seconds(machine, 0, share->bytes);
}

static int by_time(const void *a, const void *b)
{
    const struct ug_share *x = a, *y = b;

    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

/* Mean seconds of each call. */
static double *time_calls(struct ug_step *step, const struct ug_moment *now)
{
    const size_t n = (size_t)ug_exec_plan(step->run.exec)->n_calls;
    struct ug_time *times = ug_xcalloc(n + 1, sizeof *times);
    double *seconds = ug_xcalloc(n, sizeof *seconds);

    for (int round = 0; round < ROUNDS; round++) {
        for (int phase = 0; phase < step->n_phases; phase++)
            ug_exec_time(step->run.exec, phase, now->seed, (uint64_t)now->step, times);
        for (size_t c = 0; c < n; c++)
            seconds[c] += (times[c].end - times[c].start) / ROUNDS;
    }
    free(times);
    return seconds;
}

struct ug_shares ug_shares_measure(struct ug_trainer *t, const struct ug_moment *now,
                                   const struct ug_machine *machine)
{
    const struct ug_plan *plan = ug_exec_plan(t->steps[0]->run.exec);
    struct ug_shares s = {.items = ug_xcalloc((size_t)plan->n_calls + 1, sizeof *s.items)};
    double *seconds = time_calls(t->steps[0], now);

    add_calls(&s, plan, seconds, machine);
    add_updates(&s, t, machine);
    free(seconds);
    qsort(s.items, (size_t)s.n, sizeof *s.items, by_time);
    for (int i = 0; i < s.n; i++)
        s.seconds += s.items[i].seconds;
    return s;
}

void ug_shares_free(struct ug_shares *s)
{
    free(s->items);
    *s = (struct ug_shares){0};
}

/* ---- Showing ---- */

void ug_shares_print(const struct ug_shares *s, FILE *out)
{
    fprintf(out, "\n%-28s %6s %10s %7s %9s %8s %9s\n", "op", "calls", "ms", "share", "GFLOP/s",
            "GB/s", "roofline");
    for (int i = 0; i < s->n; i++) {
        const struct ug_share *x = &s->items[i];
        const double seconds = fmax(x->seconds, 1e-9);

        fprintf(out, "%-28s %6d %10.3f %6.1f%% %9.1f %8.1f %8.0f%%\n", x->op, x->calls,
                1e3 * x->seconds, 100 * x->seconds / s->seconds, 1e-9 * x->flops / seconds,
                1e-9 * x->bytes / seconds, 100 * x->attainable / seconds);
    }
    fputs("roofline: the time that the machine could do it in at best, in percent of the time it "
          "takes;\nGFLOP/s and bytes are those of the op as it is defined, so that a fast "
          "algorithm, or a value\nthat is still in a cache, may pass 100%\n",
          out);
}

json_t *ug_shares_json(const struct ug_shares *s)
{
    json_t *list = json_array();

    for (int i = 0; i < s->n; i++) {
        const struct ug_share *x = &s->items[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:f, s:f, s:f, s:f}", "op", x->op, "calls",
                                        x->calls, "seconds", x->seconds, "flops", x->flops, "bytes",
                                        x->bytes, "attainable_seconds", x->attainable));
    }
    return list;
}
