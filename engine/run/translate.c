/* translate.c -- pictures through a trained network, each at its own size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/data/listing.h"
#include "engine/run/checkpoint.h"
#include "engine/run/folder.h"
#include "engine/run/progress.h"
#include "engine/run/samples.h"
#include "engine/run/view.h"
#include "engine/run/weights.h"
#include "engine/unitgraph.h"

enum { LARGEST_MULTIPLE = 256 };

struct size {
    int64_t height, width;
};

struct translation {
    const struct ug_translate_options *options;
    struct ug_diags *diags;
    struct ug_arena *arena;
    const char *path; /* of the parameters */
    struct ug_safetensors *file;
    struct ug_program *program;
    struct ug_store *store;
    int entry; /* index in program->translates */
    const struct ug_data_entry
        *data;             /* of the input that the pictures are for; NULL without `from` */
    struct ug_type input;  /* its type in training: [N, C, H, W] */
    struct size reference; /* what the entry makes of the size in training */
    struct ug_view view;   /* for pictures of `viewed`, padded to `padded` */
    struct size viewed, padded;
    float *values; /* the padded picture */
    struct ug_progress progress;
};

static const struct ug_translate_spec *spec_of(const struct translation *t)
{
    return &t->program->translates[t->entry];
}

static uint64_t seed_of(const struct translation *t)
{
    return t->options->seed >= 0 ? (uint64_t)t->options->seed : t->program->train.seed;
}

/* ---- Loading ---- */

/* RUN is a file, a checkpoint's folder or a run's; averages are taken where they are kept. */
static const char *find_file(const struct translation *t)
{
    const char *run = t->options->run, *folder = run;
    struct ug_arena *a = t->arena;

    if (!ug_file_exists(run)) {
        ug_error(t->diags, UG_NOWHERE, "there is no run '%s'", run);
        return NULL;
    }
    if (!ug_folder_exists(run))
        return run;
    if (!ug_file_exists(ug_arena_format(a, "%s/params.safetensors", run)))
        folder = ug_checkpoint_find(a, run, t->options->step);
    if (!folder && t->options->step >= 0)
        ug_error(t->diags, UG_NOWHERE, "'%s' has no checkpoint of step %lld", run,
                 (long long)t->options->step);
    else if (!folder)
        ug_error(t->diags, UG_NOWHERE, "'%s' has no checkpoint", run);
    if (!folder)
        return NULL;
    const char *average = ug_arena_format(a, "%s/ema.safetensors", folder);
    return ug_file_exists(average) ? average : ug_arena_format(a, "%s/params.safetensors", folder);
}

static bool load_program(struct translation *t)
{
    const char *config = ug_safetensors_metadata(t->file, UG_CONFIG_KEY);
    struct ug_load_options options = {.without_data = true};

    if (!config) {
        ug_error(t->diags, UG_NOWHERE,
                 "'%s' holds tensors but no experiment: it was not written by 'unitgraph run'",
                 t->path);
        return false;
    }
    options.text = config;
    options.length = strlen(config);
    options.given = ug_weights_inputs(t->file, t->arena, &options.n_given);
    t->program = ug_program_load(t->path, &options, t->diags);
    return t->program && !ug_diags_errors(t->diags);
}

static bool find_entry(struct translation *t)
{
    const struct ug_program *p = t->program;
    const char **names = ug_arena_array(t->arena, (size_t)p->n_translates, sizeof *names);

    for (t->entry = 0; t->entry < p->n_translates; t->entry++) {
        names[t->entry] = spec_of(t)->name;
        if (!strcmp(spec_of(t)->name, t->options->name))
            return true;
    }
    ug_suggest(ug_error(t->diags, UG_NOWHERE, "the experiment translates nothing by the name '%s'",
                        t->options->name),
               t->options->name, "entries of 'translate'", names, (size_t)p->n_translates);
    return false;
}

