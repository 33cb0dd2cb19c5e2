/* Any file as safetensors: opened, every tensor converted, metadata looked at. */
#include <stdlib.h>

#include "engine/run/weights.h"
#include "tests/fuzz/fuzz.h"

static void read_all(const struct ug_safetensors *s)
{
    double out[16]; /* of float or int64_t */

    for (int i = 0; i < ug_safetensors_count(s); i++) {
        const struct ug_stored *t = ug_safetensors_item(s, i);
        const int64_t count = ug_shape_count(&t->shape), n = count < 16 ? count : 16;
        ug_stored_read(t, UG_F32, 0, n, out);
        ug_stored_read(t, UG_I64, count - n, n, out);
        if (ug_safetensors_find(s, t->name) != t)
            abort();
    }
    ug_safetensors_find(s, "");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ug_diags *diags = ug_diags_new();
    struct ug_safetensors *s = ug_safetensors_open(fuzz_file("", bytes, n), UG_NOWHERE, diags);
    struct ug_arena *a = ug_arena_new();
    int inputs;

    if (s) {
        read_all(s);
        ug_safetensors_metadata(s, UG_CONFIG_KEY);
        ug_weights_inputs(s, a, &inputs);
    }
    ug_arena_free(a);
    ug_safetensors_close(s);
    ug_diags_free(diags);
    return 0;
}

static void seed(const char *header, size_t data)
{
    uint8_t bytes[1024] = {0};
    size_t n = 0;

    while (header[n])
        n++;
    bytes[0] = (uint8_t)n, bytes[1] = (uint8_t)(n >> 8);
    for (size_t i = 0; i < n; i++)
        bytes[8 + i] = (uint8_t)header[i];
    for (size_t i = 0; i < data; i++)
        bytes[8 + n + i] = (uint8_t)(i * 37);
    fuzz_seed(bytes, 8 + n + data);
}

void fuzz_seeds(void)
{
    fuzz_seed_files("tests/steps_start.safetensors");
    fuzz_seed_files("tests/cases/metrics.safetensors");
    seed("{}", 0);
    seed("{\"a\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]},"
         "\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[12,20]},"
         "\"c\":{\"dtype\":\"BOOL\",\"shape\":[0],\"data_offsets\":[20,20]}}",
         20);
    seed("{\"__metadata__\":{\"unitgraph\":\"unitgraph: 1\",\"unitgraph.inputs\":"
         "\"x float32 1x3x8x8\\ny int64 8\\n\"},"
         "\"x\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
         "\"y\":{\"dtype\":\"BF16\",\"shape\":[1,1],\"data_offsets\":[8,10]},"
         "\"z\":{\"dtype\":\"U16\",\"shape\":[2],\"data_offsets\":[10,14]}}",
         14);
}
