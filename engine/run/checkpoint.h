/* checkpoint.h -- all that a run needs to go on as if it had never stopped.
 *
 *     RUN/checkpoints/step-00001000/params.safetensors     with the resolved file in its metadata
 *                                   optimizer.safetensors  moments: OPTIMIZER.exp_avg.PARAMETER
 *                                   ema.safetensors        averages, where some are kept
 *                                   state.json             step, seed, --init, --set, the file, counts of updates,
 *                                                          sizes and checksums of the others
 *     RUN/state.json                                       the same of step 0, where nothing is but what was told
 *     RUN/latest -> checkpoints/step-00001000
 *     RUN/best -> checkpoints/step-00000800                where the file asks for it
 *
 * A folder is written under another name and then renamed: it appears whole or not at all.
 */
#ifndef UG_CHECKPOINT_H
#define UG_CHECKPOINT_H

#include "engine/run/trainer.h"

/* The best value that a metric of `validate` has had. */
struct ug_best {
    const char *metric; /* NULL: none was seen */
    bool highest;       /* it is the highest value, else the lowest */
    double value;
    int64_t step; /* whose checkpoint is kept */
};

struct ug_progress_made {
    int64_t step; /* finished */
    uint64_t seed;
    double seconds;          /* of training so far, over all sessions */
    const char *experiment;  /* the resolved file with --set, without the other options */
    const char *init;        /* the parameters that --init started from, or NULL */
    const char *const *sets; /* "NAME=EXPR" of --set: a run that goes on keeps them */
    int n_sets;
    struct ug_best best;
};

/* Writes the checkpoint of made->step, points `latest` to it, and `best` if it is the best, and
 * removes the oldest ones beyond `keep` (0: none), but never one that these two name.  False after
 * an error. */
bool ug_checkpoint_write(const char *run, const struct ug_trainer *t,
                         const struct ug_progress_made *made, const char *config, int64_t keep,
                         struct ug_diags *diags);

/* RUN/state.json: what a run that begins was told, to begin in the same way if it is stopped before its
 * first checkpoint.  False after an error. */
bool ug_checkpoint_write_beginning(const char *run, const struct ug_trainer *t,
                                   const struct ug_progress_made *made, struct ug_diags *diags);

/* The folder of the newest checkpoint (what `latest` points to, where it is there), or of that of
 * `step` if it is not negative; from the arena.  NULL if there is none. */
const char *ug_checkpoint_find(struct ug_arena *a, const char *run, int64_t step);

/* Points `best` to where made->best says, or removes it: a run may have been killed before it did
 * that itself.  False after an error. */
bool ug_checkpoint_link_best(const char *run, const struct ug_progress_made *made,
                             struct ug_diags *diags);

/* The checkpoint that a user names: "latest", "best" or the number of a step; from the arena.  NULL
 * after an error. */
const char *ug_checkpoint_named(struct ug_arena *a, const char *run, const char *which,
                                struct ug_diags *diags);

/* The file of parameters to look through: `run` itself if it is a file, that of a checkpoint's
 * folder, or that of the checkpoint `which` of a run's; averages where they are kept.  From the
 * arena.  NULL after an error. */
const char *ug_checkpoint_weights(struct ug_arena *a, const char *run, const char *which,
                                  struct ug_diags *diags);

/* What is wrong with the bytes of a checkpoint (or of a run's beginning), as state.json describes them: "its
 * 'params.safetensors' has 12 bytes; 1000 were written"; NULL if it is whole. */
const char *ug_checkpoint_fault(struct ug_arena *a, const char *checkpoint);

/* The newest checkpoint that is whole; damaged ones are named in warnings.  *checkpoint is NULL if
 * there never were any; false, after an error, if each is damaged or gone. */
bool ug_checkpoint_choose(struct ug_arena *a, const char *run, const char **checkpoint,
                          struct ug_diags *diags);

/* How far the run of a checkpoint (or, of the folder of a run, its beginning) has come and what it was
 * told, from the arena: what is needed to load its experiment.  False after an error. */
bool ug_checkpoint_origin(const char *checkpoint, struct ug_arena *a, struct ug_progress_made *made,
                          struct ug_diags *diags);

/* Sets parameters, states, moments, averages and counts.  False after an error. */
bool ug_checkpoint_read(const char *checkpoint, struct ug_trainer *t, struct ug_diags *diags);

#endif
