#include "engine/run/checkpoint.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/run/folder.h"
#include "engine/run/weights.h"

enum { LARGEST_STATE = 1 << 20 };

/* ---- Moments ---- */

/* Calls `each` with every moment of every parameter; false as soon as it is. */
typedef bool each_moment(void *context, const char *name, const struct ug_param *p, float *data);

static bool walk_moments(const struct ug_trainer *t, struct ug_arena *a, each_moment *each,
                         void *context)
{
    for (int i = 0; i < t->program->train.n_optimizers; i++) {
        const struct ug_optimizer *o = &t->optimizers[i];
        for (int m = 0; m < o->n_moments; m++)
            for (int k = 0; k < o->block->n_spans; k++) {
                const struct ug_span *s = &o->block->spans[k];
                const char *name = ug_arena_format(a, "%s.%s.%s", o->spec->name, o->moment_names[m],
                                                   s->param->name);
                if (!each(context, name, s->param, o->moments[m] + s->at))
                    return false;
            }
    }
    return true;
}

struct tensor_list {
    struct ug_arena *arena;
    struct ug_named_tensor *items;
    int n, capacity;
};

static bool list_moment(void *context, const char *name, const struct ug_param *p, float *data)
{
    struct tensor_list *l = context;

    UG_PUSH(l->arena, l->items, l->n, l->capacity,
            ((struct ug_named_tensor){name, {UG_F32, p->type.shape, data}}));
    return true;
}

static bool write_moments(const char *path, const struct ug_trainer *t, struct ug_arena *a,
                          struct ug_diags *diags)
{
    struct tensor_list list = {.arena = a};

    walk_moments(t, a, list_moment, &list);
    return ug_safetensors_write(path, list.items, list.n, NULL, diags);
}

struct moment_file {
    const char *path;
    struct ug_safetensors *file;
    struct ug_diags *diags;
};

static bool read_moment(void *context, const char *name, const struct ug_param *p, float *data)
{
    const struct moment_file *f = context;
    const struct ug_stored *stored = ug_safetensors_find(f->file, name);
    char is[UG_SHAPE_TEXT], wanted[UG_SHAPE_TEXT];

    if (!stored) {
        ug_error(f->diags, UG_NOWHERE, "'%s' has no '%s': the optimizers have changed", f->path,
                 name);
        return false;
    }
    if (ug_shape_equal(&stored->shape, &p->type.shape) &&
        ug_stored_read(stored, UG_F32, 0, ug_shape_count(&p->type.shape), data))
        return true;
    ug_error(f->diags, UG_NOWHERE, "'%s' holds '%s' as %s %s, not as float32 %s", f->path, name,
             stored->dtype, ug_shape_text(&stored->shape, is),
             ug_shape_text(&p->type.shape, wanted));
    return false;
}

static bool read_moments(const char *path, const struct ug_trainer *t, struct ug_arena *a,
                         struct ug_diags *diags)
{
    struct moment_file f = {path, ug_safetensors_open(path, UG_NOWHERE, diags), diags};

    if (!f.file)
        return false;
    const bool whole = walk_moments(t, a, read_moment, &f);
    ug_safetensors_close(f.file);
    return whole;
}

static bool keeps_averages(const struct ug_trainer *t)
{
    for (int i = 0; i < t->program->train.n_optimizers; i++)
        if (t->optimizers[i].average)
            return true;
    return false;
}

/* ---- state.json ---- */

static bool write_state(const char *path, const struct ug_trainer *t,
                        const struct ug_progress_made *made, struct ug_diags *diags)
{
    json_t *updates = json_object();
    char experiment[32];

    snprintf(experiment, sizeof experiment, "%016llx", (unsigned long long)made->experiment);
    for (int i = 0; i < t->program->train.n_optimizers; i++)
        json_object_set_new(updates, t->program->train.optimizers[i].name,
                            json_integer(t->optimizers[i].updates));
    json_t *state = json_pack("{s:i, s:I, s:I, s:f, s:s, s:s*, s:o}", "version", 1, "step",
                              (json_int_t)made->step, "seed", (json_int_t)made->seed, "seconds",
                              made->seconds, "experiment", experiment, "init", made->init,
                              "updates", updates);
    char *text = state ? json_dumps(state, JSON_INDENT(2)) : NULL;
    const bool written = text && ug_file_write(path, text, strlen(text), diags);
    free(text);
    json_decref(state);
    return written;
}

static bool take_state(const json_t *state, struct ug_trainer *t, struct ug_progress_made *made)
{
    const json_t *updates = json_object_get(state, "updates");
    const json_t *step = json_object_get(state, "step"), *seed = json_object_get(state, "seed");
    const char *experiment = json_string_value(json_object_get(state, "experiment"));
    const char *init = json_string_value(json_object_get(state, "init"));

    if (!json_is_integer(step) || !json_is_integer(seed) || json_integer_value(step) < 0 ||
        !experiment)
        return false;
    made->step = json_integer_value(step);
    made->seed = (uint64_t)json_integer_value(seed);
    made->seconds = json_number_value(json_object_get(state, "seconds"));
    made->experiment = strtoull(experiment, NULL, 16);
    made->init = init ? ug_arena_copy(t->program->arena, init, strlen(init)) : NULL;
    for (int i = 0; i < t->program->train.n_optimizers; i++) {
        const json_t *n = json_object_get(updates, t->program->train.optimizers[i].name);
        if (!json_is_integer(n) || json_integer_value(n) < 0)
            return false;
        t->optimizers[i].updates = json_integer_value(n);
    }
    return true;
}

