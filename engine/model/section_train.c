/* section_train.c -- `train`: how long, in which order, and what the optimizers do. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/model/keys.h"

/* ---- Optimizers ---- */

#define OPTIMIZER(name) offsetof(struct ug_optimizer_spec, name)

/* Numbers of [0, 1): averages that forget. */
#define BELOW_ONE (1.0 - 0x1p-53)

static const struct ug_key adam_keys[] = {
    {"lr", "the step size, an expression of step, steps, epoch, epochs", .type = UG_KEY_EXPR,
     .offset = OPTIMIZER(lr)},
    {"betas", "how slowly the averages of g and of g squared forget", .type = UG_KEY_PAIR,
     .offset = OPTIMIZER(betas), .min = 0, .max = BELOW_ONE},
    {"eps", "added to the root of the second average", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(eps), .min = 0, .max = INFINITY},
    {"weight_decay", "adam: added to the gradient; adamw: of the parameter itself",
     .type = UG_KEY_REAL, .offset = OPTIMIZER(weight_decay), .min = 0, .max = INFINITY},
    {"amsgrad", "keeps the largest second average", .type = UG_KEY_BOOL,
     .offset = OPTIMIZER(amsgrad)},
    {.name = NULL},
};

static const struct ug_key sgd_keys[] = {
    {"lr", "the step size, an expression of step, steps, epoch, epochs", .type = UG_KEY_EXPR,
     .offset = OPTIMIZER(lr)},
    {"momentum", "how much of the last update is kept", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(momentum), .min = 0, .max = INFINITY},
    {"dampening", "how much less of the gradient enters the momentum", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(dampening), .min = -INFINITY, .max = INFINITY},
    {"weight_decay", "added to the gradient", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(weight_decay), .min = 0, .max = INFINITY},
    {"nesterov", "looks ahead by the momentum", .type = UG_KEY_BOOL, .offset = OPTIMIZER(nesterov)},
    {.name = NULL},
};

static const struct ug_key rmsprop_keys[] = {
    {"lr", "the step size, an expression of step, steps, epoch, epochs", .type = UG_KEY_EXPR,
     .offset = OPTIMIZER(lr)},
    {"alpha", "how slowly the average of g squared forgets", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(alpha), .min = 0, .max = INFINITY},
    {"eps", "added to the root of the average", .type = UG_KEY_REAL, .offset = OPTIMIZER(eps),
     .min = 0, .max = INFINITY},
    {"weight_decay", "added to the gradient", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(weight_decay), .min = 0, .max = INFINITY},
    {"momentum", "how much of the last update is kept", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(momentum), .min = 0, .max = INFINITY},
    {"centered", "divides by the deviation instead of the root of the square", .type = UG_KEY_BOOL,
     .offset = OPTIMIZER(centered)},
    {.name = NULL},
};

/* Defaults are those of torch.optim. */
static const struct method {
    const char *name;
    const struct ug_key *keys;
    double lr;
    struct ug_optimizer_spec initial;
} methods[] = {
    [UG_ADAM] = {"adam", adam_keys, 1e-3, {.kind = UG_ADAM, .betas = {0.9, 0.999}, .eps = 1e-8}},
    [UG_ADAMW] = {"adamw",
                  adam_keys,
                  1e-3,
                  {.kind = UG_ADAMW, .betas = {0.9, 0.999}, .eps = 1e-8, .weight_decay = 1e-2}},
    [UG_SGD] = {"sgd", sgd_keys, 1e-3, {.kind = UG_SGD}},
    [UG_RMSPROP] = {"rmsprop",
                    rmsprop_keys,
                    1e-2,
                    {.kind = UG_RMSPROP, .alpha = 0.99, .eps = 1e-8}},
};
enum { N_METHODS = sizeof methods / sizeof *methods };

const char *ug_optimizer_kind_name(enum ug_optimizer_kind kind)
{
    return methods[kind].name;
}

