/* harness_folder.h -- the temporary folder of a test; harness_scratch.h makes it. */
#ifndef UG_TESTS_FOLDER_H
#define UG_TESTS_FOLDER_H

#include <stddef.h>

/* An empty folder before each test, removed with all in it after. */
void folder_setup(void);
void folder_teardown(void);

/* "FOLDER/name"; the folders in `name` are made.  Lives until the folder is removed. */
const char *folder_file(const char *name) __attribute__((returns_nonnull));
/* The same, and the file holds these bytes. */
const char *folder_write(const char *name, const void *bytes, size_t n)
    __attribute__((returns_nonnull));
/* How many files and folders stand straight in "FOLDER/name", hidden ones too. */
int folder_count(const char *name);

#endif
