/* bench_kernels.c -- how long each algorithm takes, next to what its op thinks that it takes.
 *
 * What is timed is a list of jobs: one op at one set of shapes, either the samples that ops name
 * themselves, or the distinct calls of a file's training step.
 */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/random.h"
#include "engine/run/bench_kernels.h"
#include "engine/run/median.h"
#include "engine/run/trainer.h"
#include "engine/unitgraph.h"

enum { FEWEST = 5, MOST = 200 };

static const double enough_seconds = 0.06; /* of timing for one algorithm */

static struct ug_bench_job *add_job(struct ug_bench_jobs *jobs)
{
    if (jobs->n == jobs->capacity) {
        jobs->capacity = jobs->capacity ? 2 * jobs->capacity : 64;
        jobs->items = ug_xrealloc(jobs->items, (size_t)jobs->capacity * sizeof *jobs->items);
    }
    jobs->items[jobs->n] = (struct ug_bench_job){.calls = 1};
    return &jobs->items[jobs->n++];
}

static void free_jobs(struct ug_bench_jobs *jobs)
{
    for (int i = 0; i < jobs->n; i++)
        free(jobs->items[i].own_attrs);
    free(jobs->items);
}

/* ---- Which jobs ---- */

static bool add_sample(struct ug_bench_jobs *jobs, const struct ug_op *op, int i)
{
    char error[UG_ERROR_TEXT];
    void *attrs = ug_xcalloc(1, op->attrs_size);
    struct ug_bench_job job = {.op = op, .attrs = attrs, .own_attrs = attrs, .calls = 1};

    job.n_in = op->ways->sample(i, attrs, job.in);
    if (!job.n_in) {
        free(attrs);
        return false;
    }
    struct ug_inference t = {.attrs = job.attrs, .n_in = job.n_in, .in = job.in, .error = error};
    op->infer(&t);
    job.out = t.out;
    *add_job(jobs) = job;
    return true;
}

/* Sample by sample, the ops that have them side by side. */
static void add_samples(struct ug_bench_jobs *jobs)
{
    bool more = true;

    for (int i = 0; more; i++) {
        more = false;
        for (const struct ug_op *op = ug_op_next(NULL); op; op = ug_op_next(op))
            if (op->ways)
                more |= add_sample(jobs, op, i);
    }
}

static bool same_job(const struct ug_bench_job *a, const struct ug_node *n)
{
    if (a->op != n->op || memcmp(a->attrs, n->attrs, n->op->attrs_size) != 0)
        return false;
    for (int i = 0; i < n->n_in; i++)
        if (!ug_shape_equal(&a->in[i].shape, &n->in[i]->type.shape))
            return false;
    return true;
}

/* The calls of a step, equal ones counted together. */
static void add_calls(struct ug_bench_jobs *jobs, const struct ug_plan *plan)
{
    for (int c = 0; c < plan->n_calls; c++) {
        const struct ug_node *n = plan->calls[c].node;
        int i = 0;

        if (!n->op->ways || n->n_in > UG_WAY_INPUTS)
            continue;
        while (i < jobs->n && !same_job(&jobs->items[i], n))
            i++;
        if (i < jobs->n) {
            jobs->items[i].calls++;
            continue;
        }
        struct ug_bench_job *job = add_job(jobs);
        job->op = n->op;
        job->attrs = n->attrs;
        job->n_in = n->n_in;
        job->out = n->type;
        for (int k = 0; k < n->n_in; k++)
            job->in[k] = n->in[k]->type;
    }
}

/* ---- Timing ---- */

/* The median of `runs`, or of enough of them. */
static double time_way(const struct ug_bench_job *job, const struct ug_kernel *k, int id,
                       int64_t runs)
{
    double seconds[MOST], total = 0;
    int n = 0;

    job->op->ways->run(k, id); /* memory is touched, caches are warm */
    while (n < MOST && (runs ? n < runs : n < FEWEST || total < enough_seconds)) {
        const double start = ug_now();

        job->op->ways->run(k, id);
        seconds[n] = ug_now() - start;
        total += seconds[n++];
    }
    return ug_median(seconds, n);
}

/* Room for a value, filled with noise; NULL if there is not enough. */
static void *take_value(const struct ug_type *type, struct ug_tensor *to)
{
    const struct ug_random r = {.seed = 1};

    *to = (struct ug_tensor){type->dtype, type->shape, ug_memory_take(ug_type_bytes(type))};
    if (to->data && type->dtype == UG_F32)
        ug_random_normal(&r, 0, ug_shape_count(&type->shape), to->data);
    return to->data;
}

