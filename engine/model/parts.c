/* parts.c -- finding the parameters of a network, of a scope, or of a list of scopes. */
#include "engine/model/parts.h"

#include <string.h>

#include "engine/model/unfold.h"

struct ug_parts_of ug_parts_open(struct ug_program *p, struct ug_diags *diags)
{
    struct ug_parts_of of = {.program = p, .diags = diags};

    of.params = ug_program_list_params(p, &of.n_params);
    return of;
}

const char *ug_part_below(const struct ug_part *part, const struct ug_param *param)
{
    const char *rest = param->name + strlen(part->path);

    return *rest == '.' ? rest + 1 : rest;
}

bool ug_part_find(const struct ug_parts_of *p, const char *path, struct ug_part *out)
{
    int capacity = 0;

    *out = (struct ug_part){.path = path};
    for (int i = 0; i < p->n_params; i++)
        if (ug_param_is_in(p->params[i], path))
            UG_PUSH(p->program->arena, out->params, out->n, capacity, p->params[i]);
    return out->n > 0;
}

/* ---- Names that stand for nothing ---- */

/* The scopes and parameters straight below a path, or the networks and values at the top. */
static const char **children(const struct ug_parts_of *p, const char *path, int *n)
{
    struct ug_arena *arena = p->program->arena;
    const size_t skip = *path ? strlen(path) + 1 : 0;
    const char **names = NULL;
    int capacity = 0;

    *n = 0;
    for (int i = 0; i < p->n_params; i++) {
        const char *name = p->params[i]->name;
        bool known = false;

        if (*path && (!ug_param_is_in(p->params[i], path) || !name[skip - 1]))
            continue;
        const char *child = ug_arena_copy(arena, name, skip + strcspn(name + skip, "."));
        for (int k = 0; k < *n; k++)
            known |= !strcmp(names[k], child);
        if (!known)
            UG_PUSH(arena, names, *n, capacity, child);
    }
    return names;
}

/* Does the file declare a network or a value of that name, perhaps in vain? */
static bool is_declared(const struct ug_program *p, const char *name)
{
    const struct ug_yaml *networks = ug_yaml_get(p->tree, "networks");
    const struct ug_yaml *graph = ug_yaml_get(p->tree, "graph");
    const size_t length = strlen(name);

    if (ug_yaml_get(networks, name))
        return true;
    for (int i = 0; graph && graph->kind == UG_YAML_MAP && i < graph->n; i++) {
        const char *key = graph->keys[i]->text; /* of several targets the first is the scope */

        if (!strncmp(key, name, length) && (!key[length] || strchr(", ", key[length])))
            return true;
    }
    return false;
}

bool ug_part_unknown(const struct ug_parts_of *p, struct ug_pos pos, const char *path)
{
    const struct ug_language *l = p->program->language;
    const char *network = ug_arena_copy(p->program->arena, path, strcspn(path, "."));
    const int index = ug_declared_network(&l->declared, network);
    char *above = ug_arena_copy(p->program->arena, path, strlen(path));
    struct ug_part part;
    int n;

    if (index >= 0 && !l->networks[index].complete)
        return false;
    if (index >= 0 && !strcmp(network, path))
        return false; /* a network without parameters */
    if (index < 0 && ug_diags_errors(p->diags) && is_declared(p->program, network))
        return false; /* perhaps it could not be made */
    do {
        char *dot = strrchr(above, '.');
        *(dot ? dot : above) = '\0';
    } while (*above && !ug_part_find(p, above, &part));
    const char **names = children(p, above, &n);
    ug_suggest(ug_error(p->diags, pos, "'%s' is no scope that holds parameters", path), path,
               "scopes", names, (size_t)n);
    return true;
}

/* ---- Reading ---- */

struct reading {
    const struct ug_parts_of *p;
    const struct ug_yaml *scalar;
    const char *at, *end;
    struct ug_parts *out;
};

static struct ug_pos pos_of(const struct reading *r, const char *at)
{
    return ug_yaml_at(r->scalar, (size_t)(at - r->scalar->text));
}

