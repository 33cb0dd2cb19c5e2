/* gradcheck_source.h -- what gradcheck looks at: a file's experiment and its first batch, or the step
 * in a fault's bundle.
 *
 * Part of gradcheck, which is compiled only where float means double (engine/base/double.h).
 */
#ifndef UG_GRADCHECK_SOURCE_H
#define UG_GRADCHECK_SOURCE_H

#include "engine/run/bundle.h"
#include "engine/run/gradcheck_loss.h"
#include "engine/unitgraph.h"

struct ug_gradcheck_source {
    struct ug_arena *arena;
    struct ug_bundle *bundle; /* or NULL; then the source has what follows for its own */
    struct ug_program *program;
    struct ug_store *store;
    struct ug_unfolded *unfolded;
    struct ug_dataset *data;
    struct ug_loader *loader;
    struct ug_batch invented; /* where the file has no data */
    struct ug_loss_setting setting;
};

/* Loads a file, or the bundle that it is where o->bundle says so, and the parameters.  False after an
 * error; ug_gradcheck_close is then still right. */
bool ug_gradcheck_load(struct ug_gradcheck_source *s, const char *file,
                       const struct ug_gradcheck_options *o, struct ug_diags *diags);
/* The batch. */
bool ug_gradcheck_read(struct ug_gradcheck_source *s, struct ug_diags *diags);
void ug_gradcheck_close(struct ug_gradcheck_source *s);

#endif
