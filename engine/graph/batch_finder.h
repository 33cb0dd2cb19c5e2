/* batch_finder.h -- what finding nodes to run as one works with; between batch_sets.c, batch_fit.c and
 * batch_groups.c only. */
#ifndef UG_BATCH_FINDER_H
#define UG_BATCH_FINDER_H

#include "engine/graph/batch_sets.h"

enum { UG_BATCH_NONE = -1, UG_BATCH_SEVERAL = -2, UG_BATCH_LATER = -3 };
enum { UG_BATCH_MAX_MEMBERS = 256, UG_BATCH_MAX_INPUTS = 16 };

/* Heavy nodes that are to run as one. */
struct ug_batch_group {
    int *ids;
    int n, n_ready; /* members not taken yet; of these, how many are ready */
};

struct ug_batch_finder {
    const struct ug_copying *c;
    struct ug_arena *arena, *own; /* of the sets; for the time of finding them */
    struct ug_batch_sets sets;
    int *phase;     /* by id: the phase before which it cannot run */
    int *beside;    /* by id, of backward nodes: see find_companions; or UG_BATCH_NONE */
    int *user;      /* by id: the only user; UG_BATCH_NONE, UG_BATCH_SEVERAL */
    int **users;    /* by id, each mention counted */
    int *n_users;   /* by id */
    int *waits_for; /* by id: inputs to come, each mention counted */
    int *group;     /* by id: an index of groups; UG_BATCH_NONE; UG_BATCH_LATER: not known yet */
    int *wanted;    /* by id: how many heavy nodes cannot run before this heavy node */
    struct ug_batch_group *groups;
    int n_groups;
    int *ready, *sums, *complete; /* ids; ids; indices of groups: to be taken in this order */
    int n_ready, n_sums, n_complete;
    bool grouped_gradients;
};

static inline const struct ug_node *ug_batch_node(const struct ug_batch_finder *f, int id)
{
    return f->c->old[id];
}

/* -1, 0 or 1. */
static inline int ug_compare_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* ---- batch_fit.c ---- */

/* Whether an input holds samples, each for one sample of the output. */
bool ug_batch_has_samples(const struct ug_node *n, int input);
/* Whether the node can be a member of a set at all. */
bool ug_batch_may_join(const struct ug_node *n);
/* Whether nodes of one kind can run as one in this order, and how: sets feeds, by input. */
bool ug_batch_feeds(const struct ug_batch_finder *f, const int *ids, int n, enum ug_feed *feeds);
/* Whether what the members give goes into one sum. */
bool ug_batch_sums_up(const struct ug_batch_finder *f, const int *ids, int n);

/* 0: they do the same with inputs of the same types. */
int ug_batch_compare_work(const struct ug_batch_finder *f, const struct ug_node *a,
                          const struct ug_node *b);
/* For qsort_r of ids, the finder being the context.  0: they do the same with the same weights, and
 * meet the same set. */
int ug_batch_compare_heavy(const void *x, const void *y, void *context);
/* What can run as one for nothing stands together, in order. */
int ug_batch_compare_ready(const void *x, const void *y, void *context);
/* The order of the members of a set. */
int ug_batch_compare_members(const void *x, const void *y, void *context);

/* ---- batch_groups.c ---- */

/* Whether the inputs without samples are so large that a run with the samples is mostly reading
 * them. */
bool ug_batch_is_heavy(const struct ug_node *n);
/* Makes groups of n heavy nodes, all forward or all gradients: adds to f->groups, and sets f->group
 * and f->wanted. */
void ug_batch_find_groups(struct ug_batch_finder *f, int *heavy, int n);

#endif
