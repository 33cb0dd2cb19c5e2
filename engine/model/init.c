/* init.c -- `init`: which initialiser each parameter gets (language.md 3, Initial values).
 *
 * The section becomes a list of rules, and every parameter takes the one that fits it most closely:
 * a deeper scope before a shallower, any scope before none, and within a scope a layer's name
 * before the plain form.
 */
#include <string.h>

#include "engine/data/safetensors.h"
#include "engine/graph/op.h"
#include "engine/model/parts.h"
#include "engine/model/resolve.h"
#include "engine/model/unfold.h"

struct rule {
    const char *scope; /* NULL: everywhere */
    int depth;         /* of the scope; 0: everywhere */
    const char *layer; /* NULL: the plain form */
    const char *role;  /* "weight" or "bias" */
    struct ug_init init;
};

struct rules {
    struct ug_parts_of of;
    struct rule *items;
    int n, capacity;
    bool files;
};

/* ---- Which parameters a rule is for ---- */

/* What the plain form of a scope means. */
static bool is_plain_layer(const char *layer)
{
    const struct ug_op *op = ug_op_find(layer);

    return op && op->plain_init;
}

/* Is the scope that of the layer itself, or the parameter?  Then the plain form means it, whatever
 * the layer. */
static bool is_own_scope(const char *scope, const struct ug_param *p)
{
    const size_t n = strlen(scope);

    return !strcmp(scope, p->name) ||
           (!strncmp(scope, p->name, n) && p->name[n] == '.' && !strcmp(p->name + n + 1, p->role));
}

/* A parameter whose layer has only the one is its weight. */
static bool has_role(const struct ug_param *p, const char *role)
{
    return !strcmp(p->role, role) || (!*p->role && !strcmp(role, "weight"));
}

static bool fits(const struct rule *r, const struct ug_param *p)
{
    if (r->scope && !ug_param_is_in(p, r->scope))
        return false;
    if (r->init.kind == UG_INIT_FILE)
        return true;
    if (p->kind != UG_TRAINED)
        return false;
    if (r->layer)
        return !strcmp(r->layer, p->layer) && has_role(p, r->role);
    if (!strcmp(r->scope, p->name))
        return true;
    return (is_own_scope(r->scope, p) || is_plain_layer(p->layer)) && has_role(p, r->role);
}

static bool is_closer(const struct rule *r, const struct rule *than)
{
    return !than || r->depth > than->depth || (r->depth == than->depth && r->layer && !than->layer);
}

/* ---- Files ---- */

static const char *below_scope(const char *scope, const struct ug_param *p)
{
    const struct ug_part part = {.path = scope};

    return ug_part_below(&part, p);
}

/* A tied parameter may stand in the file under this name, or only under its owner's. */
static bool check_parameter(const struct rules *rs, const struct rule *r, const struct ug_param *p,
                            const struct ug_safetensors *file)
{
    const struct ug_stored *t = ug_safetensors_find(file, below_scope(r->scope, p));
    char is[UG_SHAPE_TEXT], wanted[UG_SHAPE_TEXT];

    if (!t && p->owner == p)
        ug_error(rs->of.diags, r->init.pos, "'%s' has no tensor '%s' for the parameter '%s'",
                 r->init.path, below_scope(r->scope, p), p->name);
    else if (t && !ug_shape_equal(&t->shape, &p->type.shape))
        ug_error(rs->of.diags, r->init.pos, "'%s' holds '%s' as %s, but '%s' is %s", r->init.path,
                 t->name, ug_shape_text(&t->shape, is), p->name,
                 ug_shape_text(&p->type.shape, wanted));
    return t;
}

/* PyTorch's count of batches has no meaning here. */
static bool is_count(const char *name)
{
    const char *last = strrchr(name, '.');

    return !strcmp(last ? last + 1 : name, "num_batches_tracked");
}

/* Each parameter of the scope from the tensor of its name, and no tensor left over. */
static void check_file(const struct rules *rs, const struct rule *r)
{
    struct ug_safetensors *file = ug_safetensors_open(r->init.path, r->init.pos, rs->of.diags);
    struct ug_part part;

    if (!file)
        return;
    ug_part_find(&rs->of, r->scope, &part);
    for (int i = 0; i < part.n; i++)
        check_parameter(rs, r, part.params[i], file);
    for (int i = 0; i < ug_safetensors_count(file); i++) {
        const char *name = ug_safetensors_item(file, i)->name;
        bool known = is_count(name);

        for (int k = 0; k < part.n && !known; k++)
            known = !strcmp(below_scope(r->scope, part.params[k]), name);
        if (!known)
            ug_error(rs->of.diags, r->init.pos, "'%s' holds '%s', and '%s' has no such parameter",
                     r->init.path, name, r->scope);
    }
    ug_safetensors_close(file);
}

