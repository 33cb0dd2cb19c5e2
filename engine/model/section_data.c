/* section_data.c -- `data` and the entries of other sections that stand in for its own, and
 * `inputs`. */
#include <math.h>
#include <string.h>

#include "engine/model/keys.h"

/* A bit for each source. */
enum {
    IMAGES = 1 << UG_DATA_IMAGES,
    IDX = 1 << UG_DATA_IDX,
    SYNTHETIC = 1 << UG_DATA_SYNTHETIC,
    TENSORS = 1 << UG_DATA_TENSORS,
    LABELS_OF = 1 << UG_DATA_LABELS_OF,
    PICTURES = IMAGES | IDX | SYNTHETIC,
    SAMPLES = PICTURES | TENSORS
};

static const char *const sources[] = {
    [UG_DATA_IMAGES] = "images",       [UG_DATA_IDX] = "idx",
    [UG_DATA_SYNTHETIC] = "synthetic", [UG_DATA_TENSORS] = "tensors",
    [UG_DATA_LABELS_OF] = "labels_of",
};
enum { N_SOURCES = sizeof sources / sizeof *sources };

#define FIELD(name) offsetof(struct ug_data_entry, name)

static const struct ug_key entry_keys[] = {
    {"images", "a folder, a list file or a glob of pictures", .type = UG_KEY_PATH,
     .offset = FIELD(path), .kinds = IMAGES},
    {"idx", "a file of pictures in the format of MNIST", .type = UG_KEY_PATH, .offset = FIELD(path),
     .kinds = IDX},
    {"synthetic", "generated pictures", .type = UG_KEY_OTHER, .kinds = SYNTHETIC},
    {"tensors", "a safetensors file", .type = UG_KEY_PATH, .offset = FIELD(path), .kinds = TENSORS},
    {"labels_of", "the entry whose labels these are", .type = UG_KEY_NAME, .offset = FIELD(of),
     .kinds = LABELS_OF},
    {"labels", "the label file that belongs to an IDX file", .type = UG_KEY_PATH,
     .offset = FIELD(labels_path), .kinds = IDX},
    {"key", "the tensor in the file whose first axis counts samples", .type = UG_KEY_STRING,
     .offset = FIELD(key), .kinds = TENSORS},
    {"size", "height and width that reach the graph", .type = UG_KEY_SIDES, .offset = FIELD(size),
     .min = 1, .max = 1 << 20, .kinds = PICTURES},
    {"resize", "the shorter side, before a crop to size", .type = UG_KEY_INT,
     .offset = FIELD(resize), .min = 1, .max = 1 << 20, .kinds = PICTURES},
    {"flip", "left to right at random", .type = UG_KEY_BOOL, .offset = FIELD(flip),
     .kinds = PICTURES},
    {"channels", "1 or 3", .type = UG_KEY_INT, .offset = FIELD(channels), .min = 1, .max = 3,
     .kinds = PICTURES},
    {"range", "what black and white become", .type = UG_KEY_PAIR, .offset = FIELD(range),
     .kinds = PICTURES},
    {"invert", "swaps black and white; both: each sample as it is, then all swapped",
     .type = UG_KEY_OTHER, .kinds = PICTURES},
    {"limit", "the first N samples only", .type = UG_KEY_INT, .offset = FIELD(limit), .min = 1,
     .max = 0x1p53, .kinds = SAMPLES},
    {"shuffle", "each epoch in another order", .type = UG_KEY_BOOL, .offset = FIELD(shuffle),
     .kinds = SAMPLES},
    {"pair", "the entry to go with, sample by sample", .type = UG_KEY_NAME, .offset = FIELD(pair),
     .kinds = SAMPLES},
    {"skip_broken", "goes on without files that cannot be read", .type = UG_KEY_BOOL,
     .offset = FIELD(skip_broken), .kinds = IMAGES},
    {.name = NULL},
};

static const struct ug_key synthetic_keys[] = {
    {"scene", "what is drawn", .type = UG_KEY_TEXT, .offset = FIELD(scene), .required = true},
    {"domain", "how it is drawn", .type = UG_KEY_TEXT, .offset = FIELD(domain), .required = true},
    {"count", "how many pictures there are", .type = UG_KEY_INT, .offset = FIELD(count), .min = 1,
     .max = 0x1p53, .required = true},
    {"seed", "which scenes these are", .type = UG_KEY_INT, .offset = FIELD(scene_seed), .min = 0,
     .max = 0x1p63},
    {.name = NULL},
};