static bool read_state(const char *path, struct ug_trainer *t, struct ug_progress_made *made,
                       struct ug_diags *diags)
{
    size_t length;
    char *text = ug_file_read(path, LARGEST_STATE, &length, UG_NOWHERE, diags);

    if (!text)
        return false;
    json_t *state = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const bool whole = state && take_state(state, t, made);
    if (!whole)
        ug_error(diags, UG_NOWHERE, "'%s' is not the state of this experiment's run", path);
    json_decref(state);
    free(text);
    return whole;
}

/* ---- Folders ---- */

static const char *step_name(struct ug_arena *a, int64_t step)
{
    return ug_arena_format(a, "step-%08lld", (long long)step);
}

/* The step of "step-00001000"; -1 for any other name. */
static int64_t step_of(const char *name)
{
    char *end;

    if (strncmp(name, "step-", 5) || name[5] < '0' || name[5] > '9')
        return -1;
    const long long step = strtoll(name + 5, &end, 10);
    return *end ? -1 : step;
}

/* Oldest first: names of one width sort by their steps, and longer ones come last. */
static int by_step(const void *a, const void *b)
{
    const int64_t x = step_of(*(const char *const *)a), y = step_of(*(const char *const *)b);

    return (x > y) - (x < y);
}

/* The names of the checkpoints in a folder, oldest first. */
static const char **list_checkpoints(struct ug_arena *a, const char *folder, int *n)
{
    int n_names;
    const char **names = ug_folder_list(a, folder, &n_names);

    *n = 0;
    for (int i = 0; i < n_names; i++)
        if (step_of(names[i]) >= 0)
            names[(*n)++] = names[i];
    if (*n)
        qsort(names, (size_t)*n, sizeof *names, by_step);
    return names;
}

/* Where `latest` is lost: not every way of copying a folder keeps links. */
static const char *find_newest(struct ug_arena *a, const char *folder)
{
    int n;
    const char **names = list_checkpoints(a, folder, &n);

    return n ? ug_arena_format(a, "%s/%s", folder, names[n - 1]) : NULL;
}

/* Removes the oldest, but never `newest`, to which `latest` points. */
static void remove_oldest(struct ug_arena *a, const char *folder, int64_t newest, int64_t keep)
{
    int n;
    const char **names = list_checkpoints(a, folder, &n);

    for (int i = 0; i < n - keep; i++) {
        const char *path = ug_arena_format(a, "%s/%s", folder, names[i]);
        const char *gone = ug_arena_format(a, "%s/.%s.old", folder, names[i]);
        if (step_of(names[i]) == newest)
            continue;
        if (!rename(path, gone)) /* so that half a checkpoint never has the name of a whole one */
            ug_folder_remove(gone);
    }
}

const char *ug_checkpoint_find(struct ug_arena *a, const char *run, int64_t step)
{
    const char *path = step < 0 ? ug_arena_format(a, "%s/latest", run)
                                : ug_arena_format(a, "%s/checkpoints/%s", run, step_name(a, step));

    if (ug_folder_exists(path))
        return path;
    return step < 0 ? find_newest(a, ug_arena_format(a, "%s/checkpoints", run)) : NULL;
}

/* ---- The whole ---- */

static bool write_files(const char *folder, const struct ug_trainer *t,
                        const struct ug_progress_made *made, const char *config, struct ug_arena *a,
                        struct ug_diags *diags)
{
    return ug_weights_write(ug_arena_format(a, "%s/params.safetensors", folder), t->program,
                            t->store->data, config, diags) &&
           (!keeps_averages(t) || ug_weights_write(ug_arena_format(a, "%s/ema.safetensors", folder),
                                                   t->program, t->averaged, config, diags)) &&
           write_moments(ug_arena_format(a, "%s/optimizer.safetensors", folder), t, a, diags) &&
           write_state(ug_arena_format(a, "%s/state.json", folder), t, made, diags);
}

bool ug_checkpoint_write(const char *run, const struct ug_trainer *t,
                         const struct ug_progress_made *made, const char *config, int64_t keep,
                         struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const char *folder = ug_arena_format(a, "%s/checkpoints", run);
    const char *name = step_name(a, made->step);
    const char *temporary = ug_arena_format(a, "%s/.%s.tmp", folder, name);

    ug_folder_remove(temporary);
    const bool written =
        ug_folder_make(temporary, diags) && write_files(temporary, t, made, config, a, diags) &&
        ug_folder_replace(temporary, ug_arena_format(a, "%s/%s", folder, name), diags) &&
        ug_folder_link(ug_arena_format(a, "checkpoints/%s", name),
                       ug_arena_format(a, "%s/latest", run), diags);
    if (!written)
        ug_folder_remove(temporary);
    else if (keep > 0)
        remove_oldest(a, folder, made->step, keep);
    ug_arena_free(a);
    return written;
}

bool ug_checkpoint_read(const char *checkpoint, struct ug_trainer *t, struct ug_progress_made *made,
                        struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const bool whole =
        ug_weights_read(ug_arena_format(a, "%s/params.safetensors", checkpoint), UG_NOWHERE,
                        t->program, t->store->data, diags) &&
        (!keeps_averages(t) || ug_weights_read(ug_arena_format(a, "%s/ema.safetensors", checkpoint),
                                               UG_NOWHERE, t->program, t->averaged, diags)) &&
        read_moments(ug_arena_format(a, "%s/optimizer.safetensors", checkpoint), t, a, diags) &&
        read_state(ug_arena_format(a, "%s/state.json", checkpoint), t, made, diags);

    ug_arena_free(a);
    return whole;
}
