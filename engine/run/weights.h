/* weights.h -- parameters and states in safetensors files. */
#ifndef UG_WEIGHTS_H
#define UG_WEIGHTS_H

#include "engine/data/safetensors.h"
#include "engine/run/store.h"

/* Fills data[param->index] of every parameter of the program from a file.  Tied parameters may
 * stand under any of their names.  A state that the file lacks keeps its value; the counter that
 * PyTorch keeps beside a batch norm is passed over.  False after an error at `pos` that tables what
 * does not fit: names, shapes in the file and in the graph, the nearest name. */
bool ug_weights_read(const char *path, struct ug_pos pos, const struct ug_program *p,
                     void *const *data, struct ug_diags *diags);
/* The same from a file that is open; `path` is its name. */
bool ug_weights_take(const struct ug_safetensors *file, const char *path, struct ug_pos pos,
                     const struct ug_program *p, void *const *data, struct ug_diags *diags);

/* Writes every parameter and state under its owner's name.  The metadata says what they are for:
 * UG_CONFIG_KEY holds `config`, the text of the resolved file, and UG_INPUTS_KEY the types of its
 * inputs, so that the graph can be built without the data.  False after an error. */
#define UG_CONFIG_KEY "unitgraph"
#define UG_INPUTS_KEY "unitgraph.inputs"
bool ug_weights_write(const char *path, const struct ug_program *p, void *const *data,
                      const char *config, struct ug_diags *diags);

/* How many tensors that writes. */
int ug_weights_count(const struct ug_program *p);

/* The types of inputs in a file's metadata, from the arena; *n is 0 if it has none. */
struct ug_input *ug_weights_inputs(const struct ug_safetensors *file, struct ug_arena *a, int *n);

#endif
