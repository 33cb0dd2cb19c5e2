/* declare_parts.h -- reading declarations, shared by the files declare*.c. */
#ifndef UG_DECLARE_PARTS_H
#define UG_DECLARE_PARTS_H

#include "engine/model/declare.h"

struct ug_declaring {
    struct ug_arena *arena;
    struct ug_diags *diags;
};

/* Reports every key of `map` that is not in `known` (NULL-ended); `what` names the map. */
bool ug_declare_keys(struct ug_declaring *d, const struct ug_yaml *map, const char *what,
                     const char *const *known);

/* A name that can be used in expressions, or an error. */
bool ug_declare_name(struct ug_declaring *d, const struct ug_yaml *scalar,
                     struct ug_name_decl *out);

/* One name, or a list of them, none twice. */
bool ug_declare_names(struct ug_declaring *d, const struct ug_yaml *value, const char *what,
                      struct ug_name_decl **out, int *n);

/* A step or a list of steps. */
bool ug_declare_chain(struct ug_declaring *d, struct ug_yaml *value, struct ug_chain *out);

/* A map of named values; those with a wrong form are marked. */
void ug_declare_graph(struct ug_declaring *d, struct ug_yaml *map, struct ug_graph_decl *out);

#endif
