/* Any text as YAML; what is read without errors must read the same once it has been written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/document.h"
#include "tests/fuzz/fuzz.h"

static bool same(const struct ug_yaml *a, const struct ug_yaml *b)
{
    if (a->kind != b->kind || a->n != b->n)
        return false;
    if (a->kind == UG_YAML_SCALAR && ug_yaml_is_null(a))
        return ug_yaml_is_null(b); /* ~ or nothing */
    if (a->kind == UG_YAML_SCALAR)
        return a->length == b->length && !memcmp(a->text, b->text, a->length) &&
               !ug_yaml_is_null(b);
    for (int i = 0; i < a->n; i++)
        if (!same(a->items[i], b->items[i]) ||
            (a->kind == UG_YAML_MAP && !same(a->keys[i], b->keys[i])))
            return false;
    return true;
}

static void check_written(struct ug_arena *a, const struct ug_yaml *tree)
{
    struct ug_diags *diags = ug_diags_new();
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    ug_yaml_write(tree, out, false);
    fclose(out);
    const struct ug_yaml *again = ug_yaml_read_text(a, diags, "again.yaml", "", text, n);
    if (!again || ug_diags_errors(diags) || !same(tree, again)) {
        ug_diags_print(diags, stderr, 0);
        fwrite(text, 1, n, stderr);
        abort();
    }
    free(text);
    ug_diags_free(diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ug_arena *a = ug_arena_new();
    struct ug_diags *diags = ug_diags_new();
    char *nothing = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&nothing, &length);
    const struct ug_yaml *tree =
        ug_yaml_read_text(a, diags, "fuzz.yaml", "", (const char *)bytes, n);

    ug_diags_print(diags, out, 0);
    if (tree && !ug_diags_errors(diags))
        check_written(a, tree);
    fclose(out);
    free(nothing);
    ug_diags_free(diags);
    ug_arena_free(a);
    return 0;
}

void fuzz_seeds(void)
{
    fuzz_seed_files("tests/bad/*.yaml");
    fuzz_seed_files("tests/systems/*.yaml");
    fuzz_seed_files("graphs/*.yaml");
    fuzz_seed_files("graphs/nets/*.yaml");
    fuzz_seed_text(
        "a: &x [1, '2', \"\\u00e9\\n\"]\nb: *x\nc: |+\n  text\n\nd: >-\n  folded\n  text\n");
}
