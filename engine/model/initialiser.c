/* initialiser.c -- initialisers as they are written: `normal(0, 0.02)`, `zeros`,
 * `file("vgg.safetensors")`. */
#include <string.h>

#include "engine/model/unfold.h"

struct initialiser {
    const char *name;
    enum ug_init_kind kind;
    const char *args[2]; /* names of a and b; NULL: takes fewer */
    bool required;       /* else a has the default below */
    double a;
};

static const struct initialiser initialisers[] = {
    {"normal", UG_INIT_NORMAL, {"mean", "std"}, true, 0},
    {"uniform", UG_INIT_UNIFORM, {"a", "b"}, true, 0},
    {"constant", UG_INIT_CONSTANT, {"c", NULL}, true, 0},
    {"zeros", UG_INIT_CONSTANT, {NULL, NULL}, false, 0},
    {"ones", UG_INIT_CONSTANT, {NULL, NULL}, false, 1},
    {"xavier_uniform", UG_INIT_XAVIER_UNIFORM, {"gain", NULL}, false, 1},
    {"xavier_normal", UG_INIT_XAVIER_NORMAL, {"gain", NULL}, false, 1},
    {"kaiming_uniform", UG_INIT_KAIMING_UNIFORM, {"a", NULL}, false, 0},
    {"kaiming_normal", UG_INIT_KAIMING_NORMAL, {"a", NULL}, false, 0},
    {"orthogonal", UG_INIT_ORTHOGONAL, {"gain", NULL}, false, 1},
    {"file", UG_INIT_FILE, {NULL, NULL}, false, 0},
};

enum { N_INITIALISERS = sizeof initialisers / sizeof *initialisers };

static const struct initialiser *find(struct ug_diags *diags, const struct ug_expr *name)
{
    const char *names[N_INITIALISERS];

    for (int i = 0; i < N_INITIALISERS; i++) {
        names[i] = initialisers[i].name;
        if (!strcmp(names[i], name->text))
            return &initialisers[i];
    }
    ug_suggest(ug_error(diags, name->pos, "unknown initialiser '%s'", name->text), name->text,
               "initialisers", names, N_INITIALISERS);
    return NULL;
}

static bool take_number(struct ug_arena *arena, struct ug_diags *diags, struct ug_evaluator by,
                        const struct ug_expr *x, const struct initialiser *kind, int i, double *out)
{
    const char *what = ug_arena_format(arena, "argument '%s' of '%s'", kind->args[i], kind->name);
    const bool is_spread = kind->kind == UG_INIT_NORMAL && i == 1;
    struct ug_quantity q;

    return by.evaluate(by.context, x, &q) &&
           ug_want_real(diags, x->pos, what, &q, is_spread ? 0.0 : -1e30, 1e30, out);
}

/* Which of the numbers argument i of the call is; -1 after an error. */
static int which_number(struct ug_diags *diags, const struct ug_expr *x, int i,
                        const struct initialiser *kind)
{
    for (int k = 0; k < 2 && kind->args[k]; k++)
        if (x->keywords[i] ? !strcmp(x->keywords[i], kind->args[k]) : i - 1 == k)
            return k;
    if (x->keywords[i])
        ug_error(diags, x->keyword_pos[i], "'%s' takes no argument '%s'", kind->name,
                 x->keywords[i]);
    else
        ug_error(diags, x->args[i]->pos, "too many arguments for '%s'", kind->name);
    return -1;
}

static bool take_numbers(struct ug_arena *arena, struct ug_diags *diags, struct ug_evaluator by,
                         const struct ug_expr *x, const struct initialiser *kind,
                         struct ug_init *out)
{
    double *const numbers[] = {&out->a, &out->b};
    bool given[2] = {false, false}, fine = true;

    for (int i = 1; x->kind == UG_EXPR_CALL && i < x->n_args; i++) {
        const int k = which_number(diags, x, i, kind);

        if (k < 0 || !take_number(arena, diags, by, x->args[i], kind, k, numbers[k]))
            fine = false;
        else
            given[k] = true;
    }
    for (int k = 0; fine && kind->required && k < 2 && kind->args[k]; k++)
        if (!given[k]) {
            ug_error(diags, x->pos, "'%s' needs '%s'", kind->name, kind->args[k]);
            fine = false;
        }
    if (fine && kind->kind == UG_INIT_UNIFORM && out->a > out->b) {
        ug_error(diags, x->pos, "'uniform' goes from the smaller number to the larger");
        fine = false;
    }
    return fine;
}

/* A relative path counts from the folder of the file that wrote it. */
static bool take_path(struct ug_arena *arena, struct ug_diags *diags, struct ug_vars *vars,
                      struct ug_evaluator by, const struct ug_expr *x, struct ug_init *out)
{
    struct ug_quantity q;

    if (x->kind != UG_EXPR_CALL || x->n_args != 2 || x->keywords[1]) {
        ug_error(diags, x->pos, "'file' takes the path of a safetensors file");
        return false;
    }
    if (!by.evaluate(by.context, x->args[1], &q))
        return false;
    if (q.kind != UG_Q_TEXT) {
        ug_error(diags, x->args[1]->pos, "'file' takes a path in quotes");
        return false;
    }
    out->path = ug_vars_path_text(vars, arena, diags, q.text, x->yaml ? x->yaml->folder : "",
                                  x->args[1]->pos);
    return out->path != NULL;
}

bool ug_parse_init(struct ug_arena *arena, struct ug_diags *diags, struct ug_vars *vars,
                   struct ug_evaluator by, const struct ug_expr *x, struct ug_init *out)
{
    const struct ug_expr *name = x->kind == UG_EXPR_CALL ? x->args[0] : x;
    const struct initialiser *kind;

    if (name->kind != UG_EXPR_NAME) {
        ug_error(diags, x->pos, "an initialiser is like normal(0, 0.02) or zeros");
        return false;
    }
    kind = find(diags, name);
    if (!kind)
        return false;
    *out = (struct ug_init){.kind = kind->kind, .a = kind->a, .pos = x->pos};
    return kind->kind == UG_INIT_FILE ? take_path(arena, diags, vars, by, x, out)
                                      : take_numbers(arena, diags, by, x, kind, out);
}
