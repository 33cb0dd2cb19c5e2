/* harness_read.h -- texts read within a test; it uses the fixtures of harness_scratch.h. */
#ifndef UG_HARNESS_READ_H
#define UG_HARNESS_READ_H

#include "engine/model/quantity.h"
#include "tests/harness_scratch.h"

/* A YAML text named "t.yaml". */
struct ug_yaml *read_yaml(const char *text);
/* A value as text: 3, 2.5, true, "word", [1, 2]. */
const char *read_show(const struct ug_quantity *q);

#endif