static bool find_input(struct translation *t)
{
    const char *from = spec_of(t)->from;

    for (int i = 0; from && i < t->program->n_inputs; i++)
        if (!strcmp(t->program->inputs[i].name, from)) {
            t->data = t->program->inputs[i].data;
            t->input = t->program->inputs[i].type;
        }
    if (!from && t->options->in) {
        ug_error(t->diags, spec_of(t)->pos, "'%s' draws pictures: it takes no IN, only OUT",
                 t->options->name);
        return false;
    }
    if (from && !t->options->in) {
        ug_error(t->diags, spec_of(t)->pos, "'%s' translates '%s': name the pictures IN before OUT",
                 t->options->name, from);
        return false;
    }
    if (from && (t->input.shape.rank != 4 || t->input.dtype != UG_F32)) {
        ug_error(t->diags, spec_of(t)->pos, "'%s' is no picture", from);
        return false;
    }
    return true;
}

static bool load(struct translation *t)
{
    return (t->path = find_file(t)) &&
           (t->file = ug_safetensors_open(t->path, UG_NOWHERE, t->diags)) && load_program(t) &&
           find_entry(t) && find_input(t);
}

/* ---- The graph for one size of pictures ---- */

static struct ug_input type_for(const struct translation *t, struct size s)
{
    struct ug_input in = {.name = spec_of(t)->from, .data = t->data, .type = t->input};

    in.type.shape.dim[0] = 1;
    in.type.shape.dim[2] = s.height;
    in.type.shape.dim[3] = s.width;
    return in;
}

/* What the entry makes of pictures of a size; NULL, after an error, where it cannot take them. */
static struct ug_unfolded *unfold_at(struct translation *t, struct size s, struct ug_diags *diags)
{
    const struct ug_input in = spec_of(t)->from ? type_for(t, s) : (struct ug_input){0};
    const struct ug_request request = {
        .want = UG_WANT_TRANSLATE,
        .batch = 1,
        .types = &in,
        .n_types = spec_of(t)->from ? 1 : 0,
        .translate = t->entry,
    };
    const size_t before = ug_diags_errors(diags);
    struct ug_unfolded *u = ug_unfold(t->program, &request, diags);

    if (u && ug_diags_errors(diags) == before && u->extra.n == 1 &&
        ug_samples_check(&u->extra.items[0], diags))
        return u;
    ug_unfolded_free(u);
    return NULL;
}

static struct size size_of(const struct ug_unfolded *u)
{
    const int64_t *dim = u->extra.items[0].node->type.shape.dim;

    return (struct size){dim[2], dim[3]};
}

static struct size round_up(struct size s, int64_t multiple)
{
    return (struct size){(s.height + multiple - 1) / multiple * multiple,
                         (s.width + multiple - 1) / multiple * multiple};
}

/* Whether pictures of a size pass through the network, and come out in the proportion they do in
 * training: 65 rows that come out as 64 lost one on the way. */
static bool passes(struct translation *t, struct size s)
{
    const int64_t *in = t->input.shape.dim;
    struct ug_diags *unheard = ug_diags_new();
    struct ug_unfolded *u = unfold_at(t, s, unheard);
    bool fits = false;

    if (u) {
        const struct size out = size_of(u);
        fits = out.height * in[2] == s.height * t->reference.height &&
               out.width * in[3] == s.width * t->reference.width;
    }
    ug_unfolded_free(u);
    ug_diags_free(unheard);
    return fits;
}

/* The size that a picture is padded to: the nearest multiple of the smallest number that serves. */
static bool find_padding(struct translation *t, struct size s, struct size *padded)
{
    for (int64_t m = 1; m <= LARGEST_MULTIPLE; m += m < 64 ? 1 : 32) {
        *padded = round_up(s, m);
        if (passes(t, *padded))
            return true;
    }
    struct ug_unfolded *u = unfold_at(t, s, t->diags); /* its message says why */
    if (u)
        ug_error(t->diags, spec_of(t)->pos,
                 "'%s' cannot keep the proportions of %lldx%lld pictures", spec_of(t)->name,
                 (long long)s.width, (long long)s.height);
    ug_unfolded_free(u);
    return false;
}

