/* simd.c -- the processor's switch for numbers too small to be normal. */
#include "engine/base/simd.h"

#if defined(__SSE__)
#include <xmmintrin.h>

void ug_flush_denormals(void)
{
    enum { DENORMALS_ARE_ZERO = 1 << 6, FLUSH_TO_ZERO = 1 << 15 };

    _mm_setcsr(_mm_getcsr() | DENORMALS_ARE_ZERO | FLUSH_TO_ZERO);
}

#elif defined(__aarch64__)
#include <stdint.h>

void ug_flush_denormals(void)
{
    const uint64_t flush_to_zero = (uint64_t)1 << 24;
    uint64_t control;

    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | flush_to_zero));
}

#else

void ug_flush_denormals(void)
{
}

#endif
