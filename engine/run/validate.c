#include "engine/run/validate.h"

#include <stdlib.h>

static bool check_metrics(const struct ug_view *view, struct ug_diags *diags)
{
    char shape[UG_SHAPE_TEXT];
    bool fits = true;

    for (int i = 0; i < view->n; i++) {
        const struct ug_value *v = &view->values[i];
        if (v->node->type.dtype == UG_F32 && ug_shape_count(&v->node->type.shape) == 1)
            continue;
        ug_error(diags, v->pos, "the metric '%s' is %s, not one number", v->name,
                 ug_shape_text(&v->node->type.shape, shape));
        fits = false;
    }
    return fits;
}

static bool open_view(struct ug_validation *v, struct ug_view *view, int64_t batch,
                      const struct ug_look *look, struct ug_diags *diags)
{
    return ug_view_open_data(view, look, UG_WANT_METRICS, v->data, &v->spec->data, batch, diags) &&
           check_metrics(view, diags);
}

/* ---- How many samples a metric is over ---- */

/* Samples of the largest source that a node reads; of the largest of all, where it reads none. */
static int64_t count_of(const struct ug_validation *v, const struct ug_node *node)
{
    const struct ug_graph *g = v->whole.unfolded->graph;
    bool *read = ug_xcalloc((size_t)g->n, sizeof *read);
    int64_t most = 0;

    ug_mark_ancestors(g, node, read);
    for (int i = 0; i <= node->id; i++) {
        const struct ug_node *n = g->nodes[i];
        if (read[i] && n->op == &ug_op_input) {
            const char *name = ((const struct ug_input_attrs *)n->attrs)->name;
            const int64_t count = ug_dataset_count(v->data, name);
            most = count > most ? count : most;
        }
    }
    free(read);
    return most ? most : v->count;
}

static bool open_gathered(struct ug_validation *v, struct ug_diags *diags)
{
    const struct ug_value *metrics = v->whole.unfolded->extra.items;
    bool opened = true;

    v->gathered = ug_xcalloc((size_t)v->spec->n_metrics, sizeof *v->gathered);
    v->counts = ug_xcalloc((size_t)v->spec->n_metrics, sizeof *v->counts);
    for (int i = 0; i < v->spec->n_metrics; i++) {
        const struct ug_node *metric = metrics[i].node;
        int64_t counts[UG_SET_INPUTS] = {0};
        for (int k = 0; metric->op->of_sets && k < UG_SET_INPUTS; k++)
            counts[k] = count_of(v, metric->in[k]);
        v->counts[i] = count_of(v, metric);
        opened &= ug_gathered_open(&v->gathered[i], &v->whole, i, v->batch, counts, diags);
    }
    return opened;
}

static const struct ug_view *find_last(const struct ug_validation *v, int64_t batch)
{
    for (int i = 0; i < v->n_lasts; i++)
        if (v->last_batches[i] == batch)
            return &v->lasts[i];
    return NULL;
}

static bool open_lasts(struct ug_validation *v, const struct ug_look *look, struct ug_diags *diags)
{
    const size_t most = (size_t)v->spec->n_metrics + 1;

    v->lasts = ug_xcalloc(most, sizeof *v->lasts);
    v->last_batches = ug_xcalloc(most, sizeof *v->last_batches);
    for (int i = -1; i < v->spec->n_metrics; i++) {
        const int64_t batch = (i < 0 ? v->count : v->counts[i]) % v->batch;
        if (!batch || find_last(v, batch))
            continue;
        v->last_batches[v->n_lasts++] = batch;
        if (!open_view(v, &v->lasts[v->n_lasts - 1], batch, look, diags))
            return false;
    }
    return true;
}

/* ---- Opening and closing ---- */

