/* harness_program.h -- programs from texts within a test. */
#ifndef UG_HARNESS_PROGRAM_H
#define UG_HARNESS_PROGRAM_H

#include "engine/model/program.h"
#include "tests/harness_read.h"

/* Fixtures: those of harness_scratch.h, and the programs below. */
void program_setup(void);
void program_teardown(void);

/* Loads "unitgraph: 1" followed by `text`, without data. Lives until the end of the test. */
struct ug_program *program_load(const char *text);
/* "gamma 8, E.0.weight 4x3x3x3": its parameters in order, "name -> owner" where tied; or its first
 * message. */
const char *program_params(const char *text);
/* The first message of loading the text, "2:7: what is wrong"; "" if it is fine. */
const char *program_error(const char *text);
/* All messages of the load, "2:7: …\n". */
const char *program_errors(const char *text);

/* The graph of a program, everything of `want`; freed at the end of the test. */
struct ug_unfolded *program_unfold(struct ug_program *p, unsigned want);
/* The value of that name, or NULL. */
struct ug_node *program_value(const struct ug_values *values, const char *name);
/* A node as the expression that it is: "add(x, mul(2, y))"; inputs and parameters by their names.
 */
const char *program_show(const struct ug_node *node);
/* The same for a value of `graph` of a text. */
const char *program_graph(const char *text, const char *value);

#endif
