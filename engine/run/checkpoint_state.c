/* checkpoint_state.c -- state.json: how far a run has come, and what its other files must be.
 *
 * The checksums are there for what a disk, a copy or an editor may do to a checkpoint that was
 * whole when it was written.  That of state.json itself is over its compact dump, keys sorted,
 * without the key that holds it.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/base/file.h"
#include "engine/run/checkpoint_parts.h"

enum { LARGEST_STATE = 1 << 24, CHECKSUM_TEXT = 9 };

static const char state_name[] = "state.json", checksum_key[] = "crc32";

/* ---- Checksums ---- */

static void checksum_text(char text[CHECKSUM_TEXT], uint32_t crc)
{
    snprintf(text, CHECKSUM_TEXT, "%08" PRIx32, crc);
}

static void checksum_of_state(const json_t *state, char text[CHECKSUM_TEXT])
{
    json_t *rest = json_copy((json_t *)state);

    json_object_del(rest, checksum_key);
    char *dump = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
    checksum_text(text, (uint32_t)crc32_z(0, (const Bytef *)dump, dump ? strlen(dump) : 0));
    free(dump);
    json_decref(rest);
}

/* {"params.safetensors": {"bytes": 1000, "crc32": "89abcdef"}, …}; NULL after an error. */
static json_t *describe_files(const char *folder, const char *const *files, struct ug_arena *a,
                              struct ug_diags *diags)
{
    json_t *described = json_object();

    for (; *files; files++) {
        const char *path = ug_arena_format(a, "%s/%s", folder, *files);
        char text[CHECKSUM_TEXT];
        int64_t bytes;
        uint32_t crc;
        if (!ug_file_checksum(path, &bytes, &crc)) {
            ug_error(diags, UG_NOWHERE, "cannot read '%s': %s", path, strerror(errno));
            json_decref(described);
            return NULL;
        }
        checksum_text(text, crc);
        json_object_set_new(
            described, *files,
            json_pack("{s:I, s:s}", "bytes", (json_int_t)bytes, checksum_key, text));
    }
    return described;
}

/* What is wrong with a file, or NULL. */
static const char *file_fault(const char *folder, const char *name, const json_t *described,
                              struct ug_arena *a)
{
    const char *wanted = json_string_value(json_object_get(described, checksum_key));
    const json_t *size = json_object_get(described, "bytes");
    char text[CHECKSUM_TEXT];
    int64_t bytes;
    uint32_t crc;

    if (!wanted || !json_is_integer(size) || strchr(name, '/'))
        return ug_arena_format(a, "its %s does not say what '%s' should be", state_name, name);
    if (!ug_file_checksum(ug_arena_format(a, "%s/%s", folder, name), &bytes, &crc))
        return ug_arena_format(a, "its '%s' cannot be read: %s", name, strerror(errno));
    if (bytes != json_integer_value(size))
        return ug_arena_format(a, "its '%s' has %lld bytes; %lld were written", name,
                               (long long)bytes, (long long)json_integer_value(size));
    checksum_text(text, crc);
    if (strcmp(text, wanted))
        return ug_arena_format(a, "the bytes of its '%s' are not those that were written", name);
    return NULL;
}

/* ---- Writing ---- */

static json_t *list_texts(const char *const *texts, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

/* NULL, which is left out, where there is none. */
static json_t *describe_best(const struct ug_best *b)
{
    return b->metric ? json_pack("{s:s, s:s, s:f, s:I}", "metric", b->metric, "mode",
                                 b->highest ? "max" : "min", "value", b->value, "step",
                                 (json_int_t)b->step)
                     : NULL;
}

static json_t *make_state(json_t *files, const struct ug_trainer *t,
                          const struct ug_progress_made *made)
{
    json_t *updates = json_object();
    char crc[CHECKSUM_TEXT];

    for (int i = 0; i < t->program->train.n_optimizers; i++)
        json_object_set_new(updates, t->program->train.optimizers[i].name,
                            json_integer(t->optimizers[i].updates));
    json_t *state =
        json_pack("{s:i, s:I, s:I, s:f, s:s*, s:o, s:o*, s:o, s:o, s:s}", "version", 1, "step",
                  (json_int_t)made->step, "seed", (json_int_t)made->seed, "seconds", made->seconds,
                  "init", made->init, "sets", list_texts(made->sets, made->n_sets), "best",
                  describe_best(&made->best), "updates", updates, "files", files, "experiment",
                  made->experiment);
    if (state) {
        checksum_of_state(state, crc);
        json_object_set_new(state, checksum_key, json_string(crc));
    }
    return state;
}

bool ug_checkpoint_write_state(const char *folder, const char *const *files,
                               const struct ug_trainer *t, const struct ug_progress_made *made,
                               struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    json_t *described = describe_files(folder, files, a, diags);
    json_t *state = described ? make_state(described, t, made) : NULL;
    char *text = state ? json_dumps(state, JSON_INDENT(2)) : NULL;
    const bool written = text && ug_file_write(ug_arena_format(a, "%s/%s", folder, state_name),
                                               text, strlen(text), diags);

    if (described && !text)
        ug_error(diags, UG_NOWHERE, "cannot write '%s/%s': a text in it is not UTF-8", folder,
                 state_name);
    free(text);
    json_decref(state);
    ug_arena_free(a);
    return written;
}

bool ug_checkpoint_write_beginning(const char *run, const struct ug_trainer *t,
                                   const struct ug_progress_made *made, struct ug_diags *diags)
{
    static const char *const no_files[] = {NULL};

    return ug_checkpoint_write_state(run, no_files, t, made, diags);
}

/* ---- Reading ---- */

static const char *copy_text(const json_t *text, struct ug_arena *a)
{
    return text ? ug_arena_copy(a, json_string_value(text), json_string_length(text)) : NULL;
}

static bool take_sets(const json_t *list, struct ug_arena *a, struct ug_progress_made *made)
{
    const char **sets = ug_arena_array(a, json_array_size(list), sizeof *sets);
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return false;
        sets[i] = copy_text(item, a);
    }
    made->sets = sets;
    made->n_sets = (int)json_array_size(list);
    return true;
}

