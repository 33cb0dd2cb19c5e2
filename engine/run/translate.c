/* translate.c -- unitgraph translate: pictures in, pictures out. */
#include <stdlib.h>
#include <string.h>

#include "engine/run/folder.h"
#include "engine/run/progress.h"
#include "engine/run/samples.h"
#include "engine/run/translation.h"

static uint64_t seed_of(const struct ug_translation *t)
{
    return t->options->seed >= 0 ? (uint64_t)t->options->seed : t->trained.program->train.seed;
}

/* ---- One picture ---- */

/* Where index i comes from when a line of n is continued by reflection, without repeating its ends.
 */
static int64_t reflect(int64_t i, int64_t n)
{
    const int64_t period = n > 1 ? 2 * (n - 1) : 1;

    i %= period;
    return i < n ? i : period - i;
}

/* Pixels of 0 … 1 become the values that the data entry would give. */
static void fill_values(struct ug_translation *t, const struct ug_picture *p)
{
    const double low = t->data ? t->data->range[0] : -1, high = t->data ? t->data->range[1] : 1;
    const bool inverted = t->data && t->data->invert == UG_INVERT_YES;
    float *out = t->values;

    for (int64_t c = 0; c < p->channels; c++)
        for (int64_t y = 0; y < t->padded.height; y++)
            for (int64_t x = 0; x < t->padded.width; x++) {
                const int64_t from =
                    (c * p->height + reflect(y, p->height)) * p->width + reflect(x, p->width);
                const double v = (double)p->planes[from];
                *out++ = (float)(low + (high - low) * (inverted ? 1 - v : v));
            }
}

/* The top left part of [1, C, H, W]: the padding is below and to the right. */
static bool write_result(struct ug_translation *t, int64_t row, struct ug_extent s,
                         const char *path)
{
    const struct ug_value *v = &t->view.values[0];
    const struct ug_tensor value = ug_exec_value(t->view.run.exec, v->node);
    const int64_t *dim = value.shape.dim;
    double range[2];
    struct ug_picture whole = {dim[1], dim[2], dim[3], NULL},
                      part = {dim[1], s.height, s.width, NULL};

    ug_samples_range(&t->trained.program->data, v->node, range);
    if (t->data) {
        range[0] = t->data->range[0];
        range[1] = t->data->range[1];
    }
    whole.planes = ug_xcalloc((size_t)(dim[1] * dim[2] * dim[3]), sizeof(float));
    part.planes = ug_xcalloc((size_t)(dim[1] * s.height * s.width), sizeof(float));
    ug_samples_picture(&value, row, range, &whole);
    for (int64_t c = 0; c < dim[1]; c++)
        for (int64_t y = 0; y < s.height; y++)
            memcpy(part.planes + (c * s.height + y) * s.width,
                   whole.planes + (c * dim[2] + y) * dim[3], (size_t)s.width * sizeof(float));
    const bool written = ug_picture_write_png(path, &part, t->diags);
    free(whole.planes);
    free(part.planes);
    return written;
}

/* In the size that is asked for, or its own. */
static bool read_picture(const struct ug_translation *t, const char *path, struct ug_picture *p)
{
    const struct ug_translate_options *o = t->options;
    struct ug_picture own;

    if (!ug_picture_read(path, t->input.shape.dim[1], &own, UG_NOWHERE, t->diags))
        return false;
    if (!o->height) {
        *p = own;
        return true;
    }
    const bool made = ug_picture_resize(&own, o->height, o->width, p);
    ug_picture_free(&own);
    if (!made)
        ug_error(t->diags, UG_NOWHERE, "there is no memory for '%s' in %lldx%lld", path,
                 (long long)o->height, (long long)o->width);
    return made;
}

static bool translate_picture(struct ug_translation *t, const char *in, const char *out,
                              int64_t index)
{
    struct ug_picture p = {0};
    const int64_t *trained = t->input.shape.dim;

    if (!read_picture(t, in, &p))
        return false;
    const struct ug_extent s = {p.height, p.width};
    const struct ug_extent result = {
        (s.height * t->reference.height + trained[2] / 2) / trained[2],
        (s.width * t->reference.width + trained[3] / 2) / trained[3],
    };
    bool done = ug_translation_fit(t, s);
    if (done) {
        fill_values(t, &p);
        ug_exec_run(t->view.run.exec, 0, seed_of(t), (uint64_t)index);
        done = write_result(t, 0, result, out);
    }
    ug_picture_free(&p);
    return done;
}

