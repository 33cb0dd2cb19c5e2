/* harness_experiment.h -- running a whole experiment in a test's folder.
 * Everything here uses the fixtures of harness_scratch.h, and reports into its `diags`. */
#ifndef UG_HARNESS_EXPERIMENT_H
#define UG_HARNESS_EXPERIMENT_H

#include "engine/unitgraph.h"

/* Writes the text as FOLDER/NAME.yaml; the path. */
const char *experiment_write(const char *name, const char *yaml) __attribute__((returns_nonnull));

/* A safetensors file FOLDER/FILE with one float32 tensor of that shape, holding 1, 2, 3, … times
 * `scale`. */
const char *experiment_tensor(const char *file, const char *name, int rank, const int64_t *dim,
                              float scale) __attribute__((returns_nonnull));

/* The options of a run without options. */
extern const struct ug_run_options as_written;

/* Runs a file into FOLDER/OUT, quietly, which must go well; else its errors are printed. */
void experiment_run(const char *file, const char *out, struct ug_run_options options);

/* The first n elements of a tensor of a file below the folder: "out/latest/params.safetensors". */
void experiment_read(const char *path, const char *tensor, int n, float *values);

/* A text file below the folder, in the arena; the caller may change it. */
char *experiment_text(const char *path) __attribute__((returns_nonnull));

/* Whether two files below the folder have the same bytes. */
int experiment_same(const char *a, const char *b);

#endif
