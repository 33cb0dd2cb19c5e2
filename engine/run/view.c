/* view.c -- compiles for evaluation, and binds inputs by name. */
#include "engine/run/view.h"

#include <stdlib.h>
#include <string.h>

#include "engine/run/classes.h"

/* The nodes to compute, and where the counterpart of each in the graph that is run will be kept. */
static int list_goals(struct ug_view *v, struct ug_goal *goals, struct ug_node ***homes)
{
    const struct ug_values *extra = &v->unfolded->extra;
    int n = 0;

    for (int i = 0; i < extra->n; i++) {
        struct ug_node *node = extra->items[i].node;
        v->values[i] = extra->items[i];
        for (int k = 0; node->op->of_sets && k < UG_SET_INPUTS; k++) {
            goals[n].node = node->in[k];
            homes[n++] = &v->sets[i][k];
        }
        if (!node->op->of_sets) {
            goals[n].node = node;
            homes[n++] = &v->values[i].node;
        }
    }
    return n;
}

static bool compile(struct ug_view *v, struct ug_exec *share, struct ug_diags *diags)
{
    const size_t n = (size_t)v->unfolded->extra.n;
    struct ug_goal *goals = ug_xcalloc(n * UG_SET_INPUTS, sizeof *goals);
    struct ug_node ***homes = ug_xcalloc(n * UG_SET_INPUTS, sizeof(*homes));
    struct ug_compile_request r = {
        .graph = v->unfolded->graph,
        .goals = goals,
        .n_phases = 1,
        .store = &v->store,
        .share = share,
    };

    v->n = (int)n;
    v->values = ug_xcalloc(n, sizeof *v->values);
    v->sets = ug_xcalloc(n, sizeof *v->sets);
    r.n_goals = list_goals(v, goals, homes);
    const bool made = ug_compile(&v->run, &r, diags);
    for (int i = 0; i < r.n_goals; i++)
        *homes[i] = goals[i].node;
    free(goals);
    free(homes);
    return made;
}

bool ug_view_open(struct ug_view *v, const struct ug_look *look, const struct ug_request *request,
                  struct ug_diags *diags)
{
    const size_t before = ug_diags_errors(diags);

    *v = (struct ug_view){.store = *look->store};
    v->store.data = look->data;
    v->unfolded = ug_unfold(look->program, request, diags);
    return v->unfolded && ug_diags_errors(diags) == before && compile(v, look->share, diags);
}

/* The types of a dataset's entries in batches of `batch`; their names are borrowed. */
static struct ug_input *types_of(const struct ug_dataset *d, const struct ug_data_spec *spec,
                                 int64_t batch)
{
    struct ug_input *types = ug_xcalloc((size_t)spec->n, sizeof *types);

    for (int i = 0; i < spec->n; i++) {
        const struct ug_type sample = ug_dataset_type(d, spec->entries[i].name);
        struct ug_type *type = &types[i].type;
        types[i].name = spec->entries[i].name;
        types[i].data = &spec->entries[i];
        *type = sample;
        type->shape.rank++;
        type->shape.dim[0] = batch;
        for (int k = 0; k < sample.shape.rank; k++)
            type->shape.dim[k + 1] = sample.shape.dim[k];
    }
    return types;
}

bool ug_view_open_data(struct ug_view *v, const struct ug_look *look, unsigned want,
                       const struct ug_dataset *d, const struct ug_data_spec *spec, int64_t batch,
                       struct ug_diags *diags)
{
    struct ug_input *types = types_of(d, spec, batch);
    const struct ug_request request = {
        .want = want, .batch = batch, .types = types, .n_types = spec->n};
    const bool opened = ug_view_open(v, look, &request, diags) &&
                        (!d || ug_classes_check(v->unfolded->graph, d, spec, diags));

    free(types);
    return opened;
}

void ug_view_close(struct ug_view *v)
{
    ug_compiled_free(&v->run);
    ug_unfolded_free(v->unfolded);
    free(v->values);
    free(v->sets);
    *v = (struct ug_view){0};
}

void ug_view_bind(const struct ug_view *v, const struct ug_batch *batch)
{
    for (int i = 0; i < batch->n; i++)
        ug_exec_bind(v->run.exec, batch->names[i], batch->tensors[i].data);
}
