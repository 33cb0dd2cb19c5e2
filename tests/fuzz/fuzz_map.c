/* Any text as a map of names: read, and asked for names, both ways. */
#include <stdlib.h>

#include "engine/model/name_map.h"
#include "tests/fuzz/fuzz.h"

static void find(const struct ug_name_map *m, struct ug_arena *a, const char *name)
{
    static const struct ug_shape shape = {2, {2, 3}};
    const char *other, *back;
    struct ug_shape out;
    float from[6] = {0}, to[6];
    const struct ug_name_rule *rule = ug_name_map_find(m, name, false, a, &other);

    if (rule && !ug_name_map_find(m, other, true, a, &back))
        abort();
    for (int reverse = 0; rule && reverse < 2; reverse++)
        if (ug_name_rule_shape(rule, reverse, &shape, &out) && ug_shape_count(&out) == 6)
            ug_name_rule_copy(rule, reverse, &shape, sizeof *to, from, to);
    ug_name_map_find(m, name, true, a, &other);
    ug_name_map_ignores(m, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const names[] = {"gen_a.enc.model.0.conv.weight", "E1.down.1.0.bias",
                                        "a.12.b.3.c", "", "999999999.0"};
    struct ug_arena *a = ug_arena_new();
    struct ug_diags *diags = ug_diags_new();
    const struct ug_name_map *m = ug_name_map_read(a, fuzz_file(".yaml", bytes, n), NULL, 0, diags);

    for (size_t i = 0; m && i < sizeof names / sizeof *names; i++)
        find(m, a, names[i]);
    ug_diags_free(diags);
    ug_arena_free(a);
    return 0;
}

void fuzz_seeds(void)
{
    fuzz_seed_files("graphs/maps/*.yaml");
    fuzz_seed_text(
        "unitgraph: 1\nnames:\n  a.{i+1}.b.{3*k}.*: {name: '{i}.{k-1}.*', permute: [1, 0]}\n"
        "  '*': {name: 'x*', reshape: {there: [2, 3], here: [6]}}\nignore: ['*.b', '']\n");
}
