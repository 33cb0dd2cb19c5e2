/* load.c -- without the data if it can be, else with them. */
#include "engine/run/load.h"

static bool is_partial(const struct ug_program *p)
{
    bool partial = p->train.present && !p->train.steps;

    for (int i = 0; i < p->n_inputs; i++)
        partial |= p->inputs[i].type.shape.rank < 0;
    return partial;
}

struct ug_program *ug_load_bare(const char *file, const char *const *sets, int n_sets,
                                struct ug_diags *diags)
{
    struct ug_load_options options = {.sets = sets, .n_sets = n_sets, .without_data = true};
    struct ug_diags *unsaid = ug_diags_new();
    struct ug_program *p = ug_program_load(file, &options, unsaid);
    const bool whole =
        p && !ug_diags_errors(unsaid) && !ug_diags_warnings(unsaid) && !is_partial(p);

    ug_diags_free(unsaid);
    if (whole)
        return p;
    ug_program_free(p);
    options.without_data = false;
    return ug_program_load(file, &options, diags);
}
