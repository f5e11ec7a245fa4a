"""Writes tests/data/accuracy.csv: values and derivatives of the pointwise operations, rounded from 60 digits.

    pip install mpmath scipy
    python3 tests/data/accuracy.py > tests/data/accuracy.csv

For each function random points of several sizes, near its zeros and at the ends of its domain, a third of them numbers of
single precision. Derivatives are formulas, not differences.
"""

import random
import struct

import mpmath as m
from mpmath import mp, mpf

mp.dps = 60
draws = random.Random(11)
pi = m.pi
COUNT = 36


def uniform(low, high, count=COUNT):
    return [draws.uniform(low, high) for _ in range(count)]


def sizes(low, high, count=COUNT, signs=False):
    """Numbers whose decimal logarithm is uniform."""
    return [10 ** draws.uniform(low, high) * (draws.choice([-1, 1]) if signs else 1) for _ in range(count)]


def near(point, count=12):
    return [point * (1 + draws.choice([-1, 1]) * 10 ** draws.uniform(-9, -1)) for _ in range(count)]


def everywhere():
    return uniform(-5, 5) + sizes(-9, 2, 24, True) + sizes(-300, -12, 4, True)


def pairs(low=-5, high=5, count=40):
    return list(zip(uniform(low, high, count), uniform(low, high, count)))


def spread(count=30):
    """Pairs of large and small numbers, near and far apart."""
    return [(a, a * 10 ** draws.uniform(-8, 8) * draws.choice([-1, 1])) for a in sizes(-100, 100, count, True)]


def sigmoid(x):
    e = m.exp(-abs(x))
    return (1 if x >= 0 else e) / (1 + e)


def sigmoid_slope(x):
    e = m.exp(-abs(x))
    return e / (1 + e) ** 2


def softplus(x):
    return m.log1p(m.exp(-abs(x))) + max(x, 0)


def sech2(x):
    e = m.exp(-2 * abs(x))
    return 4 * e / (1 + e) ** 2


def density(x):
    return m.exp(-x * x / 2) / m.sqrt(2 * pi)


def normal(x):
    return m.erfc(-x / m.sqrt(2)) / 2


def quantile(p):
    from scipy.stats import norm

    if p < 0.5:
        return m.findroot(lambda z: m.log(normal(z)) - m.log(p), mpf(float(norm.ppf(float(p)))))
    rest = 1 - p
    return -m.findroot(lambda z: m.log(normal(z)) - m.log(rest), mpf(float(norm.ppf(float(rest)))))


RATE, CUBIC = 2 * m.sqrt(2 / pi), mpf("0.044715")
SCALE, ALPHA = mpf(1.0507009873554805), mpf(1.6732632423543772)


def gelu_argument(x):
    return RATE * (x + CUBIC * x**3)


def mish_slope(x):
    plus = softplus(x)
    return m.tanh(plus) + x * sech2(plus) * sigmoid(x)


def log_gamma(x):
    return m.loggamma(x) if x > 0 else m.log(abs(m.gamma(x)))


POSITIVE = lambda: sizes(-300, 300, 20) + uniform(0.01, 5)
LOGS = lambda: POSITIVE() + near(1.0)
UNIT = lambda: uniform(-1, 1) + sizes(-12, -0.01, 16, True) + [1 - d for d in sizes(-15, -1, 10)]
BELL = lambda: uniform(-6, 6) + sizes(-9, 1.4, 20, True) + uniform(-26, 26, 20)
GAMMA = lambda: uniform(0.05, 5) + uniform(5, 170, 16) + near(1.0) + near(2.0) + uniform(-6, 0, 20) + sizes(-9, -1, 10, True)
TAILS = lambda: everywhere() + uniform(-700, 700, 20)

