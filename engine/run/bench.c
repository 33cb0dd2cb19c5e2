/* bench.c -- how long training steps take, and where the time goes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/run/progress.h"
#include "engine/run/trainer.h"
#include "engine/unitgraph.h"

enum { WARM_UP = 2, FEWEST = 5, MOST = 500, PROFILED = 3 };

static const double enough_seconds = 10;

struct bench {
    struct ug_program *program;
    struct ug_dataset *data;
    struct ug_trainer *trainer;
    struct ug_loader *loader;
    struct ug_diags *diags;
    int64_t step;
    double seconds[MOST]; /* by timed step */
    int n;
};

/* One step with all optimizers in it, whatever `every` says; false after an error. */
static bool take_step(struct bench *b, double *seconds)
{
    static const struct ug_batch nothing = {0};
    const struct ug_moment now = {.seed = b->program->train.seed, .step = b->step};
    struct ug_fault fault;
    const double start = ug_now();
    const struct ug_batch *batch = b->loader ? ug_loader_next(b->loader, b->diags) : &nothing;

    if (!batch)
        return false;
    if (!ug_trainer_run(b->trainer, b->trainer->steps[0], batch, &now, &fault)) {
        ug_error(b->diags, fault.pos, "step %lld: a value is not finite", (long long)b->step + 1);
        return false;
    }
    b->step++;
    *seconds = ug_now() - start;
    return true;
}

