/* name_map.h -- names of tensors in a file that another program wrote, and names here.
 *
 *     unitgraph: 1
 *     vars: {n_down: 2}
 *     names:                                           # there: here
 *       enc.model.0.conv.*: E1.stem.0.*                # * is any text, dots too
 *       enc.model.{i+1}.conv.*: E1.down.{i}.0.*        # a whole number, and what it is elsewhere
 *       dec.fc.weight: {name: G1.fc.weight, permute: [1, 0]}
 *     ignore: ["*.num_batches_tracked"]                # of there
 *
 * Every line can be read in both directions; the first one that fits a name is the one that counts.
 */
#ifndef UG_NAME_MAP_H
#define UG_NAME_MAP_H

#include "engine/graph/tensor.h"
#include "engine/model/document.h"

struct ug_name_map;
struct ug_pattern;

/* A line of `names`. */
struct ug_name_rule {
    struct ug_pos pos;
    const struct ug_pattern *there, *here;
    int permute[UG_MAX_RANK]; /* axis k here is axis permute[k] there */
    int n_permute;            /* 0: axes stay as they are */
    bool reshaped;            /* the values in order, under these shapes: */
    struct ug_shape shape_there, shape_here;
};

/* Reads a map, whose `vars` `sets` override, into the arena.  NULL after errors. */
struct ug_name_map *ug_name_map_read(struct ug_arena *a, const char *path, const char *const *sets,
                                     int n_sets, struct ug_diags *diags);

/* The line that a name of there (of here, if `reverse`) fits; *other, from the arena, is its name
 * on the other side.  NULL: none. */
const struct ug_name_rule *ug_name_map_find(const struct ug_name_map *m, const char *name,
                                            bool reverse, struct ug_arena *a, const char **other);
/* Whether `ignore` lists a name of there. */
bool ug_name_map_ignores(const struct ug_name_map *m, const char *name);
/* The patterns as they are written, of there or of here, for suggestions; from the arena. */
const char **ug_name_map_patterns(const struct ug_name_map *m, bool here, struct ug_arena *a,
                                  size_t *n);

/* The shape on the other side of a rule.  False if a tensor of this shape does not fit it. */
bool ug_name_rule_shape(const struct ug_name_rule *r, bool reverse, const struct ug_shape *in,
                        struct ug_shape *out);
/* Copies the values of a tensor of that shape in the order of the other side; an element is `size`
 * bytes. */
void ug_name_rule_copy(const struct ug_name_rule *r, bool reverse, const struct ug_shape *in,
                       size_t size, const void *from, void *to);

#endif
