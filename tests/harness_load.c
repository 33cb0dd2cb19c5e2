/* Trials from YAML. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "harness_program.h"
#include "harness_runner.h"

static void release_loaded(struct trial *t)
{
    ug_unfolded_free(t->unfolded);
    ug_program_free(t->program);
    ug_diags_free(t->diags);
}

/* Loads and unfolds; the program and the graph stay NULL after an error. */
static void load(struct trial *t, const char *text, bool training)
{
    const struct ug_load_options options = {
        .without_data = true, .text = text, .length = strlen(text)};
    const struct ug_request request = {.want = UG_WANT_VALUES | UG_WANT_LOSSES,
                                       .training = training};

    t->program = ug_program_load("case.yaml", &options, t->diags);
    if (!t->program || ug_diags_errors(t->diags))
        return;
    t->unfolded = ug_unfold(t->program, &request, t->diags);
}

struct trial *trial_try(const char *text, bool training, int64_t n_labels, char error[500])
{
    struct trial *t = ug_xcalloc(1, sizeof *t);

    t->seed = 7;
    t->step = 3;
    t->release = release_loaded;
    t->diags = ug_diags_new();
    load(t, text, training);
    if (!t->unfolded || ug_diags_errors(t->diags)) {
        snprintf(error, 500, "%s", ug_diags_first(t->diags) ? ug_diags_first(t->diags) : "");
        trial_free(t);
        return NULL;
    }
    t->params = t->program->params;
    t->graph = t->unfolded->graph;
    t->b = (struct ug_builder){
        .graph = t->graph, .diags = t->diags, .training = training, .scope = "net", .place = "net"};
    for (int i = 0; i < t->unfolded->inputs.n; i++)
        trial_adopt_input(t, t->unfolded->inputs.items[i].node, n_labels);
    return t;
}

struct trial *trial_load(const char *text, bool training, int64_t n_labels)
{
    char error[500] = "";
    struct trial *t = trial_try(text, training, n_labels, error);

    ck_assert_msg(t != NULL, "%s\nin\n%s", error, text);
    return t;
}

struct ug_node *trial_value(struct trial *t, const char *name)
{
    struct ug_node *n = program_value(&t->unfolded->values, name);

    if (!n)
        n = program_value(&t->unfolded->losses, name);
    if (!n)
        n = program_value(&t->unfolded->terms, name);
    ck_assert_msg(n != NULL, "there is no value '%s'", name);
    return n;
}

void expect_y(const char *text, int64_t n_x, const double *x, double tolerance, int64_t n_y,
              const double *y)
{
    struct trial *t = trial_load(text, true, 1);

    if (x)
        trial_set(t, "x", x, n_x);
    expect_values(t, trial_value(t, "y"), tolerance, n_y, y);
    trial_free(t);
}

void check_y(const char *text)
{
    struct trial *t = trial_load(text, true, 1);

    check_gradient(t, trial_value(t, "y"), 2);
    trial_free(t);
}

void expect_refusal(const char *text, const char *part)
{
    char error[500] = "nothing was wrong";
    struct trial *t = trial_try(text, true, 1, error);

    trial_free(t);
    ck_assert_msg(strstr(error, part), "expected an error with '%s', got: %s", part, error);
}
