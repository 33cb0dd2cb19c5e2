/* batch_sets.h -- which nodes run as one; between batch.c and those that find the sets. */
#ifndef UG_BATCH_SETS_H
#define UG_BATCH_SETS_H

#include "engine/graph/copy.h"

enum { UG_ALONE = -1 };

/* How the members of a set get one of their inputs. */
enum ug_feed {
    UG_FEED_SAME, /* it is one node for all of them */
    UG_FEED_PART, /* samples of another set that follow one another: a view */
    UG_FEED_JOIN  /* put together by copying */
};

struct ug_batch_set {
    int *ids; /* of the members, in the order of their samples */
    int n;
    enum ug_feed *feeds; /* by input; NULL: the members run by themselves, and what they give is put
                            together for others */
    bool summed;         /* the members' results are added up anyway: the new node gives the sum */
};

struct ug_batch_sets {
    struct ug_batch_set *items;
    int n, capacity;
    int *set;   /* by id: UG_ALONE, or an index of items */
    int *index; /* by id: which of the members it is */
};

/* Which nodes of c->old run as one; none of a set waits, through other sets or not, for another of
 * it.  Lists lie in `arena`. */
struct ug_batch_sets ug_find_sets(struct ug_arena *arena, const struct ug_copying *c,
                                  struct ug_node *const *roots, int n_roots);

#endif
