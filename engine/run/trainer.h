/* trainer.h -- what training a program takes: parameters, optimizers, and a compiled step for each
 * set of optimizers that are active together.
 */
#ifndef UG_TRAINER_H
#define UG_TRAINER_H

#include "engine/data/source.h"
#include "engine/run/optimizer.h"
#include "engine/run/step.h"
#include "engine/run/view.h"

/* By ug_now; borrowed arrays. */
struct ug_step_times {
    struct ug_time *calls;   /* of the step's plan, as ug_exec_time has them */
    struct ug_time *updates; /* by optimizer */
    struct ug_time keeping;  /* what was tried, and states, when the step has gone well */
    struct ug_time whole;
};

struct ug_trainer {
    struct ug_program *program;   /* borrowed */
    struct ug_unfolded *unfolded; /* what the optimizers minimise */
    struct ug_store *store;
    struct ug_optimizer *optimizers; /* one each of the program's, in their order */
    struct ug_step **steps;
    int n_steps;
    double *rates;      /* by optimizer: lr of the last step it took part in */
    void **averaged;    /* by param index: its average where one is kept, else its value */
    ug_exec_look *look; /* is shown every value of a step, which then allocates; NULL: nobody is */
    void *look_context;
    struct ug_step_times *times; /* where to note when parts of a step ran; NULL: nowhere */
};

/* Everything but values: ug_store_init or a file sets those, then call ug_trainer_start.  `data` is
 * what it will be trained on (NULL where the experiment has none): `train.memory` counts it too.
 * NULL after an error. */
struct ug_trainer *ug_trainer_new(struct ug_program *p, const struct ug_dataset *data,
                                  struct ug_diags *diags);
void ug_trainer_free(struct ug_trainer *t); /* NULL is fine */

/* Averages become copies of the parameters as they stand. */
void ug_trainer_start(struct ug_trainer *t);

/* To look at what has been learnt, through averages where there are some, in the memory of the steps. */
struct ug_look ug_trainer_look(const struct ug_trainer *t);

/* The step for the optimizers that are active at `step`, counted from 0; NULL if none is. */
struct ug_step *ug_trainer_at(const struct ug_trainer *t, int64_t step);

/* What stopped a step. */
struct ug_fault {
    const struct ug_node
        *node; /* the first value that is not finite; NULL: a learning rate is not */
    struct ug_pos pos;
    int optimizer;       /* whose loss or gradients showed it */
    int64_t step, epoch; /* of a learning rate: when */
};

/* "'y' is not finite: a result of 'log'", into `text`, which is returned. */
enum { UG_FAULT_TEXT = 600 };
char *ug_fault_describe(const struct ug_node *n, char text[UG_FAULT_TEXT]);
/* The same, or which learning rate or gradient it is; from the arena. */
const char *ug_fault_text(struct ug_arena *a, const struct ug_program *p, const struct ug_fault *f);

/* Where the run stands: finished steps and epochs, and how many there will be. */
struct ug_moment {
    uint64_t seed;
    int64_t step, steps, epoch, epochs;
};
struct ug_moment ug_moment_at(const struct ug_program *p, uint64_t seed, int64_t step);

/* One step on a batch.  False if a value is not finite: parameters, moments and states are then as
 * the step found them.  Does not allocate. */
bool ug_trainer_run(struct ug_trainer *t, struct ug_step *s, const struct ug_batch *batch,
                    const struct ug_moment *now, struct ug_fault *fault);

#endif
