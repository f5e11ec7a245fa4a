"""Writes optimization_more.json: values, gradients and Hessian products of test functions, by differences of 160 digits.

The functions are written here from the literature, apart from their form in nd. Run: python3 optimization_more.py
"""

import json
import os
from mpmath import mp, mpf, mpc, exp, sin, cos, tan, sqrt, log, pi, fabs, fsum, fprod, atan, atan2

mp.dps = 160
D = mpf


def norm(x):
    return sqrt(fsum(t * t for t in x))


Y_GAUSS = "0.0009 0.0044 0.0175 0.0540 0.1295 0.2420 0.3521 0.3989 0.3521 0.2420 0.1295 0.0540 0.0175 0.0044 0.0009"
Y_MEYER = "34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872"
Y_OSB1 = """0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.850 0.818 0.784 0.751 0.718 0.685 0.658 0.628 0.603 0.580 0.558
0.538 0.522 0.506 0.490 0.478 0.467 0.457 0.448 0.438 0.431 0.424 0.420 0.414 0.411 0.406"""
Y_OSB2 = """1.366 1.191 1.112 1.013 0.991 0.885 0.831 0.847 0.786 0.725 0.746 0.679 0.608 0.655 0.616 0.606 0.602 0.626
0.651 0.724 0.649 0.649 0.694 0.644 0.624 0.661 0.612 0.558 0.533 0.495 0.500 0.423 0.395 0.375 0.372 0.391 0.396 0.405
0.428 0.429 0.523 0.562 0.607 0.653 0.672 0.708 0.633 0.668 0.645 0.632 0.591 0.559 0.597 0.625 0.739 0.710 0.729 0.720
0.636 0.581 0.428 0.292 0.162 0.098 0.054"""


def nums(text):
    return [D(t) for t in text.split()]


def helical(x):
    turn = atan(x[1] / x[0]) / (2 * pi) + (0 if x[0] > 0 else D("0.5"))
    return [10 * (x[2] - 10 * turn), 10 * (norm(x[:2]) - 1), x[2]]


def cheb(i, t):
    before, now = D(1), 2 * t - 1
    for _ in range(i - 1):
        before, now = now, 2 * (2 * t - 1) * now - before
    return now


def watson(x):
    n = len(x)
    rows = []
    for i in range(1, 30):
        t = D(i) / 29
        slope = fsum((j - 1) * x[j - 1] * t ** (j - 2) for j in range(2, n + 1))
        rows.append(slope - fsum(x[j - 1] * t ** (j - 1) for j in range(1, n + 1)) ** 2 - 1)
    return rows + [x[0], x[1] - x[0] ** 2 - 1]


def integral(x):
    n = len(x)
    t = [D(i + 1) / (n + 1) for i in range(n)]
    c = [(x[i] + t[i] + 1) ** 3 for i in range(n)]
    return [x[i] + ((1 - t[i]) * fsum(t[j] * c[j] for j in range(i + 1))
                    + t[i] * fsum((1 - t[j]) * c[j] for j in range(i + 1, n))) / (2 * (n + 1)) for i in range(n)]


def boundary(x):
    n, h = len(x), D(1) / (len(x) + 1)
    e = [D(0)] + list(x) + [D(0)]
    return [2 * e[i] - e[i - 1] - e[i + 1] + h * h * (e[i] + i * h + 1) ** 3 / 2 for i in range(1, n + 1)]


def tridiagonal(x):
    n, e = len(x), [D(0)] + list(x) + [D(0)]
    return [(3 - 2 * e[i]) * e[i] - e[i - 1] - 2 * e[i + 1] + 1 for i in range(1, n + 1)]


def penalty_2(x):
    n, a = len(x), sqrt(D("1e-5"))
    middle = [a * (exp(x[i] / 10) + exp(x[i - 1] / 10) - exp(D(i + 1) / 10) - exp(D(i) / 10)) for i in range(1, n)]
    last = [a * (exp(x[i] / 10) - exp(-D(1) / 10)) for i in range(1, n)]
    return [x[0] - D("0.2")] + middle + last + [fsum((n - j) * x[j] ** 2 for j in range(n)) - 1]


