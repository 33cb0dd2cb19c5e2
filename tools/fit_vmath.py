#!/usr/bin/env python3
"""fit_vmath.py -- derives the polynomial coefficients of engine/base/vmath.h (needs numpy).

Each function is written as known terms plus factor(x) * p(x); p is fitted at Chebyshev nodes so that
the error of the whole, relative to the function, is level over the range (Lawson's iteration).
"""
import math

import numpy as np


def fit(name, remainder, factor, whole, low, high, degree):
    """p with remainder(x) = factor(x) p(x), the error divided by whole(x)."""
    k = np.arange(2000)
    x = 0.5 * (low + high) + 0.5 * (high - low) * np.cos((2 * k + 1) * math.pi / 4000)
    target = np.array([remainder(v) for v in x])
    weight = np.array([factor(v) / whole(v) for v in x])
    wanted = target / np.array([factor(v) for v in x])
    lawson = np.ones_like(x)
    best, best_error = None, math.inf
    for _ in range(60):
        p = np.polynomial.chebyshev.Chebyshev.fit(x, wanted, degree, domain=[low, high],
                                                  w=np.abs(weight) * np.sqrt(lawson))
        error = np.abs((p(x) - wanted) * weight)
        if error.max() < best_error:
            best, best_error = p, error.max()
        lawson *= error
        lawson /= lawson.mean()
    c = best.convert(kind=np.polynomial.Polynomial).coef
    print(f"{name}: relative error {best_error:.2g}")
    print("   ", ", ".join(f"{np.float32(v):.9g}f" for v in c), "(constant first)")


def series_log1p(u, skip):
    """log1p(u) less its first terms, without cancellation."""
    if abs(u) > 0.3:
        total = math.log1p(u)
        for k in range(1, skip):
            total -= (-1) ** (k + 1) * u**k / k
        return total
    return sum((-1) ** (k + 1) * u**k / k for k in range(skip, 80))


def series_exp(r):
    return sum(r**k / math.factorial(k) for k in range(2, 25))


def series_atanh(z):
    """(2 atanh(s) - 2 s) / s^3 at z = s^2."""
    return sum(2 * z**k / (2 * k + 3) for k in range(60))


def tanh_rest(z):
    """(tanh(x) - x) / x^3 at z = x^2."""
    if z > 0.02:
        x = math.sqrt(z)
        return (math.tanh(x) - x) / x**3
    return -1 / 3 + z * (2 / 15 + z * (-17 / 315 + z * (62 / 2835 - z * 1382 / 155925)))


def erf_rest(z):
    """erf(x) / x - 2 / sqrt(pi) over z = x^2, by its series."""
    return 2 / math.sqrt(math.pi) * sum(
        (-1) ** k * z ** (k - 1) / (math.factorial(k) * (2 * k + 1)) for k in range(1, 40))


def sin_rest(z):
    """(sin(x) - x) / x^3 at z = x^2."""
    return sum((-1) ** k * z ** (k - 1) / math.factorial(2 * k + 1) for k in range(1, 12))


def cos_rest(z):
    """(cos(x) - 1 + x^2 / 2) / x^4 at z = x^2."""
    return sum((-1) ** k * z ** (k - 2) / math.factorial(2 * k) for k in range(2, 12))


HALF_LN2 = 0.5 * math.log(2) * 1.0001
nonzero = lambda v: v if v else 1e-30
fit("exp: e^r = 1 + r + r^2 p(r)", series_exp, lambda r: r * r, math.exp, -HALF_LN2, HALF_LN2, 4)
fit("log: ln(1 + f) = f - f^2/2 + f^3 p(f)", lambda f: series_log1p(f, 3), lambda f: f**3,
    lambda f: math.log1p(nonzero(f)), math.sqrt(0.5) - 1, math.sqrt(2) - 1, 8)
fit("tanh: x + x^3 p(x^2), |x| < 0.625", lambda z: z * tanh_rest(z), lambda z: z,
    lambda z: math.tanh(math.sqrt(z)) / math.sqrt(z), 0, 0.625**2, 4)
fit("log1p: 2 s + s^3 p(s^2), s = u / (2 + u)", lambda z: z * series_atanh(z), lambda z: z,
    lambda z: 2 + z * series_atanh(z), 0, 1 / 9, 3)
fit("erf: 2/sqrt(pi) x + x^3 p(x^2), |x| < 1", lambda z: z * erf_rest(z), lambda z: z,
    lambda z: 2 / math.sqrt(math.pi) + z * erf_rest(z), 0, 1, 5)
for degree in (6, 7):
    fit("erf: 1 - e^(-p(x)), 1 <= x <= 4", lambda t: -math.log(math.erfc(t)), lambda t: 1.0,
        lambda t: math.erf(t) / math.erfc(t), 1, 4, degree)
fit("sin: x + x^3 p(x^2), |x| <= pi/4", lambda z: z * sin_rest(z), lambda z: z,
    lambda z: 1 + z * sin_rest(z), 0, (math.pi / 4)**2, 2)
fit("cos: 1 - x^2/2 + x^4 p(x^2), |x| <= pi/4", lambda z: z * z * cos_rest(z), lambda z: z * z,
    lambda z: 1 - z / 2 + z * z * cos_rest(z), 0, (math.pi / 4)**2, 2)
