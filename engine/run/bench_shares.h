/* bench_shares.h -- the time of a step, op by op, beside what the machine could do at most. */
#ifndef UG_BENCH_SHARES_H
#define UG_BENCH_SHARES_H

#include <jansson.h>
#include <stdio.h>

#include "engine/run/machine.h"
#include "engine/run/trainer.h"

/* All calls of one op in a step. */
struct ug_share {
    const char *op;
    int calls;
    double seconds, flops, bytes; /* bytes: of inputs and outputs, each counted once a call */
    double attainable;            /* seconds by the roofline, call by call */
};

struct ug_shares {
    struct ug_share *items; /* most time first; what optimizers do is one of them */
    int n;
    double seconds;  /* of all */
    double products; /* of convolutions and matrix products */
};

/* Runs the step a few times more, each call timed, on the last batch. */
struct ug_shares ug_shares_measure(struct ug_trainer *t, const struct ug_moment *now,
                                   const struct ug_machine *machine);
void ug_shares_free(struct ug_shares *s); /* what it holds */

/* As a table, and as JSON, which the caller releases. */
void ug_shares_print(const struct ug_shares *s, FILE *out);
json_t *ug_shares_json(const struct ug_shares *s);

#endif
