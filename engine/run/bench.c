/* bench.c -- how long training steps take, and where the time goes. */
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/run/bench_shares.h"
#include "engine/run/median.h"
#include "engine/run/need.h"
#include "engine/run/trace.h"
#include "engine/unitgraph.h"

enum { WARM_UP = 2, FEWEST = 5, MOST = 500 };

static const double enough_seconds = 10;

struct bench {
    struct ug_program *program;
    struct ug_dataset *data;
    struct ug_trainer *trainer;
    struct ug_loader *loader;
    struct ug_trace *trace; /* NULL: not now */
    struct ug_diags *diags;
    int64_t step;
    double seconds[MOST]; /* by timed step */
    int n;
    double total, waited; /* seconds of all of them, and of waiting for data in them */
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
    return !b->trace || ug_trace_step(b->trace, b->trainer->steps[0], now.step, start, b->diags);
}

static bool time_steps(struct bench *b, int64_t wanted)
{
    double unused;

    for (int i = 0; i < WARM_UP; i++)
        if (!take_step(b, &unused))
            return false;
    const double before = b->loader ? ug_loader_waited(b->loader) : 0;
    while (b->n < MOST && (wanted ? b->n < wanted : b->n < FEWEST || b->total < enough_seconds)) {
        if (!take_step(b, &b->seconds[b->n]))
            return false;
        b->total += b->seconds[b->n++];
    }
    b->waited = b->loader ? ug_loader_waited(b->loader) - before : 0;
    return true;
}

/* One step more, so that noting times is not in those that were timed. */
static bool trace_step(struct bench *b, const char *path)
{
    double unused;

    if (!path)
        return true;
    b->trace = ug_trace_new(path, b->trainer, b->step, b->step + 1);
    return take_step(b, &unused);
}

/* ---- Results ---- */

struct result {
    struct ug_machine machine;
    struct ug_shares shares;
    double median, flops;    /* of a step */
    double predicted, peak;  /* bytes */
    double outside, waiting; /* parts of a step */
};

/* Of steps alone: nothing is sampled or validated here. */
static double predict_bytes(const struct bench *b)
{
    const struct ug_need need = ug_need_of_steps(b->program, b->trainer->store, b->data);

    return (double)(need.blocks + need.data + need.process +
                    ug_exec_plan(b->trainer->steps[0]->run.exec)->bytes);
}

/* The peak is looked at before the machine is measured, which takes memory of its own. */
static struct result measure(struct bench *b)
{
    const struct ug_moment now = {.seed = b->program->train.seed, .step = b->step};
    struct ug_trainer *t = b->trainer;
    struct result r = {.flops = ug_exec_plan(t->steps[0]->run.exec)->flops,
                       .predicted = predict_bytes(b),
                       .peak = (double)ug_peak_bytes()};

    r.median = ug_median(b->seconds, b->n); /* which sorts them */
    r.waiting = b->waited / b->total;
    r.machine = ug_machine_measure();
    r.shares = ug_shares_measure(t, &now, &r.machine);
    r.outside = 1 - r.shares.products / r.shares.seconds;
    return r;
}

static void print_json(const struct bench *b, const struct result *r, FILE *out)
{
    json_t *all = json_pack(
        "{s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:{s:f, s:f}, s:o}", "steps", b->n,
        "step_seconds", r->median, "fastest_seconds", b->seconds[0], "slowest_seconds",
        b->seconds[b->n - 1], "flops", r->flops, "peak_bytes", r->peak, "predicted_bytes",
        r->predicted, "outside_products", r->outside, "waiting_for_data", r->waiting, "machine",
        "flops", r->machine.flops, "bytes", r->machine.bytes, "ops", ug_shares_json(&r->shares));

    json_dumpf(all, out, JSON_REAL_PRECISION(6));
    fputc('\n', out);
    json_decref(all);
}

static void print_text(const struct bench *b, const struct result *r, FILE *out)
{
    fprintf(out, "step     %.2f ms (median of %d; fastest %.2f, slowest %.2f)\n", 1e3 * r->median,
            b->n, 1e3 * b->seconds[0], 1e3 * b->seconds[b->n - 1]);
    fprintf(out, "rate     %.1f GFLOP/s (%.2f GFLOP a step), %.2f of the machine's %.0f\n",
            1e-9 * r->flops / r->median, 1e-9 * r->flops, r->flops / r->median / r->machine.flops,
            1e-9 * r->machine.flops);
    fprintf(out, "memory   %.1f MB at the most; check predicts %.1f\n", r->peak / 1e6,
            r->predicted / 1e6);
    fprintf(out, "outside  convolutions and matrix products: %.1f %% of the step\n",
            100 * r->outside);
    fprintf(out, "data     waited for: %.2f %% of the step\n", 100 * r->waiting);
    fprintf(out, "machine  %.0f GFLOP/s, %.1f GB/s to and from memory, measured just now\n",
            1e-9 * r->machine.flops, 1e-9 * r->machine.bytes);
    ug_shares_print(&r->shares, out);
}

static void print_result(struct bench *b, bool json, FILE *out)
{
    struct result r = measure(b);

    (json ? print_json : print_text)(b, &r, out);
    ug_shares_free(&r.shares);
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
        status = time_steps(&b, o->steps) && trace_step(&b, o->trace) ? UG_DONE : UG_FAILED;
        if (status == UG_DONE)
            print_result(&b, o->json, out);
    }
    ug_loader_stop(b.loader);
    ug_trace_free(b.trace);
    ug_trainer_free(b.trainer);
    ug_dataset_close(b.data);
    ug_program_free(b.program);
    return status;
}
