/* fit.h -- unitgraph check --fit: how large a setting can be for a run to fit in so much memory. */
#ifndef UG_FIT_H
#define UG_FIT_H

#include <stdio.h>

#include "engine/unitgraph.h"

/* Of o->vary, or of data.batch.  Tries numbers; nothing is run.  UG_WRONG: none fits, or the file or
 * the options are wrong. */
enum ug_status ug_fit(const char *file, const struct ug_check_options *o, FILE *out,
                      struct ug_diags *diags);

#endif
