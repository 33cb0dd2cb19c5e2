/* sweep_results.c -- reads the logs of the runs; a table for programs, and one for readers. */
#include "engine/run/sweep_results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/report/curves.h"

enum { POINTS = 2 }; /* of a curve: its ends and extremes are all that is asked for */

struct results {
    struct ug_arena *arena;
    const struct ug_sweep_plan *plan;
    const struct ug_sweep_result *runs;
    const struct ug_sweep_metric *metrics;
    int n_metrics;
    struct ug_curves *curves; /* by run */
    const char **losses;      /* names of losses and terms, in the order of the logs */
    int n_losses, capacity;
    FILE *out;
};

const char *ug_sweep_state_text(enum ug_sweep_state state)
{
    static const char *const texts[] = {[UG_SWEEP_TO_DO] = "to do",
                                        [UG_SWEEP_BEGUN] = "unfinished",
                                        [UG_SWEEP_FINISHED] = "finished",
                                        [UG_SWEEP_FAILED] = "failed"};

    return texts[state];
}

/* ---- Gathering ---- */

static bool is_loss(const char *name)
{
    return strncmp(name, "validate/", 9) && strncmp(name, "lr/", 3) && strcmp(name, "epoch") &&
           strcmp(name, "seconds");
}

static void add_losses(struct results *r, const struct ug_curves *c)
{
    for (int i = 0; i < c->n; i++) {
        const char *name = c->items[i].name;
        bool known = !is_loss(name);
        for (int k = 0; k < r->n_losses && !known; k++)
            known = !strcmp(r->losses[k], name);
        if (!known)
            UG_PUSH(r->arena, r->losses, r->n_losses, r->capacity, name);
    }
}

static void read_runs(struct results *r)
{
    r->curves = ug_arena_array(r->arena, (size_t)r->plan->n_runs, sizeof *r->curves);
    for (int i = 0; i < r->plan->n_runs; i++) {
        const char *log = ug_arena_format(r->arena, "%s/metrics.jsonl", r->runs[i].folder);
        ug_curves_read(&r->curves[i], r->arena, log, POINTS);
        add_losses(r, &r->curves[i]);
    }
}

static const struct ug_series *metric_of(const struct results *r, int run, int metric)
{
    return ug_curves_find(&r->curves[run],
                          ug_arena_format(r->arena, "validate/%s", r->metrics[metric].name));
}

static struct ug_point best_of(const struct ug_series *s, bool rises)
{
    return rises ? s->highest : s->lowest;
}

/* ---- CSV (RFC 4180) ---- */