# Name, function of the residuals, points. Points keep away from zeros of the objective, where only a scale is missing.
RESIDUALS = [
    ("rosenbrock", lambda x: [10 * (x[1] - x[0] ** 2), 1 - x[0]], ["-1.2 1", "0 0", "1 1"]),
    ("freudenstein_roth", lambda x: [x[0] - 13 + ((5 - x[1]) * x[1] - 2) * x[1], x[0] - 29 + ((x[1] + 1) * x[1] - 14) * x[1]],
     ["0 0", "5 4"]),
    ("powell_badly_scaled", lambda x: [10**4 * x[0] * x[1] - 1, exp(-x[0]) + exp(-x[1]) - D("1.0001")], ["0 1", "1e-5 9"]),
    ("brown_badly_scaled", lambda x: [x[0] - 10**6, x[1] - D("2e-6"), x[0] * x[1] - 2], ["1 1", "1e6 1e-6"]),
    ("beale", lambda x: [y - x[0] * (1 - x[1] ** (i + 1)) for i, y in enumerate(nums("1.5 2.25 2.625"))],
     ["1 1", "3 0.5", "0 0", "-1 -2"]),
    ("jennrich_sampson", lambda x: [2 + 2 * i - exp(i * x[0]) - exp(i * x[1]) for i in range(1, 11)], ["0 0"]),
    ("helical_valley", helical, ["-1 0 0", "1 0 0", "0.5 -2 3"]),
    ("gaussian", lambda x: [x[0] * exp(-x[1] * (D(7 - i) / 2 - x[2]) ** 2 / 2) - y for i, y in enumerate(nums(Y_GAUSS))],
     ["0.4 1 0", "0.5 2 -1"]),
    ("meyer", lambda x: [x[0] * exp(x[1] / (45 + 5 * (i + 1) + x[2])) - y for i, y in enumerate(nums(Y_MEYER))],
     ["0.02 4000 250", "0.0056 6181 345"]),
    ("gulf", lambda x: [exp(-fabs(25 + (-50 * log(D(i) / 100)) ** (D(2) / 3) - x[1]) ** x[2] / x[0]) - D(i) / 100
                        for i in range(1, 100)], ["5 2.5 0.15", "40 20 1.2"]),
    ("box_three_dimensional", lambda x: [exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (exp(-t) - exp(-10 * t))
                                         for t in [D(i) / 10 for i in range(1, 11)]], ["0 10 20", "0 0 0", "1 9 1"]),
    ("powell_singular", lambda x: [x[0] + 10 * x[1], sqrt(D(5)) * (x[2] - x[3]), (x[1] - 2 * x[2]) ** 2,
                                   sqrt(D(10)) * (x[0] - x[3]) ** 2], ["0 0 0 0", "3 -1 0 1"]),
    ("brown_dennis", lambda x: [(x[0] + t * x[1] - exp(t)) ** 2 + (x[2] + x[3] * sin(t) - cos(t)) ** 2
                                for t in [D(i) / 5 for i in range(1, 21)]], ["25 5 -5 -1", "-11 13 -0.4 0.2"]),
    ("osborne_1", lambda x: [y - (x[0] + x[1] * exp(-10 * i * x[3]) + x[2] * exp(-10 * i * x[4]))
                             for i, y in enumerate(nums(Y_OSB1))], ["0.5 1.5 -1 0.01 0.02", "0.4 1.9 -1.4 0.013 0.022"]),
    ("osborne_2", lambda x: [y - (x[0] * exp(-D(i) / 10 * x[4]) + x[1] * exp(-(D(i) / 10 - x[8]) ** 2 * x[5])
                                  + x[2] * exp(-(D(i) / 10 - x[9]) ** 2 * x[6]) + x[3] * exp(-(D(i) / 10 - x[10]) ** 2 * x[7]))
                             for i, y in enumerate(nums(Y_OSB2))],
     ["1.3 0.65 0.65 0.7 0.6 3 5 7 2 4.5 5.5", "1.3 0.4 0.6 0.6 0.75 0.9 1.4 4.8 2.4 4.6 5.7"]),
    ("watson", watson, ["0 0 0", "0 0 0 0 0 0 0 0 0", "-0.1 1 0.2 -0.3 0.4 0.1 -0.2 0.5 0.3 -0.4 0.2 0.1"]),
    ("extended_rosenbrock", lambda x: [r for i in range(len(x) // 2)
                                       for r in (10 * (x[2 * i + 1] - x[2 * i] ** 2), 1 - x[2 * i])], ["-1.2 1 0 0 2 -1"]),
    ("penalty_1", lambda x: [sqrt(D("1e-5")) * (t - 1) for t in x] + [fsum(t * t for t in x) - D("0.25")],
     ["1 2 3 4", "0 0 0", "0.1 0.2 0.3 0.4 0.5 -0.1 -0.2"]),
    ("penalty_2", penalty_2, ["0.5 0.5 0.5 0.5", "0 0 0"]),
    ("variably_dimensioned", lambda x: (lambda w: [t - 1 for t in x] + [w, w * w])(
        fsum((j + 1) * (t - 1) for j, t in enumerate(x))), ["0.75 0.5 0.25 0", "1 1 1", "0 0 0 0 0 0"]),
    ("trigonometric", lambda x: [len(x) - fsum(cos(t) for t in x) + (i + 1) * (1 - cos(x[i])) - sin(x[i])
                                 for i in range(len(x))], ["0 0 0", "0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1"]),
    ("brown_almost_linear", lambda x: [x[i] + fsum(x) - (len(x) + 1) for i in range(len(x) - 1)] + [fprod(x) - 1],
     ["0 0.5 2 1", "0 0 1 2 3", "1 1 1", "0 0 0 6"]),
    ("discrete_boundary_value", boundary, ["0 0 0", "-0.1 -0.2 0.3 0.4 -0.5"]),
    ("discrete_integral_equation", integral, ["0 0 0 0", "-0.1 -0.2 0.3 0.4 -0.5 1 2"]),
    ("broyden_tridiagonal", tridiagonal, ["-1 -1 -1 -1 -1", "0 0 0", "0.3 -0.6 2"]),
    ("broyden_banded", lambda x: [x[i] * (2 + 5 * x[i] ** 2) + 1 - fsum(
        x[j] * (1 + x[j]) for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i) for i in range(len(x))],
     ["-1 -1 -1 -1 -1 -1 -1 -1 -1 -1", "0 0 0"]),
    ("chebyquad", lambda x: [fsum(cheb(i, t) for t in x) / len(x) + (D(1) / (i * i - 1) if i % 2 == 0 else 0)
                             for i in range(1, len(x) + 1)], ["0.5 0.5", "0.125 0.25 0.375 0.5 0.625 0.75 0.875"]),
]


def levy(x):
    w = [1 + (t - 1) / 4 for t in x]
    middle = fsum((t - 1) ** 2 * (1 + 10 * sin(pi * t + 1) ** 2) for t in w[:-1])
    return sin(pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + sin(2 * pi * w[-1]) ** 2)


def goldstein(x):
    a, b = x
    return (1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)) * (
        30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2))


