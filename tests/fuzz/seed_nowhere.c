/* libFuzzer takes its seeds from a folder: what driver.c wrote there. */
#include "tests/fuzz/fuzz.h"

void fuzz_seed(const void *bytes, size_t n)
{
    (void)bytes, (void)n;
}
