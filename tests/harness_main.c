/* harness_main.c -- runs the suite of whatever file it is linked with. */
#include "harness_main.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(ug_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
