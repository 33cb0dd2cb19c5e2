/* classes.h -- labels that the data hold against the classes that a graph has. */
#ifndef UG_CLASSES_H
#define UG_CLASSES_H

#include "engine/data/source.h"
#include "engine/graph/graph.h"

/* The entry whose labels a node reads as classes; NULL: it reads none, or they are computed. */
const char *ug_classes_entry(const struct ug_node *node);

/* Reports the first label of each entry that is none of the classes of a node that reads it, at the
 * node's place; false if there is one.  `spec` is what `data` was opened from. */
bool ug_classes_check(const struct ug_graph *g, const struct ug_dataset *data,
                      const struct ug_data_spec *spec, struct ug_diags *diags);

#endif
