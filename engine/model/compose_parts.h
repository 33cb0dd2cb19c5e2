/* compose_parts.h -- laying trees over one another: compose.c, and compose_set.c for --set.
 * Private to these.
 */
#ifndef UG_COMPOSE_PARTS_H
#define UG_COMPOSE_PARTS_H

#include "engine/model/document.h"

enum { UG_DEEPEST_CHAIN = 32 }; /* files that include one another */

struct ug_composer {
    struct ug_arena *arena;
    struct ug_diags *diags;
    const char *open[UG_DEEPEST_CHAIN]; /* the files that are being read, each included by the one
                                           before */
    int n_open, n_files;
    bool incomplete; /* a file is missing: what depends on it would only make noise */
};

/* Which keys of a map keep an empty value instead of being removed by it: the parameters of a
 * module, for which it means "required".  The level counts down modules -> NAME -> params. */
enum ug_level { UG_ROOT, UG_MODULES, UG_MODULE, UG_PARAMS, UG_ELSEWHERE };

enum ug_level ug_level_below(enum ug_level level, const char *key);

/* Is this value, of a map of this level, a `~` that takes its key away?  A value left out is not:
 * whoever reads the key says that it is empty. */
bool ug_yaml_is_removal(const struct ug_yaml *value, enum ug_level level);

/* `over` laid over `base`: maps key by key, all else replaced. */
struct ug_yaml *ug_yaml_merge(struct ug_composer *c, struct ug_yaml *base, struct ug_yaml *over,
                              enum ug_level level);

/* Replaces or removes the value that "NAME=EXPR" names. */
void ug_apply_set(struct ug_composer *c, struct ug_yaml *root, const char *set);

#endif
