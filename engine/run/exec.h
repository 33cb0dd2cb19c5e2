/* exec.h -- a plan, its arena, and running it. */
#ifndef UG_EXEC_H
#define UG_EXEC_H

#include "engine/graph/plan.h"
#include "engine/run/store.h"

struct ug_exec;

/* Takes memory for the arena; NULL, after an error that says how much was wanted, if there is none.
 * `arena_of` may be another exec whose arena is large enough and is used at other times; else NULL. */
struct ug_exec *ug_exec_new(struct ug_plan *take, const struct ug_store *store, struct ug_diags *diags);
void ug_exec_free(struct ug_exec *e);

/* Where an input's value stands during the next runs (borrowed). */
void ug_exec_bind(struct ug_exec *e, const char *input, const void *data);
void ug_exec_count(struct ug_exec *e, int64_t step, int64_t steps, int64_t epoch, int64_t epochs);

void ug_exec_run(struct ug_exec *e, int phase, uint64_t seed, uint64_t step);

/* The value of a node that is a goal, or a leaf. */
struct ug_tensor ug_exec_value(const struct ug_exec *e, const struct ug_node *node);

/* Runs a phase again, looking at every value as it is made: the first that is not finite, or NULL. */
const struct ug_node *ug_exec_find_fault(struct ug_exec *e, int phase, uint64_t seed, uint64_t step);

#endif
