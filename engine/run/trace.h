/* trace.h -- one training step as a Chrome trace: what ran when, for chrome://tracing and
 * ui.perfetto.dev.
 */
#ifndef UG_TRACE_H
#define UG_TRACE_H

#include "engine/run/trainer.h"

struct ug_trace;

/* To be written to `path` (borrowed) once a step that is not among a session's first has been
 * noted, or the last one before `until`.  The trainer notes its steps while there is a trace. */
struct ug_trace *ug_trace_new(const char *path, struct ug_trainer *t, int64_t first, int64_t until);
void ug_trace_free(struct ug_trace *trace); /* NULL is fine */

/* After step `now`, whose data was asked for at that moment of ug_now: writes the file if it is the
 * step to show.  False after an error. */
bool ug_trace_step(struct ug_trace *trace, const struct ug_step *s, int64_t now, double asked,
                   struct ug_diags *diags);

#endif
