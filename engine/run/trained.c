/* trained.c -- opens the file, then the experiment in it, then takes the values. */
#include "engine/run/trained.h"

#include <string.h>

#include "engine/run/weights.h"

/* Where the data are not looked at, the types of the inputs are those of training. */
static bool load_program(struct ug_trained *t, struct ug_load_options load, struct ug_arena *arena,
                         struct ug_diags *diags)
{
    load.text = ug_safetensors_metadata(t->file, UG_CONFIG_KEY);
    if (!load.text) {
        ug_error(diags, UG_NOWHERE,
                 "'%s' holds tensors but no experiment: it was not written by 'unitgraph run'",
                 t->path);
        return false;
    }
    load.length = strlen(load.text);
    if (load.without_data)
        load.given = ug_weights_inputs(t->file, arena, &load.n_given);
    t->program = ug_program_load(t->path, &load, diags);
    return t->program && !ug_diags_errors(diags);
}

bool ug_trained_open(struct ug_trained *t, const char *path, struct ug_load_options load,
                     struct ug_arena *arena, struct ug_diags *diags)
{
    *t = (struct ug_trained){.path = path};
    return path && (t->file = ug_safetensors_open(path, UG_NOWHERE, diags)) &&
           load_program(t, load, arena, diags);
}

bool ug_trained_begin(struct ug_trained *t, const char *path, const struct ug_load_options *load,
                      struct ug_diags *diags)
{
    *t = (struct ug_trained){.path = path, .program = ug_program_load(path, load, diags)};
    return t->program && !ug_diags_errors(diags);
}

bool ug_trained_read(struct ug_trained *t, struct ug_diags *diags)
{
    if (!(t->store = ug_store_new(t->program, diags)))
        return false;
    if (!t->file)
        return ug_store_init(t->store, t->program, t->program->train.seed, diags);
    return ug_weights_take(t->file, t->path, UG_NOWHERE, t->program, t->store->data, diags);
}

struct ug_look ug_trained_look(const struct ug_trained *t)
{
    return (struct ug_look){.program = t->program, .store = t->store, .data = t->store->data};
}

void ug_trained_close(struct ug_trained *t)
{
    ug_store_free(t->store);
    ug_program_free(t->program);
    ug_safetensors_close(t->file);
}