def xin_she_yang(x):
    return (fsum(sin(t) ** 2 for t in x) - exp(-fsum(t * t for t in x))) * exp(-fsum(sin(sqrt(fabs(t))) ** 2 for t in x))


SHEKEL = [([4] * 4, "0.1"), ([1] * 4, "0.2"), ([8] * 4, "0.2"), ([6] * 4, "0.4"), ([3, 7, 3, 7], "0.4"), ([2, 9, 2, 9], "0.6"),
          ([5, 5, 3, 3], "0.3"), ([8, 1, 8, 1], "0.7"), ([6, 2, 6, 2], "0.5"), ([7, D("3.6"), 7, D("3.6")], "0.5")]


def shekel(count):
    return lambda x: -fsum(1 / (fsum((x[j] - a[j]) ** 2 for j in range(4)) + D(c)) for a, c in SHEKEL[:count])


def de_jong(x):
    a = [-32, -16, 0, 16, 32]
    return 1 / (D("0.002") + fsum(1 / (5 * i + j + 1 + (x[0] - a[j]) ** 6 + (x[1] - a[i]) ** 6)
                                  for i in range(5) for j in range(5)))


def franke(x):
    a, b = 9 * x[0], 9 * x[1]
    return (D("0.75") * exp(-((a - 2) ** 2 + (b - 2) ** 2) / 4) + D("0.75") * exp(-(a + 1) ** 2 / 49 - (b + 1) / 10)
            + D("0.5") * exp(-((a - 7) ** 2 + (b - 3) ** 2) / 4) - D("0.2") * exp(-(a - 4) ** 2 - (b - 7) ** 2))