/* The entry at the size of training: tells how sizes change on the way. */
static bool find_reference(struct translation *t)
{
    const struct size s = {t->input.shape.dim[2], t->input.shape.dim[3]};
    struct ug_unfolded *u = unfold_at(t, s, t->diags);

    if (u)
        t->reference = size_of(u);
    ug_unfolded_free(u);
    return u != NULL;
}

static bool open_view(struct translation *t, struct size padded)
{
    const struct ug_input in = spec_of(t)->from ? type_for(t, padded) : (struct ug_input){0};
    const struct ug_request request = {
        .want = UG_WANT_TRANSLATE,
        .batch = 1,
        .types = &in,
        .n_types = spec_of(t)->from ? 1 : 0,
        .translate = t->entry,
    };

    ug_view_close(&t->view);
    if (!ug_view_open(&t->view, t->program, &request, t->store, t->store->data, NULL, t->diags))
        return false;
    for (int i = 0; i < t->view.run.graph->n; i++) {
        const struct ug_node *n = t->view.run.graph->nodes[i];
        const char *name =
            n->op == &ug_op_input ? ((const struct ug_input_attrs *)n->attrs)->name : NULL;
        if (!name || (spec_of(t)->from && !strcmp(name, spec_of(t)->from)))
            continue;
        ug_error(t->diags, spec_of(t)->pos,
                 "'%s' needs the input '%s' as well, which nothing gives", spec_of(t)->name, name);
        return false;
    }
    return true;
}

static bool view_size(struct translation *t, struct size s)
{
    if (t->view.run.exec && t->viewed.height == s.height && t->viewed.width == s.width)
        return true;
    if (!find_padding(t, s, &t->padded) || !open_view(t, t->padded))
        return false;
    const size_t n = (size_t)(t->input.shape.dim[1] * t->padded.height * t->padded.width);
    t->values = ug_xrealloc(t->values, n * sizeof(float));
    t->viewed = s;
    ug_exec_bind(t->view.run.exec, spec_of(t)->from, t->values);
    return true;
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
static void fill_values(struct translation *t, const struct ug_picture *p)
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
static bool write_result(struct translation *t, int64_t row, struct size s, const char *path)
{
    const struct ug_value *v = &t->view.values[0];
    const struct ug_tensor value = ug_exec_value(t->view.run.exec, v->node);
    const int64_t *dim = value.shape.dim;
    double range[2];
    struct ug_picture whole = {dim[1], dim[2], dim[3], NULL},
                      part = {dim[1], s.height, s.width, NULL};

    ug_samples_range(&t->program->data, v->node, range);
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

static bool translate_picture(struct translation *t, const char *in, const char *out, int64_t index)
{
    struct ug_picture p = {0};
    const int64_t *trained = t->input.shape.dim;

    if (!ug_picture_read(in, trained[1], &p, UG_NOWHERE, t->diags))
        return false;
    const struct size s = {p.height, p.width};
    const struct size result = {
        (s.height * t->reference.height + trained[2] / 2) / trained[2],
        (s.width * t->reference.width + trained[3] / 2) / trained[3],
    };
    bool done = view_size(t, s);
    if (done) {
        fill_values(t, &p);
        ug_exec_run(t->view.run.exec, 0, seed_of(t), (uint64_t)index);
        done = write_result(t, 0, result, out);
    }
    ug_picture_free(&p);
    return done;
}

/* ---- Many pictures ---- */

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);

    return n >= m && !strcasecmp(name + n - m, end);
}

/* "a/b.jpg" becomes "a/b.png". */
static const char *as_png(struct ug_arena *a, const char *name)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    const size_t length = dot && (!slash || dot > slash) ? (size_t)(dot - name) : strlen(name);

    return ug_arena_format(a, "%.*s.png", (int)length, name);
}

static void show_progress(struct translation *t, int64_t done)
{
    if (ug_progress_due(&t->progress, done))
        ug_progress_step(&t->progress, done, "");
}

