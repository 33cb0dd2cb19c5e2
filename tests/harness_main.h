/* harness_main.h -- what every suite gives to the one main there is. */
#ifndef UG_HARNESS_MAIN_H
#define UG_HARNESS_MAIN_H

#include <check.h>

/* Defined by each tests/test_NAME.c; harness_main.c runs it. */
Suite *ug_suite(void);

#endif
