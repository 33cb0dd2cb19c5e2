/* sections.h -- the sections of a file that hold settings: inputs, data, train, log, samples,
 * checkpoint, validate, translate.  Private to engine/model.
 */
#ifndef UG_SECTIONS_H
#define UG_SECTIONS_H

#include "engine/model/program.h"
#include "engine/model/quantity.h"

/* Fills the parts of `p` that these sections describe, from p->tree: p->inputs too, `inputs` first
 * and then the entries of `data`, whose types are left with rank -1 (unknown: only their files can
 * tell).  Of the optimizers everything but the parameters, which nobody knows before the graph is
 * unfolded. Reports unknown keys, at the top of the file too, and a missing or unknown
 * `unitgraph:`. */
void ug_read_sections(struct ug_program *p, struct ug_vars *vars, struct ug_diags *diags);

/* Reports only the keys at the top of a composed file that are no section, and empty sections. */
void ug_check_sections(const struct ug_yaml *tree, struct ug_arena *arena, struct ug_diags *diags);

#endif