static void skip_blanks(struct reading *r)
{
    while (r->at < r->end && strchr(" \t\n", *r->at))
        r->at++;
}

static bool expect(struct reading *r, char c)
{
    skip_blanks(r);
    if (r->at < r->end && *r->at == c) {
        r->at++;
        return true;
    }
    ug_error(r->p->diags, pos_of(r, r->at),
             "expected '%c': a part is like E1.res, E1.res[0:2], first(E1.res, 2) or [E1, G1]", c);
    return false;
}

static const char *read_path(struct reading *r)
{
    const char *start;

    skip_blanks(r);
    start = r->at;
    while (r->at < r->end && !strchr(" \t\n,()[]=", *r->at))
        r->at++;
    if (r->at == start) {
        ug_error(r->p->diags, pos_of(r, start), "expected a network, a scope or a parameter");
        return NULL;
    }
    return ug_arena_copy(r->p->program->arena, start, (size_t)(r->at - start));
}

/* A whole number that `vars` give, from here up to one of `stops`; *given is false if nothing
 * stands here. */
static bool read_number(struct reading *r, const char *stops, bool *given, int64_t *out)
{
    struct ug_known known = {.vars = r->p->program->vars};
    struct ug_arena *arena = r->p->program->arena;
    const char *start;
    int depth = 0;

    skip_blanks(r);
    start = r->at;
    while (r->at < r->end && (depth || !strchr(stops, *r->at))) {
        depth += strchr("([", *r->at) != NULL;
        depth -= depth && strchr(")]", *r->at);
        r->at++;
    }
    *given = r->at > start;
    if (!*given)
        return true;
    struct ug_yaml *part = ug_yaml_part(arena, r->scalar, (size_t)(start - r->scalar->text),
                                        (size_t)(r->at - r->scalar->text));
    const struct ug_expr *x = ug_expr_parse(arena, r->p->diags, part);
    struct ug_quantity q;
    return x && ug_evaluate_known(&known, arena, r->p->diags, x, &q) &&
           ug_want_int(r->p->diags, part->pos, "a number of scopes", &q, INT64_MIN, INT64_MAX, out);
}

/* The direct child scopes of `path` that hold parameters: a child that is itself a parameter is
 * none. */
static struct ug_parts child_scopes(struct reading *r, const char *path)
{
    struct ug_parts list = {0};
    int n;
    const char **names = children(r->p, path, &n);

    for (int i = 0; i < n; i++) {
        struct ug_part part;

        if (ug_part_find(r->p, names[i], &part) && *ug_part_below(&part, part.params[0]))
            UG_PUSH(r->p->program->arena, list.items, list.n, list.capacity, part);
    }
    return list;
}

static void add_part(struct reading *r, struct ug_part part)
{
    UG_PUSH(r->p->program->arena, r->out->items, r->out->n, r->out->capacity, part);
}

/* Members [from, to) of the list of a path's children. */
static bool add_members(struct reading *r, struct ug_pos pos, const char *path, int64_t from,
                        int64_t to, const struct ug_parts *list)
{
    if (from < 0 || to > list->n || from > to) {
        ug_error(r->p->diags, pos, "'%s' has %d scopes with parameters, not %lld", path, list->n,
                 (long long)(to > list->n ? to : from));
        return false;
    }
    for (int64_t i = from; i < to; i++)
        add_part(r, list->items[i]);
    return true;
}

/* False if `path` stands for nothing; *partial if that is because it has not been called. */
static bool check_path(struct reading *r, struct ug_pos pos, const char *path, bool *partial)
{
    struct ug_part part;

    *partial = false;
    if (ug_part_find(r->p, path, &part))
        return true;
    *partial = !ug_part_unknown(r->p, pos, path);
    r->out->partial |= *partial;
    return *partial;
}

