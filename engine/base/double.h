/* double.h -- read before all else where the engine is compiled a second time: float means double.
 *
 * `gradcheck` compares gradients with differences of losses, which float32 is too coarse for.  The
 * second engine runs the same graphs through the same ops and kernels in float64; none of its names
 * is seen from outside but ug_gradcheck (CMakeLists.txt).  Headers whose interfaces have floats of
 * the system's kind are read first.  What a file stores as four bytes is ug_binary32 in either.
 */
#ifndef UG_DOUBLE_H
#define UG_DOUBLE_H

#include <cblas.h>
#include <complex.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#define UG_DOUBLE 1
#define float double

#undef FLT_MAX
#undef FLT_MIN
#undef FLT_EPSILON
#define FLT_MAX     DBL_MAX
#define FLT_MIN     DBL_MIN
#define FLT_EPSILON DBL_EPSILON

#define cblas_sgemm cblas_dgemm

#define ceilf      ceil
#define copysignf  copysign
#define cosf       cos
#define erff       erf
#define expf       exp
#define expm1f     expm1
#define fabsf      fabs
#define floorf     floor
#define fmaf       fma
#define fmaxf      fmax
#define fminf      fmin
#define log1pf     log1p
#define logf       log
#define nearbyintf nearbyint
#define powf       pow
#define rintf      rint
#define roundf     round
#define sinf       sin
#define sqrtf      sqrt
#define tanhf      tanh
#define truncf     trunc

#endif
