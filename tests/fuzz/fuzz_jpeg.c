/* Any file as JPEG. */
#include <stdlib.h>
#include <turbojpeg.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fuzz_picture(bytes, n);
    return 0;
}

static void seed(int format, int subsampling, int flags)
{
    enum { WIDTH = 21, HEIGHT = 17 };
    unsigned char pixels[HEIGHT * WIDTH * 4], *out = NULL;
    unsigned long n = 0;
    tjhandle handle = tjInitCompress();

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)(i * i >> 4);
    if (!handle ||
        tjCompress2(handle, pixels, WIDTH, 0, HEIGHT, format, &out, &n, subsampling, 70, flags))
        abort();
    fuzz_seed(out, n);
    tjFree(out);
    tjDestroy(handle);
}

void fuzz_seeds(void)
{
    seed(TJPF_GRAY, TJSAMP_GRAY, 0);
    seed(TJPF_GRAY, TJSAMP_GRAY, TJFLAG_PROGRESSIVE);
    seed(TJPF_RGB, TJSAMP_444, 0);
    seed(TJPF_RGB, TJSAMP_420, 0);
    seed(TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE);
    seed(TJPF_CMYK, TJSAMP_444, 0);
}
