/* bundle.c -- writes a step, and reads it again with nothing trusted. */
#include "engine/run/bundle.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/data/safetensors.h"
#include "engine/run/config.h"
#include "engine/run/weights.h"
#include "engine/unitgraph.h"

#define FACTS_KEY    "unitgraph.fault"
#define CHECKSUM_KEY "unitgraph.checksum"
#define INPUT_PREFIX "input."

/* ---- What a step finds in the trainer ---- */

struct tensor_list {
    struct ug_arena *arena;
    struct ug_named_tensor *items;
    int n, capacity;
};

static void list_tensor(struct tensor_list *l, const char *name, struct ug_type type, void *data)
{
    UG_PUSH(l->arena, l->items, l->n, l->capacity,
            ((struct ug_named_tensor){name, {type.dtype, type.shape, data}}));
}

static void list_params(struct tensor_list *l, const struct ug_trainer *t)
{
    int n;
    struct ug_param **params = ug_program_list_params(t->program, &n);

    for (int i = 0; i < n; i++)
        if (params[i]->owner == params[i])
            list_tensor(l, ug_arena_format(l->arena, "param.%s", params[i]->name), params[i]->type,
                        t->store->data[params[i]->index]);
}

static void list_moments(struct tensor_list *l, const struct ug_optimizer *o)
{
    for (int m = 0; m < o->n_moments; m++)
        for (int i = 0; i < o->block->n_spans; i++) {
            const struct ug_span *s = &o->block->spans[i];

            list_tensor(l,
                        ug_arena_format(l->arena, "moment.%s.%s.%s", o->spec->name,
                                        o->moment_names[m], s->param->name),
                        s->param->type, o->moments[m] + s->at);
        }
}

static void list_state(struct tensor_list *l, const struct ug_trainer *t)
{
    list_params(l, t);
    for (int i = 0; i < t->program->train.n_optimizers; i++)
        list_moments(l, &t->optimizers[i]);
}

/* ---- The checksum ---- */

static uLong add_text(uLong sum, const char *text)
{
    return crc32_z(sum, (const Bytef *)text, strlen(text) + 1);
}

static const char *format_checksum(struct ug_arena *a, uLong sum)
{
    return ug_arena_format(a, "%08lx", sum);
}

/* ---- Writing ---- */

static json_t *updates_json(const struct ug_trainer *t)
{
    json_t *updates = json_object();

    for (int i = 0; i < t->program->train.n_optimizers; i++)
        json_object_set_new(updates, t->program->train.optimizers[i].name,
                            json_integer(t->optimizers[i].updates));
    return updates;
}

static json_t *samples_json(const struct ug_batch *batch)
{
    json_t *samples = json_object();

    for (int i = 0; i < batch->n && batch->origins; i++) {
        json_t *names = json_array();
        for (int64_t k = 0; k < batch->tensors[i].shape.dim[0]; k++)
            json_array_append_new(names, json_string(batch->origins[i][k]));
        json_object_set_new(samples, batch->names[i], names);
    }
    return samples;
}

static const char *write_facts(struct ug_arena *a, const struct ug_fault_report *r)
{
    const struct ug_moment *now = &r->now;
    const char *place = r->pos.source ? ug_arena_format(a, "%s:%d:%d", r->pos.source->path,
                                                        r->pos.line, r->pos.column)
                                      : "";
    json_t *facts =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "version", ug_version(),
                  "message", r->message, "place", place, "seed", (json_int_t)now->seed, "step",
                  (json_int_t)now->step, "steps", (json_int_t)now->steps, "epoch",
                  (json_int_t)now->epoch, "epochs", (json_int_t)now->epochs, "updates",
                  updates_json(r->trainer), "samples", samples_json(r->batch));
    char *text = facts ? json_dumps(facts, JSON_COMPACT) : NULL;
    const char *copy = text ? ug_arena_copy(a, text, strlen(text)) : "";

    free(text);
    json_decref(facts);
    return copy;
}