static bool time_steps(struct bench *b, int64_t wanted)
{
    double total = 0, unused;

    for (int i = 0; i < WARM_UP; i++)
        if (!take_step(b, &unused))
            return false;
    while (b->n < MOST && (wanted ? b->n < wanted : b->n < FEWEST || total < enough_seconds)) {
        if (!take_step(b, &b->seconds[b->n]))
            return false;
        total += b->seconds[b->n++];
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double peak_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}

/* ---- Shares of ops ---- */

struct share {
    const char *op;
    int calls;
    double seconds, flops;
};

static int by_time(const void *a, const void *b)
{
    const struct share *x = a, *y = b;

    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static double flops_of(const struct ug_node *n)
{
    struct ug_type *in = ug_xcalloc((size_t)n->n_in, sizeof *in);
    double flops = (double)ug_shape_count(&n->type.shape);

    for (int i = 0; i < n->n_in; i++)
        in[i] = n->in[i]->type;
    if (n->op->flops)
        flops = n->op->flops(n->attrs, in, &n->type);
    free(in);
    return flops;
}

/* Adds up the calls of each op; as many shares as there are ops. */
static struct share *add_up(const struct ug_plan *plan, const double *seconds, int *n)
{
    struct share *shares = ug_xcalloc((size_t)plan->n_calls + 1, sizeof *shares);

    *n = 0;
    for (int i = 0; i < plan->n_calls; i++) {
        const struct ug_node *node = plan->calls[i].node;
        int k = 0;
        while (k < *n && strcmp(shares[k].op, node->op->name))
            k++;
        *n += k == *n;
        shares[k].op = node->op->name;
        shares[k].calls++;
        shares[k].seconds += seconds[i] / PROFILED;
        shares[k].flops += flops_of(node);
    }
    return shares;
}

static void print_shares(struct bench *b, FILE *out)
{
    struct ug_step *s = b->trainer->steps[0];
    const struct ug_plan *plan = ug_exec_plan(s->run.exec);
    double *seconds = ug_xcalloc((size_t)plan->n_calls, sizeof *seconds), total = 0, updates;
    int n;

    for (int i = 0; i < PROFILED; i++)
        for (int phase = 0; phase < s->n_phases; phase++)
            ug_exec_time(s->run.exec, phase, b->program->train.seed, (uint64_t)b->step, seconds);
    const double start = ug_now();
    for (int i = 0; i < b->program->train.n_optimizers; i++)
        ug_optimizer_update(&b->trainer->optimizers[i], 0);
    updates = ug_now() - start;
    struct share *shares = add_up(plan, seconds, &n);
    shares[n++] = (struct share){"(updates)", b->program->train.n_optimizers, updates, 0};
    qsort(shares, (size_t)n, sizeof *shares, by_time);
    for (int i = 0; i < n; i++)
        total += shares[i].seconds;
    fprintf(out, "\n%-28s %6s %10s %7s %9s\n", "op", "calls", "ms", "share", "GFLOP/s");
    for (int i = 0; i < n; i++)
        fprintf(out, "%-28s %6d %10.3f %6.1f%% %9.1f\n", shares[i].op, shares[i].calls,
                1e3 * shares[i].seconds, 100 * shares[i].seconds / total,
                1e-9 * shares[i].flops / fmax(shares[i].seconds, 1e-9));
    free(shares);
    free(seconds);
}

static void print_result(struct bench *b, bool json, FILE *out)
{
    const double flops = ug_exec_plan(b->trainer->steps[0]->run.exec)->flops;

    qsort(b->seconds, (size_t)b->n, sizeof *b->seconds, compare);
    const double median =
        b->n % 2 ? b->seconds[b->n / 2] : (b->seconds[b->n / 2 - 1] + b->seconds[b->n / 2]) / 2;
    if (json) {
        fprintf(out,
                "{\"steps\": %d, \"step_seconds\": %.6g, \"fastest_seconds\": %.6g, "
                "\"slowest_seconds\": %.6g, \"flops\": %.6g, \"peak_bytes\": %.0f}\n",
                b->n, median, b->seconds[0], b->seconds[b->n - 1], flops, peak_bytes());
        return;
    }
    fprintf(out, "step     %.2f ms (median of %d; fastest %.2f, slowest %.2f)\n", 1e3 * median,
            b->n, 1e3 * b->seconds[0], 1e3 * b->seconds[b->n - 1]);
    fprintf(out, "rate     %.1f GFLOP/s (%.2f GFLOP a step)\n", 1e-9 * flops / median,
            1e-9 * flops);
    fprintf(out, "memory   %.1f MB at the most\n", peak_bytes() / 1e6);
    print_shares(b, out);
}

static bool prepare(struct bench *b, const char *file, const struct ug_overrides *overrides)
{
    const struct ug_load_options options = {.sets = overrides->sets, .n_sets = overrides->n_sets};

    b->program = ug_program_load(file, &options, b->diags);
    if (!b->program || ug_diags_errors(b->diags))
        return false;
    if (!b->program->train.present) {
        ug_error(b->diags, UG_NOWHERE, "there are no steps to time: '%s' has no 'train'", file);
        return false;
    }
    if (b->program->data.n && !(b->data = ug_dataset_open(&b->program->data, b->diags)))
        return false;
    if (!(b->trainer = ug_trainer_new(b->program, b->data, b->diags)) ||
        !ug_store_init(b->trainer->store, b->program, b->program->train.seed, b->diags))
        return false;
    ug_trainer_start(b->trainer);
    return !b->data ||
           (b->loader = ug_loader_start(b->data, UG_DRAW_TRAINING, b->program->data.batch,
                                        b->program->train.seed, 0, INT32_MAX, b->diags));
}

enum ug_status ug_bench(const char *file, const struct ug_bench_options *o, FILE *out,
                        struct ug_diags *diags)
{
    struct bench b = {.diags = diags};
    enum ug_status status = UG_WRONG;

    if (prepare(&b, file, &o->overrides)) {
        status = time_steps(&b, o->steps) ? UG_DONE : UG_FAILED;
        if (status == UG_DONE)
            print_result(&b, o->json, out);
    }
    ug_loader_stop(b.loader);
    ug_trainer_free(b.trainer);
    ug_dataset_close(b.data);
    ug_program_free(b.program);
    return status;
}
