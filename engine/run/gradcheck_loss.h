/* gradcheck_loss.h -- a loss as a function of parameters: its value, and its gradient as the graph
 * has it.
 *
 * Part of gradcheck, which is compiled only where float means double (engine/base/double.h).
 */
#ifndef UG_GRADCHECK_LOSS_H
#define UG_GRADCHECK_LOSS_H

#include "engine/run/trainer.h"

/* What all losses of a check have in common. */
struct ug_loss_setting {
    struct ug_program *program;
    struct ug_unfolded *unfolded; /* gradients are added to its graph */
    const struct ug_store *store; /* the parameters: change them between two values */
    const struct ug_batch *batch;
    struct ug_moment now;
    struct ug_diags *diags;
};

struct ug_loss {
    const struct ug_loss_setting *setting;
    struct ug_arena *arena;
    int n_params;
    const float **grads;    /* by param, after ug_loss_gradient; NULL: the loss does not reach it */
    int n_held;             /* values that a gradient does not go through: detach and its kin */
    float **held;           /* as they are at the point of ug_loss_gradient */
    struct ug_goal *goals;  /* of `gradient`: the loss, gradients, held values */
    int *gradient_goal;     /* by param: its goal; -1: none */
    struct ug_goal loss[2]; /* of `moving` and `still` */
    struct ug_compiled gradient;
    struct ug_compiled moving; /* the loss alone */
    struct ug_compiled still;  /* the same, reading the held values as they were */
};

/* `loss`: a scalar of the setting's graph.  False after an error; ug_loss_close is then still
 * right. */
bool ug_loss_open(struct ug_loss *l, const struct ug_loss_setting *s, struct ug_node *loss,
                  struct ug_param *const *params, int n_params);
void ug_loss_close(struct ug_loss *l);

/* Sets l->grads, and what is held, at the parameters as they stand; the loss. */
double ug_loss_gradient(struct ug_loss *l);
/* Whether all of l->grads are. */
bool ug_loss_gradients_finite(const struct ug_loss *l);
/* The first value, of the loss or on the way of a gradient, that is not finite at the parameters as
 * they stand; or NULL. */
const struct ug_node *ug_loss_fault(struct ug_loss *l);
/* The loss at the parameters as they stand.  still: with held values as ug_loss_gradient found
 * them, so that only what gradients go through changes. */
double ug_loss_value(struct ug_loss *l, bool still);

#endif
