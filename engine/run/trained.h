/* trained.h -- a file of parameters with the experiment that it carries; or an experiment whose
 * parameters are as its `init` says: networks that were trained elsewhere. */
#ifndef UG_TRAINED_H
#define UG_TRAINED_H

#include "engine/data/safetensors.h"
#include "engine/run/store.h"
#include "engine/run/view.h"

struct ug_trained {
    const char *path;            /* of the parameters, or of the experiment */
    struct ug_safetensors *file; /* NULL: there are only initial values */
    struct ug_program *program;
    struct ug_store *store; /* NULL until the parameters are read */
};

/* Builds the program that the parameters at `path` carry in their metadata: `path` may be NULL after
 * an error that is on the list.  `load` says how; its text is the file's.  False after an error;
 * ug_trained_close is then still right. */
bool ug_trained_open(struct ug_trained *t, const char *path, struct ug_load_options load,
                     struct ug_arena *arena, struct ug_diags *diags);
/* The same for an experiment's file. */
bool ug_trained_begin(struct ug_trained *t, const char *path, const struct ug_load_options *load,
                      struct ug_diags *diags);
bool ug_trained_read(struct ug_trained *t, struct ug_diags *diags); /* the parameters themselves */
/* To look through the parameters, once they are read. */
struct ug_look ug_trained_look(const struct ug_trained *t);
void ug_trained_close(struct ug_trained *t);

#endif
