/* config.h -- the resolved file as a run keeps it: one file that stands for itself, wherever it
 * lies. */
#ifndef UG_CONFIG_H
#define UG_CONFIG_H

#include "engine/model/program.h"

/* Sets a key of a map, or takes it out where `value` is NULL. */
void ug_config_put(struct ug_arena *a, struct ug_yaml *map, const char *key, const char *value);
/* Sets `train.KEY` in the tree, so that what the command line asked for is in the file as well. */
void ug_config_set(struct ug_program *p, const char *key, const char *value);
void ug_config_set_seed(struct ug_program *p, uint64_t seed); /* in the program too */
/* Takes `train.KEY` out of the tree. */
void ug_config_remove(struct ug_program *p, const char *key);

/* The tree as text, relative paths made absolute.  From the program's arena. */
const char *ug_config_text(struct ug_program *p);
/* The same; behind each value, as a comment, stands the file and line that it is from. */
const char *ug_config_origins(struct ug_program *p);

#endif