bool ug_validation_open(struct ug_validation *v, const struct ug_look *look, struct ug_diags *diags)
{
    const struct ug_validate_spec *spec = &look->program->validate;

    *v = (struct ug_validation){.spec = spec, .program = look->program};
    if (!(v->data = ug_dataset_open(&spec->data, diags)))
        return false;
    v->means = ug_xcalloc((size_t)spec->n_metrics, sizeof *v->means);
    v->count = ug_dataset_largest(v->data);
    v->batch = spec->data.batch < v->count ? spec->data.batch : v->count;
    return open_view(v, &v->whole, v->batch, look, diags) && open_gathered(v, diags) &&
           open_lasts(v, look, diags);
}

void ug_validation_close(struct ug_validation *v)
{
    for (int i = 0; v->gathered && i < v->spec->n_metrics; i++)
        ug_gathered_close(&v->gathered[i]);
    free(v->gathered);
    ug_view_close(&v->whole);
    for (int i = 0; i < v->n_lasts; i++)
        ug_view_close(&v->lasts[i]);
    free(v->lasts);
    free(v->last_batches);
    free(v->counts);
    ug_dataset_close(v->data);
    free(v->means);
    *v = (struct ug_validation){0};
}

/* ---- Running ---- */

/* Adds what a view of the first `rows` samples of a batch gives for the metrics that have just so
 * many left, or more if `rows` is the whole batch.  Batch k of a validation draws what step k of a
 * run would: each its own, and the same every time. */
static void add_rows(struct ug_validation *v, const struct ug_view *view, int64_t done,
                     int64_t rows, bool whole, const struct ug_moment *now)
{
    struct ug_exec *exec = view->run.exec;

    ug_exec_count(exec, now->step, now->steps, now->epoch, now->epochs);
    ug_exec_run(exec, 0, now->seed, (uint64_t)(done / v->batch));
    for (int i = 0; i < view->n; i++) {
        const int64_t left = v->counts[i] - done;
        if (v->gathered[i].metric && whole)
            ug_gathered_add(&v->gathered[i], view, i, done, rows);
        if (v->gathered[i].metric || (whole ? left < rows : left != rows))
            continue;
        const float *metric = ug_exec_value(exec, view->values[i].node).data;
        v->means[i] += (double)*metric * (double)rows / (double)v->counts[i];
    }
}

/* Whether a metric ends within a batch, after so many of its samples. */
static bool ends_after(const struct ug_validation *v, int64_t done, int64_t rows)
{
    for (int i = 0; i < v->spec->n_metrics; i++)
        if (!v->gathered[i].metric && v->counts[i] - done == rows)
            return true;
    return false;
}

static void add_batch(struct ug_validation *v, const struct ug_batch *batch, int64_t done,
                      int64_t samples, const struct ug_moment *now)
{
    for (int i = -1; i < v->n_lasts; i++) {
        const int64_t rows = i < 0 ? samples : v->last_batches[i];
        const struct ug_view *view = rows == v->batch ? &v->whole : find_last(v, rows);
        if (i >= 0 && (rows >= samples || !ends_after(v, done, rows)))
            continue;
        ug_view_bind(view, batch);
        add_rows(v, view, done, rows, i < 0, now);
    }
}

bool ug_validation_run(struct ug_validation *v, const struct ug_moment *now, struct ug_diags *diags)
{
    struct ug_loader *loader =
        ug_loader_start(v->data, UG_DRAW_IN_ORDER, v->batch, now->seed, 0, v->count, diags);
    int64_t done = 0;

    for (int i = 0; i < v->spec->n_metrics; i++)
        v->means[i] = 0;
    while (loader && done < v->count) {
        const struct ug_batch *batch = ug_loader_next(loader, diags);
        const int64_t left = v->count - done, samples = left < v->batch ? left : v->batch;
        if (!batch)
            break;
        add_batch(v, batch, done, samples, now);
        done += samples;
    }
    ug_loader_stop(loader);
    for (int i = 0; done == v->count && i < v->spec->n_metrics; i++)
        if (v->gathered[i].metric && !ug_gathered_compute(&v->gathered[i], &v->means[i], diags))
            return false;
    return done == v->count;
}

bool ug_validation_highest(const struct ug_validation *v, int metric)
{
    return ug_program_rises(v->program, metric);
}