# Name: value, derivative, points.
UNARY = {
    "square": (lambda x: x * x, lambda x: 2 * x, everywhere()),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, everywhere()[:60]),
    "sqrt": (m.sqrt, lambda x: 1 / (2 * m.sqrt(x)), POSITIVE()),
    "rsqrt": (lambda x: 1 / m.sqrt(x), lambda x: -1 / (2 * x * m.sqrt(x)), sizes(-150, 150, 20) + uniform(0.01, 5)),
    "cbrt": (lambda x: m.sign(x) * m.cbrt(abs(x)), lambda x: 1 / (3 * m.cbrt(abs(x)) ** 2), everywhere()),
    "exp": (m.exp, m.exp, everywhere() + uniform(-700, 700, 20)),
    "exp2": (lambda x: mpf(2) ** x, lambda x: m.log(2) * mpf(2) ** x, everywhere() + uniform(-1000, 1000, 20)),
    "expm1": (m.expm1, m.exp, everywhere() + uniform(-50, 700, 20)),
    "log": (m.log, lambda x: 1 / x, LOGS()),
    "log2": (lambda x: m.log(x) / m.log(2), lambda x: 1 / (x * m.log(2)), LOGS()),
    "log10": (m.log10, lambda x: 1 / (x * m.log(10)), LOGS()),
    "log1p": (m.log1p, lambda x: 1 / (1 + x), uniform(-0.999, 3) + sizes(-300, 300, 20) + [-x for x in sizes(-12, -0.01, 16)]),
    "logit": (lambda x: m.log(x / (1 - x)), lambda x: 1 / (x * (1 - x)), uniform(0, 1) + sizes(-300, -1, 16) + near(0.5)),
    "logcosh": (lambda x: m.log1p(2 * m.sinh(x / 2) ** 2), m.tanh, everywhere()[:60] + uniform(-700, 700, 10)),
    "sin": (m.sin, m.cos, uniform(-10, 10) + sizes(-9, 12, 24, True)),
    "cos": (m.cos, lambda x: -m.sin(x), uniform(-10, 10) + sizes(-9, 12, 24, True)),
    "tan": (m.tan, lambda x: m.sec(x) ** 2, uniform(-10, 10) + sizes(-9, 12, 24, True)),
    "asin": (m.asin, lambda x: 1 / m.sqrt((1 - x) * (1 + x)), UNIT()),
    "acos": (m.acos, lambda x: -1 / m.sqrt((1 - x) * (1 + x)), UNIT()),
    "atan": (m.atan, lambda x: 1 / (1 + x * x), everywhere() + sizes(0, 300, 10, True)),
    "sinh": (m.sinh, m.cosh, TAILS()),
    "cosh": (m.cosh, m.sinh, TAILS()),
    "tanh": (m.tanh, sech2, everywhere() + uniform(-350, 350, 20)),
    "asinh": (m.asinh, lambda x: 1 / m.sqrt(1 + x * x), everywhere() + sizes(0, 300, 10, True)),
    "acosh": (m.acosh, lambda x: 1 / m.sqrt((x - 1) * (x + 1)), [1 + d for d in sizes(-15, 3)] + sizes(0.1, 300, 10)),
    "atanh": (m.atanh, lambda x: 1 / ((1 - x) * (1 + x)), UNIT()),
    "sinc": (lambda x: m.sin(x) / x, lambda x: (m.cos(x) - m.sin(x) / x) / x, uniform(-10, 10) + sizes(-9, 3, 24, True)),
    "leaky_relu": (lambda x: x if x > 0 else x * mpf(0.01), lambda x: mpf(1) if x > 0 else mpf(0.01), everywhere()),
    "sigmoid": (sigmoid, sigmoid_slope, TAILS()),
    "softplus": (softplus, sigmoid, TAILS()),
    "logsigmoid": (lambda x: -softplus(-x), lambda x: sigmoid(-x), TAILS()),
    "elu": (lambda x: x if x > 0 else m.expm1(x), lambda x: mpf(1) if x > 0 else m.exp(x), TAILS()),
    "selu": (
        lambda x: SCALE * (x if x > 0 else ALPHA * m.expm1(x)),
        lambda x: SCALE * (1 if x > 0 else ALPHA * m.exp(x)),
        TAILS(),
    ),
    "gelu_tanh": (
        lambda x: x * sigmoid(gelu_argument(x)),
        lambda x: sigmoid(gelu_argument(x)) + x * sigmoid_slope(gelu_argument(x)) * RATE * (1 + 3 * CUBIC * x**2),
        everywhere() + uniform(-20, 8, 20),
    ),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) + x * sigmoid_slope(x), TAILS()),
    "mish": (lambda x: x * m.tanh(softplus(x)), mish_slope, TAILS()),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, everywhere()),
    "erf": (m.erf, lambda x: 2 / m.sqrt(pi) * m.exp(-x * x), BELL()),
    "erfc": (m.erfc, lambda x: -2 / m.sqrt(pi) * m.exp(-x * x), BELL()),
    "normpdf": (density, lambda x: -x * density(x), BELL()),
    "normcdf": (normal, density, BELL()),
    "lognormcdf": (
        lambda x: m.log(normal(x)) if x < 0 else m.log1p(-normal(-x)),
        lambda x: density(x) / normal(x),
        BELL() + uniform(-38, 8, 16) + [-x for x in sizes(1, 6, 16)],
    ),
    "normquantile": (
        quantile,
        lambda p: 1 / density(quantile(p)),
        uniform(0.001, 0.999) + sizes(-290, -1, 24) + [1 - d for d in sizes(-14, -1, 12)] + near(0.5) + near(0.25),
    ),
    "gelu": (lambda x: x * normal(x), lambda x: normal(x) + x * density(x), BELL()),
    "lgamma": (log_gamma, m.digamma, GAMMA() + sizes(2, 15, 16)),
    "gamma": (m.gamma, lambda x: m.gamma(x) * m.digamma(x), [x for x in GAMMA() if x < 170]),
    "digamma": (m.digamma, lambda x: m.psi(1, x), GAMMA() + sizes(2, 15, 16)),
    "trigamma": (lambda x: m.psi(1, x), lambda x: m.psi(2, x), GAMMA() + sizes(2, 15, 16)),
    "bessel_j0": (lambda x: m.besselj(0, x), lambda x: -m.besselj(1, x), uniform(-50, 50) + sizes(-9, 1, 20, True)),
    "bessel_j1": (
        lambda x: m.besselj(1, x),
        lambda x: (m.besselj(0, x) - m.besselj(2, x)) / 2,
        uniform(-50, 50) + sizes(-9, 1, 20, True),
    ),
    "bessel_i0": (lambda x: m.besseli(0, x), lambda x: m.besseli(1, x), uniform(-700, 700, 30) + sizes(-9, 1.6, 30, True)),
    "bessel_i1": (
        lambda x: m.besseli(1, x),
        lambda x: (m.besseli(0, x) + m.besseli(2, x)) / 2,
        uniform(-700, 700, 30) + sizes(-9, 1.6, 30, True),
    ),
}


