/* metrics.h -- metrics.jsonl: a line for each step that has something to tell. */
#ifndef UG_METRICS_H
#define UG_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "engine/base/diag.h"

struct ug_metrics {
    FILE *file;
    char *buffer; /* of the file: lines go out whole */
    const char *path;
};

/* Opens the file, with the lines of steps up to `step` kept and all later ones dropped: a resumed
 * run writes them anew.  `path` is borrowed. */
bool ug_metrics_open(struct ug_metrics *m, const char *path, int64_t step, struct ug_diags *diags);
void ug_metrics_close(struct ug_metrics *m);

/* A line: begin, any number of values, end.  A number that JSON cannot hold becomes null.
 * ug_metrics_end is false, after an error, if it could not be written. */
void ug_metrics_begin(struct ug_metrics *m, int64_t step, int64_t epoch, double seconds);
void ug_metrics_put(struct ug_metrics *m, const char *prefix, const char *name, double value);
bool ug_metrics_end(struct ug_metrics *m, struct ug_diags *diags);

/* Waits until all lines are on the disk: what a checkpoint counts as done must not lack its line.
 * False after an error. */
bool ug_metrics_sync(struct ug_metrics *m, struct ug_diags *diags);

#endif
