/* reporter.h -- keeps RUN/report.html up to date while the run goes on.
 *
 * A thread of the lowest priority reads what the run has written and writes the page; training only
 * tells it that there is something new, and never waits for it.  It rests between two pages: so
 * long that the pages cost less than one part in two hundred of the time, and that the disk has
 * little to do.
 */
#ifndef UG_REPORTER_H
#define UG_REPORTER_H

#include "engine/base/diag.h"

struct ug_reporter;

/* The folder's name is borrowed.  NULL where no thread can be had: the other calls take it. */
struct ug_reporter *ug_reporter_start(const char *run);
/* There is something new.  Returns at once. */
void ug_reporter_tell(struct ug_reporter *r);
/* Writes the last page.  A page that could not be written is a warning. */
void ug_reporter_stop(struct ug_reporter *r, struct ug_diags *diags);

#endif
