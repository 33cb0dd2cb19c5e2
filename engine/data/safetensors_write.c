/* safetensors_write.c -- tensors as a safetensors file. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/data/safetensors.h"
#include "engine/data/safetensors_parts.h"

enum { ALIGNMENT = 8 }; /* of the tensors' bytes */

static json_t *describe(const struct ug_tensor *t, size_t from)
{
    json_t *shape = json_array();

    for (int i = 0; i < t->shape.rank; i++)
        json_array_append_new(shape, json_integer(t->shape.dim[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->dtype == UG_F32 ? "F32" : "I64", "shape",
                     shape, "data_offsets", (json_int_t)from,
                     (json_int_t)(from + ug_tensor_bytes(t)));
}

/* Names and order of the header are the caller's; in the data int64 comes before float32, so that
 * each tensor is aligned for readers that map the file.  NULL if a name or a text is not UTF-8. */
static json_t *make_header(const struct ug_named_tensor *tensors, int n,
                           const char *const *metadata)
{
    json_t *header = json_object(), *extra = json_object();
    size_t at[2] = {[UG_I64] = 0, [UG_F32] = 0};
    bool fine = true;

    for (int i = 0; i < n; i++)
        if (tensors[i].tensor.dtype == UG_I64)
            at[UG_F32] += ug_tensor_bytes(&tensors[i].tensor);
    for (int i = 0; metadata && metadata[i]; i += 2)
        fine &= !json_object_set_new(extra, metadata[i], json_string(metadata[i + 1]));
    if (json_object_size(extra))
        json_object_set(header, UG_SAFETENSORS_METADATA, extra);
    json_decref(extra);
    for (int i = 0; i < n; i++) {
        const struct ug_tensor *t = &tensors[i].tensor;
        assert(!json_object_get(header, tensors[i].name));
        fine &= !json_object_set_new(header, tensors[i].name, describe(t, at[t->dtype]));
        at[t->dtype] += ug_tensor_bytes(t);
    }
    if (fine)
        return header;
    json_decref(header);
    return NULL;
}

static void put_header(struct ug_writer *w, const char *json)
{
    static const char blanks[ALIGNMENT] = "        ";
    const size_t length = strlen(json), blank = (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT;
    const uint64_t padded = length + blank;

    ug_writer_put(w, &padded, sizeof padded);
    ug_writer_put(w, json, length);
    ug_writer_put(w, blanks, blank);
}

bool ug_safetensors_write(const char *path, const struct ug_named_tensor *tensors, int n,
                          const char *const *metadata, struct ug_diags *diags)
{
    static const enum ug_dtype order[] = {UG_I64, UG_F32};
    json_t *header = make_header(tensors, n, metadata);
    char *json = header ? json_dumps(header, JSON_COMPACT) : NULL;
    struct ug_writer w;

    json_decref(header);
    if (!json) {
        ug_error(diags, UG_NOWHERE, "cannot write '%s': a name or text in it is not UTF-8", path);
        return false;
    }
    if (!ug_writer_open(&w, path, diags)) {
        free(json);
        return false;
    }
    put_header(&w, json);
    free(json);
    for (size_t pass = 0; pass < sizeof order / sizeof *order; pass++)
        for (int i = 0; i < n; i++)
            if (tensors[i].tensor.dtype == order[pass])
                ug_writer_put(&w, tensors[i].tensor.data, ug_tensor_bytes(&tensors[i].tensor));
    return ug_writer_commit(&w, diags);
}