static const struct ug_key optimizer_keys[] = {
    {"minimize", "a loss, or an expression of losses and terms", .type = UG_KEY_EXPR,
     .offset = OPTIMIZER(minimize), .required = true},
    {"parameters", "the networks or scopes that are updated", .type = UG_KEY_OTHER,
     .required = true},
    {"adam", "Adam and its arguments", .type = UG_KEY_OTHER},
    {"adamw", "AdamW and its arguments", .type = UG_KEY_OTHER},
    {"sgd", "gradient descent and its arguments", .type = UG_KEY_OTHER},
    {"rmsprop", "RMSprop and its arguments", .type = UG_KEY_OTHER},
    {"clip_norm", "gradients are scaled down to this norm", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(clip_norm), .min = 1e-20, .max = INFINITY},
    {"every", "updates only each so many steps", .type = UG_KEY_INT, .offset = OPTIMIZER(every),
     .min = 1, .max = 0x1p53},
    {"ema", "keeps an average of the parameters with this decay", .type = UG_KEY_REAL,
     .offset = OPTIMIZER(ema), .min = 0, .max = 1},
    {.name = NULL},
};

/* False of a key whose value is no number. */
static bool print_setting(const struct ug_key *key, const struct ug_optimizer_spec *o,
                          char text[UG_SETTING_TEXT])
{
    const void *field = (const char *)o + key->offset;

    if (key->type == UG_KEY_REAL)
        snprintf(text, UG_SETTING_TEXT, "%g", *(const double *)field);
    else if (key->type == UG_KEY_PAIR)
        snprintf(text, UG_SETTING_TEXT, "[%g, %g]", ((const double *)field)[0],
                 ((const double *)field)[1]);
    else if (key->type == UG_KEY_INT)
        snprintf(text, UG_SETTING_TEXT, "%lld", (long long)*(const int64_t *)field);
    else if (key->type == UG_KEY_BOOL)
        snprintf(text, UG_SETTING_TEXT, "%s", *(const bool *)field ? "true" : "false");
    else
        return false;
    return true;
}

bool ug_optimizer_setting(const struct ug_optimizer_spec *o, int i, const char **name,
                          char value[UG_SETTING_TEXT])
{
    const struct ug_key *const tables[] = {methods[o->kind].keys, optimizer_keys};

    for (int t = 0; t < 2; t++)
        for (const struct ug_key *key = tables[t]; key->name; key++)
            if (print_setting(key, o, value) && i-- == 0) {
                *name = key->name;
                return true;
            }
    return false;
}

static const struct method *find_method(struct ug_sections *s, const struct ug_yaml *key,
                                        const struct ug_yaml *map)
{
    const char *names[N_METHODS];
    const struct method *found = NULL;

    for (int i = 0; i < N_METHODS; i++) {
        const struct ug_yaml *given = ug_yaml_key(map, methods[i].name);
        names[i] = methods[i].name;
        if (given && found) {
            ug_note(ug_error(s->diags, given->pos, "the optimizer '%s' is both '%s' and '%s'",
                             key->text, found->name, methods[i].name),
                    UG_NOWHERE, "to replace what another file chooses, remove it: '%s: ~'",
                    found->name);
            return NULL;
        }
        found = given ? &methods[i] : found;
    }
    if (!found)
        ug_suggest(ug_error(s->diags, key->pos, "how does the optimizer '%s' update?", key->text),
                   "", "choose one of", names, N_METHODS);
    return found;
}

static const struct ug_expr *default_rate(struct ug_sections *s, struct ug_pos pos, double lr)
{
    struct ug_expr *x = ug_arena_alloc(s->arena, sizeof *x);

    *x = (struct ug_expr){.kind = UG_EXPR_NUMBER, .pos = pos, .number = lr, .depth = 1};
    return x;
}

static bool read_method(struct ug_sections *s, const struct method *method,
                        const struct ug_yaml *map, struct ug_optimizer_spec *o)
{
    const struct ug_yaml *arguments = ug_yaml_get(map, method->name), *nesterov;
    const char *what =
        ug_arena_format(s->arena, "'%s' of the optimizer '%s'", method->name, o->name);

    if (!ug_want_map(s, arguments, what, "'{lr: 1e-4}'") ||
        !ug_read_keys(s, arguments, what, method->keys, o))
        return false;
    if (!o->lr)
        o->lr = default_rate(s, arguments->pos, method->lr);
    ug_check_rate(s, o->lr);
    nesterov = ug_yaml_get(arguments, "nesterov");
    if (o->nesterov && (o->momentum <= 0.0 || o->dampening != 0.0)) {
        ug_error(s->diags, nesterov->pos, "'nesterov' needs a momentum above 0 and no dampening");
        return false;
    }
    return true;
}