/* `first(path, n)`, `last(path, n)`: the name has been read. */
static bool read_end(struct reading *r, bool last)
{
    bool given, partial;
    int64_t n = 0;
    const char *path;

    if (!expect(r, '('))
        return false;
    const struct ug_pos pos = pos_of(r, r->at);
    if (!(path = read_path(r)) || !expect(r, ',') || !read_number(r, ")", &given, &n) ||
        !expect(r, ')'))
        return false;
    if (!given || n < 0) {
        ug_error(r->p->diags, pos, "'%s' takes a scope and how many: 0 or more",
                 last ? "last" : "first");
        return false;
    }
    if (!check_path(r, pos, path, &partial) || partial)
        return partial;
    const struct ug_parts list = child_scopes(r, path);
    if (n > list.n) {
        ug_error(r->p->diags, pos, "'%s' has %d scopes with parameters, fewer than %lld", path,
                 list.n, (long long)n);
        return false;
    }
    return add_members(r, pos, path, last ? list.n - n : 0, last ? list.n : n, &list);
}

/* `[i]` or `[i:j]` after a path; negative ones count from the end, and what is beyond the list is
 * an error. */
static bool read_index(struct reading *r, const char *path)
{
    const struct ug_pos pos = pos_of(r, r->at);
    bool has_from, has_to = false, range = false, partial;
    int64_t from = 0, to = 0;

    if (!expect(r, '[') || !read_number(r, ":]", &has_from, &from))
        return false;
    if (r->at < r->end && *r->at == ':') {
        range = true;
        r->at++;
        if (!read_number(r, "]", &has_to, &to))
            return false;
    }
    if (!expect(r, ']') || !check_path(r, pos, path, &partial) || partial)
        return false;
    const struct ug_parts list = child_scopes(r, path);
    if (!has_from && !range) {
        ug_error(r->p->diags, pos, "an index is missing");
        return false;
    }
    from += from < 0 ? list.n : 0;
    to = !range ? from + 1 : !has_to ? list.n : to < 0 ? to + list.n : to;
    return add_members(r, pos, path, from, to < from ? from : to, &list);
}

static bool read_part(struct reading *r);

static bool read_list(struct reading *r)
{
    if (!expect(r, '['))
        return false;
    do {
        if (!read_part(r))
            return false;
        skip_blanks(r);
    } while (r->at < r->end && *r->at == ',' && r->at++);
    return expect(r, ']');
}

static bool read_part(struct reading *r)
{
    struct ug_part part;
    const char *path;
    const char *start;
    bool partial;

    skip_blanks(r);
    start = r->at;
    if (start < r->end && *start == '[')
        return read_list(r);
    if (!(path = read_path(r)))
        return false;
    if (r->at < r->end && *r->at == '(' && (!strcmp(path, "first") || !strcmp(path, "last")))
        return read_end(r, *path == 'l');
    if (r->at < r->end && *r->at == '[')
        return read_index(r, path);
    if (!check_path(r, pos_of(r, start), path, &partial) || partial)
        return partial;
    ug_part_find(r->p, path, &part);
    add_part(r, part);
    return true;
}

bool ug_parts_read(const struct ug_parts_of *p, const struct ug_yaml *scalar, size_t from,
                   size_t to, struct ug_parts *out)
{
    struct reading r = {p, scalar, scalar->text + from, scalar->text + to, out};

    if (!read_part(&r))
        return false;
    skip_blanks(&r);
    if (r.at == r.end)
        return true;
    ug_error(p->diags, pos_of(&r, r.at),
             "a part ends before this: it is like E1.res, "
             "E1.res[0:2], first(E1.res, 2) or [E1, G1]");
    return false;
}

bool ug_parts_read_yaml(const struct ug_parts_of *p, const struct ug_yaml *value,
                        struct ug_parts *out)
{
    bool fine = true;

    if (value->kind == UG_YAML_SCALAR)
        return ug_parts_read(p, value, 0, value->length, out);
    if (value->kind == UG_YAML_MAP) {
        ug_error(p->diags, value->pos, "expected a list of networks and scopes");
        return false;
    }
    for (int i = 0; i < value->n; i++)
        fine &= ug_parts_read_yaml(p, value->items[i], out);
    return fine;
}
