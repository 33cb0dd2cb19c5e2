/* checkpoint.c -- writing and reading a checkpoint's files. */
#include "engine/run/checkpoint_parts.h"
#include "engine/run/folder.h"
#include "engine/run/weights.h"

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
    if (ug_shape_equal(&stored->shape, &p->type.shape) && ug_stored_take(stored, UG_F32, data))
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

/* ---- The whole ---- */

static bool write_files(const char *folder, const struct ug_trainer *t,
                        const struct ug_progress_made *made, const char *config, struct ug_arena *a,
                        struct ug_diags *diags)
{
    static const char *const without[] = {"params.safetensors", "optimizer.safetensors", NULL};
    static const char *const with_averages[] = {"params.safetensors", "ema.safetensors",
                                                "optimizer.safetensors", NULL};

    return ug_weights_write(ug_arena_format(a, "%s/params.safetensors", folder), t->program,
                            t->store->data, config, diags) &&
           (!keeps_averages(t) || ug_weights_write(ug_arena_format(a, "%s/ema.safetensors", folder),
                                                   t->program, t->averaged, config, diags)) &&
           write_moments(ug_arena_format(a, "%s/optimizer.safetensors", folder), t, a, diags) &&
           ug_checkpoint_write_state(folder, keeps_averages(t) ? with_averages : without, t, made,
                                     diags);
}

bool ug_checkpoint_write(const char *run, const struct ug_trainer *t,
                         const struct ug_progress_made *made, const char *config, int64_t keep,
                         struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const char *folder = ug_arena_format(a, "%s/checkpoints", run);
    const char *name = ug_checkpoint_name(a, made->step);
    const char *temporary = ug_arena_format(a, "%s/.%s.tmp", folder, name);

    ug_folder_remove(temporary);
    const bool written =
        ug_folder_make(temporary, diags) && write_files(temporary, t, made, config, a, diags) &&
        ug_folder_replace(temporary, ug_arena_format(a, "%s/%s", folder, name), diags) &&
        ug_folder_link(ug_arena_format(a, "checkpoints/%s", name),
                       ug_arena_format(a, "%s/latest", run), diags) &&
        (made->best.step != made->step || ug_checkpoint_link_best(run, made, diags));
    if (!written)
        ug_folder_remove(temporary);
    else if (keep > 0)
        ug_checkpoint_thin(a, folder, made, keep);
    ug_arena_free(a);
    return written;
}

bool ug_checkpoint_link_best(const char *run, const struct ug_progress_made *made,
                             struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const char *link = ug_arena_format(a, "%s/best", run);
    const char *target =
        ug_arena_format(a, "checkpoints/%s", ug_checkpoint_name(a, made->best.step));
    bool linked = true;

    if (made->best.metric)
        linked = ug_folder_link(target, link, diags);
    else
        ug_folder_remove(link);
    ug_arena_free(a);
    return linked;
}

static bool read_averages(const char *path, const struct ug_trainer *t, struct ug_diags *diags)
{
    if (!keeps_averages(t))
        return true;
    if (ug_file_exists(path))
        return ug_weights_read(path, UG_NOWHERE, t->program, t->averaged, diags);
    ug_error(diags, UG_NOWHERE, "the run keeps no averages: '%s' is not there", path);
    return false;
}

bool ug_checkpoint_read(const char *checkpoint, struct ug_trainer *t, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const bool whole =
        ug_weights_read(ug_arena_format(a, "%s/params.safetensors", checkpoint), UG_NOWHERE,
                        t->program, t->store->data, diags) &&
        read_averages(ug_arena_format(a, "%s/ema.safetensors", checkpoint), t, diags) &&
        ug_checkpoint_read_counts(checkpoint, t, diags) &&
        read_moments(ug_arena_format(a, "%s/optimizer.safetensors", checkpoint), t, a, diags);

    ug_arena_free(a);
    return whole;
}
