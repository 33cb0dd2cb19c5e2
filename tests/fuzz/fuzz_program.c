/* Any text as an experiment: loaded, and, where nothing is wrong with it, unfolded to every graph. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/model/program.h"
#include "tests/fuzz/fuzz.h"

static void unfold(struct ug_program *p, struct ug_diags *diags)
{
    const struct ug_request everything = {
        .want =
            UG_WANT_VALUES | UG_WANT_LOSSES | UG_WANT_OPTIMIZED | UG_WANT_SAMPLES | UG_WANT_METRICS,
        .training = true,
    };

    ug_unfolded_free(ug_unfold(p, &everything, diags));
    for (int i = 0; i < p->n_translates; i++) {
        const struct ug_request one = {.want = UG_WANT_TRANSLATE, .translate = i};
        ug_unfolded_free(ug_unfold(p, &one, diags));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ug_diags *diags = ug_diags_new();
    const struct ug_load_options o = {
        .without_data = true, .text = (const char *)bytes, .length = n};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    struct ug_program *p = ug_program_load("fuzz.yaml", &o, diags);

    if (p && !ug_diags_errors(diags))
        unfold(p, diags);
    ug_program_free(p);
    ug_diags_print(diags, out, 0);
    fclose(out);
    free(text);
    ug_diags_free(diags);
    return 0;
}

void fuzz_seeds(void)
{
    fuzz_seed_files("tests/systems/*.yaml");
    fuzz_seed_files("tests/bad/*.yaml");
    fuzz_seed_files("tests/*.yaml");
}