static void put_field(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

/* A field behind another. */
static void put_next(FILE *out, const char *text)
{
    putc(',', out);
    put_field(out, text);
}

/* An empty field where there is no number. */
static void put_number(FILE *out, double value)
{
    putc(',', out);
    if (isfinite(value))
        fprintf(out, "%.7g", value);
}

static void put_csv_head(const struct results *r)
{
    fputs("run", r->out);
    for (int i = 0; i < r->plan->n_axes; i++)
        put_next(r->out, r->plan->axes[i].name);
    fputs(",state,step,seconds", r->out);
    for (int i = 0; i < r->n_metrics; i++) {
        put_next(r->out, r->metrics[i].name);
        put_next(r->out, ug_arena_format(r->arena, "best %s", r->metrics[i].name));
        put_next(r->out, ug_arena_format(r->arena, "step of best %s", r->metrics[i].name));
    }
    for (int i = 0; i < r->n_losses; i++) {
        put_next(r->out, r->losses[i]);
        put_next(r->out, ug_arena_format(r->arena, "lowest %s", r->losses[i]));
    }
    fputs("\r\n", r->out);
}

static void put_csv_row(const struct results *r, int run)
{
    static const struct ug_series none = {
        .last = {NAN, NAN}, .lowest = {NAN, NAN}, .highest = {NAN, NAN}};
    const struct ug_series *seconds = ug_curves_find(&r->curves[run], "seconds");

    put_field(r->out, r->plan->runs[run].name);
    for (int i = 0; i < r->plan->n_axes; i++)
        put_next(r->out, r->plan->runs[run].values[i]);
    fprintf(r->out, ",%s,%lld", ug_sweep_state_text(r->runs[run].state),
            (long long)r->runs[run].step);
    put_number(r->out, seconds ? seconds->last.value : NAN);
    for (int i = 0; i < r->n_metrics; i++) {
        const struct ug_series *s = metric_of(r, run, i);
        s = s ? s : &none;
        put_number(r->out, s->last.value);
        put_number(r->out, best_of(s, r->metrics[i].rises).value);
        put_number(r->out, best_of(s, r->metrics[i].rises).step);
    }
    for (int i = 0; i < r->n_losses; i++) {
        const struct ug_series *s = ug_curves_find(&r->curves[run], r->losses[i]);
        s = s ? s : &none;
        put_number(r->out, s->last.value);
        put_number(r->out, s->lowest.value);
    }
    fputs("\r\n", r->out);
}

static void put_csv(const struct results *r)
{
    put_csv_head(r);
    for (int i = 0; i < r->plan->n_runs; i++)
        put_csv_row(r, i);
}

/* ---- Markdown ---- */

/* A bar would end the cell. */
static void put_cell(FILE *out, const char *text)
{
    fputs(" ", out);
    for (; *text; text++)
        fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
    fputs(" |", out);
}

enum { NO_AXIS = -1 };

/* The names of the axes but for one, and of `n` columns; the line below them. */
static void put_heads(const struct results *r, int without, const char *const *columns, int n)
{
    putc('|', r->out);
    for (int i = 0; i < r->plan->n_axes; i++)
        if (i != without)
            put_cell(r->out, r->plan->axes[i].name);
    for (int i = 0; i < n; i++)
        put_cell(r->out, columns[i]);
    n += r->plan->n_axes - (without != NO_AXIS);
    for (int i = 0; i < n; i++)
        fputs(i ? " --- |" : "\n| --- |", r->out);
    putc('\n', r->out);
}

/* The values that make a run what it is, but for those of one axis. */
static void put_settings(const struct results *r, int run, int without)
{
    putc('|', r->out);
    for (int i = 0; i < r->plan->n_axes; i++)
        if (i != without)
            put_cell(r->out, r->plan->runs[run].values[i]);
}

static const char *const *metric_names(const struct results *r)
{
    const char **names = ug_arena_array(r->arena, (size_t)r->n_metrics, sizeof *names);

    for (int i = 0; i < r->n_metrics; i++)
        names[i] = r->metrics[i].name;
    return names;
}

/* "0.0712", or "0.0712 (0.0698)" where it was better before. */
static const char *metric_text(const struct results *r, int run, int metric)
{
    const struct ug_series *s = metric_of(r, run, metric);

    if (!s || !isfinite(s->last.value))
        return ug_sweep_state_text(r->runs[run].state);
    const struct ug_point best = best_of(s, r->metrics[metric].rises);
    return best.step < s->last.step
               ? ug_arena_format(r->arena, "%.4g (%.4g)", s->last.value, best.value)
               : ug_arena_format(r->arena, "%.4g", s->last.value);
}

static void put_metrics(const struct results *r)
{
    fputs("Metrics of validation after the last step, and in brackets the best on the way:\n\n",
          r->out);
    put_heads(r, NO_AXIS, metric_names(r), r->n_metrics);
    for (int run = 0; run < r->plan->n_runs; run++) {
        put_settings(r, run, NO_AXIS);
        for (int i = 0; i < r->n_metrics; i++)
            put_cell(r->out, metric_text(r, run, i));
        putc('\n', r->out);
    }
}

/* ---- Means over seeds ---- */

static int seed_axis(const struct results *r)
{
    for (int i = 0; i < r->plan->n_axes; i++)
        if (!strcmp(r->plan->axes[i].name, "train.seed"))
            return i;
    return -1;
}

static bool differ_in_seed_only(const struct results *r, int run, int other, int seed)
{
    for (int i = 0; i < r->plan->n_axes; i++)
        if (i != seed && strcmp(r->plan->runs[run].values[i], r->plan->runs[other].values[i]))
            return false;
    return true;
}

/* "0.0712 ± 0.0031": mean and standard deviation over the runs that differ in their seed. */
static const char *mean_text(const struct results *r, int run, int metric, int seed)
{
    double sum = 0, squares = 0;
    int n = 0;

    for (int i = 0; i < r->plan->n_runs; i++) {
        const struct ug_series *s =
            differ_in_seed_only(r, run, i, seed) ? metric_of(r, i, metric) : NULL;
        if (!s || !isfinite(s->last.value))
            continue;
        n++;
        const double before = n > 1 ? sum / (n - 1) : 0;
        sum += s->last.value;
        squares += (s->last.value - before) * (s->last.value - sum / n);
    }
    if (n < 2)
        return "–";
    return ug_arena_format(r->arena, "%.4g ± %.2g", sum / n, sqrt(squares / (n - 1)));
}

static void put_means(const struct results *r, int seed)
{
    fprintf(r->out, "\nMeans over %d seeds, after the last step, ± standard deviation:\n\n",
            r->plan->axes[seed].n);
    put_heads(r, seed, metric_names(r), r->n_metrics);
    for (int run = 0; run < r->plan->n_runs; run++) {
        if (strcmp(r->plan->runs[run].values[seed], r->plan->axes[seed].values[0]))
            continue;
        put_settings(r, run, seed);
        for (int i = 0; i < r->n_metrics; i++)
            put_cell(r->out, mean_text(r, run, i, seed));
        putc('\n', r->out);
    }
}

static void put_losses(const struct results *r)
{
    fputs("\nLosses and their terms, as last logged:\n\n", r->out);
    put_heads(r, NO_AXIS, r->losses, r->n_losses);
    for (int run = 0; run < r->plan->n_runs; run++) {
        put_settings(r, run, NO_AXIS);
        for (int i = 0; i < r->n_losses; i++) {
            const struct ug_series *s = ug_curves_find(&r->curves[run], r->losses[i]);
            const bool known = s && isfinite(s->last.value);
            put_cell(r->out, known ? ug_arena_format(r->arena, "%.4g", s->last.value) : "–");
        }
        putc('\n', r->out);
    }
}

static void put_markdown(const struct results *r, const char *title)
{
    fprintf(r->out, "# %s\n\n", title);
    if (r->n_metrics)
        put_metrics(r);
    if (r->n_metrics && seed_axis(r) >= 0)
        put_means(r, seed_axis(r));
    if (r->n_losses)
        put_losses(r);
}

/* ---- The whole ---- */

bool ug_sweep_results(const char *out, const char *title, const struct ug_sweep_plan *plan,
                      const struct ug_sweep_result *results, const struct ug_sweep_metric *metrics,
                      int n_metrics, struct ug_diags *diags)
{
    struct results r = {.arena = ug_arena_new(),
                        .plan = plan,
                        .runs = results,
                        .metrics = metrics,
                        .n_metrics = n_metrics};
    struct ug_writer csv, markdown;
    bool written = ug_writer_open(&csv, ug_arena_format(r.arena, "%s/results.csv", out), diags);

    read_runs(&r);
    if (written) {
        r.out = csv.stream;
        put_csv(&r);
        written = ug_writer_commit(&csv, diags);
    }
    if (written && (written = ug_writer_open(
                        &markdown, ug_arena_format(r.arena, "%s/results.md", out), diags))) {
        r.out = markdown.stream;
        put_markdown(&r, title);
        written = ug_writer_commit(&markdown, diags);
    }
    ug_arena_free(r.arena);
    return written;
}
