/* Any text as a list of pictures. */
#include "engine/data/listing.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ug_arena *a = ug_arena_new();
    struct ug_diags *diags = ug_diags_new();
    struct ug_listing list;

    if (ug_list_pictures(a, fuzz_file(".txt", bytes, n), &list, UG_NOWHERE, diags))
        for (int64_t i = 0; i < list.n; i++)
            if (!list.paths[i][0] || list.labels[i] < -1)
                abort();
    ug_diags_free(diags);
    ug_arena_free(a);
    return 0;
}

void fuzz_seeds(void)
{
    fuzz_seed_text("a.png\nfolder/b c.jpg\n/absolute/d.jpeg\n");
    fuzz_seed_text("\xef\xbb\xbf"
                   "a.png 3\r\nb.png\t12\r\n\r\n   c d.png   7  \n");
    fuzz_seed_text("999999999999999999 999999999999999999\nx 9999999999999999999");
}
