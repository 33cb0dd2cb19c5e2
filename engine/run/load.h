/* load.h -- an experiment for what its file says, where nothing is to be trained. */
#ifndef UG_LOAD_H
#define UG_LOAD_H

#include "engine/model/program.h"

/* As ug_program_load, but the data are looked at only where sizes or the number of steps are not
 * known without them: a graph can be drawn before its pictures are there. */
struct ug_program *ug_load_bare(const char *file, const char *const *sets, int n_sets,
                                struct ug_diags *diags);

#endif