VALUES = [
    ("ackley", lambda x: -20 * exp(-D("0.2") * sqrt(fsum(t * t for t in x) / len(x)))
     - exp(fsum(cos(2 * pi * t) for t in x) / len(x)) + 20 + exp(D(1)), ["1 2 -3 0", "0.01"]),
    ("levy", levy, ["0 0 0", "1 1", "-3 2.5 4 1"]),
    ("michalewicz", lambda x: -fsum(sin(t) * sin((i + 1) * t * t / pi) ** 20 for i, t in enumerate(x)),
     ["2.2 1.57", "2 1.5 1.2 1.9 1.7", "0 0 0"]),
    ("rastrigin", lambda x: 10 * len(x) + fsum(t * t - 10 * cos(2 * pi * t) for t in x), ["0 0 0", "1.1 -2.2 3.3 -4.4"]),
    ("rosenbrock_chain", lambda x: fsum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1)),
     ["0 0 0", "-1.2 1 -1.2 1 0.5", "1 1 1"]),
    ("schwefel_1_2", lambda x: fsum(fsum(x[: i + 1]) ** 2 for i in range(len(x))), ["0 0 0", "1 -2 3 -4 5"]),
    ("schwefel_2_22", lambda x: fsum(map(fabs, x)) + fprod(map(fabs, x)), ["1 -2 3"]),
    ("styblinski_tang", lambda x: fsum(t**4 - 16 * t**2 + 5 * t for t in x) / 2, ["0 0 0", "-2.9 2.7 1"]),
    ("sum_of_different_powers", lambda x: fsum(fabs(t) ** (i + 2) for i, t in enumerate(x)), ["0.5 -1 0.25 2", "-1 1"]),
    ("zakharov", lambda x: (lambda w: fsum(t * t for t in x) + w**2 + w**4)(fsum((i + 1) * t / 2 for i, t in enumerate(x))),
     ["0 0", "1 2 3 4"]),
    ("alpine_1", lambda x: fsum(fabs(t * sin(t) + t / 10) for t in x), ["1 -2 5"]),
    ("perm_0", lambda x: fsum(fsum((j + 11) * (x[j] ** (k + 1) - D(1) / (j + 1) ** (k + 1)) for j in range(len(x))) ** 2
                              for k in range(len(x))), ["0 0", "1 2 -1 0.5"]),
    ("quartic", lambda x: fsum((i + 1) * t**4 for i, t in enumerate(x)), ["0 0 0", "1 -1 0.5"]),
    ("xin_she_yang_4", xin_she_yang, ["1 -2 3"]),
    ("csendes", lambda x: fsum(t**6 * (2 + sin(1 / t)) for t in x), ["0.5 -0.3 1"]),
    ("griewank", lambda x: fsum(t * t for t in x) / 4000 - fprod(cos(t / sqrt(D(i + 1))) for i, t in enumerate(x)) + 1,
     ["0 0", "1.5707963267948966 3 0.1 -50 7 8"]),
    ("booth", lambda x: (x[0] + 2 * x[1] - 7) ** 2 + (2 * x[0] + x[1] - 5) ** 2, ["0 0", "1 3"]),
    ("bukin_6", lambda x: 100 * sqrt(fabs(x[1] - x[0] ** 2 / 100)) + fabs(x[0] + 10) / 100, ["-5 2", "3 -1"]),
    ("camel6", lambda x: (4 - D("2.1") * x[0] ** 2 + x[0] ** 4 / 3) * x[0] ** 2 + x[0] * x[1] + (4 * x[1] ** 2 - 4) * x[1] ** 2,
     ["0 0", "0.0898 -0.7126"]),
    ("cross_in_tray", lambda x: -D("0.0001") * (fabs(sin(x[0]) * sin(x[1]) * exp(fabs(100 - norm(x) / pi))) + 1) ** D("0.1"),
     ["2 3", "-1 0.5"]),
    ("eggholder", lambda x: -(x[1] + 47) * sin(sqrt(fabs(x[0] / 2 + x[1] + 47))) - x[0] * sin(sqrt(fabs(x[0] - x[1] - 47))),
     ["100 -50", "512 404.2319"]),
    ("goldstein_price", goldstein, ["0 0", "0 -1", "1.5 -0.5"]),
    ("himmelblau", lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2, ["0 0", "3 2"]),
    ("schaffer_2", lambda x: D("0.5") + (sin(x[0] ** 2 - x[1] ** 2) ** 2 - D("0.5")) / (1 + (x[0] ** 2 + x[1] ** 2) / 1000),
     ["0 0", "1 2"]),
    ("shubert", lambda x: fprod(fsum(j * cos((j + 1) * t + j) for j in range(1, 6)) for t in x), ["0 0", "-7.0835 4.858"]),
    ("adjiman", lambda x: cos(x[0]) * sin(x[1]) - x[0] / (x[1] ** 2 + 1), ["0 0", "2 0.1"]),
    ("de_jong_5", de_jong, ["-32 -32", "1 2"]),
    ("franke", franke, ["0 0", "0.4 0.7"]),
    ("shekel_7", shekel(7), ["4 4 4 4", "3 2 1 0"]),
    ("shekel_10", shekel(10), ["4 4 4 4", "7 3 6 4"]),
    ("colville", lambda x: 100 * (x[0] ** 2 - x[1]) ** 2 + (x[0] - 1) ** 2 + (x[2] - 1) ** 2 + 90 * (x[2] ** 2 - x[3]) ** 2
     + D("10.1") * ((x[1] - 1) ** 2 + (x[3] - 1) ** 2) + D("19.8") * (x[1] - 1) * (x[3] - 1), ["0 0 0 0", "-3 -1 -3 -1"]),
    ("miele_cantrell", lambda x: (exp(x[0]) - x[1]) ** 4 + 100 * (x[1] - x[2]) ** 6 + tan(x[2] - x[3]) ** 4 + x[0] ** 8,
     ["0 1 1 1", "1 2 2 2.5", "0 0 0 0"]),
]

