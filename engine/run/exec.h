/* exec.h -- a plan, its arena, and running it. */
#ifndef UG_EXEC_H
#define UG_EXEC_H

#include "engine/graph/plan.h"
#include "engine/run/store.h"

struct ug_exec;

/* Takes the plan, and memory for its arena.  `share` may be another exec that outlives this one and
 * never runs between a run of this one and the reading of its values: its memory is used if it is
 * large enough. NULL, after an error that says how much was wanted, if there is not enough; the
 * plan is freed then too. */
struct ug_exec *ug_exec_new(struct ug_plan *take, const struct ug_store *store,
                            struct ug_exec *share, struct ug_diags *diags);
void ug_exec_free(struct ug_exec *e); /* NULL is fine */

/* Where an input's value stands during the next runs (borrowed).  False if no node reads that
 * input. */
bool ug_exec_bind(struct ug_exec *e, const char *input, const void *data);
void ug_exec_count(struct ug_exec *e, int64_t step, int64_t steps, int64_t epoch, int64_t epochs);

/* Every input must be bound.  Phases run in their order; running one twice gives the same values.
 */
void ug_exec_run(struct ug_exec *e, int phase, uint64_t seed, uint64_t step);

/* The value of a node that is a goal, or a leaf. */
struct ug_tensor ug_exec_value(const struct ug_exec *e, const struct ug_node *node);

/* Is shown a value as it is made; of a fused node, and of several nodes that run as one, the members
 * come first, and a leaf comes before the first call of the phase that reads it; of a node that is
 * added to an earlier value, the sum.  False ends the phase there. */
typedef bool ug_exec_look(void *context, const struct ug_node *n, struct ug_tensor value);

/* As ug_exec_run, to the same bits, but slower, and it allocates.  False if `look` ended it. */
bool ug_exec_watch(struct ug_exec *e, int phase, uint64_t seed, uint64_t step, ug_exec_look *look,
                   void *context);

/* Runs a phase again: the first value that is not finite, or NULL. */
const struct ug_node *ug_exec_find_fault(struct ug_exec *e, int phase, uint64_t seed,
                                         uint64_t step);

const struct ug_plan *ug_exec_plan(const struct ug_exec *e);

/* Whether a kernel of so many operations, and bytes read and written, gets more than one thread:
 * handing work to other threads and waiting for the last of them takes some microseconds, and far
 * more where other programs use the cores. */
bool ug_exec_shares(double flops, double bytes);

/* Runs a phase and notes by ug_now when each call began and ended, in times[0 … plan->n_calls]: the
 * last of them is the copying of goals that nothing could write in place. */
struct ug_time {
    double start, end;
};
void ug_exec_time(struct ug_exec *e, int phase, uint64_t seed, uint64_t step,
                  struct ug_time *times);
/* Threads that a call gets. */
int ug_exec_threads(const struct ug_exec *e, int call);

#endif
