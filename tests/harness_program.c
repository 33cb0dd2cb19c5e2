/* harness_program.c -- loads texts, and writes what came of them as texts again. */
#include "tests/harness_program.h"

#include <string.h>

static struct ug_program *programs[64];
static struct ug_unfolded *unfolded[64];
static int n_programs, n_unfolded;

void program_setup(void)
{
    scratch_setup();
    n_programs = n_unfolded = 0;
}

void program_teardown(void)
{
    while (n_unfolded)
        ug_unfolded_free(unfolded[--n_unfolded]);
    while (n_programs)
        ug_program_free(programs[--n_programs]);
    scratch_teardown();
}

struct ug_program *program_load(const char *text)
{
    const char *whole = ug_arena_format(arena, "unitgraph: 1\n%s", text);
    const struct ug_load_options options = {
        .without_data = true, .text = whole, .length = strlen(whole)};

    forget_messages();
    return programs[n_programs++] = ug_program_load("t.yaml", &options, diags);
}

/* "t.yaml:3:7: error: what" as "2:7: what": lines count without the first. */
static const char *strip(const char *said)
{
    int line, column, length = 0;

    if (sscanf(said, "t.yaml:%d:%d: error: %n", &line, &column, &length) < 2 || !length)
        return said;
    return ug_arena_format(arena, "%d:%d: %s", line - 1, column, said + length);
}

const char *program_error(const char *text)
{
    program_load(text);
    return strip(message(0));
}

const char *program_errors(const char *text)
{
    const char *all = "", *one;

    program_load(text);
    for (int i = 0; *(one = message(i)); i++)
        all = ug_arena_format(arena, "%s%s\n", all, strip(one));
    return all;
}

const char *program_params(const char *text)
{
    struct ug_program *p = program_load(text);
    const char *all = "";
    int n;

    if (*message(0))
        return strip(message(0));
    struct ug_param **list = ug_program_list_params(p, &n);
    for (int i = 0; i < n; i++) {
        char shape[UG_SHAPE_TEXT];
        const bool tied = list[i]->owner != list[i];

        all = ug_arena_format(
            arena, "%s%s%s %s%s", all, i ? ", " : "", list[i]->name, tied ? "-> " : "",
            tied ? list[i]->owner->name : ug_shape_text(&list[i]->type.shape, shape));
    }
    return all;
}

struct ug_unfolded *program_unfold(struct ug_program *p, unsigned want)
{
    const struct ug_request request = {.want = want, .training = true, .translate = -1};

    return unfolded[n_unfolded++] = ug_unfold(p, &request, diags);
}

struct ug_node *program_value(const struct ug_values *values, const char *name)
{
    for (int i = 0; i < values->n; i++)
        if (!strcmp(values->items[i].name, name))
            return values->items[i].node;
    return NULL;
}

const char *program_show(const struct ug_node *node)
{
    const char *text;

    if (!node)
        return "nothing";
    if (node->op == &ug_op_input)
        return ((const struct ug_input_attrs *)node->attrs)->name;
    if (node->op == &ug_op_param)
        return ((const struct ug_param_attrs *)node->attrs)->param->name;
    if (node->op == &ug_op_constant)
        return ug_arena_format(arena, "%g", ((const struct ug_constant_attrs *)node->attrs)->value);
    text = ug_arena_format(arena, "%s(", node->op->name);
    for (int i = 0; i < node->n_in; i++)
        text = ug_arena_format(arena, "%s%s%s", text, i ? ", " : "", program_show(node->in[i]));
    return ug_arena_format(arena, "%s)", text);
}

const char *program_graph(const char *text, const char *value)
{
    struct ug_program *p = program_load(text);
    struct ug_unfolded *u;

    if (*message(0))
        return strip(message(0));
    u = program_unfold(p, UG_WANT_VALUES);
    return u ? program_show(program_value(&u->values, value)) : strip(message(0));
}