def logaddexp(x, y):
    return max(x, y) + m.log1p(m.exp(-abs(x - y)))


def log_beta(a, b):
    return m.loggamma(a) + m.loggamma(b) - m.loggamma(a + b)


ORDERS = [(float(draws.randrange(0, 12)), x) for x in uniform(-40, 40, 40) + uniform(-4, 4, 20)]
NONE = lambda *_: mpf(0)

# Name: value, derivative by the first, by the second, points.
BINARY = {
    "multiply": (lambda x, y: x * y, lambda x, y: y, lambda x, y: x, pairs()),
    "divide": (lambda x, y: x / y, lambda x, y: 1 / y, lambda x, y: -x / y**2, pairs() + spread()),
    "power": (
        lambda x, y: x**y,
        lambda x, y: y * x ** (y - 1),
        lambda x, y: x**y * m.log(x),
        list(zip(sizes(-3, 3), uniform(-10, 10))) + list(zip(sizes(-60, 60, 20), uniform(-3, 3, 20))),
    ),
    "atan2": (m.atan2, lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y), pairs() + spread()),
    "hypot": (m.hypot, lambda x, y: x / m.hypot(x, y), lambda x, y: y / m.hypot(x, y), pairs() + spread()),
    "logaddexp": (
        logaddexp,
        lambda x, y: sigmoid(x - y),
        lambda x, y: sigmoid(y - x),
        pairs(0, 5) + pairs(-300, 300, 20) + [(a, a + d) for a, d in zip(uniform(50, 1000, 20), uniform(-40, 40, 20))],
    ),
    "xlogy": (lambda x, y: x * m.log(y), lambda x, y: m.log(y), lambda x, y: x / y, [(a, abs(b)) for a, b in pairs()]),
    "xlog1py": (
        lambda x, y: x * m.log1p(y),
        lambda x, y: m.log1p(y),
        lambda x, y: x / (1 + y),
        [(a, abs(b) - 0.9) for a, b in pairs()] + list(zip(uniform(-3, 3, 12), sizes(-15, -1, 12, True))),
    ),
    "bce_logits": (
        lambda z, y: y * softplus(-z) + (1 - y) * softplus(z),
        lambda z, y: sigmoid(z) - y,
        lambda z, y: -z,
        list(zip(uniform(-40, 40), uniform(0, 1))) + list(zip(uniform(-4, 4), uniform(0, 1))),
    ),
    "lbeta": (
        log_beta,
        lambda a, b: m.digamma(a) - m.digamma(a + b),
        lambda a, b: m.digamma(b) - m.digamma(a + b),
        list(zip(sizes(-3, 3), sizes(-3, 3))) + list(zip(sizes(-9, 8, 24), sizes(-9, 8, 24))),
    ),
    "bessel_jn": (m.besselj, NONE, lambda n, x: (m.besselj(n - 1, x) - m.besselj(n + 1, x)) / 2, ORDERS),
    "bessel_in": (m.besseli, NONE, lambda n, x: (m.besseli(n - 1, x) + m.besseli(n + 1, x)) / 2, ORDERS),
    "polygamma": (
        lambda n, x: m.psi(int(n), x),
        NONE,
        lambda n, x: m.psi(int(n) + 1, x),
        [(float(draws.randrange(1, 8)), x) for x in uniform(0.05, 20) + sizes(1, 4, 12)],
    ),
    "remainder": (
        lambda x, y: x - y * m.floor(x / y),
        lambda x, y: mpf(1),
        lambda x, y: -m.floor(x / y),
        pairs(),
    ),
}


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def main():
    print("# Values and derivatives rounded from 60 digits (mpmath), made by tests/data/accuracy.py.")
    print("function,x,y,value,by_x,by_y")
    for name, (value, slope, points) in UNARY.items():
        for place, x in enumerate(points):
            if place % 3 == 0 and 1e-30 < abs(x) < 1e30 and abs(abs(single(x)) - 1) > 1e-6:
                x = single(x)
            print(f"{name},{x!r},,{float(value(mpf(x)))!r},{float(slope(mpf(x)))!r},")
    for name, (value, by_x, by_y, points) in BINARY.items():
        for place, (x, y) in enumerate(points):
            if place % 3 == 0 and all(1e-30 < abs(each) < 1e30 for each in (x, y)):
                x, y = single(x), single(y)
            numbers = [float(each(mpf(x), mpf(y))) for each in (value, by_x, by_y)]
            print(f"{name},{x!r},{y!r}," + ",".join(map(repr, numbers)))


main()
