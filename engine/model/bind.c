/* bind.c -- the arguments of a call against the inputs and parameters of a module. */
#include <string.h>

#include "engine/model/unfold.h"

/* The names that a call may give, inputs before settings, as `what` has it. */
static int first_of(const struct ug_binding *b)
{
    return b->what == UG_BIND_SETTINGS ? b->module->n_inputs : 0;
}

static int end_of(const struct ug_binding *b)
{
    return b->module->n_inputs + (b->what == UG_BIND_INPUTS ? 0 : b->module->n_settings);
}

static const char *name_of(const struct ug_binding *b, int i)
{
    const struct ug_module *m = b->module;

    return i < m->n_inputs ? m->inputs[i].name : m->settings[i - m->n_inputs].name.name;
}

static int find_name(const struct ug_binding *b, const char *name, int first, int end)
{
    for (int i = first; i < end; i++)
        if (!strcmp(name_of(b, i), name))
            return i;
    return -1;
}

/* "takes 'x', 'dim' and 'n'" */
static const char *list_names(const struct ug_binding *b)
{
    const int first = first_of(b), end = end_of(b);
    const char *text = first == end ? "nothing" : "";

    for (int i = first; i < end; i++)
        text = ug_arena_format(b->arena, "%s%s'%s'", text,
                               i == first     ? ""
                               : i + 1 == end ? " and "
                                              : ", ",
                               name_of(b, i));
    return text;
}

static void report_unknown(const struct ug_binding *b, struct ug_pos pos, const char *name)
{
    const int first = first_of(b), end = end_of(b);
    const int elsewhere = find_name(b, name, 0, b->module->n_inputs + b->module->n_settings);
    struct ug_diag *diag = ug_error(b->diags, pos, "%s takes no argument '%s'", b->called, name);
    const char **names = ug_arena_array(b->arena, (size_t)(end - first), sizeof *names);

    if (elsewhere >= 0) {
        ug_note(diag, UG_NOWHERE, "%s",
                b->what == UG_BIND_INPUTS
                    ? "a network's parameters are given where it is declared, in 'networks'"
                    : "a network's inputs are given where it is called");
        return;
    }
    for (int i = first; i < end; i++)
        names[i - first] = name_of(b, i);
    ug_suggest(diag, name, "arguments", names, (size_t)(end - first));
}

/* Which name argument i of a call is for; -1 after an error. */
static int target_of(const struct ug_binding *b, const struct ug_expr *text, int i, int *next)
{
    const char *keyword = text->keywords[i];
    int target;

    if (!keyword) {
        if (*next < end_of(b))
            return (*next)++;
        ug_error(b->diags, text->args[i]->pos, "too many arguments: %s takes %s", b->called,
                 list_names(b));
        return -1;
    }
    target = find_name(b, keyword, first_of(b), end_of(b));
    if (target < 0)
        report_unknown(b, text->keyword_pos[i], keyword);
    return target;
}

static bool take_argument(struct ug_binding *b, const struct ug_expr *text, int i, int *next,
                          struct ug_bound *bound)
{
    const int target = target_of(b, text, i, next);

    if (target < 0)
        return false;
    if (bound[target].name) {
        ug_error(b->diags, text->keywords[i] ? text->keyword_pos[i] : text->args[i]->pos,
                 "'%s' of %s is given twice", name_of(b, target), b->called);
        return false;
    }
    bound[target].name = name_of(b, target);
    bound[target].found = UG_BROKEN;
    if (!(target < b->module->n_inputs ? b->by.evaluate_input : b->by.evaluate)(
            b->by.context, text->args[i], &bound[target].value))
        return false;
    bound[target].found = UG_FOUND;
    return true;
}

/* A setting's default sees `vars` and the settings before it. */
static bool take_default(struct ug_binding *b, const struct ug_expr *text, int i,
                         struct ug_bound *bound)
{
    const struct ug_module *m = b->module;
    struct ug_env before = {
        .kind = UG_ENV_SETTINGS, .bound = bound + m->n_inputs, .n = i - m->n_inputs};
    struct ug_known known = {.vars = b->vars, .env = &before};
    const struct ug_expr *initial = i < m->n_inputs ? NULL : m->settings[i - m->n_inputs].initial;

    bound[i].name = name_of(b, i);
    bound[i].found = UG_BROKEN;
    if (!initial) {
        ug_error(b->diags, text->pos, "%s needs '%s'", b->called, name_of(b, i));
        return false;
    }
    if (!ug_evaluate_known(&known, b->arena, b->diags, initial, &bound[i].value))
        return false;
    bound[i].found = UG_FOUND;
    return true;
}

bool ug_bind(struct ug_binding *b, const struct ug_expr *text, const struct ug_quantity *flowing)
{
    const int n_inputs = b->module->n_inputs, n = n_inputs + b->module->n_settings;
    struct ug_bound *bound = ug_arena_array(b->arena, (size_t)n, sizeof *bound);
    int next = first_of(b);
    bool fine = true;

    if (flowing && b->module->n_inputs == 0) {
        ug_error(b->diags, text->pos, "%s has no input for the value that comes before it",
                 b->called);
        fine = false;
    } else if (flowing) {
        bound[next] = (struct ug_bound){name_of(b, next), UG_FOUND, *flowing};
        next++;
    }
    for (int i = 1; text->kind == UG_EXPR_CALL && i < text->n_args; i++)
        fine &= take_argument(b, text, i, &next, bound);
    for (int i = first_of(b); i < end_of(b); i++)
        if (!bound[i].name)
            fine &= take_default(b, text, i, bound);
    b->inputs = ug_env_layer(UG_ENV_BOUND, NULL);
    b->inputs.bound = bound;
    b->inputs.n = b->what == UG_BIND_SETTINGS ? 0 : n_inputs;
    b->settings = ug_env_layer(UG_ENV_SETTINGS, NULL);
    b->settings.bound = bound + n_inputs;
    b->settings.n = b->what == UG_BIND_INPUTS ? 0 : b->module->n_settings;
    return fine;
}