/* ---- Reading the section ---- */

static bool evaluate(void *context, const struct ug_expr *x, struct ug_quantity *out)
{
    struct rules *rs = context;
    struct ug_known known = {.vars = rs->of.program->vars};

    return ug_evaluate_known(&known, rs->of.program->arena, rs->of.diags, x, out);
}

static void add_rule(struct rules *rs, struct rule r, struct ug_yaml *value)
{
    struct ug_arena *arena = rs->of.program->arena;
    const struct ug_evaluator by = {evaluate, NULL, rs};
    const struct ug_expr *x = ug_expr_parse(arena, rs->of.diags, value);

    if (!x || !ug_parse_init(arena, rs->of.diags, rs->of.program->vars, by, x, &r.init))
        return;
    if (r.init.kind == UG_INIT_FILE && (!r.scope || r.layer)) {
        ug_error(rs->of.diags, value->pos,
                 "'file' stands under a scope: it has all its parameters");
        return;
    }
    r.init.scope = r.scope;
    UG_PUSH(arena, rs->items, rs->n, rs->capacity, r);
    if (r.init.kind == UG_INIT_FILE && rs->files)
        check_file(rs, &r);
}

static bool is_layer(const char *name)
{
    const struct ug_op *op = ug_op_find(name);

    return op && op->has_parameters && !op->internal;
}

static void report_key(struct rules *rs, const struct ug_yaml *key, const char *what)
{
    enum { MOST = 64 };
    const char *names[MOST];
    size_t n = 0;

    names[n++] = "weight";
    names[n++] = "bias";
    for (const struct ug_op *op = ug_op_next(NULL); op && n < MOST; op = ug_op_next(op))
        if (is_layer(op->name))
            names[n++] = op->name;
    ug_suggest(ug_error(rs->of.diags, key->pos, "'%s' is no %s", key->text, what), key->text,
               "keys", names, n);
}

/* `{weight: …, bias: …}`; below a scope layers' names too. */
static void read_map(struct rules *rs, struct rule r, const struct ug_yaml *map)
{
    for (int i = 0; i < map->n; i++) {
        const struct ug_yaml *key = map->keys[i];
        struct ug_yaml *value = map->items[i];
        const bool is_role = !strcmp(key->text, "weight") || !strcmp(key->text, "bias");
        struct rule inner = r;

        if (is_role)
            inner.role = key->text;
        else if (!r.layer && is_layer(key->text))
            inner.layer = key->text;
        else {
            report_key(rs, key, r.layer ? "weight or bias" : "layer, weight or bias");
            continue;
        }
        if (value->kind == UG_YAML_MAP && !is_role)
            read_map(rs, inner, value);
        else
            add_rule(rs, inner, value);
    }
}

static int path_depth(const char *path)
{
    int depth = 1;

    for (; *path; path++)
        depth += *path == '.';
    return depth;
}

static void read_entry(struct rules *rs, const struct ug_yaml *key, struct ug_yaml *value)
{
    struct rule r = {.role = "weight"};
    struct ug_part part;

    if (is_layer(key->text)) {
        r.layer = key->text;
    } else if (ug_part_find(&rs->of, key->text, &part)) {
        r.scope = key->text;
        r.depth = path_depth(key->text);
    } else {
        const struct ug_op *op = ug_op_find(key->text);

        if (op && !op->internal)
            ug_error(rs->of.diags, key->pos, "the op '%s' has no parameters", key->text);
        else
            ug_part_unknown(&rs->of, key->pos, key->text);
        return;
    }
    if (value->kind == UG_YAML_MAP)
        read_map(rs, r, value);
    else
        add_rule(rs, r, value);
}

void ug_resolve_init(struct ug_program *p, bool files, struct ug_diags *diags)
{
    const struct ug_yaml *section = ug_yaml_get(p->tree, "init");
    struct rules rs = {.of = ug_parts_open(p, diags), .files = files};

    if (!section || ug_yaml_is_null(section))
        return;
    if (section->kind != UG_YAML_MAP) {
        ug_error(diags, section->pos, "'init' is a map from layers and scopes to initialisers");
        return;
    }
    for (int i = 0; i < section->n; i++)
        read_entry(&rs, section->keys[i], section->items[i]);
    for (int i = 0; i < p->params->n; i++) {
        const struct rule *closest = NULL;

        for (int k = 0; k < rs.n; k++)
            if (fits(&rs.items[k], p->params->items[i]) && is_closer(&rs.items[k], closest))
                closest = &rs.items[k];
        if (closest)
            p->params->items[i]->init = closest->init;
    }
}
