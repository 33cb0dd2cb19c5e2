/* step.h -- a training step as one graph: values, losses, gradients, and the next values of states.
 *
 * The step has phases; when one has run, its optimizers update their parameters.  `simultaneous` is
 * one phase: all gradients come from the same forward pass.  A list of optimizers is a phase each:
 * what depends on parameters that an earlier phase updated is there once more, reading these
 * parameters under a version of their own, and everything else is shared.
 */
#ifndef UG_STEP_H
#define UG_STEP_H

#include "engine/run/compile.h"

struct ug_phase {
    const int *optimizers; /* updated when it has run, in this order */
    int n;
};

struct ug_term {
    const char *name; /* "G/rec_1"; NULL for what an optimizer minimises */
    const struct ug_node *node;
    int phase;
};

struct ug_step {
    struct ug_arena *arena;
    const bool *active; /* by optimizer: what a skipped one needs is not computed */
    struct ug_phase *phases;
    int n_phases;
    struct ug_term *terms; /* as their optimizer saw them; losses as a whole too */
    int n_terms;
    struct ug_state_link *states; /* to be stored when the step ends */
    int n_states;
    bool **reached; /* [optimizer][i]: its loss reaches spec->params[i] */
    struct ug_compiled run;
};

/* `u` holds what all optimizers minimise; active: at least one; budget: as in compile.h, or NULL.  NULL
 * after an error. */
struct ug_step *ug_step_new(const struct ug_program *p, const struct ug_unfolded *u,
                            const bool *active, const struct ug_store *store, struct ug_exec *share,
                            const struct ug_budget *budget, struct ug_diags *diags);
void ug_step_free(struct ug_step *s); /* NULL is fine */

/* Whether an optimizer ever updates before it is known that its step goes well: in an ordered step, all
 * but the last do. */
bool ug_step_tries(const struct ug_train_spec *t, int optimizer);

#endif
