"""Writes src/runtime/math/polynomials.rs: the polynomials of the elementary functions, for both real types.

    pip install mpmath
    python3 tests/data/polynomials.py | rustfmt --edition 2024 > src/runtime/math/polynomials.rs

Each has the least sum of squared relative errors at the Chebyshev points of its interval, which comes close to the least
greatest error. The coefficients are rounded from the lowest on, each time fitting the others again, so that they make up for
what it lost.
"""

import struct
import sys

import mpmath as m
from mpmath import mp, mpf

mp.dps = 60
POINTS = 200
# Polynomials of so many coefficients are split, but for their last two steps, into even and odd powers: two chains of
# operations half as long, whose errors those steps make small.
LONG = 8


def rounded(x, bits):
    if bits == 53:
        return mpf(float(x))
    return mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def fit(goal, weight, low, high, count, bits):
    """Rounded coefficients, lowest first, and the greatest weighted error."""
    points = [(low + high) / 2 + (high - low) / 2 * m.cos(m.pi * (i + mpf(1) / 2) / POINTS) for i in range(POINTS)]
    points = [(u, goal(u), weight(u)) for u in points]
    fixed = []
    for place in range(count):
        rows = m.matrix([[w * u ** k for k in range(place, count)] for u, _, w in points])
        rest = m.matrix([w * (g - m.polyval(fixed[::-1], u)) for u, g, w in points])
        fixed.append(rounded(m.lu_solve(rows.T * rows, rows.T * rest)[0], bits))
    return fixed, max(abs(w * (g - m.polyval(fixed[::-1], u))) for u, g, w in points)


def erfcx(x):
    return m.exp(x * x) * m.erfc(x)


def of_square(function):
    """As a function of the square of its argument."""
    return lambda z: function(m.sqrt(z))


HALF_LOG_2 = m.log(2) / 2 * mpf("1.0001")
QUARTER_PI = m.pi / 4 * mpf("1.0001")
ROOT = m.sqrt(2) * mpf("1.00001")
S = (ROOT - 1) / (ROOT + 1)
SHIFT = mpf(2)
AT = lambda t: SHIFT * (1 + t) / (1 - t)

# Name, documentation, parameter, what it approximates, the weight that makes its error relative to that of the function,
# the interval, and the number of coefficients for doubles and singles.
POLYNOMIALS = [
    (
        "exp_tail", "`(exp(r) - 1 - r) / r^2` for `r` within half of log 2.", "r",
        lambda r: (m.expm1(r) - r) / r**2, lambda r: r**2 / m.exp(r), lambda _: (-HALF_LOG_2, HALF_LOG_2), (10, 5),
    ),
    (
        "log_series", "`(2 atanh(s) / s - 2) / s^2`, where `z = s^2` and `s` is below `(sqrt(2) - 1) / (sqrt(2) + 1)`.", "z",
        of_square(lambda s: (2 * m.atanh(s) / s - 2) / s**2), lambda z: z, lambda _: (0, S**2), (7, 3),
    ),
    (
        "log_tail", "`(log(1 + f) - f + f^2 / 2) / f^3` for `1 + f` between the square roots of 1/2 and 2.", "f",
        lambda f: (m.log1p(f) - f + f**2 / 2) / f**3, lambda f: f**3 / m.log1p(f), lambda _: (1 / ROOT - 1, ROOT - 1), (0, 8),
    ),
    (
        "power_series", "`(2 atanh(s) / s - 2 - 2 s^2 / 3) / s^4`, where `z = s^2` as for the logarithm.", "z",
        of_square(lambda s: (2 * m.atanh(s) / s - 2 - 2 * s**2 / 3) / s**4), lambda z: z**2, lambda _: (0, S**2), (8, 4),
    ),
    (
        "sin_tail", "`(sin(x) - x) / x^3`, where `z = x^2` and `x` is within a quarter of pi.", "z",
        of_square(lambda x: (m.sin(x) - x) / x**3), lambda z: z, lambda _: (0, QUARTER_PI**2), (6, 4),
    ),
    (
        "cos_tail", "`(cos(x) - 1 + x^2 / 2) / x^4`, where `z = x^2` and `x` is within a quarter of pi.", "z",
        of_square(lambda x: (m.cos(x) - 1 + x**2 / 2) / x**4), lambda z: z**2, lambda _: (0, QUARTER_PI**2), (6, 3),
    ),
    (
        "atan_tail", "`(atan(s) - s) / s^3`, where `z = s^2` and `s` is within `tan(pi / 8)`.", "z",
        of_square(lambda s: (m.atan(s) - s) / s**3), lambda z: z, lambda _: (0, (m.sqrt(2) - 1) ** 2 * mpf("1.0001")), (11, 6),
    ),
    (
        "asin_tail", "`(asin(s) - s) / s^3`, where `z = s^2` and `s` is within a half.", "z",
        of_square(lambda s: (m.asin(s) - s) / s**3), lambda z: z, lambda _: (0, mpf("0.25001")), (13, 6),
    ),
    (
        "erf_tail", "`erf(x) / x - 1`, where `z = x^2` and `x` is within 1.", "z",
        of_square(lambda x: m.erf(x) / x - 1), lambda z: 1, lambda _: (0, mpf("1.0001")), (13, 7),
    ),
    (
        "tail_ratio", "`exp(x^2) erfc(x) (x + 2)`, where `t = (x - 2) / (x + 2)`, from 0.47 on to where the error function\n    /// underflows.", "t",
        lambda t: erfcx(AT(t)) * (AT(t) + SHIFT), lambda t: 1 / (erfcx(AT(t)) * (AT(t) + SHIFT)),
        lambda bits: ((mpf("0.4699") - SHIFT) / (mpf("0.4699") + SHIFT), (mpf(28 if bits == 53 else 11) - SHIFT) / (mpf(28 if bits == 53 else 11) + SHIFT)),
        (24, 11),
    ),
    (
        "inverse_cube_root", "`1 / cbrt(m)` to a few digits, for `m` between the square roots of 1/2 and 2.", "m",
        lambda u: 1 / m.cbrt(u), lambda u: m.cbrt(u), lambda _: (1 / ROOT, ROOT), (6, 3),
    ),
]


