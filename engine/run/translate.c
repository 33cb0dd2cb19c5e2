/* translate.c -- unitgraph translate: pictures in, pictures out. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/run/folder.h"
#include "engine/run/progress.h"
#include "engine/run/samples.h"
#include "engine/run/translation.h"

/* ---- Stopping ---- */

bool ug_translation_is_stopped(const struct ug_translation *t)
{
    return t->options->stop && *t->options->stop;
}

void ug_translation_say_stopped(const struct ug_translation *t, int64_t done, int64_t all)
{
    ug_error(t->diags, UG_NOWHERE, "stopped after %lld of %lld pictures", (long long)done,
             (long long)all);
}

/* ---- One picture ---- */

static bool write_result(struct ug_translation *t, int64_t row, struct ug_extent s,
                         const char *path)
{
    struct ug_picture p;

    if (!ug_translation_take(t, row, s, &p))
        return false;
    const bool written = ug_picture_write_png(path, &p, t->diags);
    ug_picture_free(&p);
    return written;
}

static bool translate_picture(struct ug_translation *t, const char *out)
{
    struct ug_picture p = {0};
    struct ug_extent padded;

    if (!ug_translation_read(t, t->options->in, &p, t->diags))
        return false;
    const struct ug_extent s = {p.height, p.width};
    bool done = ug_translation_pad(t, s, &padded) && ug_translation_fit(t, padded, 1);
    if (done) {
        ug_translation_fill(t, &p, padded, t->values);
        ug_exec_run(t->view.run.exec, 0, ug_translation_seed(t), 0);
        done = write_result(t, 0, ug_translation_result(t, s), out);
    }
    ug_picture_free(&p);
    return done;
}

static bool translate_single(struct ug_translation *t)
{
    const char *out = ug_translation_name(t), *slash = strrchr(out, '/');

    if (slash && slash != out &&
        !ug_folder_make(ug_arena_format(t->arena, "%.*s", (int)(slash - out), out), t->diags))
        return false;
    ug_file_sweep(out);
    return translate_picture(t, out);
}

/* ---- Drawing ---- */

/* Each run of the entry gives the pictures of a batch, with draws of their own. */
static bool draw_pictures(struct ug_translation *t)
{
    const char *out = t->options->out;
    const int64_t count = t->options->count ? t->options->count : 1;
    const bool single = count == 1 && ug_translation_names_png(out);

    if (!ug_translation_open(t))
        return false;
    if (!ug_samples_check(&t->view.values[0], t->diags))
        return false;
    if (!single && !ug_folder_make(out, t->diags))
        return false;
    ug_file_sweep(single ? out : ug_arena_format(t->arena, "%s/", out));
    const int64_t *dim = t->view.values[0].node->type.shape.dim;
    const struct ug_extent s = {dim[2], dim[3]};
    t->progress.last = count;
    for (int64_t i = 0; i < count; i++) {
        const char *path = single ? out
                                  : ug_arena_format(t->arena, "%s/%s-%04lld.png", out,
                                                    t->options->name, (long long)i + 1);
        if (ug_translation_is_stopped(t)) {
            ug_translation_say_stopped(t, i, count);
            return false;
        }
        if (i % dim[0] == 0)
            ug_exec_run(t->view.run.exec, 0, ug_translation_seed(t), (uint64_t)(i / dim[0]));
        if (!write_result(t, i % dim[0], s, path))
            return false;
        if (ug_progress_due(&t->progress, i + 1))
            ug_progress_step(&t->progress, i + 1, "");
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
                      : ug_translation_takes_many(t) ? ug_translation_many(t)
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
