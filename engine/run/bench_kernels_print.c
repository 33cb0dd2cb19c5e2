/* bench_kernels_print.c -- the times of algorithms as a table, and as JSON. */
#include <math.h>

#include "engine/run/bench_kernels.h"

static const double clearly = 1.1; /* a choice that is slower by this factor is wrong */

double ug_bench_total(const struct ug_bench_job *job)
{
    return job->calls * job->seconds[job->taken];
}

static bool is_wrong(const struct ug_bench_job *job)
{
    return job->seconds[job->taken] > clearly * job->seconds[job->fastest];
}

static double rate_of(const struct ug_bench_job *job, int way)
{
    return job->op->flops(job->attrs, job->in, &job->out) / fmax(job->seconds[way], 1e-9);
}

/* Accounts are of one core. */
static double predicted(const struct ug_bench_job *job, int way)
{
    return job->ways[way].seconds / job->threads;
}

static const char *text_of(const struct ug_bench_job *job, char text[UG_WAY_TEXT])
{
    job->op->ways->describe(job->attrs, job->in, &job->out, text);
    return text;
}

static void print_costs(const struct ug_ways *ways, FILE *out)
{
    fprintf(out, "\npredictions rest on\n");
    for (const struct ug_cost *c = ways->costs; c->name; c++)
        fprintf(out, "  %-18s %8.3g  %s\n", c->name, c->value, c->doc);
}

static void print_job(const struct ug_bench_job *job, bool counted, FILE *out)
{
    char text[UG_WAY_TEXT];

    for (int i = 0; i < job->n_ways; i++) {
        fprintf(out, "%-46s %-16s %s%-10s %9.3f %9.3f %8.1f", i ? "" : text_of(job, text),
                i ? "" : job->op->name, i == job->taken ? "*" : " ", job->ways[i].name,
                1e3 * predicted(job, i), 1e3 * job->seconds[i], 1e-9 * rate_of(job, i));
        if (counted && i == job->taken)
            fprintf(out, " %5d %9.2f", job->calls, 1e3 * ug_bench_total(job));
        if (i == job->taken && is_wrong(job))
            fprintf(out, "  wrong: %s takes %.2f of that", job->ways[job->fastest].name,
                    job->seconds[job->fastest] / job->seconds[i]);
        fputc('\n', out);
    }
}

void ug_bench_print_kernels(const struct ug_bench_jobs *jobs, bool counted, FILE *out)
{
    const struct ug_ways *explained = NULL;
    double total = 0;
    int wrong = 0;

    fprintf(out, "%-46s %-16s  %-10s %9s %9s %8s%s\n", "shapes", "op", "algorithm", "predicted",
            "measured", "GFLOP/s", counted ? " calls     total" : "");
    for (int i = 0; i < jobs->n; i++) {
        print_job(&jobs->items[i], counted, out);
        total += ug_bench_total(&jobs->items[i]);
        wrong += is_wrong(&jobs->items[i]);
    }
    if (counted)
        fprintf(out, "%.2f ms in all\n", 1e3 * total);
    fprintf(out, "* is what is taken, which is wrong for %d of %d; times in ms\n", wrong, jobs->n);
    for (int i = 0; i < jobs->n; i++)
        if (!explained || explained->costs != jobs->items[i].op->ways->costs)
            print_costs(explained = jobs->items[i].op->ways, out);
}

static void print_json_shape(const struct ug_shape *s, FILE *out)
{
    for (int i = 0; i < s->rank; i++)
        fprintf(out, "%s%lld", i ? ", " : "[", (long long)s->dim[i]);
    fprintf(out, "%s]", s->rank ? "" : "[");
}

void ug_bench_print_json(const struct ug_bench_jobs *jobs, FILE *out)
{
    char text[UG_WAY_TEXT];

    for (int i = 0; i < jobs->n; i++) {
        const struct ug_bench_job *job = &jobs->items[i];

        fprintf(out, "%s{\"op\": \"%s\", \"shapes\": \"%s\", \"inputs\": [", i ? ",\n " : "[",
                job->op->name, text_of(job, text));
        for (int k = 0; k < job->n_in; k++) {
            fputs(k ? ", " : "", out);
            print_json_shape(&job->in[k].shape, out);
        }
        fputs("], \"result\": ", out);
        print_json_shape(&job->out.shape, out);
        fprintf(out, ", \"calls\": %d, \"flops\": %.6g, \"taken\": \"%s\", \"algorithms\": {",
                job->calls, job->op->flops(job->attrs, job->in, &job->out),
                job->ways[job->taken].name);
        for (int k = 0; k < job->n_ways; k++)
            fprintf(out, "%s\"%s\": {\"predicted_seconds\": %.4g, \"seconds\": %.4g}",
                    k ? ", " : "", job->ways[k].name, predicted(job, k), job->seconds[k]);
        fputs("}}", out);
    }
    fputs(jobs->n ? "]\n" : "[]\n", out);
}