static const struct ug_key batch_key[] = {
    {"batch", "samples of a step", .type = UG_KEY_INT, .min = 1, .max = 1 << 24},
    {.name = NULL},
};

const struct ug_key *ug_data_keys_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (dot)
        return !strcmp(dot, ".synthetic") ? synthetic_keys : NULL;
    return *path ? entry_keys : batch_key;
}

/* ---- One entry ---- */

/* The kind of an entry by the one source that it names; -1 after an error. */
static int find_source(struct ug_sections *s, const struct ug_yaml *map, const struct ug_yaml *key)
{
    const struct ug_yaml *first = NULL;
    int kind = -1;

    for (int i = 0; i < N_SOURCES; i++) {
        const struct ug_yaml *source = ug_yaml_key(map, sources[i]);
        if (source && first) {
            struct ug_diag *d = ug_error(s->diags, source->pos,
                                         "the data entry '%s' has two sources, '%s' and '%s'",
                                         key->text, first->text, source->text);
            ug_note(d, UG_NOWHERE,
                    "to replace a source that another file names, remove it: '%s: ~'", first->text);
            return -1;
        }
        if (source) {
            first = source;
            kind = i;
        }
    }
    if (kind < 0)
        ug_suggest(ug_error(s->diags, key->pos, "the data entry '%s' has no source", key->text), "",
                   "sources", sources, N_SOURCES);
    return kind;
}

static bool read_invert(struct ug_sections *s, struct ug_yaml *y, const char *what,
                        enum ug_invert *out)
{
    struct ug_quantity q;
    bool invert;

    if (!ug_evaluate_yaml(&s->eval, y, &q))
        return false;
    if (q.kind == UG_Q_TEXT && !strcmp(q.text, "both")) {
        *out = UG_INVERT_BOTH;
        return true;
    }
    if (q.kind != UG_Q_BOOL) {
        ug_error(s->diags, y->pos, "'invert' of %s must be true, false or both", what);
        return false;
    }
    invert = q.integer != 0;
    *out = invert ? UG_INVERT_YES : UG_INVERT_NO;
    return true;
}

static bool refuse_misplaced(struct ug_sections *s, const struct ug_yaml *map,
                             enum ug_data_kind kind)
{
    bool good = true;

    for (const struct ug_key *key = entry_keys; key->name; key++) {
        const struct ug_yaml *given = ug_yaml_key(map, key->name);
        if (!given || (key->kinds & 1u << kind))
            continue;
        struct ug_diag *d =
            ug_error(s->diags, given->pos, "'%s' does not apply to '%s'", key->name, sources[kind]);
        if (kind == UG_DATA_TENSORS)
            ug_note(d, UG_NOWHERE, "tensors are taken as they are");
        good = false;
    }
    return good;
}

/* What is wrong only in view of several keys. */
static bool check_entry(struct ug_sections *s, const struct ug_yaml *map,
                        const struct ug_data_entry *e)
{
    if (e->channels == 2) {
        ug_error(s->diags, ug_yaml_get(map, "channels")->pos,
                 "'channels' of the data entry '%s' must be 1 or 3, not 2", e->name);
        return false;
    }
    const double span = e->range[1] - e->range[0];
    if (!isfinite(span) || span == 0.0) {
        ug_error(s->diags, ug_yaml_get(map, "range")->pos,
                 "'range' of the data entry '%s' must be two numbers that differ", e->name);
        return false;
    }
    if (e->kind == UG_DATA_TENSORS && !ug_yaml_get(map, "key")) {
        ug_error(s->diags, e->pos,
                 "the data entry '%s' needs 'key', the name of a tensor in its file", e->name);
        return false;
    }
    return true;
}

static bool read_entry(struct ug_sections *s, const struct ug_yaml *key, struct ug_yaml *map,
                       struct ug_data_entry *e)
{
    const char *what = ug_arena_format(s->arena, "the data entry '%s'", key->text);

    *e = (struct ug_data_entry){
        .name = key->text, .pos = key->pos, .range = {-1.0, 1.0}, .shuffle = true};
    if (!ug_want_name(s, key))
        return false;
    if (!ug_want_map(s, map, what, "'{images: FOLDER, size: 64}'"))
        return false;
    bool good = ug_read_keys(s, map, what, entry_keys, e);
    const int kind = find_source(s, map, key);
    if (kind < 0)
        return false;
    e->kind = (enum ug_data_kind)kind;
    struct ug_yaml *source = ug_yaml_get(map, sources[kind]), *invert = ug_yaml_get(map, "invert");
    e->path_pos = source->pos;
    if (kind == UG_DATA_SYNTHETIC) {
        what = ug_arena_format(s->arena, "'synthetic' of %s", what);
        good &= ug_want_map(s, source, what, "'{scene: NAME, domain: NAME, count: N}'") &&
                ug_read_keys(s, source, what, synthetic_keys, e);
        const struct ug_yaml *scene = ug_yaml_get(source, "scene"),
                             *domain = ug_yaml_get(source, "domain");
        e->path_pos = scene ? scene->pos : source->pos;
        e->domain_pos = domain ? domain->pos : source->pos;
    }
    if (invert)
        good &= read_invert(s, invert, what, &e->invert);
    return refuse_misplaced(s, map, e->kind) & good && check_entry(s, map, e);
}