STEP = D(10) ** -30


def gradient(f, x):
    def along(i):
        up, down = list(x), list(x)
        up[i] += STEP
        down[i] -= STEP
        return (f(up) - f(down)) / (2 * STEP)
    return [along(i) for i in range(len(x))]


def text(value):
    return mp.nstr(value, 25)


def case(name, kind, function, points):
    objective = function if kind == "f" else lambda x: fsum(r * r for r in function(x))
    found = []
    for point in points:
        # Exactly the doubles that a program reads.
        x = [D(float(t)) for t in point.split()]
        v = [D((-1) ** i * (i + 2)) / 8 for i in range(len(x))]
        up = gradient(objective, [a + STEP * b for a, b in zip(x, v)])
        down = gradient(objective, [a - STEP * b for a, b in zip(x, v)])
        product = [(a - b) / (2 * STEP) for a, b in zip(up, down)]
        clean = [[t if fabs(t) > D(10) ** -25 else D(0) for t in part] for part in (gradient(objective, x), product)]
        found.append({"x": point.split(), "direction": [text(t) for t in v], "f": text(objective(x)),
                      "grad": [text(t) for t in clean[0]], "hv": [text(t) for t in clean[1]]})
    return {"name": name, "kind": kind, "points": found}


if __name__ == "__main__":
    cases = [case(name, "residuals", f, points) for name, f, points in RESIDUALS]
    cases += [case(name, "f", f, points) for name, f, points in VALUES]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimization_more.json")
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
