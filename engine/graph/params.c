/* params.c -- parameters in order of first appearance, with a hash table from name to parameter. */
#include "engine/graph/params.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/random.h"

/* Open addressing; `size` is a power of two and at most half full. */
struct table {
    struct ug_param **slots;
    size_t size;
};

struct ug_params *ug_params_new(void)
{
    struct ug_params *p = ug_xcalloc(1, sizeof *p);

    p->arena = ug_arena_new();
    p->table = ug_arena_alloc(p->arena, sizeof(struct table));
    return p;
}

void ug_params_free(struct ug_params *p)
{
    if (!p)
        return;
    ug_arena_free(p->arena);
    free(p);
}

/* The slot that holds `name`, or the empty one where it belongs. */
static struct ug_param **find_slot(const struct table *t, const char *name)
{
    size_t i = (size_t)ug_random_stream(name) & (t->size - 1);

    while (t->slots[i] && strcmp(t->slots[i]->name, name) != 0)
        i = (i + 1) & (t->size - 1);
    return &t->slots[i];
}

struct ug_param *ug_params_find(const struct ug_params *p, const char *name)
{
    const struct table *t = p->table;

    return t->size ? *find_slot(t, name) : NULL;
}

static void insert(struct ug_params *p, struct ug_param *param)
{
    struct table *t = p->table;

    if (2 * (size_t)(p->n + 1) > t->size) {
        t->size = t->size ? 2 * t->size : 64;
        t->slots = ug_arena_array(p->arena, t->size, sizeof *t->slots);
        for (int i = 0; i < p->n; i++)
            *find_slot(t, p->items[i]->name) = p->items[i];
    }
    *find_slot(t, param->name) = param;
    param->index = p->n;
    UG_PUSH(p->arena, p->items, p->n, p->capacity, param);
}

/* The old parameter serves the new request, or an error says why it cannot. */
static struct ug_param *check_same(struct ug_param *old, struct ug_diags *diags, const char *layer,
                                   enum ug_param_kind kind, struct ug_type type, struct ug_pos pos,
                                   const void *site)
{
    char was[UG_SHAPE_TEXT], is[UG_SHAPE_TEXT];
    struct ug_diag *diag;

    if (old->site != site) {
        diag = ug_error(diags, pos, "two layers would have a parameter named '%s'", old->name);
        ug_note(diag, old->pos, "the other is made by '%s' here", old->layer);
        return NULL;
    }
    if (old->kind == kind && old->type.dtype == type.dtype &&
        ug_shape_equal(&old->type.shape, &type.shape))
        return old;
    diag = ug_error(diags, pos, "'%s' needs the parameter '%s' as %s %s, but it was made as %s %s",
                    layer, old->name, ug_dtype_name(type.dtype), ug_shape_text(&type.shape, is),
                    ug_dtype_name(old->type.dtype), ug_shape_text(&old->type.shape, was));
    ug_note(diag, old->pos,
            "made by '%s' here; a network has one set of parameters for all its calls", old->layer);
    return NULL;
}

static char *copy_text(struct ug_params *p, const char *text)
{
    return ug_arena_copy(p->arena, text, strlen(text));
}

struct ug_param *ug_params_get(struct ug_params *p, struct ug_diags *diags, const char *name,
                               const char *role, const char *layer, enum ug_param_kind kind,
                               struct ug_type type, struct ug_init init, struct ug_pos pos,
                               const void *site)
{
    struct ug_param *param = ug_params_find(p, name);

    if (param)
        return check_same(param, diags, layer, kind, type, pos, site);
    param = ug_arena_alloc(p->arena, sizeof *param);
    *param = (struct ug_param){
        .name = copy_text(p, name),
        .role = copy_text(p, role),
        .layer = copy_text(p, layer),
        .kind = kind,
        .type = type,
        .init = init,
        .owner = param,
        .pos = pos,
        .site = site,
    };
    insert(p, param);
    return param;
}

int64_t ug_param_count(const struct ug_param *p)
{
    return ug_shape_count(&p->type.shape);
}

bool ug_param_is_in(const struct ug_param *p, const char *scope)
{
    const size_t n = strlen(scope);

    return !strncmp(p->name, scope, n) && (p->name[n] == '.' || !p->name[n]);
}

size_t ug_param_top(const char *name)
{
    return strcspn(name, ".");
}

int ug_params_top_end(struct ug_param *const *params, int from, int n)
{
    const char *name = params[from]->name;
    const size_t length = ug_param_top(name);
    int i = from;

    while (i < n && ug_param_top(params[i]->name) == length &&
           !strncmp(params[i]->name, name, length))
        i++;
    return i;
}
