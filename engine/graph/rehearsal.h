/* rehearsal.h -- what would be alive when, if the backward pass computed some values again: between
 * savings.c and rehearsal.c only.
 *
 * Nothing is built or placed: calls are gone through in a given order, with those that are repeated
 * put in just before their first reader, as order.c will do.  So thousands of choices can be tried.
 */
#ifndef UG_REHEARSAL_H
#define UG_REHEARSAL_H

#include "engine/graph/plan_parts.h"

/* A value may be there twice: as the forward pass made it, and as the backward pass did again. */
enum ug_copy_of { UG_FIRST, UG_AGAIN, UG_N_COPIES };
enum { UG_NEVER = -1 };

struct ug_rehearsed {
    const struct ug_node *node;
    enum ug_copy_of copy;
};

struct ug_rehearsal {
    const struct ug_needs *needs;
    const struct ug_order *order; /* of the calls that are no repetitions */
    bool *again; /* by node id, set by the caller: nodes whose value is made again */

    /* What ug_rehearse finds.  Moments are indices into `calls`; arrays are by the id of the node
     * that holds a value. */
    struct ug_rehearsed *calls;
    int n;
    int *made[UG_N_COPIES];
    int *last[UG_N_COPIES]; /* its last reader; n: kept to the end */
    int *last_forward;      /* of the first copy: its last reader of the forward pass */
    int *first_backward;    /* … and its first reader that would take the other copy */
    int64_t *alive;         /* bytes, by call */
    int peak;               /* the call during which most are alive */

    /* For rehearsing; by id. */
    struct ug_rehearsed *stack;
    int64_t *bytes, *scratch;
    bool *is_home_goal; /* it is not written to the arena … */
    bool *at_home;      /* … nor is what it is made in place of */
};

/* All that a rehearsal needs, from the arena; nothing is made again so far. */
struct ug_rehearsal ug_rehearsal_new(struct ug_arena *arena, const struct ug_needs *needs,
                                     const struct ug_order *order);
/* Goes through the calls with r->again as it is now. */
void ug_rehearse(struct ug_rehearsal *r);

/* Whether this call, of which there may be two, reads what is made again where there is that. */
bool ug_reads_again(const struct ug_rehearsed *call);

#endif
