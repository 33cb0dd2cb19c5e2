/* safetensors.h -- reading and writing the safetensors format.
 *
 * A file's bytes are not trusted: the header's size, the JSON, every dtype, shape and offset are
 * checked before a tensor is handed out; offsets must cover the data without overlap or gap.
 */
#ifndef UG_SAFETENSORS_H
#define UG_SAFETENSORS_H

#include "engine/base/diag.h"
#include "engine/graph/tensor.h"

struct ug_safetensors;

struct ug_stored {
    const char *name;
    struct ug_shape shape;
    const char *dtype; /* as in the file: "F32", "BF16", "I64", "U8", "BOOL" … */
    const void *data;  /* little-endian, unaligned */
    size_t bytes;
};

/* Opens and maps a file; NULL after an error at `pos` (where the user named it) that says what is
 * wrong with the file. */
struct ug_safetensors *ug_safetensors_open(const char *path, struct ug_pos pos,
                                           struct ug_diags *diags);
void ug_safetensors_close(struct ug_safetensors *s);
int ug_safetensors_count(const struct ug_safetensors *s);
const struct ug_stored *ug_safetensors_item(const struct ug_safetensors *s, int i);
const struct ug_stored *ug_safetensors_find(const struct ug_safetensors *s, const char *name);
/* NULL if absent. */
const char *ug_safetensors_metadata(const struct ug_safetensors *s, const char *key);

/* Converts elements [first, first + n) to float32 or int64; false if the dtype cannot become it. */
bool ug_stored_read(const struct ug_stored *t, enum ug_dtype as, int64_t first, int64_t n,
                    void *out);

/* The same for all of a tensor, which is not kept in memory beside the copy. */
bool ug_stored_take(const struct ug_stored *t, enum ug_dtype as, void *out);

struct ug_named_tensor {
    const char *name;
    struct ug_tensor tensor;
};

/* Writes a file whole or not at all: a temporary beside it, synced, renamed.  The tensors' order is
 * kept in the header.  metadata: key, value, …, NULL; or NULL.  False after an error that names the
 * file and says why. */
bool ug_safetensors_write(const char *path, const struct ug_named_tensor *tensors, int n,
                          const char *const *metadata, struct ug_diags *diags);

#endif
