/* harness_bench.h -- the graph `t` that every test of a suite begins with and need not free.  No test
 * may leave an error behind.  The variable is the suite's own: only suites include this, not the
 * harness. */
#ifndef UG_TESTS_BENCH_H
#define UG_TESTS_BENCH_H

#include <check.h>

#include "harness_graph.h"

static struct ug_bench t;

/* Fixtures for tcase_add_checked_fixture. */
static void bench_setup(void)
{
    ug_bench_start(&t);
}

static void bench_teardown(void)
{
    ck_assert_uint_eq(ug_diags_errors(t.diags), 0);
    ug_bench_end(&t);
}

#endif