/* ---- All entries ---- */

static struct ug_data_entry *find_entry(const struct ug_data_spec *data, const char *name)
{
    for (int i = 0; i < data->n; i++)
        if (!strcmp(data->entries[i].name, name))
            return &data->entries[i];
    return NULL;
}

/* An entry that is named by another must be there. */
static bool check_reference(struct ug_sections *s, const struct ug_data_spec *data,
                            const struct ug_data_entry *e, const struct ug_yaml *map,
                            const char *option)
{
    const struct ug_yaml *value = ug_yaml_get(map, option);

    if (!value || value->kind != UG_YAML_SCALAR || !value->length)
        return true;
    if (!strcmp(value->text, e->name)) {
        ug_error(s->diags, value->pos, "'%s' cannot name itself", e->name);
        return false;
    }
    if (find_entry(data, value->text))
        return true;
    const char **names = ug_arena_array(s->arena, (size_t)data->n + 1, sizeof *names);
    for (int i = 0; i < data->n; i++)
        names[i] = data->entries[i].name;
    ug_suggest(ug_error(s->diags, value->pos, "there is no data entry '%s'", value->text),
               value->text, "data entries", names, (size_t)data->n);
    return false;
}

/* Lays the entries of a section over those that `data` holds; entries with errors are left out. */
static void read_entries(struct ug_sections *s, const struct ug_yaml *section,
                         struct ug_data_spec *data)
{
    struct ug_data_entry *entries = ug_arena_grow(s->arena, data->entries, (size_t)data->n,
                                                  (size_t)(data->n + section->n), sizeof *entries);
    data->entries = entries;
    for (int i = 0; i < section->n; i++) {
        struct ug_data_entry e, *old = find_entry(data, section->keys[i]->text);
        if (data == &s->program->data && !strcmp(section->keys[i]->text, "batch"))
            continue;
        if (!read_entry(s, section->keys[i], section->items[i], &e))
            continue;
        if (old)
            *old = e;
        else
            entries[data->n++] = e;
    }
    for (int i = 0; i < section->n; i++) {
        const struct ug_data_entry *e = find_entry(data, section->keys[i]->text);
        if (e && e->pos.source == section->keys[i]->pos.source &&
            e->pos.line == section->keys[i]->pos.line) {
            check_reference(s, data, e, section->items[i], "pair");
            check_reference(s, data, e, section->items[i], "labels_of");
        }
    }
}

void ug_read_data(struct ug_sections *s)
{
    struct ug_yaml *section = ug_yaml_get(s->program->tree, "data"), *value;
    struct ug_data_spec *data = &s->program->data;

    data->batch = 1;
    if (!section || !ug_want_map(s, section, "'data'", "'data: {batch: 1, x: {images: FOLDER}}'"))
        return;
    if ((value = ug_yaml_get(section, "batch")))
        ug_read_key(s, batch_key, value, "'batch' of 'data'", &data->batch);
    read_entries(s, section, data);
}

struct ug_data_spec ug_read_data_over(struct ug_sections *s, const struct ug_yaml *section)
{
    const struct ug_data_spec *base = &s->program->data;
    struct ug_data_spec data = *base;

    data.entries = ug_arena_grow(s->arena, base->entries, (size_t)base->n, (size_t)base->n,
                                 sizeof *data.entries);
    if (!section)
        return data;
    const struct ug_yaml *batch = ug_yaml_key(section, "batch");
    if (batch)
        ug_error(s->diags, batch->pos, "'batch' is that of 'data' everywhere");
    else
        read_entries(s, section, &data);
    return data;
}

/* ---- Inputs ---- */

/* A list of extents; the diagnostics name what does not fit. */
static bool read_shape(struct ug_sections *s, struct ug_yaml *y, const char *what,
                       struct ug_shape *out)
{
    struct ug_shape shape = {0};
    struct ug_quantity q;