static bool read_optimizer(struct ug_sections *s, const struct ug_yaml *key,
                           const struct ug_yaml *map, struct ug_optimizer_spec *o)
{
    const char *what = ug_arena_format(s->arena, "the optimizer '%s'", key->text);

    *o = (struct ug_optimizer_spec){.name = key->text, .pos = key->pos, .every = 1};
    ug_want_name(s, key);
    if (!ug_want_map(s, map, what, "'{minimize: G, parameters: [G], adam: {lr: 1e-4}}'"))
        return false;
    const struct method *method = find_method(s, key, map);
    if (method) {
        *o = method->initial;
        o->name = key->text;
        o->pos = key->pos;
        o->every = 1;
    }
    bool good = ug_read_keys(s, map, what, optimizer_keys, o) & (method != NULL);
    const struct ug_yaml *parameters = ug_yaml_get(map, "parameters"); /* scopes: see training.c */
    if (parameters && parameters->kind == UG_YAML_LIST && !parameters->n) {
        ug_error(s->diags, parameters->pos, "%s has no parameters", what);
        good = false;
    }
    return method && read_method(s, method, map, o) && good;
}

static void read_optimizers(struct ug_sections *s, const struct ug_yaml *section,
                            struct ug_train_spec *t)
{
    if (!ug_want_map(s, section, "'optimizers'",
                     "'{G: {minimize: G, parameters: [G], adam: {lr: 1e-4}}}'"))
        return;
    if (!section->n)
        ug_error(s->diags, section->pos, "'optimizers' is empty");
    t->optimizers = ug_arena_array(s->arena, (size_t)section->n, sizeof *t->optimizers);
    for (int i = 0; i < section->n; i++)
        if (read_optimizer(s, section->keys[i], section->items[i], &t->optimizers[t->n_optimizers]))
            t->n_optimizers++;
}

/* ---- The order of updates ---- */

static int find_optimizer(const struct ug_train_spec *t, const char *name)
{
    for (int i = 0; i < t->n_optimizers; i++)
        if (!strcmp(t->optimizers[i].name, name))
            return i;
    return -1;
}

static void refuse_name(struct ug_sections *s, const struct ug_train_spec *t,
                        const struct ug_expr *x)
{
    const char **names = ug_arena_array(s->arena, (size_t)t->n_optimizers + 1, sizeof *names);

    for (int i = 0; i < t->n_optimizers; i++)
        names[i] = t->optimizers[i].name;
    if (x->kind == UG_EXPR_NAME)
        ug_suggest(ug_error(s->diags, x->pos, "there is no optimizer '%s'", x->text), x->text,
                   "optimizers", names, (size_t)t->n_optimizers);
    else
        ug_error(s->diags, x->pos, "the name of an optimizer is needed here");
}

/* A list of all the optimizers, each once.  Of `optimizers`, those that could not be read have been
 * reported. */
static void read_order(struct ug_sections *s, const struct ug_expr *list, struct ug_train_spec *t,
                       const struct ug_yaml *optimizers)
{
    bool *listed = ug_arena_array(s->arena, (size_t)t->n_optimizers, sizeof *listed);

    t->ordered = true;
    t->n_order = 0;
    for (int i = 0; i < list->n_args; i++) {
        const struct ug_expr *x = list->args[i];
        const int at = x->kind == UG_EXPR_NAME ? find_optimizer(t, x->text) : -1;
        if (x->kind != UG_EXPR_NAME || !ug_yaml_get(optimizers, x->text))
            refuse_name(s, t, x);
        else if (at >= 0 && listed[at])
            ug_error(s->diags, x->pos, "the optimizer '%s' is listed twice", x->text);
        else if (at >= 0)
            t->order[t->n_order++] = at;
        if (at >= 0)
            listed[at] = true;
    }
    for (int i = 0; i < t->n_optimizers; i++)
        if (!listed[i])
            ug_error(s->diags, list->pos, "the optimizer '%s' is not listed",
                     t->optimizers[i].name);
}

