/* listing.h -- the pictures that a path means. */
#ifndef UG_LISTING_H
#define UG_LISTING_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

struct ug_listing {
    const char **paths;
    int64_t *labels; /* of each: see language.md 5; -1: none */
    int64_t n, capacity;
    /* Of a folder: files that end as pictures of formats do which are not read, and one of them. */
    int64_t others;
    const char *other;
};

/* Lists what `path` means, into the arena: a folder's files that end in .png, .jpg or .jpeg, deep,
 * in the order of the bytes of their names, hidden ones left out; the lines of a .txt file; the
 * files that a glob matches; or the file itself.  Nothing is opened but folders and lists.  False
 * after an error at `pos`, also when there is no picture. */
bool ug_list_pictures(struct ug_arena *arena, const char *path, struct ug_listing *out,
                      struct ug_pos pos, struct ug_diags *diags);

#endif
