/* view.h -- a graph that is run beside training, in evaluation mode: samples, metrics, a
 * translation. */
#ifndef UG_VIEW_H
#define UG_VIEW_H

#include "engine/data/source.h"
#include "engine/run/compile.h"

enum { UG_SET_INPUTS = 2 };

struct ug_view {
    struct ug_unfolded *unfolded;
    struct ug_store store; /* another's, with the parameters to look through */
    struct ug_compiled run;
    struct ug_value *values; /* what was asked for (`extra`), as nodes of the graph that is run */
    int n;
    /* By value: of a metric over whole sets, which the graph does not compute, its inputs as nodes
     * of the graph; `values` has its node as unfolded.  NULL for all others. */
    struct ug_node *(*sets)[UG_SET_INPUTS];
};

/* What a view looks through. */
struct ug_look {
    struct ug_program *program;
    const struct ug_store *store;
    void **data;           /* data[param->index]: the parameters to use, averages for example */
    struct ug_exec *share; /* as in ug_exec_new; or NULL */
};

/* False after an error; ug_view_close is then still right. */
bool ug_view_open(struct ug_view *v, const struct ug_look *look, const struct ug_request *request,
                  struct ug_diags *diags);
/* The same of batches from a dataset, opened from `spec`, whose labels must be classes where the
 * graph takes them for such.  `d` is NULL if `spec` has no entries. */
bool ug_view_open_data(struct ug_view *v, const struct ug_look *look, unsigned want,
                       const struct ug_dataset *d, const struct ug_data_spec *spec, int64_t batch,
                       struct ug_diags *diags);
void ug_view_close(struct ug_view *v);

/* The inputs of the graph become the tensors of the batch of their names, which are borrowed. */
void ug_view_bind(const struct ug_view *v, const struct ug_batch *batch);

#endif
