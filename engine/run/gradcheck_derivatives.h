/* gradcheck_derivatives.h -- the derivative of a loss along a direction, taken twice.
 *
 * For a loss L, parameters p of one network and a random direction v, the derivative of L(p + t v)
 * at t = 0 is taken as the product of v with the gradient that the graph computes, and as
 * (L(p + h v) - L(p - h v)) / 2h for smaller and smaller h until two agree.  Part of gradcheck: see
 * gradcheck_loss.h.
 */
#ifndef UG_GRADCHECK_DERIVATIVES_H
#define UG_GRADCHECK_DERIVATIVES_H

#include "engine/run/gradcheck_loss.h"

/* Some of a loss's parameters: all of one network, or a single one. */
struct ug_param_group {
    struct ug_param *const *params;
    const float *const *grads;
    int n;
};

struct ug_comparison {
    double analytic, numeric;
    double bar;   /* how far the last differences were apart */
    double scale; /* how large a derivative to expect: errors are relative to it */
};

enum ug_agreement {
    UG_AGREES,
    UG_UNCLEAR, /* the loss is too rough for differences to say anything */
    UG_DIFFERS
};

/* Along the direction of a number; errors are relative to `floor` at least.  May leave the parameters
 * at a point nearby, and loss->grads the gradient there. */
struct ug_comparison ug_derivative_compare(struct ug_loss *loss, const struct ug_param_group *g,
                                           double floor, uint64_t number);
double ug_derivative_error(const struct ug_comparison *r);
enum ug_agreement ug_derivative_judge(const struct ug_comparison *r);

/* How much of the loss's change along a direction no gradient goes through; *whole: all of it. */
double ug_derivative_held_back(struct ug_loss *loss, const struct ug_param_group *g, double *whole);

/* Moves parameters to a point nearby, another one for each number. */
void ug_step_aside(const struct ug_loss_setting *s, struct ug_param *const *params, int n,
                   uint64_t number);

#endif
