/* vmath.h -- exp, log, tanh and their kin as straight-line code that a compiler turns into vectors.
 *
 * Each is a range reduction and a polynomial; branches are selections.  Largest errors over all
 * floats, in units in the last place of the true value (tests/test_vmath.c asserts them):
 *
 *     exp 1   expm1 1.6   log 1   tanh 1.5   sigmoid 2.5   log1p 2   erf 1.5   softplus 2.5
 *     sine and cosine of parts of a turn 2
 *
 * Infinities give the limits, NaN gives NaN.  Coefficients come from tools/fit_vmath.py.
 */
#ifndef UG_VMATH_H
#define UG_VMATH_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Cosine and sine of the angle between the x axis and a direction. */
struct ug_direction {
    float cosine, sine;
};

#ifdef UG_DOUBLE

/* The polynomials have the precision of float32: in float64 the C library's functions serve. */
static inline float ug_expf(float x)
{
    return exp(x);
}

static inline float ug_expm1f(float x)
{
    return expm1(x);
}

static inline float ug_logf(float x)
{
    return log(x);
}

static inline float ug_tanhf(float x)
{
    return tanh(x);
}

static inline float ug_log1pf(float x)
{
    return log1p(x);
}

static inline float ug_erff(float x)
{
    return erf(x);
}

static inline struct ug_direction ug_direction(uint32_t turn)
{
    const double angle = turn * (0x1p-24 * 6.28318530717958647692);

    return (struct ug_direction){cos(angle), sin(angle)};
}

#else