bool ug_bundle_write(const char *path, const struct ug_fault_report *r, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    struct tensor_list l = {.arena = a};
    const char *config = ug_config_origins(r->trainer->program), *facts = write_facts(a, r);
    uLong sum = add_text(add_text(0, config), facts);

    for (int i = 0; i < r->batch->n; i++) {
        const struct ug_tensor *t = &r->batch->tensors[i];
        list_tensor(&l, ug_arena_format(a, INPUT_PREFIX "%s", r->batch->names[i]),
                    (struct ug_type){t->dtype, t->shape}, t->data);
    }
    list_state(&l, r->trainer);
    for (int i = 0; i < l.n; i++) {
        const struct ug_tensor *t = &l.items[i].tensor;
        sum = crc32_z(add_text(sum, l.items[i].name), t->data,
                      ug_type_bytes(&(struct ug_type){t->dtype, t->shape}));
    }
    const char *metadata[] = {UG_CONFIG_KEY,           config, FACTS_KEY, facts, CHECKSUM_KEY,
                              format_checksum(a, sum), NULL};
    const bool written = ug_safetensors_write(path, l.items, l.n, metadata, diags);
    ug_arena_free(a);
    return written;
}

/* ---- Reading ---- */

struct reading {
    const char *path;
    struct ug_safetensors *file;
    struct ug_diags *diags;
    struct ug_bundle *bundle;
    enum ug_bundle_memory memory;
    json_t *facts;
};

static bool refuse(const struct reading *r, const char *why)
{
    ug_error(r->diags, UG_NOWHERE, "'%s' %s", r->path, why);
    return false;
}

static bool check_whole(struct reading *r)
{
    const char *config = ug_safetensors_metadata(r->file, UG_CONFIG_KEY);
    const char *facts = ug_safetensors_metadata(r->file, FACTS_KEY);
    const char *checksum = ug_safetensors_metadata(r->file, CHECKSUM_KEY);

    if (!config || !facts || !checksum)
        return refuse(r, "is no bundle that 'unitgraph run' left where a value was not finite");
    uLong sum = add_text(add_text(0, config), facts);
    for (int i = 0; i < ug_safetensors_count(r->file); i++) {
        const struct ug_stored *t = ug_safetensors_item(r->file, i);
        sum = crc32_z(add_text(sum, t->name), t->data, t->bytes);
    }
    if (strcmp(checksum, format_checksum(r->bundle->arena, sum)))
        return refuse(r, "was changed since it was written: its checksum does not fit");
    r->bundle->config = ug_arena_copy(r->bundle->arena, config, strlen(config));
    r->facts = json_loads(facts, JSON_REJECT_DUPLICATES, NULL);
    return r->facts ? true : refuse(r, "does not say which step it holds");
}

static const char *take_text(const struct reading *r, const char *key)
{
    const char *text = json_string_value(json_object_get(r->facts, key));

    return text ? ug_arena_copy(r->bundle->arena, text, strlen(text)) : NULL;
}

static bool take_number(const struct reading *r, const char *key, int64_t *n)
{
    const json_t *value = json_object_get(r->facts, key);

    *n = json_integer_value(value);
    return json_is_integer(value);
}

static bool take_facts(struct reading *r)
{
    struct ug_bundle *b = r->bundle;
    struct ug_moment *now = &b->now;
    int64_t seed;

    b->version = take_text(r, "version");
    b->message = take_text(r, "message");
    b->place = take_text(r, "place");
    if (!b->version || !b->message || !b->place || !take_number(r, "seed", &seed) ||
        !take_number(r, "step", &now->step) || !take_number(r, "steps", &now->steps) ||
        !take_number(r, "epoch", &now->epoch) || !take_number(r, "epochs", &now->epochs) ||
        now->step < 0 || now->step >= now->steps)
        return refuse(r, "does not say which step it holds");
    now->seed = (uint64_t)seed;
    return true;
}

static bool is_input(const struct ug_stored *t)
{
    return !strncmp(t->name, INPUT_PREFIX, strlen(INPUT_PREFIX));
}

/* "a.png, b.png" */
static const char *join_samples(const struct reading *r, const char *entry)
{
    const json_t *names = json_object_get(json_object_get(r->facts, "samples"), entry);
    const char *text = "";

    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        text = ug_arena_format(r->bundle->arena, "%s%s%s", text, i ? ", " : "", name ? name : "?");
    }
    return text;
}

