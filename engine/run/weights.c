/* weights.c -- fits the tensors of a file to parameters, and reports what does not fit. */
#include "engine/run/weights.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 20, WIDEST_NAME = 60 };

/* A tensor of the file or a parameter of the graph that has no counterpart, or another shape. */
struct misfit {
    const char *name;
    const struct ug_stored *stored;  /* NULL: missing in the file */
    const struct ug_param *param;    /* NULL: unknown in the graph */
    const struct ug_param *conflict; /* both are tied, and the file has other values for each */
};

struct reading {
    const struct ug_safetensors *file;
    const struct ug_program *program;
    void *const *data;
    const struct ug_param **source; /* by index of the owner: the name it was read under */
    struct misfit *misfits;
    int n_misfits;
};

static void add_misfit(struct reading *r, struct misfit m)
{
    r->misfits[r->n_misfits++] = m;
}

/* PyTorch's batch norms count their batches; nothing here reads that. */
static bool is_passed_over(const struct ug_stored *t)
{
    const char *last = strrchr(t->name, '.');

    return !strcmp(last ? last + 1 : t->name, "num_batches_tracked");
}

/* Whether a tensor says the same as what was read under another of its names. */
static bool same_values(const struct ug_stored *t, const struct ug_param *owner, const void *data)
{
    const size_t bytes = ug_type_bytes(&owner->type);
    void *values = ug_xcalloc(bytes, 1);
    const bool same = ug_stored_take(t, owner->type.dtype, values) && !memcmp(values, data, bytes);

    free(values);
    return same;
}

/* A network's parameters are known once it is called, which takes inputs of known shapes: where
 * some are not given, what a file holds for its networks cannot be checked. */
static bool is_beyond(const struct ug_program *p, const char *name)
{
    bool partial = false;

    for (int i = 0; i < p->n_inputs; i++)
        partial |= p->inputs[i].type.shape.rank < 0;
    for (int i = 0; partial && i < p->n_networks; i++)
        if (strlen(p->networks[i].name) == ug_param_top(name) &&
            !strncmp(p->networks[i].name, name, ug_param_top(name)))
            return true;
    return false;
}

static void take_tensor(struct reading *r, const struct ug_stored *t)
{
    const struct ug_param *param = ug_params_find(r->program->params, t->name);

    if (!param) {
        if (!is_passed_over(t) && !is_beyond(r->program, t->name))
            add_misfit(r, (struct misfit){t->name, t, NULL, NULL});
        return;
    }
    const struct ug_param *owner = param->owner, *before = r->source[owner->index];
    if (!ug_shape_equal(&t->shape, &param->type.shape)) {
        add_misfit(r, (struct misfit){t->name, t, param, NULL});
    } else if (before) {
        if (!same_values(t, owner, r->data[owner->index]))
            add_misfit(r, (struct misfit){t->name, t, param, before});
    } else if (!ug_stored_take(t, owner->type.dtype, r->data[owner->index])) {
        add_misfit(r, (struct misfit){t->name, t, param, NULL});
    }
    r->source[owner->index] = param;
}

static void find_missing(struct reading *r)
{
    const struct ug_params *params = r->program->params;

    for (int i = 0; i < params->n; i++) {
        const struct ug_param *p = params->items[i];
        if (p->owner == p && p->kind == UG_TRAINED && !r->source[i])
            add_misfit(r, (struct misfit){p->name, NULL, p, NULL});
    }
}

/* ---- Saying what does not fit ---- */

/* The nearest name among those of the other side that have no counterpart either. */
static const char *nearest(const struct reading *r, const struct misfit *m)
{
    const char **names = ug_xcalloc((size_t)r->n_misfits, sizeof *names);
    size_t n = 0;

    for (int i = 0; i < r->n_misfits; i++)
        if (m->stored ? !r->misfits[i].stored : !r->misfits[i].param)
            names[n++] = r->misfits[i].name;
    const char *found = ug_nearest(m->name, names, n);
    free(names);
    return found;
}

static void note_misfit(const struct reading *r, const struct misfit *m, int width,
                        struct ug_diag *diag)
{
    char in_file[UG_SHAPE_TEXT] = "-", in_graph[UG_SHAPE_TEXT] = "-";
    const char *remark = "", *name = "";

    if (m->stored)
        ug_shape_text(&m->stored->shape, in_file);
    if (m->param)
        ug_shape_text(&m->param->type.shape, in_graph);
    if (m->conflict) {
        remark = "other values than ";
        name = m->conflict->name;
    } else if (m->stored && m->param && ug_shape_equal(&m->stored->shape, &m->param->type.shape)) {
        remark = "cannot be read from ";
        name = m->stored->dtype;
    } else if (!m->stored || !m->param) {
        name = nearest(r, m);
        remark = name ? "near: " : "";
    }
    ug_note(diag, UG_NOWHERE, name ? "%-*s  %-14s  %-14s  %s%s" : "%-*s  %-14s  %s", width, m->name,
            in_file, in_graph, remark, name);
}

static void report(const struct reading *r, const char *path, struct ug_pos pos,
                   struct ug_diags *diags)
{
    int missing = 0, unknown = 0, width = 4;

