/* validate.h -- metrics over a whole data set: means over its samples, and distances of sets. */
#ifndef UG_VALIDATE_H
#define UG_VALIDATE_H

#include "engine/run/gather.h"
#include "engine/run/trainer.h"
#include "engine/run/view.h"

/* Sources may have different numbers of samples: each metric is over those of the sources that it
 * reads, or of the largest of them, which the others then accompany from their start again. */
struct ug_validation {
    const struct ug_validate_spec *spec;
    const struct ug_program *program;
    struct ug_dataset *data;
    int64_t count, batch;         /* samples of the largest source */
    int64_t *counts;              /* by metric */
    struct ug_view whole, *lasts; /* batches of data.batch, and the smaller ones at the ends: */
    int64_t *last_batches;        /* … by end, how small */
    int n_lasts;
    struct ug_gathered *gathered; /* by metric */
    double *means; /* by metric, of the last run; of one over whole sets, its value */
};

/* False after an error; ug_validation_close is then still right. */
bool ug_validation_open(struct ug_validation *v, const struct ug_look *look,
                        struct ug_diags *diags);
void ug_validation_close(struct ug_validation *v);

/* Computes v->means.  False after an error: a picture that broke. */
bool ug_validation_run(struct ug_validation *v, const struct ug_moment *now,
                       struct ug_diags *diags);

/* Whether a metric's best value is its highest: as the file says, or as the op that computes it
 * does. */
bool ug_validation_highest(const struct ug_validation *v, int metric);

#endif
