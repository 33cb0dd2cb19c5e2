/* tensors.c -- samples along the first axis of a stored tensor, taken as they are. */
#include "engine/data/entry.h"
#include "engine/data/safetensors.h"

struct tensors {
    struct ug_safetensors *file;
    const struct ug_stored *tensor;
};

static bool no_such_key(struct ug_entry *e, const struct ug_safetensors *file,
                        struct ug_diags *diags)
{
    const int n = ug_safetensors_count(file);
    const char **names = ug_arena_array(e->arena, (size_t)n, sizeof *names);

    for (int i = 0; i < n; i++)
        names[i] = ug_safetensors_item(file, i)->name;
    ug_suggest(
        ug_error(diags, e->spec->path_pos, "'%s' has no tensor '%s'", e->spec->path, e->spec->key),
        e->spec->key, "tensors", names, (size_t)n);
    return false;
}

static bool check_tensor(const struct ug_entry *e, const struct ug_stored *t, bool whole,
                         struct ug_diags *diags)
{
    const char *wrong = NULL;
    float ignored;

    if (t->shape.rank == 0)
        wrong = "it is a scalar: there is no axis of samples";
    else if (ug_shape_count(&t->shape) == 0)
        wrong = "it is empty";
    else if (!whole && !ug_stored_read(t, UG_F32, 0, 1, &ignored))
        wrong = "its type can be read neither as float32 nor as int64";
    if (wrong)
        ug_error(diags, e->spec->path_pos, "cannot take samples from '%s' in '%s': %s", t->name,
                 e->spec->path, wrong);
    return !wrong;
}

static bool open_tensors(struct ug_entry *e, struct ug_diags *diags)
{
    struct tensors *s = ug_arena_alloc(e->arena, sizeof *s);
    const struct ug_data_entry *spec = e->spec;
    int64_t ignored;

    e->store = s;
    s->file = ug_safetensors_open(spec->path, spec->path_pos, diags);
    if (!s->file)
        return false;
    s->tensor = ug_safetensors_find(s->file, spec->key);
    if (!s->tensor)
        return no_such_key(e, s->file, diags);
    const struct ug_shape *shape = &s->tensor->shape;
    const bool whole =
        ug_shape_count(shape) > 0 && ug_stored_read(s->tensor, UG_I64, 0, 1, &ignored);
    if (!check_tensor(e, s->tensor, whole, diags))
        return false;
    e->items = spec->limit && spec->limit < shape->dim[0] ? spec->limit : shape->dim[0];
    e->type =
        (struct ug_type){whole ? UG_I64 : UG_F32, ug_shape_of(shape->rank - 1, shape->dim + 1)};
    return true;
}

static void close_tensors(struct ug_entry *e)
{
    if (e->store)
        ug_safetensors_close(((struct tensors *)e->store)->file);
}

static void read_values(const struct ug_entry *e, int64_t item, void *out)
{
    const struct tensors *s = e->store;
    const int64_t n = ug_shape_count(&e->type.shape);

    ug_stored_read(s->tensor, e->type.dtype, item * n, n, out);
}

const struct ug_source_kind ug_tensors_source = {
    .open = open_tensors, .close = close_tensors, .values = read_values};
