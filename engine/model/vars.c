/* vars.c -- the tree of variables: each is evaluated once, when it is first asked for. */
#include <stdio.h>
#include <string.h>

#include "engine/model/quantity.h"

enum { DEEPEST = 40 }; /* variables that wait for one another */

enum state { NEW, BUSY, DONE, BROKEN };

struct ug_var {
    struct ug_vars *vars;
    const char *path; /* "lambda.gan" */
    struct ug_yaml *yaml;
    enum state state;
    struct ug_quantity value;
    struct ug_var *members; /* of a branch */
    const char **names;
    int n;
};

struct ug_vars {
    struct ug_arena *arena;
    struct ug_diags *diags;
    struct ug_var root;
    struct ug_var
        *busy[DEEPEST]; /* the variables being evaluated, each for the sake of the one before */
    int n_busy;
};

static void plant(struct ug_vars *v, struct ug_var *branch)
{
    const struct ug_yaml *map = branch->yaml;

    branch->members = ug_arena_array(v->arena, (size_t)map->n, sizeof *branch->members);
    branch->names = ug_arena_array(v->arena, (size_t)map->n, sizeof *branch->names);
    for (int i = 0; i < map->n; i++) {
        const char *name = map->keys[i]->text;
        if (!ug_is_name(name))
            ug_error(v->diags, map->keys[i]->pos,
                     "'%s' is not a name: letters, digits and '_', not starting with a digit",
                     name);
        struct ug_var *var = &branch->members[branch->n];
        branch->names[branch->n++] = name;
        *var = (struct ug_var){.vars = v, .yaml = map->items[i]};
        var->path = *branch->path ? ug_arena_format(v->arena, "%s.%s", branch->path, name) : name;
        if (var->yaml->kind == UG_YAML_MAP) {
            plant(v, var);
            var->value = (struct ug_quantity){.kind = UG_Q_MAP, .var = var};
            var->state = DONE;
        }
    }
}

/* ---- Evaluation ---- */

static void report_cycle(struct ug_vars *v, const struct ug_var *again)
{
    int first = v->n_busy - 1;
    const char *path = again->path;

    while (v->busy[first] != again)
        first--;
    for (int i = first + 1; i < v->n_busy; i++)
        path = ug_arena_format(v->arena, "%s -> %s", path, v->busy[i]->path);
    ug_error(v->diags, again->yaml->pos, "these variables need one another: %s -> %s", path,
             again->path);
}

static enum ug_found value_of(struct ug_var *var, struct ug_quantity *out)
{
    struct ug_vars *v = var->vars;

    if (var->state == BUSY) {
        report_cycle(v, var);
        return UG_BROKEN;
    }
    if (var->state == NEW && v->n_busy == DEEPEST) {
        ug_error(v->diags, var->yaml->pos, "more than %d variables wait for one another", DEEPEST);
        return UG_BROKEN;
    }
    if (var->state == NEW) {
        struct ug_eval e = {
            .arena = v->arena, .diags = v->diags, .scope = &ug_vars_scope, .context = v};
        var->state = BUSY;
        v->busy[v->n_busy++] = var;
        var->state = ug_evaluate_yaml(&e, var->yaml, &var->value) ? DONE : BROKEN;
        v->n_busy--;
    }
    *out = var->value;
    return var->state == DONE ? UG_FOUND : UG_BROKEN;
}

static void evaluate_all(struct ug_var *branch)
{
    struct ug_quantity value;

    for (int i = 0; i < branch->n; i++) {
        value_of(&branch->members[i], &value);
        evaluate_all(&branch->members[i]);
    }
}

struct ug_vars *ug_vars_new(struct ug_arena *arena, struct ug_diags *diags, struct ug_yaml *section)
{
    struct ug_vars *v = ug_arena_alloc(arena, sizeof *v);

    v->arena = arena;
    v->diags = diags;
    v->root = (struct ug_var){.vars = v, .path = "", .yaml = section};
    if (section && section->kind == UG_YAML_MAP) {
        plant(v, &v->root);
        evaluate_all(&v->root);
    } else if (section && !ug_yaml_is_null(section)) {
        ug_error(diags, section->pos, "'vars' must be a map of names and values");
    }
    return v;
}

/* ---- Looking up ---- */

