/* jpeg.c -- JPEG by libjpeg-turbo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "engine/data/codec.h"

static bool decode(tjhandle handle, const unsigned char *bytes, size_t n, bool header_only,
                   struct ug_samples *out, char reason[UG_REASON])
{
    int width, height, subsampling, space;

    if (tjDecompressHeader3(handle, bytes, (unsigned long)n, &width, &height, &subsampling,
                            &space)) {
        snprintf(reason, UG_REASON, "%s", tjGetErrorStr2(handle));
        return false;
    }
    if (space == TJCS_CMYK || space == TJCS_YCCK) {
        snprintf(reason, UG_REASON, "it is a CMYK JPEG, which is not read: save it as RGB");
        return false;
    }
    *out = (struct ug_samples){height, width, space == TJCS_GRAY ? 1 : 3, 8, NULL};
    if (!ug_samples_make(out, header_only, reason))
        return false;
    if (header_only)
        return true;
    /* A warning means that data are damaged or missing and that grey was put in their place. */
    if (tjDecompress2(handle, bytes, (unsigned long)n, out->data, width, 0, height,
                      space == TJCS_GRAY ? TJPF_GRAY : TJPF_RGB,
                      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING)) {
        snprintf(reason, UG_REASON, "%s", tjGetErrorStr2(handle));
        return false;
    }
    return true;
}

bool ug_jpeg_decode(const unsigned char *bytes, size_t n, bool header_only, struct ug_samples *out,
                    char reason[UG_REASON])
{
    tjhandle handle = tjInitDecompress();

    *out = (struct ug_samples){0};
    if (!handle) {
        snprintf(reason, UG_REASON, "out of memory");
        return false;
    }
    const bool done = decode(handle, bytes, n, header_only, out, reason);
    tjDestroy(handle);
    if (!done) {
        free(out->data);
        out->data = NULL;
    }
    return done;
}