static bool take_batch(struct reading *r)
{
    const int n = ug_safetensors_count(r->file);
    struct ug_bundle *b = r->bundle;
    const char **names = ug_arena_array(b->arena, (size_t)n, sizeof *names);
    const char **samples = ug_arena_array(b->arena, (size_t)n, sizeof *samples);

    b->batch.names = names;
    b->samples = samples;
    b->batch.tensors = ug_arena_array(b->arena, (size_t)n, sizeof *b->batch.tensors);
    for (int i = 0; i < n; i++) {
        const struct ug_stored *t = ug_safetensors_item(r->file, i);
        struct ug_tensor *tensor = &b->batch.tensors[b->batch.n];
        const char *name = t->name + strlen(INPUT_PREFIX);
        if (!is_input(t))
            continue;
        tensor->dtype = strcmp(t->dtype, "I64") ? UG_F32 : UG_I64;
        tensor->shape = t->shape;
        tensor->data = calloc((size_t)ug_shape_count(&t->shape) + 1, ug_dtype_size(tensor->dtype));
        names[b->batch.n] = ug_arena_copy(b->arena, name, strlen(name));
        samples[b->batch.n++] = join_samples(r, name);
        if (!tensor->data || !ug_stored_take(t, tensor->dtype, tensor->data))
            return refuse(r, "holds a batch that cannot be read");
    }
    return true;
}

/* The inputs are of the batch's types: the data need not be there. */
static bool load_program(struct reading *r)
{
    struct ug_bundle *b = r->bundle;
    struct ug_input *given = ug_arena_array(b->arena, (size_t)b->batch.n, sizeof *given);
    const struct ug_load_options options = {
        .without_data = true,
        .given = given,
        .n_given = b->batch.n,
        .text = b->config,
        .length = strlen(b->config),
    };

    for (int i = 0; i < b->batch.n; i++)
        given[i] = (struct ug_input){
            .name = b->batch.names[i],
            .type = {b->batch.tensors[i].dtype, b->batch.tensors[i].shape},
        };
    b->program = ug_program_load("config.yaml", &options, r->diags);
    if (!b->program || ug_diags_errors(r->diags))
        return false;
    if (!b->program->train.present)
        return refuse(r, "holds an experiment that does not train");
    b->program->train.steps = b->now.steps;
    b->program->train.epochs = (double)b->now.epochs; /* how many the data have, they do not tell */
    if (r->memory == UG_BUNDLE_ANY_MEMORY)
        b->program->train.memory = 0;
    return true;
}

static bool take_tensor(const struct reading *r, const struct ug_named_tensor *wanted)
{
    const struct ug_tensor *t = &wanted->tensor;
    const struct ug_stored *stored = ug_safetensors_find(r->file, wanted->name);

    if (stored && ug_shape_equal(&stored->shape, &t->shape) &&
        ug_stored_take(stored, t->dtype, t->data))
        return true;
    return refuse(r, ug_arena_format(r->bundle->arena,
                                     "does not hold '%s' as its experiment has it", wanted->name));
}

static bool take_state(struct reading *r)
{
    struct ug_trainer *t = r->bundle->trainer;
    const json_t *updates = json_object_get(r->facts, "updates");
    struct tensor_list l = {.arena = r->bundle->arena};

    list_state(&l, t);
    for (int i = 0; i < l.n; i++)
        if (!take_tensor(r, &l.items[i]))
            return false;
    for (int i = 0; i < t->program->train.n_optimizers; i++) {
        const json_t *n = json_object_get(updates, t->program->train.optimizers[i].name);
        if (!json_is_integer(n) || json_integer_value(n) < 0)
            return refuse(r, "does not say how many updates its optimizers have made");
        t->optimizers[i].updates = json_integer_value(n);
    }
    return true;
}

static bool read_bundle(struct reading *r)
{
    struct ug_bundle *b = r->bundle;

    if (!(r->file = ug_safetensors_open(r->path, UG_NOWHERE, r->diags)))
        return false;
    return check_whole(r) && take_facts(r) && take_batch(r) && load_program(r) &&
           (b->trainer = ug_trainer_new(b->program, NULL, r->diags)) && take_state(r);
}

struct ug_bundle *ug_bundle_open(const char *path, enum ug_bundle_memory memory,
                                 struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    struct ug_bundle *b = ug_arena_alloc(a, sizeof *b);
    struct reading r = {.path = path, .diags = diags, .bundle = b, .memory = memory};

    b->arena = a;
    const bool whole = read_bundle(&r);
    json_decref(r.facts);
    ug_safetensors_close(r.file);
    if (whole)
        return b;
    ug_bundle_close(b);
    return NULL;
}

void ug_bundle_close(struct ug_bundle *b)
{
    if (!b)
        return;
    ug_trainer_free(b->trainer);
    ug_program_free(b->program);
    for (int i = 0; i < b->batch.n; i++)
        free(b->batch.tensors[i].data);
    ug_arena_free(b->arena);
}