    if (!ug_evaluate_yaml(&s->eval, y, &q))
        return false;
    if (q.kind != UG_Q_LIST || q.n > UG_MAX_RANK) {
        ug_note(ug_error(s->diags, y->pos, "%s must be a list of at most %d extents", what,
                         UG_MAX_RANK),
                UG_NOWHERE, "write '[1, 3, 64, 64]'");
        return false;
    }
    for (int i = 0; i < q.n; i++)
        if (!ug_want_int(s->diags, y->kind == UG_YAML_LIST ? y->items[i]->pos : y->pos, what,
                         &q.items[i], 0, UG_MAX_ELEMENTS, &shape.dim[shape.rank++]))
            return false;
    if (!ug_shape_valid(&shape)) {
        ug_error(s->diags, y->pos, "%s is too large: a tensor has at most %lld elements", what,
                 (long long)UG_MAX_ELEMENTS);
        return false;
    }
    *out = shape;
    return true;
}

static bool read_input(struct ug_sections *s, const struct ug_yaml *key, struct ug_yaml *value,
                       struct ug_input *out)
{
    static const struct ug_key keys[] = {
        {"shape", "a list of extents", .type = UG_KEY_OTHER, .required = true},
        {"dtype", "float32 or int64", .type = UG_KEY_TEXT},
        {.name = NULL},
    };
    static const char *const types[] = {[UG_F32] = "float32", [UG_I64] = "int64", NULL};
    const char *what = ug_arena_format(s->arena, "the shape of '%s'", key->text),
               *word = types[UG_F32];
    struct ug_quantity q;

    *out = (struct ug_input){.name = key->text, .pos = key->pos, .type = {.dtype = UG_F32}};
    if (!ug_want_name(s, key))
        return false;
    if (value->kind != UG_YAML_MAP)
        return read_shape(s, value, what, &out->type.shape);
    if (!ug_read_keys(s, value, ug_arena_format(s->arena, "the input '%s'", key->text), keys,
                      &word))
        return false;
    q = ug_quantity_text(word);
    const struct ug_yaml *dtype = ug_yaml_get(value, "dtype");
    const int type =
        ug_want_word(s->diags, dtype ? dtype->pos : value->pos,
                     ug_arena_format(s->arena, "the dtype of '%s'", key->text), &q, types);
    if (type < 0)
        return false;
    out->type.dtype = (enum ug_dtype)type;
    return read_shape(s, ug_yaml_get(value, "shape"), what, &out->type.shape);
}

static struct ug_input *find_input(const struct ug_program *p, const char *name)
{
    for (int i = 0; i < p->n_inputs; i++)
        if (!strcmp(p->inputs[i].name, name))
            return &p->inputs[i];
    return NULL;
}

/* Every entry is an input; its type is known from its files alone.  One with errors in it has none,
 * so that its name is not unknown. */
static void add_data_inputs(struct ug_sections *s, const struct ug_yaml *section)
{
    struct ug_program *p = s->program;

    for (int i = 0; i < section->n; i++) {
        const struct ug_yaml *key = section->keys[i];
        const struct ug_input *declared = find_input(p, key->text);
        if (!strcmp(key->text, "batch"))
            continue;
        if (declared) {
            if (!declared->data)
                ug_note(ug_error(s->diags, key->pos, "'%s' is an input already", key->text),
                        declared->pos, "declared here");
            continue;
        }
        p->inputs[p->n_inputs++] = (struct ug_input){.name = key->text,
                                                     .pos = key->pos,
                                                     .type = {.shape = {.rank = -1}},
                                                     .data = find_entry(&p->data, key->text)};
    }
}

void ug_read_inputs(struct ug_sections *s)
{
    struct ug_program *p = s->program;
    const struct ug_yaml *data = ug_yaml_get(p->tree, "data"),
                         *inputs = ug_yaml_get(p->tree, "inputs");
    const int n_data = data && data->kind == UG_YAML_MAP ? data->n : 0;
    const int n = inputs && ug_want_map(s, inputs, "'inputs'", "'inputs: {x: [1, 3, 64, 64]}'")
                      ? inputs->n
                      : 0;

    p->inputs = ug_arena_array(s->arena, (size_t)(n + n_data), sizeof *p->inputs);
    for (int i = 0; i < n; i++) {
        struct ug_input *input = &p->inputs[p->n_inputs++];
        if (!read_input(s, inputs->keys[i], inputs->items[i], input))
            input->type.shape = (struct ug_shape){.rank = -1};
    }
    if (n_data)
        add_data_inputs(s, data);
}