static inline uint32_t ug_bits_of(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float ug_float_of(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* ln 2 in two parts: the first has so few bits that its multiples are exact. */
#define UG_LN2_HIGH 0.693359375f
#define UG_LN2_LOW  (-2.12194440e-4f)

/* e^r - 1 for |r| <= ln(2)/2. */
static inline float ug_exp_near_zero(float r)
{
    const float p =
        0.49999994f +
        r * (0.166665211f + r * (0.041668389f + r * (0.00836871751f + r * 0.00138145965f)));

    return r + r * r * p;
}

/* e^x = 2^n e^r, |r| <= ln(2)/2. */
static inline float ug_expf(float x)
{
    const float rounder = 12582912.0f; /* 1.5 * 2^23: adding it leaves the nearest whole number */
    const float low = x < -104.0f ? -104.0f : x, inside = low > 89.0f ? 89.0f : low;
    const float shifted = inside * 1.44269504f + rounder, n = shifted - rounder;
    const float r = (inside - n * UG_LN2_HIGH) - n * UG_LN2_LOW;
    const float y = 1.0f + ug_exp_near_zero(r);
    /* 2^n in two factors, either of which is a normal number. */
    const int32_t exponent = (int32_t)(ug_bits_of(shifted) - ug_bits_of(rounder));
    const int32_t half = exponent >> 1;

    return y * ug_float_of((uint32_t)(half + 127) << 23) *
           ug_float_of((uint32_t)(exponent - half + 127) << 23);
}

/* e^x - 1 for x <= 0, without cancellation. */
static inline float ug_expm1f(float x)
{
    const float near_zero = ug_exp_near_zero(x), far = ug_expf(x) - 1.0f;

    return fabsf(x) < 0.34f ? near_zero : far;
}

/* ln x = e ln 2 + ln(1 + f), sqrt(1/2) <= 1 + f < sqrt(2). */
static inline float ug_logf(float x)
{
    const uint32_t root_half = 0x3f3504f3;
    const int tiny = x < FLT_MIN;
    const uint32_t bits = ug_bits_of(tiny ? x * 8388608.0f : x) - root_half;
    const float e = (float)((int32_t)bits >> 23) - (tiny ? 23.0f : 0.0f);
    const float f = ug_float_of((bits & 0x007fffff) + root_half) - 1.0f;
    const float p =
        0.333333135f +
        f * (-0.250000089f +
             f * (0.200021192f +
                  f * (-0.166679963f +
                       f * (0.142195508f +
                            f * (-0.124055915f +
                                 f * (0.118881747f + f * (-0.116756409f + f * 0.0674660131f)))))));
    const float z = f * f;
    const float y = f + (f * z * p + e * UG_LN2_LOW - 0.5f * z) + e * UG_LN2_HIGH;
    const float special = x == 0.0f ? -INFINITY : x > 0.0f ? x : NAN;

    return x > 0.0f && x <= FLT_MAX ? y : special;
}

/* 1 - 2 / (e^2|x| + 1), and a polynomial where that would cancel. */
static inline float ug_tanhf(float x)
{
    const float size = fabsf(x), z = x * x;
    const float small =
        x +
        x * z *
            (-0.333332807f +
             z * (0.133314416f + z * (-0.0537397116f + z * (0.0206390806f - z * 0.00570498034f))));
    const float large = 1.0f - 2.0f / (ug_expf(2.0f * size) + 1.0f);

    return size < 0.625f ? small : copysignf(large, x);
}

/* ln(1 + u) for 0 <= u <= 1, as 2 artanh(u / (2 + u)). */
static inline float ug_log1pf(float u)
{
    const float s = u / (2.0f + u), z = s * s;

    return 2.0f * s +
           s * z * (0.666664183f + z * (0.400215268f + z * (0.280018032f + z * 0.280119926f)));
}

/* An odd polynomial up to 1, from there 1 - e^-p(x). */
static inline float ug_erff(float x)
{
    const float size = fabsf(x), z = x * x, t = size > 4.0f ? 4.0f : size;
    const float small =
        x +
        x * (0.128379167f +
             z * (-0.376126289f +
                  z * (0.112836175f +
                       z * (-0.0268549155f +
                            z * (0.00519016199f + z * (-0.000802481605f + z * 7.89868645e-05f))))));
    const float p =
        0.000341512583f +
        t * (1.12708926f +
             t * (0.638144732f +
                  t * (0.103106819f +
                       t * (-0.0218380969f + t * (0.00294766668f - t * 0.000186380086f)))));

    return size < 1.0f ? small : copysignf(1.0f - ug_expf(-p), x);
}

/* The direction at turn / 2^24 of a full turn, turn <= 2^24: from that of its distance to the
 * nearest quarter, |x| <= pi / 4. */
static inline struct ug_direction ug_direction(uint32_t turn)
{
    const uint32_t quarter = (turn + (1u << 21)) >> 22;
    const float x = (float)(int32_t)(turn - (quarter << 22)) * (0x1p-24f * 6.28318530717958647692f);
    const float z = x * x;
    const float s = x + x * z * (-0.166666552f + z * (0.0083321603f - z * 0.000195152825f));
    const float c =
        1.0f - 0.5f * z + z * z * (0.0416666456f + z * (-0.00138873165f + z * 2.4433155e-05f));
    const float cosine = quarter & 1 ? s : c, sine = quarter & 1 ? c : s;

    return (struct ug_direction){
        ug_float_of(ug_bits_of(cosine) ^ ((quarter + 1) & 2) << 30),
        ug_float_of(ug_bits_of(sine) ^ (quarter & 2) << 30),
    };
}

#endif

static inline float ug_sigmoidf(float x)
{
    return 1.0f / (1.0f + ug_expf(-x));
}

/* ln(1 + e^x); x itself above 20, as PyTorch has it. */
static inline float ug_softplusf(float x)
{
    const float y = (x > 0.0f ? x : 0.0f) + ug_log1pf(ug_expf(-fabsf(x)));

    return x > 20.0f ? x : y;
}

/* The probability that a standard normal variable is below x. */
static inline float ug_normal_cdff(float x)
{
    return 0.5f * (1.0f + ug_erff(x * 0.707106781f));
}

#endif