static void read_update(struct ug_sections *s, struct ug_yaml *y, struct ug_train_spec *t,
                        const struct ug_yaml *optimizers)
{
    t->order = ug_arena_array(s->arena, (size_t)t->n_optimizers + 1, sizeof *t->order);
    for (t->n_order = 0; t->n_order < t->n_optimizers; t->n_order++)
        t->order[t->n_order] = t->n_order;
    if (!y || ug_yaml_is_null(y))
        return;
    const struct ug_expr *x = ug_expr_parse(s->arena, s->diags, y);
    if (!x)
        return;
    if (x->kind == UG_EXPR_LIST)
        read_order(s, x, t, optimizers);
    else if (x->kind != UG_EXPR_NAME || strcmp(x->text, "simultaneous"))
        ug_note(ug_error(s->diags, y->pos,
                         "'update' must be 'simultaneous' or a list of the optimizers"),
                UG_NOWHERE, "write '[D, G]' to run D first, then G with what D has changed");
}

/* ---- The section ---- */

#define TRAIN(name) offsetof(struct ug_train_spec, name)

static const struct ug_key train_keys[] = {
    {"steps", "how many steps", .type = UG_KEY_INT, .offset = TRAIN(steps), .min = 1,
     .max = 0x1p53},
    {"epochs", "how often the largest source is gone through", .type = UG_KEY_REAL,
     .offset = TRAIN(epochs), .min = 0x1p-50, .max = 0x1p53},
    {"seed", "decides every random number", .type = UG_KEY_INT, .offset = TRAIN(seed), .min = 0,
     .max = 0x1p63},
    {"frozen", "scopes that no optimizer changes", .type = UG_KEY_OTHER},
    {"init", "a safetensors file with the parameters to start from", .type = UG_KEY_PATH,
     .offset = TRAIN(init)},
    {"update", "simultaneous, or a list of the optimizers in their order", .type = UG_KEY_OTHER},
    {"memory", "what the process may take: 1GiB, 800MB", .type = UG_KEY_BYTES,
     .offset = TRAIN(memory), .min = 1, .max = 0x1p62},
    {"optimizers", "what is minimised, by changing what, and how", .type = UG_KEY_OTHER,
     .required = true},
    {.name = NULL},
};

const struct ug_key *ug_train_keys_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (!*path)
        return train_keys;
    if (strncmp(path, "optimizers.", 11))
        return NULL;
    if (dot == path + 10)
        return optimizer_keys;
    for (int i = 0; i < N_METHODS; i++)
        if (!strcmp(dot + 1, methods[i].name))
            return methods[i].keys;
    return NULL;
}

void ug_read_train(struct ug_sections *s)
{
    struct ug_yaml *section = ug_yaml_get(s->program->tree, "train"), *value;
    struct ug_train_spec *t = &s->program->train;

    if (!section || !ug_want_map(s, section, "'train'", "'train: {steps: 1000, optimizers: …}'"))
        return;
    t->present = true;
    ug_read_keys(s, section, "'train'", train_keys, t);
    const struct ug_yaml *steps = ug_yaml_key(section, "steps"),
                         *epochs = ug_yaml_key(section, "epochs");
    if (steps && epochs)
        ug_note(ug_error(s->diags, epochs->pos, "'train' has both 'steps' and 'epochs'"),
                steps->pos, "'steps' is here");
    if (!steps && !epochs)
        ug_error(s->diags, ug_yaml_key(s->program->tree, "train")->pos,
                 "'train' needs 'steps' or 'epochs'");
    if ((value = ug_yaml_get(section, "init")))
        t->init_pos = value->pos;
    if ((value = ug_yaml_get(section, "memory")))
        t->memory_pos = value->pos;
    s->program->data.keep = t->memory / UG_PICTURES_PART;
    value = ug_yaml_get(section, "optimizers");
    if (value && !ug_yaml_is_null(value))
        read_optimizers(s, value, t);
    read_update(s, ug_yaml_get(section, "update"), t, value);
}
