/* check_memory.h -- the part of `unitgraph check` that counts: arithmetic and memory. */
#ifndef UG_CHECK_MEMORY_H
#define UG_CHECK_MEMORY_H

#include <stdio.h>

#include "engine/run/trainer.h"

/* Arithmetic of a step, memory part by part, and the largest values where they take most of it.
 * False after an error. */
bool ug_check_memory(const struct ug_trainer *t, const struct ug_dataset *data, FILE *out,
                     struct ug_diags *diags);

#endif
