/* sections.c -- `inputs`: values given from outside. */
#include "engine/model/sections.h"

#include <string.h>

/* `[1, 3, 64, 64]` or `{shape: [8], dtype: int64}`. */
static bool read_type(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                      struct ug_yaml *value, struct ug_type *out)
{
    static const char *const words[] = {"float32", "int64", NULL};
    struct ug_eval e = {.arena = arena, .diags = diags, .scope = &ug_vars_scope, .context = vars};
    struct ug_yaml *shape = value->kind == UG_YAML_MAP ? ug_yaml_get(value, "shape") : value;
    struct ug_yaml *dtype = ug_yaml_get(value, "dtype");
    struct ug_quantity q;
    int word = 0;

    *out = (struct ug_type){.dtype = UG_F32};
    if (dtype) {
        if (!ug_evaluate_yaml(&e, dtype, &q))
            return false;
        word = ug_want_word(diags, dtype->pos, "'dtype'", &q, words);
    }
    if (!shape || word < 0 || !ug_evaluate_yaml(&e, shape, &q))
        return false;
    out->dtype = word ? UG_I64 : UG_F32;
    if (q.kind != UG_Q_LIST || q.n > UG_MAX_RANK) {
        ug_error(diags, shape->pos, "a shape is a list of at most %d extents", UG_MAX_RANK);
        return false;
    }
    out->shape.rank = q.n;
    for (int i = 0; i < q.n; i++)
        if (!ug_want_int(diags, shape->pos, "an extent", &q.items[i], 0, UG_MAX_ELEMENTS,
                         &out->shape.dim[i]))
            return false;
    return true;
}

void ug_read_sections(struct ug_program *p, struct ug_vars *vars, struct ug_diags *diags)
{
    const struct ug_yaml *map = ug_yaml_get(p->tree, "inputs");

    if (!map || map->kind != UG_YAML_MAP)
        return;
    p->inputs = ug_arena_array(p->arena, (size_t)map->n, sizeof *p->inputs);
    for (int i = 0; i < map->n; i++) {
        struct ug_input *input = &p->inputs[p->n_inputs++];

        *input = (struct ug_input){.name = map->keys[i]->text, .pos = map->keys[i]->pos};
        if (!read_type(vars, p->arena, diags, map->items[i], &input->type))
            input->type.shape.rank = -1;
    }
}
