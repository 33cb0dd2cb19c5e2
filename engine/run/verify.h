/* verify.h -- whether two runs came to the same, bit for bit. */
#ifndef UG_VERIFY_H
#define UG_VERIFY_H

#include <stdio.h>

#include "engine/base/diag.h"

/* Compares the newest checkpoints of two run folders (parameters and states, averages, moments,
 * counts of updates), their metrics without the seconds, and their samples, and prints how many of
 * each there were.  False, after an error that names the first that differs. */
bool ug_verify_same(const char *straight, const char *resumed, FILE *out, struct ug_diags *diags);

#endif