static bool take_best(const json_t *best, struct ug_arena *a, struct ug_best *b)
{
    const json_t *metric = json_object_get(best, "metric"), *value = json_object_get(best, "value");
    const json_t *step = json_object_get(best, "step");
    const char *mode = json_string_value(json_object_get(best, "mode"));

    *b = (struct ug_best){.metric = NULL};
    if (!best)
        return true;
    if (!json_is_string(metric) || !json_is_number(value) || !json_is_integer(step) || !mode)
        return false;
    *b = (struct ug_best){copy_text(metric, a), !strcmp(mode, "max"), json_number_value(value),
                          json_integer_value(step)};
    return true;
}

static bool take_state(const json_t *state, struct ug_arena *a, struct ug_progress_made *made)
{
    const json_t *step = json_object_get(state, "step"), *seed = json_object_get(state, "seed");
    const json_t *init = json_object_get(state, "init");
    const json_t *experiment = json_object_get(state, "experiment");

    if (!json_is_integer(step) || !json_is_integer(seed) || json_integer_value(step) < 0 ||
        (init && !json_is_string(init)) || !json_is_string(experiment))
        return false;
    made->step = json_integer_value(step);
    made->seed = (uint64_t)json_integer_value(seed);
    made->seconds = json_number_value(json_object_get(state, "seconds"));
    made->init = copy_text(init, a);
    made->experiment = copy_text(experiment, a);
    return take_sets(json_object_get(state, "sets"), a, made) &&
           take_best(json_object_get(state, "best"), a, &made->best);
}

static json_t *load_state(const char *path, struct ug_diags *diags)
{
    size_t length;
    char *text = ug_file_read(path, LARGEST_STATE, &length, UG_NOWHERE, diags);
    json_t *state = text ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (text && !state)
        ug_error(diags, UG_NOWHERE, "'%s' is not the state of a run", path);
    free(text);
    return state;
}

bool ug_checkpoint_origin(const char *checkpoint, struct ug_arena *a, struct ug_progress_made *made,
                          struct ug_diags *diags)
{
    const char *path = ug_arena_format(a, "%s/%s", checkpoint, state_name);
    json_t *state = load_state(path, diags);
    const bool whole = state && take_state(state, a, made);

    if (state && !whole)
        ug_error(diags, UG_NOWHERE, "'%s' is not the state of a run", path);
    json_decref(state);
    return whole;
}

bool ug_checkpoint_read_counts(const char *folder, struct ug_trainer *t, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    json_t *state = load_state(ug_arena_format(a, "%s/%s", folder, state_name), diags);
    const json_t *updates = json_object_get(state, "updates");
    bool whole = state;

    for (int i = 0; whole && i < t->program->train.n_optimizers; i++) {
        const struct ug_optimizer_spec *o = &t->program->train.optimizers[i];
        const json_t *n = json_object_get(updates, o->name);
        whole = json_is_integer(n) && json_integer_value(n) >= 0;
        t->optimizers[i].updates = json_integer_value(n);
        if (!whole)
            ug_error(diags, o->pos,
                     "the run has no optimizer '%s': there is no state to go on from", o->name);
    }
    json_decref(state);
    ug_arena_free(a);
    return whole;
}

static const char *state_fault(const char *folder, const json_t *state, struct ug_arena *a)
{
    const char *wanted = json_string_value(json_object_get(state, checksum_key)), *name;
    const json_t *files = json_object_get(state, "files");
    const char *fault = NULL;
    char text[CHECKSUM_TEXT];
    json_t *described;

    if (json_is_object(state))
        checksum_of_state(state, text);
    if (!json_is_object(state) || !wanted || strcmp(text, wanted))
        return ug_arena_format(a, "its '%s' is not what was written", state_name);
    json_object_foreach((json_t *)files, name, described)
    {
        if (!fault)
            fault = file_fault(folder, name, described, a);
    }
    return fault;
}

const char *ug_checkpoint_fault(struct ug_arena *a, const char *checkpoint)
{
    struct ug_diags *unsaid = ug_diags_new(); /* the caller says it in its own words */
    json_t *state = load_state(ug_arena_format(a, "%s/%s", checkpoint, state_name), unsaid);
    const char *fault =
        state ? state_fault(checkpoint, state, a)
              : ug_arena_format(a, "its '%s' cannot be read, or is no JSON", state_name);

    json_decref(state);
    ug_diags_free(unsaid);
    return fault;
}
