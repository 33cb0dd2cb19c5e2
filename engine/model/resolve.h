/* resolve.h -- what a file says about parameters, once they are all known.  Private to engine/model.
 */
#ifndef UG_RESOLVE_H
#define UG_RESOLVE_H

#include "engine/model/program.h"

/* `share`: sets every parameter's owner, and p->ties. */
void ug_resolve_share(struct ug_program *p, struct ug_diags *diags);
/* `init`: sets every parameter's init where the file says one. files: open those of `file(…)` and
 * compare. */
void ug_resolve_init(struct ug_program *p, bool files, struct ug_diags *diags);
/* `train.frozen`, and which optimizer has which parameters.  `u` holds the losses: what they reach
 * needs an optimizer or is frozen. */
void ug_resolve_training(struct ug_program *p, const struct ug_unfolded *u, struct ug_diags *diags);
/* Warns of optimizers that take part in no step, and of learning rates that the last step cannot take:
 * a run may be told to have other steps, so these are no errors. */
void ug_warn_of_steps(const struct ug_program *p, struct ug_diags *diags);

#endif
