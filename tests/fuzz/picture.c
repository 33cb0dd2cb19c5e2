#include "tests/fuzz/picture.h"

#include <stdlib.h>

#include "engine/data/picture.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_PIXELS = 1 << 20 };

static void read_as(const char *path, int64_t channels, struct ug_diags *diags)
{
    struct ug_picture p, half;

    if (!ug_picture_read(path, channels, &p, UG_NOWHERE, diags))
        return;
    if (ug_picture_resize(&p, (p.height + 1) / 2, (p.width + 1) / 2, &half))
        ug_picture_free(&half);
    ug_picture_free(&p);
}

void fuzz_picture(const uint8_t *bytes, size_t n)
{
    struct ug_diags *diags = ug_diags_new();
    const char *path = fuzz_file("", bytes, n);
    struct ug_picture_info info;

    if (ug_picture_info(path, &info, UG_NOWHERE, diags)) {
        if (info.height < 1 || info.width < 1 || info.height > UG_MAX_PIXELS / info.width)
            abort();
        for (int64_t channels = 0; channels <= 3 && info.height * info.width <= MOST_PIXELS;
             channels += channels ? 2 : 1)
            read_as(path, channels, diags);
    }
    ug_diags_free(diags);
}
