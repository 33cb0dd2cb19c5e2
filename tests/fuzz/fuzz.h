/* fuzz.h -- fuzzing targets: bytes from anywhere go in, and nothing but a message may come out.
 *
 * Each fuzz_NAME.c is one target: the two functions below.  It is linked twice: with driver.c, which
 * any compiler builds and ctest runs on a fixed number of changed seeds, and, in the preset `fuzz`,
 * with clang's libFuzzer, which goes on for as long as it may (tests/fuzz/run.sh).
 */
#ifndef UG_FUZZ_H
#define UG_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What is fuzzed; always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
/* Calls fuzz_seed with sound inputs and with such as come near to being so. */
void fuzz_seeds(void);

/* ---- For targets ---- */

/* Keeps an input to start from; what is very large is left out. */
void fuzz_seed(const void *bytes, size_t n);
void fuzz_seed_text(const char *text);
/* Every file that a pattern matches, below the source tree: "tests/bad/" and "*.yaml". */
void fuzz_seed_files(const char *pattern);

/* The path of a regular file that holds these bytes, until the next call.  `ending` ends its name:
 * ".txt". */
const char *fuzz_file(const char *ending, const uint8_t *bytes, size_t n);

#endif
