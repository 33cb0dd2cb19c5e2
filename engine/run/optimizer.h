/* optimizer.h -- one optimizer's update: moments, clipping, averages, in one pass over its block.
 *
 * The arithmetic is PyTorch's (torch.optim, not fused).  Parameters that the loss does not reach
 * are left alone: neither stepped nor decayed nor averaged.
 */
#ifndef UG_OPTIMIZER_H
#define UG_OPTIMIZER_H

#include "engine/run/store.h"

enum { UG_MAX_MOMENTS = 3 };

struct ug_piece { /* elements [at, at + n) of the block: what one thread works on at a time */
    size_t at, n;
};

struct ug_optimizer {
    const struct ug_optimizer_spec *spec;
    struct ug_block *block; /* borrowed */
    int n_moments;
    const char *moment_names[UG_MAX_MOMENTS]; /* PyTorch's: "exp_avg", … */
    float *moments[UG_MAX_MOMENTS];           /* blocks of the same layout */
    float *average;                           /* ema; NULL if there is none */
    int64_t updates;                          /* so far */
    struct ug_piece *pieces;                  /* of the parameters that the loss reaches */
    int n_pieces;
    double *sums; /* one a piece, for the norm */

    /* Of an update that is tried.  NULL, 0: none ever is. */
    float *before; /* the block's values, as it found them */
    float *spare;  /* for each thread, a piece of each moment: what trying makes of them */
    int threads;
    double lr;
    float clip;
};

/* Arrays as large as its block that an optimizer keeps: moments, and the average. */
int ug_optimizer_arrays(const struct ug_optimizer_spec *spec);

/* Bytes it takes to try updates of a block of n parameters, on so many threads. */
size_t ug_optimizer_trial_bytes(size_t n, int threads);

/* reached[i]: the loss reaches spans[i] of the block.  Averages start when ug_optimizer_start is
 * called.  `tries`: some updates will be tried.  False, after an error, where memory is short. */
bool ug_optimizer_init(struct ug_optimizer *o, const struct ug_optimizer_spec *spec,
                       struct ug_block *block, const bool *reached, bool tries,
                       struct ug_diags *diags);
void ug_optimizer_free(struct ug_optimizer *o); /* what it holds, not `o` */

/* Averages become copies of the parameters as they stand. */
void ug_optimizer_start(struct ug_optimizer *o);

/* Whether every gradient is finite. */
bool ug_optimizer_finite(const struct ug_optimizer *o);

/* The first parameter of which the value, a moment or the average is not finite, and which of these in
 * *what ("the value", "exp_avg_sq"); NULL if there is none. */
const struct ug_param *ug_optimizer_unsound(const struct ug_optimizer *o, const char **what);

/* Updates the parameters from the block's gradients.  Does not allocate. */
void ug_optimizer_update(struct ug_optimizer *o, double lr);

/* The same in two halves: trying changes the values alone; then keeping moves moments and averages
 * on, from gradients that must still be there, or undoing makes the values as they were.  Values that
 * are kept have the bits of ug_optimizer_update.  None of it allocates. */
void ug_optimizer_try(struct ug_optimizer *o, double lr);
void ug_optimizer_keep(struct ug_optimizer *o);
void ug_optimizer_undo(struct ug_optimizer *o);

#endif