static void time_with_memory(struct ug_bench_job *job, struct ug_kernel *k, size_t scratch,
                             int64_t runs)
{
    struct ug_tensor in[UG_WAY_INPUTS];
    bool enough = take_value(&job->out, &k->out) != NULL;

    for (int i = 0; i < job->n_in; i++)
        enough &= take_value(&job->in[i], &in[i]) != NULL;
    k->in = in;
    k->scratch = ug_memory_take(scratch);
    for (int i = 0; enough && k->scratch && i < job->n_ways; i++) {
        job->seconds[i] = time_way(job, k, job->ways[i].id, runs);
        if (job->seconds[i] < job->seconds[job->fastest])
            job->fastest = i;
    }
    ug_memory_give(k->scratch, scratch);
    ug_memory_give(k->out.data, ug_type_bytes(&job->out));
    for (int i = 0; i < job->n_in; i++)
        ug_memory_give(in[i].data, ug_type_bytes(&job->in[i]));
}

/* As many threads as the kernel gets in a step. */
static int threads_of(const struct ug_bench_job *job, int most)
{
    double bytes = (double)ug_type_bytes(&job->out);

    for (int i = 0; i < job->n_in; i++)
        bytes += (double)ug_type_bytes(&job->in[i]);
    return ug_exec_shares(job->op->flops(job->attrs, job->in, &job->out), bytes) ? most : 1;
}

static void time_job(struct ug_bench_job *job, int64_t runs)
{
    struct ug_kernel k = {.attrs = job->attrs, .n_in = job->n_in};
    const int most = omp_get_max_threads();
    size_t scratch = 0;

    omp_set_num_threads(job->threads = threads_of(job, most));
    job->n_ways = job->op->ways->list(job->attrs, job->in, &job->out, job->ways);
    for (int i = 0; i < job->n_ways; i++) {
        scratch = job->ways[i].scratch > scratch ? job->ways[i].scratch : scratch;
        if (job->ways[i].taken)
            job->taken = i;
    }
    time_with_memory(job, &k, scratch, runs);
    omp_set_num_threads(most);
}

static int by_total(const void *a, const void *b)
{
    return (ug_bench_total(a) < ug_bench_total(b)) - (ug_bench_total(a) > ug_bench_total(b));
}

/* ---- The command ---- */

/* The calls of FILE's step with all optimizers; the nodes stay with the program and the trainer. */
static bool load_jobs(const char *file, const struct ug_overrides *o, struct ug_bench_jobs *jobs,
                      struct ug_program **program, struct ug_trainer **trainer,
                      struct ug_diags *diags)
{
    const struct ug_load_options options = {.sets = o->sets, .n_sets = o->n_sets};

    *program = ug_program_load(file, &options, diags);
    if (!*program || ug_diags_errors(diags))
        return false;
    if (!(*program)->train.present) {
        ug_error(diags, UG_NOWHERE, "there are no steps to look at: '%s' has no 'train'", file);
        return false;
    }
    if (!(*trainer = ug_trainer_new(*program, NULL, diags)))
        return false;
    add_calls(jobs, ug_exec_plan((*trainer)->steps[0]->run.exec));
    return true;
}

enum ug_status ug_bench_kernels(const char *file, const struct ug_bench_options *o, FILE *out,
                                struct ug_diags *diags)
{
    struct ug_bench_jobs jobs = {0};
    struct ug_program *program = NULL;
    struct ug_trainer *trainer = NULL;
    enum ug_status status = UG_DONE;

    if (!file)
        add_samples(&jobs);
    else if (!load_jobs(file, &o->overrides, &jobs, &program, &trainer, diags))
        status = UG_WRONG;
    for (int i = 0; i < jobs.n; i++)
        time_job(&jobs.items[i], o->steps);
    if (file && jobs.n)
        qsort(jobs.items, (size_t)jobs.n, sizeof *jobs.items, by_total);
    if (status == UG_DONE && o->json)
        ug_bench_print_json(&jobs, out);
    else if (status == UG_DONE)
        ug_bench_print_kernels(&jobs, file != NULL, out);
    free_jobs(&jobs);
    ug_trainer_free(trainer);
    ug_program_free(program);
    return status;
}