    for (int i = 0; i < r->n_misfits; i++) {
        const int length = (int)strlen(r->misfits[i].name);
        missing += !r->misfits[i].stored;
        unknown += !r->misfits[i].param;
        if (i < MOST_ROWS && length > width)
            width = length < WIDEST_NAME ? length : WIDEST_NAME;
    }
    struct ug_diag *diag =
        ug_error(diags, pos, "'%s' does not fit the graph: %d missing, %d unknown, %d that differ",
                 path, missing, unknown, r->n_misfits - missing - unknown);
    ug_note(diag, UG_NOWHERE, "%-*s  %-14s  %s", width, "name", "in the file", "in the graph");
    for (int i = 0; i < r->n_misfits && i < MOST_ROWS; i++)
        note_misfit(r, &r->misfits[i], width, diag);
    if (r->n_misfits > MOST_ROWS)
        ug_note(diag, UG_NOWHERE, "… and %d more", r->n_misfits - MOST_ROWS);
    if (missing && unknown)
        ug_note(diag, UG_NOWHERE, "'unitgraph convert' writes a file with other names");
}

bool ug_weights_take(const struct ug_safetensors *file, const char *path, struct ug_pos pos,
                     const struct ug_program *p, void *const *data, struct ug_diags *diags)
{
    const int n = ug_safetensors_count(file);
    struct reading r = {.file = file, .program = p, .data = data};

    r.source = ug_xcalloc((size_t)p->params->n, sizeof(*r.source));
    r.misfits = ug_xcalloc((size_t)(n + p->params->n), sizeof *r.misfits);
    for (int i = 0; i < n; i++)
        take_tensor(&r, ug_safetensors_item(file, i));
    find_missing(&r);
    if (r.n_misfits)
        report(&r, path, pos, diags);
    free(r.source);
    free(r.misfits);
    return r.n_misfits == 0;
}

bool ug_weights_read(const char *path, struct ug_pos pos, const struct ug_program *p,
                     void *const *data, struct ug_diags *diags)
{
    struct ug_safetensors *file = ug_safetensors_open(path, pos, diags);

    if (!file)
        return false;
    const bool whole = ug_weights_take(file, path, pos, p, data, diags);
    ug_safetensors_close(file);
    return whole;
}

/* ---- Writing ---- */

/* "x1 float32 1x3x64x64", a line each. */
static const char *describe_inputs(const struct ug_program *p, struct ug_arena *a)
{
    const char *text = "";
    char shape[UG_SHAPE_TEXT];

    for (int i = 0; i < p->n_inputs; i++) {
        const struct ug_input *in = &p->inputs[i];
        text = ug_arena_format(a, "%s%s %s %s\n", text, in->name, ug_dtype_name(in->type.dtype),
                               ug_shape_text(&in->type.shape, shape));
    }
    return text;
}

/* Reads "1x3x64x64"; "scalar" has no extents. */
static struct ug_shape parse_shape(const char *text)
{
    struct ug_shape s = {0};
    char *end;

    while (s.rank < UG_MAX_RANK && *text >= '0' && *text <= '9') {
        s.dim[s.rank++] = strtoll(text, &end, 10);
        text = *end == 'x' ? end + 1 : end;
    }
    return s;
}

struct ug_input *ug_weights_inputs(const struct ug_safetensors *file, struct ug_arena *a, int *n)
{
    const char *text = ug_safetensors_metadata(file, UG_INPUTS_KEY);
    struct ug_input *inputs = NULL;
    char name[96], dtype[16], shape[UG_SHAPE_TEXT];
    int capacity = 0, used;

    *n = 0;
    while (text && sscanf(text, "%95s %15s %159s%n", name, dtype, shape, &used) == 3) {
        struct ug_input in = {.name = ug_arena_copy(a, name, strlen(name))};
        in.type.dtype = strcmp(dtype, "int64") ? UG_F32 : UG_I64;
        in.type.shape = parse_shape(shape);
        if (ug_shape_valid(&in.type.shape))
            UG_PUSH(a, inputs, *n, capacity, in);
        text += used;
    }
    return inputs;
}

int ug_weights_count(const struct ug_program *p)
{
    int n_params, n = 0;
    struct ug_param **params = ug_program_list_params(p, &n_params);

    for (int i = 0; i < n_params; i++)
        n += params[i]->owner == params[i];
    return n;
}

bool ug_weights_write(const char *path, const struct ug_program *p, void *const *data,
                      const char *config, struct ug_diags *diags)
{
    struct ug_arena *a = ug_arena_new();
    const char *metadata[] = {UG_CONFIG_KEY, config, UG_INPUTS_KEY, describe_inputs(p, a),
                              "format",      "pt",   NULL};
    int n_params, n = 0;
    struct ug_param **params = ug_program_list_params(p, &n_params);
    struct ug_named_tensor *tensors = ug_arena_array(a, (size_t)n_params, sizeof *tensors);

    for (int i = 0; i < n_params; i++) {
        const struct ug_param *param = params[i];
        if (param->owner == param)
            tensors[n++] = (struct ug_named_tensor){
                param->name,
                {param->type.dtype, param->type.shape, data[param->index]},
            };
    }
    const bool written = ug_safetensors_write(path, tensors, n, metadata, diags);
    ug_arena_free(a);
    return written;
}
