/* checkpoint_parts.h -- what the files of checkpoints share among themselves. */
#ifndef UG_CHECKPOINT_PARTS_H
#define UG_CHECKPOINT_PARTS_H

#include "engine/run/checkpoint.h"

/* state.json: names, sizes and checksums of the files beside it, which must be there, and what
 * `made` and the optimizers count.  It has a checksum of its own. */
bool ug_checkpoint_write_state(const char *folder, const char *const *files,
                               const struct ug_trainer *t, const struct ug_progress_made *made,
                               struct ug_diags *diags);
/* The optimizers' counts. */
bool ug_checkpoint_read_counts(const char *folder, struct ug_trainer *t, struct ug_diags *diags);

/* "step-00001000", from the arena. */
const char *ug_checkpoint_name(struct ug_arena *a, int64_t step);

/* Removes the oldest beyond `keep`, but never those that `latest` and `best` point to. */
void ug_checkpoint_thin(struct ug_arena *a, const char *folder, const struct ug_progress_made *made,
                        int64_t keep);

#endif