/* ---- Many pictures ---- */

static void show_progress(struct ug_translation *t, int64_t done)
{
    if (ug_progress_due(&t->progress, done))
        ug_progress_step(&t->progress, done, "");
}

static bool translate_many(struct ug_translation *t)
{
    struct ug_listing list;
    const char **names;
    bool whole = true;

    if (!ug_list_pictures(t->arena, t->options->in, &list, UG_NOWHERE, t->diags) ||
        !(names = ug_translation_names(t, &list)))
        return false;
    t->progress.last = list.n;
    for (int64_t i = 0; i < list.n; i++) {
        const char *to = names[i];
        char *folder = strndup(to, (size_t)(strrchr(to, '/') - to));
        const bool made = folder && ug_folder_make(folder, t->diags);
        free(folder);
        if (!made)
            return false;
        whole = translate_picture(t, list.paths[i], to, i) && whole;
        show_progress(t, i + 1);
    }
    return whole;
}

static bool translate_single(struct ug_translation *t)
{
    const char *out = ug_translation_name(t), *slash = strrchr(out, '/');

    if (slash && slash != out &&
        !ug_folder_make(ug_arena_format(t->arena, "%.*s", (int)(slash - out), out), t->diags))
        return false;
    return translate_picture(t, t->options->in, out, 0);
}

/* Each run of the entry gives the pictures of a batch, with draws of their own. */
static bool draw_pictures(struct ug_translation *t)
{
    const char *out = t->options->out;
    const int64_t count = t->options->count ? t->options->count : 1;
    const bool single = count == 1 && ug_translation_names_png(out);

    if (!ug_translation_open(t, (struct ug_extent){0}))
        return false;
    if (!ug_samples_check(&t->view.values[0], t->diags))
        return false;
    if (!single && !ug_folder_make(out, t->diags))
        return false;
    const int64_t *dim = t->view.values[0].node->type.shape.dim;
    const struct ug_extent s = {dim[2], dim[3]};
    t->progress.last = count;
    for (int64_t i = 0; i < count; i++) {
        const char *path = single ? out
                                  : ug_arena_format(t->arena, "%s/%s-%04lld.png", out,
                                                    t->options->name, (long long)i + 1);
        if (i % dim[0] == 0)
            ug_exec_run(t->view.run.exec, 0, seed_of(t), (uint64_t)(i / dim[0]));
        if (!write_result(t, i % dim[0], s, path))
            return false;
        show_progress(t, i + 1);
    }
    return true;
}

/* ---- The command ---- */

static bool check_places(const struct ug_translation *t)
{
    const char *in = t->options->in, *out = t->options->out;

    if (!in)
        return ug_translation_check_name(t, out);
    if (ug_translation_takes_many(t))
        return ug_translation_check_place(t, out);
    if (!ug_file_exists(in)) {
        ug_error(t->diags, UG_NOWHERE, "there is no picture, folder or list '%s'", in);
        return false;
    }
    out = ug_translation_name(t);
    return ug_translation_check_name(t, out) && ug_translation_check_place(t, out);
}

static enum ug_status translate(struct ug_translation *t)
{
    if (!ug_translation_load(t) || !check_places(t))
        return UG_WRONG;
    if (!ug_translation_measure(t) || !ug_trained_read(&t->trained, t->diags))
        return UG_FAILED;
    const bool done = !t->options->in                ? draw_pictures(t)
                      : ug_translation_takes_many(t) ? translate_many(t)
                                                     : translate_single(t);
    return done ? UG_DONE : UG_FAILED;
}

enum ug_status ug_translate(const struct ug_translate_options *o, struct ug_diags *diags)
{
    struct ug_translation t = {.options = o, .diags = diags, .arena = ug_arena_new()};

    t.progress =
        (struct ug_progress){.out = o->progress, .unit = "picture", .started = ug_now(), .last = 1};
    const enum ug_status status = translate(&t);
    ug_progress_end(&t.progress);
    ug_translation_free(&t);
    return status;
}
