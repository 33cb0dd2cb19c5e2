/* activation.h -- what the rules of other ops know about rectifiers. */
#ifndef UG_OPS_ACTIVATION_H
#define UG_OPS_ACTIVATION_H

#include "engine/graph/graph.h"

/* dy, if n is what passes back of it through a rectifier of x, whose slope goes to *slope; else NULL.
 */
struct ug_node *ug_let_through(const struct ug_node *n, const struct ug_node *x, double *slope);

#endif
