"""Writes src/runtime/math/hard_points.csv: values of elementary functions where they are hard, rounded from 60 digits.

    pip install mpmath
    python3 tests/data/elementary.py > src/runtime/math/hard_points.csv

The points are where an algorithm changes its way or its result leaves the range of normal numbers, and random ones.
"""

import random
import struct

import mpmath as m
from mpmath import mp, mpf

mp.dps = 60
draws = random.Random(5)


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def about(*points):
    """Neighbours of points in both precisions, of both signs."""
    near = []
    for point in points:
        for factor in (1, 1 - 2**-23, 1 + 2**-23, 1 - 2**-52, 1 + 2**-52):
            near += [point * factor, -point * factor]
    return near


def spread(low, high, count=60):
    return [single(draws.uniform(low, high)) if i % 2 else draws.uniform(low, high) for i in range(count)]


def normal(x):
    return m.erfc(-x / m.sqrt(2)) / 2


def density(x):
    return m.exp(-x * x / 2) / m.sqrt(2 * m.pi)


def sigmoid(x):
    e = m.exp(-abs(x))
    return (1 if x >= 0 else e) / (1 + e)


def gelu_tanh(x):
    return x * sigmoid(2 * m.sqrt(2 / m.pi) * (x + mpf("0.044715") * x**3))


BELL = about(0.47, 0.665, 1.0, 2.0, 6.0, 8.4, 9.2, 12.9, 25.5, 26.5, 37.5, 38.4) + spread(-3, 3) + spread(-38, 9)
ANGLES = about(0.4142135623730951, 2.414213562373095, 1.0, 1e-9, 1e9, 1e17, 1e-300, 1e300) + spread(-5, 5)
UNARY = {
    "exp": (m.exp, about(1e-20, 0.34657359, 1.0, 88.7, 87.4, 103.9, 709.7, 708.4, 744.9) + spread(-700, 700)),
    "sigmoid": (sigmoid, about(1e-20, 0.34657359, 16.7, 37.0, 88.0, 103.0, 709.0, 744.0) + spread(-20, 20)),
    "tanh": (m.tanh, about(1e-9, 5e-5, 0.17, 0.35, 9.0, 19.0) + spread(-3, 3)),
    "sinh": (m.sinh, about(1e-17, 1e-3, 0.35, 88.7, 89.4, 709.7, 710.47) + spread(-3, 3)),
    "cosh": (m.cosh, about(1e-9, 0.35, 88.7, 89.4, 709.7, 710.47) + spread(-3, 3)),
    "asinh": (m.asinh, about(1e-9, 1.0, 1e9, 1e17, 1e300) + spread(-5, 5)),
    "atanh": (m.atanh, about(1e-9, 0.5, 0.999) + spread(-0.99, 0.99)),
    "acosh": (m.acosh, [x for x in about(1.0, 1.5, 1e9, 1e17, 1e300) + spread(1, 5) if x >= 1]),
    "tan": (m.tan, about(1e-9, 0.7853981633974483, 1.5707963267948966, 3.141592653589793, 99999.0) + spread(-10, 10)),
    "atan": (m.atan, ANGLES),
    "asin": (m.asin, [x for x in about(0.5, 1.0, 1e-9, 0.70710678) + spread(-1, 1) if abs(x) <= 1]),
    "acos": (m.acos, [x for x in about(0.5, 1.0, 1e-9, 0.70710678) + spread(-1, 1) if abs(x) <= 1]),
    "cbrt": (lambda x: m.sign(x) * m.cbrt(abs(x)), about(1.0, 2.0, 1e-310, 1e-40, 1e300, 27.0) + spread(-10, 10)),
    "erf": (m.erf, BELL),
    "erfc": (m.erfc, BELL),
    "erf_slope": (lambda x: 2 / m.sqrt(m.pi) * m.exp(-x * x), BELL),
    "normpdf": (density, BELL),
    "normcdf": (normal, BELL),
    "gelu": (lambda x: x * normal(x), BELL),
    "gelu_tanh": (gelu_tanh, BELL),
}
ONES = [(1 + d, y) for d in (1e-3, -1e-3, 2**-23, -(2**-23), 2**-52) for y in (1e3, -1e3, 65536.0, -(2.0**40), 0.5)]
POWERS = ONES + [(x, float(y)) for x in (2.0, 3.0, 0.1, 10.0, -7.0, 1e300, 1e-300) for y in range(-4, 5)]
POWERS += list(zip([abs(x) for x in spread(0, 9)], spread(-30, 30))) + list(zip([2 ** x for x in spread(-100, 100)], spread(-9, 9)))
PAIRS = list(zip(spread(-5, 5), spread(-5, 5))) + [(a * 2.0**p, b * 2.0**q) for a, b in ((1.0, 1.0), (-3.0, 5.0), (0.4, -1.0))
                                                   for p, q in ((1000, 1000), (-1000, -990), (-1060, -1070), (100, -100), (120, 121), (-130, -140))]
BINARY = {
    "pow": (lambda x, y: mpf(x) ** (int(y) if y == int(y) else y), POWERS),
    "atan2": (m.atan2, PAIRS),
    "hypot": (m.hypot, PAIRS),
}


def main():
    print("function,x,y,value")
    for name, (function, points) in UNARY.items():
        for x in points:
            print(f"{name},{x!r},,{float(function(mpf(x)))!r}")
    for name, (function, points) in BINARY.items():
        for x, y in points:
            print(f"{name},{x!r},{y!r},{float(function(mpf(x), mpf(y)))!r}")


main()
