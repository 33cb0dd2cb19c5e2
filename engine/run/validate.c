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
    struct ug_input *types = ug_view_types(v->data, &v->spec->data, batch);
    const struct ug_request request = {
        .want = UG_WANT_METRICS,
        .batch = batch,
        .types = types,
        .n_types = v->spec->data.n,
    };
    const bool opened =
        ug_view_open(view, look->program, &request, look->store, look->data, look->share, diags) &&
        check_metrics(view, diags);

    free(types);
    return opened;
}

static bool open_gathered(struct ug_validation *v, struct ug_diags *diags)
{
    bool opened = true;

    v->gathered = ug_xcalloc((size_t)v->spec->n_metrics, sizeof *v->gathered);
    for (int i = 0; i < v->spec->n_metrics; i++)
        opened &= ug_gathered_open(&v->gathered[i], &v->whole, i, v->batch, v->count, diags);
    return opened;
}

bool ug_validation_open(struct ug_validation *v, const struct ug_look *look, struct ug_diags *diags)
{
    const struct ug_validate_spec *spec = &look->program->validate;

    *v = (struct ug_validation){.spec = spec, .program = look->program};
    if (!spec->data.n) {
        ug_error(diags, spec->event.pos, "there is no data to validate with");
        return false;
    }
    if (!(v->data = ug_dataset_open(&spec->data, diags)))
        return false;
    v->means = ug_xcalloc((size_t)spec->n_metrics, sizeof *v->means);
    v->count = ug_dataset_largest(v->data);
    v->batch = spec->data.batch < v->count ? spec->data.batch : v->count;
    if (!open_view(v, &v->whole, v->batch, look, diags) || !open_gathered(v, diags))
        return false;
    return v->count % v->batch == 0 || open_view(v, &v->last, v->count % v->batch, look, diags);
}

void ug_validation_close(struct ug_validation *v)
{
    for (int i = 0; v->gathered && i < v->spec->n_metrics; i++)
        ug_gathered_close(&v->gathered[i]);
    free(v->gathered);
    ug_view_close(&v->whole);
    ug_view_close(&v->last);
    ug_dataset_close(v->data);
    free(v->means);
    *v = (struct ug_validation){0};
}

/* Batch k of a validation draws what step k of a run would: each its own, and the same every time. */
static void add_batch(struct ug_validation *v, const struct ug_view *view, int64_t done,
                      int64_t samples, const struct ug_moment *now)
{
    struct ug_exec *exec = view->run.exec;

    ug_exec_count(exec, now->step, now->steps, now->epoch, now->epochs);
    ug_exec_run(exec, 0, now->seed, (uint64_t)(done / v->batch));
    for (int i = 0; i < view->n; i++) {
        if (v->gathered[i].metric) {
            ug_gathered_add(&v->gathered[i], view, i, done, samples);
            continue;
        }
        const float *metric = ug_exec_value(exec, view->values[i].node).data;
        v->means[i] += (double)*metric * (double)samples / (double)v->count;
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
        const struct ug_view *view = samples == v->batch ? &v->whole : &v->last;
        if (!batch)
            break;
        ug_view_bind(view, batch);
        add_batch(v, view, done, samples, now);
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
