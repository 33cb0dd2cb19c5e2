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
    bool verbatim; /* it holds the text of a path, which is no expression */
    bool inserted; /* a path uses it */
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

static struct ug_var *find_member(const struct ug_var *branch, const char *name)
{
    for (int i = 0; i < branch->n; i++)
        if (!strcmp(branch->names[i], name))
            return &branch->members[i];
    return NULL;
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

/* ---- Paths in variables ---- */

/* Could this scalar be the path of a file?  `dim / 2` could not, `data/trainA` could. */
static bool looks_like_path(const struct ug_yaml *y)
{
    if (y->kind != UG_YAML_SCALAR || y->broken || !strpbrk(y->text, "/.-") ||
        strstr(y->text, " / ") || strstr(y->text, " - "))
        return false;
    return !strpbrk(y->text, "()[]{}*+<>=!%,:\"'\n");
}

static bool knows_a_name(struct ug_vars *v, const struct ug_expr *x)
{
    bool known = x->kind == UG_EXPR_NAME && find_member(&v->root, x->text);

    for (int i = 0; i < x->n_args; i++)
        known |= knows_a_name(v, x->args[i]);
    return known || x->kind == UG_EXPR_NUMBER;
}

/* `folder: data/trainA` is meant to be inserted in paths.  As an expression it would divide two
 * names; where none of them is known, the text is taken as it stands, and ug_vars_finish asks
 * whether a path made use of it. */
static bool take_verbatim(struct ug_var *var)
{
    struct ug_vars *v = var->vars;

    if (!looks_like_path(var->yaml))
        return false;
    struct ug_diags *unsaid = ug_diags_new();
    const struct ug_expr *x = ug_expr_parse(v->arena, unsaid, var->yaml);
    ug_diags_free(unsaid);
    var->verbatim =
        !x ? strchr(var->yaml->text, '/') != NULL : x->kind != UG_EXPR_NAME && !knows_a_name(v, x);
    if (!x)
        var->yaml->parsed = false; /* whoever parses it again hears why it is none */
    if (var->verbatim)
        var->value = ug_quantity_text(var->yaml->text);
    return var->verbatim;
}

/* Reports what is wrong with texts that no path uses: they were expressions after all. */
static void finish(struct ug_vars *v, struct ug_var *branch)
{
    struct ug_eval e = {
        .arena = v->arena, .diags = v->diags, .scope = &ug_vars_scope, .context = v};
    struct ug_quantity q;

    for (int i = 0; i < branch->n; i++) {
        struct ug_var *var = &branch->members[i];
        if (var->verbatim && !var->inserted)
            ug_evaluate_yaml(&e, var->yaml, &q);
        finish(v, var);
    }
}

void ug_vars_finish(struct ug_vars *vars)
{
    finish(vars, &vars->root);
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
    if (var->state == NEW && take_verbatim(var))
        var->state = DONE;
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

/* A text as an expression writes it. */
static const char *quoted(struct ug_arena *a, const char *text)
{
    char *out = ug_arena_alloc(a, 2 * strlen(text) + 3), *to = out;

    *to++ = '"';
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            *to++ = '\\';
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return out;
}

static void quote(struct ug_vars *v, struct ug_var *branch)
{
    for (int i = 0; i < branch->n; i++) {
        struct ug_var *var = &branch->members[i];
        if (var->verbatim) {
            var->yaml->text = quoted(v->arena, var->yaml->text);
            var->yaml->length = strlen(var->yaml->text);
            var->verbatim = false;
        }
        quote(v, var);
    }
}

void ug_vars_quote(struct ug_vars *vars)
{
    quote(vars, &vars->root);
}

/* ---- Looking up ---- */

enum ug_found ug_vars_member(struct ug_var *branch, const char *name, struct ug_quantity *out)
{
    struct ug_var *var = find_member(branch, name);

    return var ? value_of(var, out) : UG_UNKNOWN;
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

static struct ug_var *find_path(struct ug_vars *vars, struct ug_arena *arena, const char *name)
{
    struct ug_var *var = &vars->root;

    for (const char *part = name; var && part;) {
        const char *dot = strchr(part, '.');
        var = find_member(var, ug_arena_copy(arena, part, strcspn(part, ".")));
        part = dot ? dot + 1 : NULL;
    }
    return var;
}

/* The value of `a.b` as it stands in a path; NULL after an error. */
static const char *insertion(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                             const char *name, struct ug_pos pos)
{
    struct ug_var *var = find_path(vars, arena, name);
    struct ug_quantity q;
    char text[UG_QUANTITY_TEXT];

    if (!var) {
        ug_suggest(ug_error(diags, pos, "unknown variable '%s'", name), name, "variables",
                   vars->root.names, (size_t)vars->root.n);
        return NULL;
    }
    if (value_of(var, &q) != UG_FOUND)
        return NULL;
    var->inserted = true;
    if (q.kind == UG_Q_TEXT)
        return q.text;
    if (ug_is_number(&q))
        return ug_arena_format(arena, "%s", ug_quantity_describe(&q, text));
    ug_error(diags, pos, "'%s' is %s and cannot stand in a path", name,
             ug_quantity_describe(&q, text));
    return NULL;
}

/* Copies `text` up to the next `${name}`; the name, or NULL at the end of the text.  *rest goes on
 * behind it. */
static const char *next_insertion(struct ug_arena *arena, struct ug_diags *diags, struct ug_pos pos,
                                  const char **rest, const char **before)
{
    const char *at = strstr(*rest, "${"), *end = at ? strchr(at, '}') : NULL;

    if (at && !end)
        ug_error(diags, pos, "the '${' in this is never closed");
    *before = end ? ug_arena_copy(arena, *rest, (size_t)(at - *rest)) : *rest;
    if (!end)
        return NULL;
    *rest = end + 1;
    return ug_arena_copy(arena, at + 2, (size_t)(end - at) - 2);
}

const char *ug_vars_insert(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                           const char *text, struct ug_pos pos)
{
    const char *out = "", *before, *name;

    while ((name = next_insertion(arena, diags, pos, &text, &before))) {
        const char *value = insertion(vars, arena, diags, name, pos);
        if (!value)
            return NULL;
        out = ug_arena_format(arena, "%s%s%s", out, before, value);
    }
    return strstr(text, "${") ? NULL : ug_arena_format(arena, "%s%s", out, text);
}

/* A path that begins with a variable was begun by the file that wrote the variable. */
static const char *folder_of(struct ug_vars *vars, struct ug_arena *arena, const char *text,
                             const char *folder)
{
    const char *end = !strncmp(text, "${", 2) ? strchr(text, '}') : NULL;
    const struct ug_var *var =
        end ? find_path(vars, arena, ug_arena_copy(arena, text + 2, (size_t)(end - text) - 2))
            : NULL;

    return var && var->yaml->folder ? var->yaml->folder : folder;
}

const char *ug_vars_path_text(struct ug_vars *vars, struct ug_arena *arena, struct ug_diags *diags,
                              const char *text, const char *folder, struct ug_pos pos)
{
    const char *path = ug_vars_insert(vars, arena, diags, text, pos);

    if (path && !*path) {
        ug_error(diags, pos, "a path is missing here");
        return NULL;
    }
    folder = folder_of(vars, arena, text, folder);
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
