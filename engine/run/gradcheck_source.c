/* gradcheck_source.c -- loading, and a batch of the data or of numbers made up. */
#include "engine/run/gradcheck_source.h"

#include <stdlib.h>

#include "engine/base/random.h"
#include "engine/run/weights.h"

/* ---- Loading ---- */

static bool open_bundle(struct ug_gradcheck_source *s, const char *path, struct ug_diags *diags)
{
    if (!(s->bundle = ug_bundle_open(path, UG_BUNDLE_ANY_MEMORY, diags)))
        return false;
    s->program = s->bundle->program;
    s->store = s->bundle->trainer->store;
    s->setting.batch = &s->bundle->batch;
    s->setting.now = s->bundle->now;
    return true;
}

static bool open_file(struct ug_gradcheck_source *s, const char *file,
                      const struct ug_gradcheck_options *o, struct ug_diags *diags)
{
    const struct ug_load_options options = {.sets = o->overrides.sets,
                                            .n_sets = o->overrides.n_sets};

    s->program = ug_program_load(file, &options, diags);
    if (!s->program || ug_diags_errors(diags) || !(s->store = ug_store_new(s->program, diags)))
        return false;
    const uint64_t seed = o->seed >= 0 ? (uint64_t)o->seed : s->program->train.seed;
    s->setting.now = ug_moment_at(s->program, seed, 0);
    return ug_store_init(s->store, s->program, seed, diags) &&
           (!o->params ||
            ug_weights_read(o->params, UG_NOWHERE, s->program, s->store->data, diags));
}

bool ug_gradcheck_load(struct ug_gradcheck_source *s, const char *file,
                       const struct ug_gradcheck_options *o, struct ug_diags *diags)
{
    *s = (struct ug_gradcheck_source){.arena = ug_arena_new()};
    if (!(o->bundle ? open_bundle(s, file, diags) : open_file(s, file, o, diags)))
        return false;
    const struct ug_request request = {
        .want = s->program->train.present ? UG_WANT_OPTIMIZED : UG_WANT_LOSSES, .training = true};
    s->unfolded = ug_unfold(s->program, &request, diags);
    s->setting.program = s->program;
    s->setting.unfolded = s->unfolded;
    s->setting.store = s->store;
    s->setting.diags = diags;
    return s->unfolded && !ug_diags_errors(diags);
}

/* ---- The batch ---- */

/* Inputs that no data feed: normal numbers, and labels that are 0. */
static void invent_batch(struct ug_gradcheck_source *s)
{
    const struct ug_values *inputs = &s->unfolded->inputs;
    const size_t n = (size_t)inputs->n;
    const char **names = ug_arena_array(s->arena, n, sizeof *names);
    struct ug_tensor *tensors = ug_arena_array(s->arena, n, sizeof *tensors);

    s->invented = (struct ug_batch){.n = inputs->n, .names = names, .tensors = tensors};
    for (int i = 0; i < inputs->n; i++) {
        const struct ug_node *node = inputs->items[i].node;
        const struct ug_random r = {.seed = s->setting.now.seed,
                                    .stream = ug_random_stream(inputs->items[i].name)};
        names[i] = inputs->items[i].name;
        tensors[i] = (struct ug_tensor){node->type.dtype, node->type.shape,
                                        ug_xcalloc(ug_type_bytes(&node->type) + 1, 1)};
        if (node->type.dtype == UG_F32)
            ug_random_normal(&r, 0, ug_shape_count(&node->type.shape), tensors[i].data);
    }
    s->setting.batch = &s->invented;
}

bool ug_gradcheck_read(struct ug_gradcheck_source *s, struct ug_diags *diags)
{
    struct ug_program *p = s->program;

    if (s->bundle)
        return true;
    if (!p->data.n) {
        invent_batch(s);
        return true;
    }
    return (s->data = ug_dataset_open(&p->data, diags)) &&
           (s->loader = ug_loader_start(s->data, UG_DRAW_TRAINING, p->data.batch,
                                        s->setting.now.seed, 0, 1, diags)) &&
           (s->setting.batch = ug_loader_next(s->loader, diags));
}

void ug_gradcheck_close(struct ug_gradcheck_source *s)
{
    ug_loader_stop(s->loader);
    ug_dataset_close(s->data);
    for (int i = 0; i < s->invented.n; i++)
        free(s->invented.tensors[i].data);
    ug_unfolded_free(s->unfolded);
    if (!s->bundle) {
        ug_store_free(s->store);
        ug_program_free(s->program);
    }
    ug_bundle_close(s->bundle);
    ug_arena_free(s->arena);
}
