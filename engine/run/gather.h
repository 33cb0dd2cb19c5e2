/* gather.h -- the inputs of a metric over whole sets (op->of_sets), sample after sample. */
#ifndef UG_GATHER_H
#define UG_GATHER_H

#include "engine/run/view.h"

struct ug_gathered {
    const struct ug_node *metric;         /* its op and settings; NULL: it is a mean over samples */
    struct ug_tensor sets[UG_SET_INPUTS]; /* [counts, …] */
};

/* Room for `counts` samples of the inputs of metric i of a view whose batches have `batch`.  Nothing for one that
 * is a mean over samples.  False after an error; ug_gathered_close is then still right. */
bool ug_gathered_open(struct ug_gathered *g, const struct ug_view *view, int i, int64_t batch,
                      const int64_t counts[UG_SET_INPUTS], struct ug_diags *diags);
void ug_gathered_close(struct ug_gathered *g);

/* Copies what a batch of `samples` gave, the view having run, behind the `done` that are there; what a
 * set has no room for is one of its samples once more. */
void ug_gathered_add(struct ug_gathered *g, const struct ug_view *view, int i, int64_t done,
                     int64_t samples);

/* The metric over all that was gathered.  False after an error: there is no memory. */
bool ug_gathered_compute(const struct ug_gathered *g, double *out, struct ug_diags *diags);

#endif
