/* harness_scratch.h -- what every test may use and need not clean up: a temporary folder
 * (harness_folder.h), an arena, and diagnostics with what they say. */
#ifndef UG_TESTS_SCRATCH_H
#define UG_TESTS_SCRATCH_H

#include <stdio.h>

#include "engine/base/arena.h"
#include "engine/base/diag.h"

/* Fixtures for tcase_add_checked_fixture; the rest lives from one to the other. */
void scratch_setup(void);
void scratch_teardown(void);

extern struct ug_arena *arena;
extern struct ug_diags *diags;

/* Empties `diags`. */
void forget_messages(void);
/* All messages as they are printed, with quotes and notes. */
const char *messages(void);
/* The one numbered `which` from 0, "t.yaml:1:2: error: …", in the order of printing; "" if there
 * are not so many. */
const char *message(int which);
/* That the first error contains `part`. */
void expect_message(const char *part);
/* That `part` stands in `text`. */
void expect_part(const char *text, const char *part);

/* A stream, and what was printed to it, as text in the arena; one at a time. */
FILE *capture(void);
const char *captured(void);

#endif
