/* bundle.h -- one step in one file: RUN/fault-00000042.safetensors, to be run again anywhere.
 *
 *     input.NAME                  the batch
 *     param.NAME                  parameters and states, as the step found them
 *     moment.OPTIMIZER.KIND.NAME  moments likewise: moment.G.exp_avg.E1.stem.0.weight
 *
 * The metadata hold the resolved file, each value with the file and line it came from; a JSON
 * object with the step, the seed, the counts of updates, the pictures' names and the message; and a
 * checksum over all of it.  Averages (ema) are left out: a step does not read them.
 */
#ifndef UG_BUNDLE_H
#define UG_BUNDLE_H

#include "engine/run/trainer.h"

struct ug_fault_report {
    const struct ug_trainer *trainer; /* undone: as the step found it */
    const struct ug_batch *batch;
    struct ug_moment now;
    struct ug_pos pos;
    const char *message;
};

/* The file appears whole or not at all.  False after an error. */
bool ug_bundle_write(const char *path, const struct ug_fault_report *report,
                     struct ug_diags *diags);

struct ug_bundle {
    struct ug_arena *arena;
    struct ug_program *program;
    struct ug_trainer *trainer; /* as the step found it */
    struct ug_batch batch;      /* origins: one text an entry, "a.png, b.png" */
    const char *const *samples; /* by entry */
    struct ug_moment now;
    const char *message, *place; /* what stopped the run, and "unit.yaml:41:5" or "" */
    const char *version;         /* of the program that wrote it */
    const char *config;          /* the resolved file with its origins */
};

/* Whether the step keeps to the file's `train.memory`. */
enum ug_bundle_memory { UG_BUNDLE_AS_RUN, UG_BUNDLE_ANY_MEMORY };

/* Reads a bundle and makes the step; no data is looked at.  NULL after an error: the file was
 * changed or cut off, or is none. */
struct ug_bundle *ug_bundle_open(const char *path, enum ug_bundle_memory memory,
                                 struct ug_diags *diags);
void ug_bundle_close(struct ug_bundle *b); /* NULL is fine */

#endif
