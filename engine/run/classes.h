/* classes.h -- labels that the data hold against the classes that a graph has. */
#ifndef UG_CLASSES_H
#define UG_CLASSES_H

#include "engine/data/source.h"
#include "engine/graph/graph.h"

/* The entry whose labels a node reads as classes; NULL: it reads none, or they are computed. */
const char *ug_classes_entry(const struct ug_node *node);

/* "the label 'y' of photos/a.png is 12, but there are 10 classes: 0 to 9"; from the arena. */
const char *ug_classes_text(struct ug_arena *a, const char *entry, const struct ug_misfit *m,
                            int64_t classes);

/* Reports the first label of each entry that is none of the classes of a node that reads it, at the
 * node's place; false if there is one.  `spec` is what `data` was opened from. */
bool ug_classes_check(const struct ug_graph *g, const struct ug_dataset *data,
                      const struct ug_data_spec *spec, struct ug_diags *diags);

#endif
