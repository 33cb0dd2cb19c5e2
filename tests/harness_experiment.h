/* harness_experiment.h -- running a whole experiment in a test's folder (harness_folder.h). */
#ifndef UG_HARNESS_EXPERIMENT_H
#define UG_HARNESS_EXPERIMENT_H

#include "engine/unitgraph.h"

/* Writes the text as FOLDER/NAME.yaml; the path. */
const char *experiment_write(const char *name, const char *yaml) __attribute__((returns_nonnull));

/* A safetensors file FOLDER/FILE with one float32 tensor of that shape, holding 1, 2, 3, … times
 * `scale`. */
const char *experiment_tensor(const char *file, const char *name, int rank, const int64_t *dim,
                              float scale) __attribute__((returns_nonnull));

/* Runs a file into FOLDER/OUT, quietly; prints the errors of a run that should have gone well. */
enum ug_status experiment_run(const char *file, const char *out, struct ug_run_options options,
                              struct ug_diags *diags);

/* The first n elements of a tensor of a file below the folder: "out/latest/params.safetensors". */
void experiment_read(const char *path, const char *tensor, int n, float *values);

/* A text file below the folder; the caller frees it. */
char *experiment_text(const char *path) __attribute__((returns_nonnull));

/* Whether two files below the folder have the same bytes. */
int experiment_same(const char *a, const char *b);

#endif