def text(x, bits):
    return repr(float(x)) if bits == 53 else numeral(float(x))


def numeral(x):
    """The shortest decimal that reads as this single."""
    for digits in range(1, 12):
        candidate = f"{x:.{digits}g}"
        if struct.pack("f", float(candidate)) == struct.pack("f", x):
            return candidate
    raise AssertionError(x)


def function(row, place, bits, real, public):
    name, documentation, parameter, goal, weight, interval, counts = row
    found, error = fit(goal, weight, *interval(bits), counts[place], bits)
    print(f"{real} {name}: 2^{float(m.log(error, 2)):.1f}", file=sys.stderr)
    of = real if public else "Self"
    print(f"    #[inline(always)]\n    {public}fn {name}({parameter}: {of}) -> {of} {{")
    if len(found) < LONG:
        print(f"        polynomial!({parameter}, {horner(found, bits, real)})\n    }}\n")
    else:
        even, odd = (f"polynomial!(square, {horner(found[start::2], bits, real)})" for start in (2, 3))
        last = ", ".join(text(c, bits) for c in found[1::-1])
        print(f"        let square = {parameter} * {parameter};")
        print(f"        let rest = {odd}.mul_add({parameter}, {even});")
        print(f"        polynomial!({parameter}, rest, {last})\n    }}\n")


def horner(coefficients, bits, real):
    numbers = [text(c, bits) for c in coefficients[::-1]]
    return ", ".join([numbers[0] + "_" + real] + numbers[1:])


def main():
    wanted = [row for row in POLYNOMIALS if not sys.argv[1:] or row[0] in sys.argv[1:]]
    both = [row for row in wanted if all(row[-1])]
    print("//! Polynomials of the elementary functions, made by `tests/data/polynomials.py`.\n")
    print("/// What is approximated in both real types; by Horner's rule with fused multiply-adds, long ones in two halves.")
    print("pub(super) trait Polynomials: Copy {")
    for name, documentation, parameter, *_ in both:
        print(f"    /// {documentation}\n    fn {name}({parameter}: Self) -> Self;")
    print("}\n")
    print("/// A polynomial by Horner's rule, the highest coefficient first.")
    print("macro_rules! polynomial {\n    ($x:expr, $highest:expr $(, $coefficient:expr)*) => {{\n        let sum = $highest;")
    print("        $(let sum = sum.mul_add($x, $coefficient);)*\n        sum\n    }};\n}")
    for place, (bits, real) in enumerate(((53, "f64"), (24, "f32"))):
        print(f"\nimpl Polynomials for {real} {{")
        for row in both:
            function(row, place, bits, real, "")
        print("}")
        for row in wanted:
            if row not in both and row[-1][place]:
                print(f"/// {row[1]}")
                function(row, place, bits, real, "pub(super) ")


main()
