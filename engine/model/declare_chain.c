/* declare_chain.c -- the form of chains: steps, labels, repeats, residuals and choices. */
#include <string.h>

#include "engine/model/declare_parts.h"

static const char *const reserved[] = {"repeat", "as", "body", "residual", "when", "else", NULL};

static bool is_reserved(const char *key)
{
    for (int i = 0; reserved[i]; i++)
        if (!strcmp(reserved[i], key))
            return true;
    return false;
}

/* How many steps the text has: those inside `residual` and in both branches of `when` count as if
 * they stood in the chain itself. */
static int count_steps(const struct ug_chain *c)
{
    int n = 0;

    for (int i = 0; i < c->n; i++) {
        const struct ug_chain_step *s = &c->steps[i];
        const bool transparent = s->kind == UG_STEP_RESIDUAL || s->kind == UG_STEP_WHEN;

        n += transparent ? count_steps(&s->body) + count_steps(&s->otherwise) : 1;
    }
    return n;
}

static bool call_step(struct ug_declaring *d, struct ug_yaml *value, struct ug_chain_step *out)
{
    struct ug_diag *diag;

    if (ug_yaml_is_null(value)) {
        ug_error(d->diags, value->pos, "an empty step");
        return false;
    }
    out->kind = UG_STEP_CALL;
    out->expr = ug_expr_parse(d->arena, d->diags, value);
    if (!out->expr)
        return false;
    if (out->expr->kind == UG_EXPR_CALL || out->expr->kind == UG_EXPR_NAME)
        return true;
    diag = ug_error(d->diags, value->pos, "a step is a call of an op or a module");
    ug_note(diag, UG_NOWHERE, "as in conv2d(64, 3); other expressions stand in 'graph'");
    return false;
}

/* The chain below `key`, which must be there. */
static bool sub_chain(struct ug_declaring *d, const struct ug_yaml *step, const char *key,
                      struct ug_chain *out)
{
    struct ug_yaml *value = ug_yaml_get(step, key);

    if (value)
        return ug_declare_chain(d, value, out);
    ug_error(d->diags, step->pos, "'%s' without '%s'", step->keys[0]->text, key);
    return false;
}

static bool repeat_step(struct ug_declaring *d, const struct ug_yaml *value,
                        struct ug_chain_step *out)
{
    static const char *const known[] = {"repeat", "as", "body", NULL};
    const struct ug_yaml *as = ug_yaml_get(value, "as");
    bool fine = ug_declare_keys(d, value, "a repeat in a chain", known);
    struct ug_name_decl name = {0};

    out->kind = UG_STEP_REPEAT;
    if (as && !ug_declare_name(d, as, &name))
        fine = false;
    out->name = name.name;
    out->expr = ug_expr_parse(d->arena, d->diags, ug_yaml_get(value, "repeat"));
    return sub_chain(d, value, "body", &out->body) && out->expr && fine;
}

static bool when_step(struct ug_declaring *d, const struct ug_yaml *value,
                      struct ug_chain_step *out)
{
    static const char *const known[] = {"when", "body", "else", NULL};
    struct ug_yaml *otherwise = ug_yaml_get(value, "else");
    bool fine = ug_declare_keys(d, value, "a choice", known);

    out->kind = UG_STEP_WHEN;
    out->expr = ug_expr_parse(d->arena, d->diags, ug_yaml_get(value, "when"));
    if (otherwise && !ug_declare_chain(d, otherwise, &out->otherwise))
        fine = false;
    return sub_chain(d, value, "body", &out->body) && out->expr && fine;
}

static bool residual_step(struct ug_declaring *d, const struct ug_yaml *value,
                          struct ug_chain_step *out)
{
    static const char *const known[] = {"residual", NULL};
    const bool fine = ug_declare_keys(d, value, "a residual step", known);

    out->kind = UG_STEP_RESIDUAL;
    return sub_chain(d, value, "residual", &out->body) && fine;
}

/* Labels become part of parameters' names and of places. */
static bool label_step(struct ug_declaring *d, const struct ug_yaml *value,
                       struct ug_chain_step *out)
{
    const struct ug_yaml *label = value->keys[0];
    struct ug_diag *diag;

    if (value->n > 1) {
        diag = ug_error(d->diags, value->keys[1]->pos, "a step has one label: '%s' or '%s'?",
                        label->text, value->keys[1]->text);
        ug_note(diag, UG_NOWHERE, "begin a step of its own with '- '");
        return false;
    }
    if (is_reserved(label->text)) {
        ug_error(d->diags, label->pos, "'%s' is not a label: it belongs to 'repeat' or 'when'",
                 label->text);
        return false;
    }
    if (!label->length || strpbrk(label->text, " \t\n.,/:#[](){}='\"")) {
        ug_error(d->diags, label->pos,
                 "the label '%s' would not fit into a parameter's name: use letters, digits, '_' "
                 "and '-'",
                 label->text);
        return false;
    }
    out->kind = UG_STEP_LABEL;
    out->name = label->text;
    out->pos = label->pos;
    return ug_declare_chain(d, value->items[0], &out->body);
}

static bool declare_step(struct ug_declaring *d, struct ug_yaml *value, struct ug_chain_step *out)
{
    *out = (struct ug_chain_step){.pos = value->pos};
    if (value->kind == UG_YAML_SCALAR)
        return call_step(d, value, out);
    if (value->kind == UG_YAML_LIST || value->n == 0) {
        ug_error(d->diags, value->pos, "%s is not a step: give it a label",
                 value->n ? "a list in a list" : "an empty collection");
        return false;
    }
    if (ug_yaml_get(value, "repeat"))
        return repeat_step(d, value, out);
    if (ug_yaml_get(value, "when"))
        return when_step(d, value, out);
    if (ug_yaml_get(value, "residual"))
        return residual_step(d, value, out);
    return label_step(d, value, out);
}

/* Two steps of one list with the same label. */
static bool check_labels(struct ug_declaring *d, const struct ug_chain *c)
{
    bool fine = true;

    for (int i = 0; i < c->n; i++)
        for (int k = 0; k < i && c->steps[i].kind == UG_STEP_LABEL; k++)
            if (c->steps[k].kind == UG_STEP_LABEL && !strcmp(c->steps[k].name, c->steps[i].name)) {
                ug_note(ug_error(d->diags, c->steps[i].pos, "two steps have the label '%s'",
                                 c->steps[i].name),
                        c->steps[k].pos, "the other is here");
                fine = false;
            }
    return fine;
}

bool ug_declare_chain(struct ug_declaring *d, struct ug_yaml *value, struct ug_chain *out)
{
    const bool is_list = value->kind == UG_YAML_LIST;
    bool fine = true;

    out->n = is_list ? value->n : 1;
    out->steps = ug_arena_array(d->arena, (size_t)out->n, sizeof *out->steps);
    for (int i = 0; i < out->n; i++)
        if (!declare_step(d, is_list ? value->items[i] : value, &out->steps[i]))
            fine = false;
    out->single = fine && count_steps(out) == 1;
    return fine && check_labels(d, out);
}
