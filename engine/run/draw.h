/* draw.h -- an experiment's graph as DOT text. */
#ifndef UG_DRAW_H
#define UG_DRAW_H

#include "engine/graph/dot.h"
#include "engine/model/program.h"

/* Draws the graph that training runs, with its gradients if `backward`.  The title is the name of
 * `file` without folder and ending.  False after an error. */
bool ug_draw(struct ug_program *p, const char *file, enum ug_detail detail, bool backward,
             FILE *out, struct ug_diags *diags);

#endif
