/* harness_data.h -- data entries with their defaults, and pictures to put into folders; for
 * tests with the fixtures of harness_scratch.h. */
#ifndef UG_TESTS_DATA_H
#define UG_TESTS_DATA_H

#include "engine/data/source.h"

/* An entry as the language's defaults make it; `path` may be NULL. */
struct ug_data_entry entry_of(const char *name, enum ug_data_kind kind, const char *path);

/* Opens entries that must be sound. */
struct ug_dataset *open_sound(struct ug_data_entry *entries, int n);
/* Opens entries that must not be; the first error holds `reason`. */
void open_refused(struct ug_data_entry *entries, int n, const char *reason);

/* Writes a plain grey PNG, every value v of 255, to a file in the test's folder. */
const char *write_plain(const char *name, int height, int width, int v);
/* Columns of a grey PNG, from left to right, of height 2. */
const char *write_columns(const char *name, int n, const unsigned char *values);

/* Value `at` of sample i of an entry of a batch. */
float batch_value(const struct ug_batch *b, int entry, int64_t sample, int64_t at);
/* The gray level 0 … 255 that a value of the default range stands for. */
int level_of(float v);

#endif
