/* map.h -- elementwise kernels from one expression each (ug_map of op.h).
 *
 * In the expression x, y are elements of the inputs and s the settings.  The output may lie where
 * an input lay, element on element, which ivdep tells the compiler is no dependency between
 * elements.
 */
#ifndef UG_KERNELS_MAP_H
#define UG_KERNELS_MAP_H

#include <stdint.h>

#include "engine/base/simd.h"

#define UG_MAP1(name, expression)                                                                  \
    UG_WIDEST static void name(const void *attrs, int64_t n, const float *const *in, float *out)   \
    {                                                                                              \
        const float *const xs = in[0];                                                             \
        (void)attrs;                                                                               \
        UG_INDEPENDENT for (int64_t i = 0; i < n; i++)                                             \
        {                                                                                          \
            const float x = xs[i];                                                                 \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    }

#define UG_MAP2(name, expression)                                                                  \
    UG_WIDEST static void name(const void *attrs, int64_t n, const float *const *in, float *out)   \
    {                                                                                              \
        const float *const xs = in[0], *const ys = in[1];                                          \
        (void)attrs;                                                                               \
        UG_INDEPENDENT for (int64_t i = 0; i < n; i++)                                             \
        {                                                                                          \
            const float x = xs[i], y = ys[i];                                                      \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    }

/* The same with settings: s is a `const struct TYPE`, read once. */
#define UG_MAP1_WITH(name, type, expression)                                                       \
    UG_WIDEST static void name(const void *attrs, int64_t n, const float *const *in, float *out)   \
    {                                                                                              \
        const float *const xs = in[0];                                                             \
        const struct type s = *(const struct type *)attrs;                                         \
        UG_INDEPENDENT for (int64_t i = 0; i < n; i++)                                             \
        {                                                                                          \
            const float x = xs[i];                                                                 \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    }

#define UG_MAP2_WITH(name, type, expression)                                                       \
    UG_WIDEST static void name(const void *attrs, int64_t n, const float *const *in, float *out)   \
    {                                                                                              \
        const float *const xs = in[0], *const ys = in[1];                                          \
        const struct type s = *(const struct type *)attrs;                                         \
        UG_INDEPENDENT for (int64_t i = 0; i < n; i++)                                             \
        {                                                                                          \
            const float x = xs[i], y = ys[i];                                                      \
            out[i] = (expression);                                                                 \
        }                                                                                          \
    }

#endif
