#include "engine/run/samples.h"

#include <stdlib.h>
#include <string.h>

/* ---- Pictures from values ---- */

bool ug_samples_check(const struct ug_value *v, struct ug_diags *diags)
{
    const struct ug_type *t = &v->node->type;
    char shape[UG_SHAPE_TEXT];

    if (t->dtype == UG_F32 && t->shape.rank == 4 && (t->shape.dim[1] == 1 || t->shape.dim[1] == 3))
        return true;
    ug_error(diags, v->pos, "'%s' is %s%s, which is no picture: it takes N x 1 or 3 x H x W",
             v->name, t->dtype == UG_F32 ? "" : "int64 ", ug_shape_text(&t->shape, shape));
    return false;
}

static bool holds_pictures(const struct ug_data_entry *e)
{
    return e->kind == UG_DATA_IMAGES || e->kind == UG_DATA_IDX || e->kind == UG_DATA_SYNTHETIC;
}

void ug_samples_range(const struct ug_data_spec *data, const struct ug_node *node, double range[2])
{
    const struct ug_data_entry *found = NULL;
    const char *input =
        node->op == &ug_op_input ? ((const struct ug_input_attrs *)node->attrs)->name : "";

    for (int i = 0; i < data->n; i++) {
        const struct ug_data_entry *e = &data->entries[i];
        if (holds_pictures(e) && (!found || !strcmp(e->name, input)))
            found = e;
    }
    range[0] = found ? found->range[0] : -1;
    range[1] = found ? found->range[1] : 1;
}

void ug_samples_picture(const struct ug_tensor *value, int64_t row, const double range[2],
                        struct ug_picture *out)
{
    const int64_t *dim = value->shape.dim;
    const float low = (float)range[0], scale = (float)(1 / (range[1] - range[0]));
    float *to = out->planes;

    for (int64_t c = 0; c < out->channels; c++)
        for (int64_t y = 0; y < out->height; y++) {
            const float *x =
                (const float *)value->data + ((row * dim[1] + c) * dim[2] + y) * dim[3];
            for (int64_t i = 0; i < out->width; i++)
                *to++ = (x[i] - low) * scale;
        }
}

/* ---- Opening ---- */

static bool make_cells(struct ug_samples *s, struct ug_diags *diags)
{
    const int64_t rows = s->spec->count;
    const int columns = s->view.n;
    bool fits = true;

    s->cells = ug_xcalloc((size_t)rows * (size_t)columns, sizeof *s->cells);
    s->labels = ug_xcalloc((size_t)columns, sizeof *s->labels);
    s->ranges = ug_xcalloc((size_t)columns, sizeof *s->ranges);
    for (int c = 0; c < columns; c++) {
        const struct ug_value *v = &s->view.values[c];
        const struct ug_shape *shape = &v->node->type.shape;
        if (!ug_samples_check(v, diags)) {
            fits = false;
            continue;
        }
        if (shape->dim[0] != rows) {
            ug_error(diags, v->pos, "'%s' gives %lld pictures for %lld samples", v->name,
                     (long long)shape->dim[0], (long long)rows);
            fits = false;
            continue;
        }
        s->labels[c] = v->name;
        ug_samples_range(&s->spec->data, v->node, s->ranges[c]);
        for (int64_t r = 0; r < rows; r++)
            s->cells[r * columns + c] =
                (struct ug_picture){shape->dim[1], shape->dim[2], shape->dim[3],
                                    ug_xcalloc((size_t)ug_shape_span(shape, 1, 4), sizeof(float))};
    }
    if (!fits || ug_picture_grid_fits(s->cells, (int)rows, columns, s->labels))
        return fits;
    ug_error(diags, s->spec->event.pos, "a grid of %lld times %d pictures is too large",
             (long long)rows, columns);
    return false;
}

bool ug_samples_open(struct ug_samples *s, const struct ug_look *look, struct ug_diags *diags)
{
    const struct ug_samples_spec *spec = &look->program->samples;

    *s = (struct ug_samples){.spec = spec};
    if (spec->data.n && !(s->data = ug_dataset_open(&spec->data, diags)))
        return false;
    if (!ug_view_open_data(&s->view, look, UG_WANT_SAMPLES, s->data, &spec->data, spec->count,
                           diags) ||
        !make_cells(s, diags))
        return false;
    if (!s->data)
        return true;
    s->loader = ug_loader_start(s->data, UG_DRAW_IN_ORDER, spec->count, 0, 0, spec->count, diags);
    const struct ug_batch *batch = s->loader ? ug_loader_next(s->loader, diags) : NULL;
    if (!batch)
        return false;
    ug_view_bind(&s->view, batch);
    return true;
}

void ug_samples_close(struct ug_samples *s)
{
    const int64_t n = s->cells ? s->spec->count * s->view.n : 0;

    for (int64_t i = 0; i < n; i++)
        free(s->cells[i].planes);
    free(s->cells);
    free(s->labels);
    free(s->ranges);
    ug_view_close(&s->view);
    ug_loader_stop(s->loader);
    ug_dataset_close(s->data);
    *s = (struct ug_samples){0};
}

/* ---- Writing ---- */

/* Draws are those of step 0 each time, so that grids differ only by what was learnt. */
bool ug_samples_write(struct ug_samples *s, const char *path, const struct ug_moment *now,
                      struct ug_diags *diags)
{
    const int columns = s->view.n;

    ug_exec_count(s->view.run.exec, now->step, now->steps, now->epoch, now->epochs);
    ug_exec_run(s->view.run.exec, 0, now->seed, 0);
    for (int c = 0; c < columns; c++) {
        const struct ug_tensor value = ug_exec_value(s->view.run.exec, s->view.values[c].node);
        for (int64_t r = 0; r < s->spec->count; r++)
            ug_samples_picture(&value, r, s->ranges[c], &s->cells[r * columns + c]);
    }
    return ug_picture_write_grid(path, s->cells, (int)s->spec->count, columns, s->labels, diags);
}
