/* dot.h -- a graph as DOT text, in the one form that Graphviz draws and Netron opens.
 *
 * Boxes and edges stand at the top level, every box with a record label
 *     {id|op_code=call_function\l|conv2d\lweight: (64, 3, 7, 7)\lparams: 9472\l}
 * and frames come last, naming boxes only.  Ids are places in the file, so that the text changes
 * only where the experiment does.
 */
#ifndef UG_DOT_H
#define UG_DOT_H

#include <stdio.h>

#include "engine/graph/graph.h"

enum ug_detail {
    UG_DETAIL_NETWORK, /* a box each call of a network, and each value outside of networks */
    UG_DETAIL_LAYER,   /* a box each call of an op, as the file writes it */
    UG_DETAIL_OP       /* a box each node */
};

/* networks: names, NULL-ended.  Tied parameters give their boxes one colour. */
void ug_dot_write(const struct ug_graph *g, const char *title, enum ug_detail detail,
                  const char *const *networks, FILE *out);

#endif
