/* progress.h -- what a run tells while it goes: on the terminal, and in log.txt. */
#ifndef UG_PROGRESS_H
#define UG_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

#include "engine/base/diag.h"

struct ug_progress {
    FILE *out;        /* NULL: quiet */
    FILE *log;        /* log.txt; NULL: none */
    bool terminal;    /* one line, written over and over */
    bool line_open;   /* on a terminal: a line stands there without its end */
    double started;   /* when this session's training began */
    double shown;     /* when a line was last written, */
    double logged;    /* and when to the log */
    int64_t first;    /* the step this session began with */
    const char *unit; /* "step" */
    int64_t last;     /* steps of the whole run */
};

/* A sentence for the reader, on a line of its own, in both places. */
void ug_progress_say(struct ug_progress *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether it is time for another line about `step` finished steps. */
bool ug_progress_due(const struct ug_progress *p, int64_t step);
/* The line: how far, the losses (text), how fast, how long still. */
void ug_progress_step(struct ug_progress *p, int64_t step, const char *losses);
/* Ends a line that stands open. */
void ug_progress_end(struct ug_progress *p);

#endif
