/* need.h -- the memory that training takes beside the values of a step. */
#ifndef UG_NEED_H
#define UG_NEED_H

#include "engine/data/source.h"
#include "engine/run/store.h"

enum { UG_NEED_SETS = 3 };

struct ug_need {
    size_t blocks;   /* parameters, gradients, moments, averages, and what trying updates takes */
    size_t data;     /* pictures that were decoded once, batches that are read ahead, grids */
    size_t process;  /* code, libraries, threads, what describes the experiment */
    size_t pictures; /* of `data`: those that were decoded once */
    size_t all_pictures[UG_NEED_SETS]; /* the same of training, samples and validation, if each were
                                          free to keep what it decodes */
};

/* `data` is what is trained on, or NULL.  That of samples and of validation is opened and closed to
 * be measured; what is wrong with it is said when it is opened for use. */
struct ug_need ug_need_of(const struct ug_program *p, const struct ug_store *store,
                          const struct ug_dataset *data);
/* Of steps alone. */
struct ug_need ug_need_of_steps(const struct ug_program *p, const struct ug_store *store,
                                const struct ug_dataset *data);
/* What this process held of memory at the most so far. */
size_t ug_peak_bytes(void);

#endif