enum ug_found ug_vars_member(struct ug_var *branch, const char *name, struct ug_quantity *out)
{
    for (int i = 0; i < branch->n; i++)
        if (!strcmp(branch->names[i], name))
            return value_of(&branch->members[i], out);
    return UG_UNKNOWN;
}

const char *const *ug_vars_member_names(const struct ug_var *branch, int *n)
{
    *n = branch->n;
    return branch->names;
}

enum ug_found ug_vars_lookup(struct ug_vars *vars, const char *name, struct ug_quantity *out)
{
    return ug_vars_member(&vars->root, name, out);
}

const char *const *ug_vars_names(const struct ug_vars *vars, int *n)
{
    return ug_vars_member_names(&vars->root, n);
}

static enum ug_found scope_lookup(void *context, const struct ug_expr *name,
                                  struct ug_quantity *out)
{
    return ug_vars_lookup(context, name->text, out);
}

static void scope_suggest(void *context, const char *name, struct ug_diag *diag)
{
    int n;
    const char *const *names = ug_vars_names(context, &n);

    ug_suggest(diag, name, "variables", names, (size_t)n);
}

const struct ug_scope ug_vars_scope = {.lookup = scope_lookup, .suggest = scope_suggest};

/* ---- Paths ---- */

/* The value of `a.b` as it stands in a path; NULL after an error. */
static const char *insertion(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                             const char *name, struct ug_pos pos)
{
    struct ug_var *branch = &vars->root;
    struct ug_quantity q = {.kind = UG_Q_MAP, .var = branch};
    enum ug_found found = UG_FOUND;
    char text[UG_QUANTITY_TEXT];

    for (const char *part = name; found == UG_FOUND && part;
         part = strchr(part, '.'), part += part != NULL) {
        if (q.kind != UG_Q_MAP) {
            found = UG_UNKNOWN;
            break;
        }
        branch = q.var;
        const size_t n = strcspn(part, ".");
        found = ug_vars_member(branch, ug_arena_copy(arena, part, n), &q);
    }
    if (found == UG_BROKEN)
        return NULL;
    if (found == UG_UNKNOWN) {
        ug_suggest(ug_error(diags, pos, "unknown variable '%s'", name), name, "variables",
                   branch->names, (size_t)branch->n);
        return NULL;
    }
    if (q.kind == UG_Q_TEXT)
        return q.text;
    if (ug_is_number(&q))
        return ug_arena_format(arena, "%s", ug_quantity_describe(&q, text));
    ug_error(diags, pos, "'%s' is %s and cannot stand in a path", name,
             ug_quantity_describe(&q, text));
    return NULL;
}

const char *ug_vars_insert(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                           const char *text, struct ug_pos pos)
{
    const char *out = "", *rest = text;

    for (const char *at; (at = strstr(rest, "${")); rest = strchr(at, '}') + 1) {
        const size_t n = strcspn(at + 2, "}");
        if (!at[2 + n]) {
            ug_error(diags, pos, "the '${' in this is never closed");
            return NULL;
        }
        const char *inserted = insertion(vars, arena, diags, ug_arena_copy(arena, at + 2, n), pos);
        if (!inserted)
            return NULL;
        out = ug_arena_format(arena, "%s%.*s%s", out, (int)(at - rest), rest, inserted);
    }
    return ug_arena_format(arena, "%s%s", out, rest);
}

const char *ug_vars_path_text(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                              const char *text, const char *folder, struct ug_pos pos)
{
    const char *path = ug_vars_insert(vars, arena, diags, text, pos);

    if (path && !*path) {
        ug_error(diags, pos, "a path is missing here");
        return NULL;
    }
    if (!path || *path == '/' || !*folder)
        return path;
    return ug_arena_format(arena, "%s%s%s", folder, strcmp(folder, "/") ? "/" : "", path);
}

const char *ug_vars_path(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                         const struct ug_yaml *value)
{
    if (value->broken)
        return NULL;
    if (value->kind != UG_YAML_SCALAR) {
        ug_error(diags, value->pos, "a path is needed here");
        return NULL;
    }
    return ug_vars_path_text(vars, arena, diags, ug_yaml_is_null(value) ? "" : value->text,
                             value->folder, value->pos);
}
