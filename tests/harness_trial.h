/* harness_trial.h -- the trial `t` that every test of a suite begins with and need not free.
 * The variable is the suite's own: only suites include this, not the harness. */
#ifndef UG_TESTS_TRIAL_H
#define UG_TESTS_TRIAL_H

#include "harness_ops.h"

static struct trial *t;

/* Fixtures for tcase_add_checked_fixture. */
static void trial_setup(void)
{
    t = trial_new(true);
}

static void trial_teardown(void)
{
    trial_free(t);
}

#endif
