/* footprint.h -- the memory that a run will take, part by part. */
#ifndef UG_FOOTPRINT_H
#define UG_FOOTPRINT_H

#include "engine/run/trainer.h"

struct ug_footprint { /* bytes */
    size_t blocks;    /* parameters, gradients, moments, averages */
    size_t values;    /* all that a step, samples or validation compute, at the peak */
    size_t data;      /* pictures, and batches read ahead */
    size_t process;   /* code, libraries, threads */
};

/* `data` is what is trained on, or NULL; that of samples and validation is opened and closed.  False
 * after an error. */
bool ug_footprint_of(const struct ug_trainer *t, const struct ug_dataset *data,
                     struct ug_footprint *f, struct ug_diags *diags);
size_t ug_footprint_sum(const struct ug_footprint *f);

#endif