static bool translate_folder(struct translation *t)
{
    const char *in = t->options->in, *out = t->options->out;
    struct ug_listing list;
    bool whole = true;

    if (!ug_list_pictures(t->arena, in, &list, UG_NOWHERE, t->diags))
        return false;
    t->progress.last = list.n;
    for (int64_t i = 0; i < list.n; i++) {
        const char *name = list.paths[i] + strlen(in) + 1; /* below the folder */
        const char *to = ug_arena_format(t->arena, "%s/%s", out, as_png(t->arena, name));
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

/* OUT of a single picture: a folder takes it under its own name. */
static const char *single_name(const struct translation *t)
{
    const char *in = t->options->in, *out = t->options->out, *slash = strrchr(in, '/');

    if (ug_folder_exists(out) || ends_with(out, "/"))
        return ug_arena_format(t->arena, "%s/%s", out, as_png(t->arena, slash ? slash + 1 : in));
    return out;
}

static bool check_name(const struct translation *t, const char *out)
{
    if (!ends_with(out, ".jpg") && !ends_with(out, ".jpeg"))
        return true;
    ug_error(t->diags, UG_NOWHERE, "pictures are written as PNG: call '%s' something.png", out);
    return false;
}

static bool translate_single(struct translation *t)
{
    const char *out = single_name(t), *slash = strrchr(out, '/');

    if (!check_name(t, out))
        return false;
    if (slash && slash != out &&
        !ug_folder_make(ug_arena_format(t->arena, "%.*s", (int)(slash - out), out), t->diags))
        return false;
    return translate_picture(t, t->options->in, out, 0);
}

/* Each run of the entry gives the pictures of a batch, with draws of their own. */
static bool draw_pictures(struct translation *t)
{
    const char *out = t->options->out;
    const int64_t count = t->options->count ? t->options->count : 1;
    const bool single = count == 1 && ends_with(out, ".png");

    if (!check_name(t, out) || !open_view(t, (struct size){0}))
        return false;
    if (!ug_samples_check(&t->view.values[0], t->diags))
        return false;
    if (!single && !ug_folder_make(out, t->diags))
        return false;
    const int64_t *dim = t->view.values[0].node->type.shape.dim;
    const struct size s = {dim[2], dim[3]};
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

static bool read_parameters(struct translation *t)
{
    return (t->store = ug_store_new(t->program, t->diags)) &&
           ug_weights_take(t->file, t->path, UG_NOWHERE, t->program, t->store->data, t->diags);
}

static enum ug_status translate(struct translation *t)
{
    if (!load(t))
        return UG_WRONG;
    if (!spec_of(t)->from) {
        struct ug_unfolded *u = unfold_at(t, (struct size){0}, t->diags);
        ug_unfolded_free(u);
        return u && read_parameters(t) && draw_pictures(t) ? UG_DONE : UG_FAILED;
    }
    if (!find_reference(t) || !read_parameters(t))
        return UG_FAILED;
    if (!ug_file_exists(t->options->in)) {
        ug_error(t->diags, UG_NOWHERE, "there is no picture or folder '%s'", t->options->in);
        return UG_WRONG;
    }
    const bool done = ug_folder_exists(t->options->in) ? translate_folder(t) : translate_single(t);
    return done ? UG_DONE : UG_FAILED;
}

enum ug_status ug_translate(const struct ug_translate_options *o, struct ug_diags *diags)
{
    struct translation t = {.options = o, .diags = diags, .arena = ug_arena_new()};

    t.progress =
        (struct ug_progress){.out = o->progress, .unit = "picture", .started = ug_now(), .last = 1};
    const enum ug_status status = translate(&t);
    ug_progress_end(&t.progress);
    ug_view_close(&t.view);
    ug_store_free(t.store);
    ug_program_free(t.program);
    ug_safetensors_close(t.file);
    free(t.values);
    ug_arena_free(t.arena);
    return status;
}
