/* harness_read.h -- texts read within a test, and what is said about them. */
#ifndef UG_HARNESS_READ_H
#define UG_HARNESS_READ_H

#include "engine/model/quantity.h"

/* Everything below lives in these, from read_setup to read_teardown (fixtures of Check). */
extern struct ug_arena *read_arena;
extern struct ug_diags *read_diags;
void read_setup(void);
void read_teardown(void);

/* A YAML text named "t.yaml". */
struct ug_yaml *read_yaml(const char *text);
/* The message numbered `which` from 0 as it is printed, "t.yaml:1:2: error: …", in the order of
 * printing; "" if there are not so many. */
const char *read_message(int which);
/* All of them with quotes and notes. */
const char *read_messages(void);
/* A value as text: 3, 2.5, true, "word", [1, 2]. */
const char *read_show(const struct ug_quantity *q);

#endif
