"""Writes tests/cases/derivatives/further.nd: functions of tensors beside those of the project's list of cases.

    pip install mpmath
    python3 tests/data/derivatives/further.py > tests/cases/derivatives/further.nd

Each is written twice: in nd, and in Python for mpmath, which computes value, gradient and Hessian product with 60 digits, the
derivatives by central differences whose error is below 1e-30.
"""

import random

import mpmath as m
from mpmath import mp, mpf

mp.dps = 60
draws = random.Random(3)
STEP = mpf(10) ** -16


def vector(size, low=-2, high=2):
    return [round(draws.uniform(low, high), 3) for _ in range(size)]


def matrix(rows, columns):
    return [vector(columns) for _ in range(rows)]


def positive(size):
    """A symmetric positive definite matrix."""
    a = matrix(size, size)
    return [[round(sum(a[k][i] * a[k][j] for k in range(size)) + (i == j), 3) for j in range(size)] for i in range(size)]


def mean(x):
    return sum(x) / len(x)


def variance(x, less=0):
    return sum((each - mean(x)) ** 2 for each in x) / (len(x) - less)


def logsumexp(x):
    top = max(x)
    return top + m.log(sum(m.exp(each - top) for each in x))


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def rows(flat, columns):
    return [flat[at : at + columns] for at in range(0, len(flat), columns)]


def matrices(of, columns):
    """A function of a matrix as one of its flat entries."""
    return lambda x: of(m.matrix(rows(x, columns)))


def symmetric(of, size):
    """A function of a symmetric matrix, of which only symmetric parts count."""

    def inner(x):
        a = rows(x, size)
        return of(m.matrix([[(a[i][j] + a[j][i]) / 2 for j in range(size)] for i in range(size)]))

    return inner


def eigenvalues(a):
    return list(m.eigsy(a, eigvals_only=True))


def running(x, step, start):
    state, out = start, []
    for each in x:
        state = step(state, each)
        out.append(state)
    return out


W = vector(6)
HALVES = "[(A[i, j] + A[j, i]) / 2 for i, j]"
WEIGHTS = "[" + ", ".join(map(repr, W)) + "]"
SIX, FIVE = vector(6), vector(5, 0.2, 2)

# Name: the shape (a length, or rows and columns), the numbers, in nd, in Python.
CASES = {
    "sample_variance": (5, FIVE, "sum((x - mean(x))^2) / 4", lambda x: variance(x, 1)),
    "standard_deviation": (5, FIVE, "sqrt(mean((x - mean(x))^2))", lambda x: m.sqrt(variance(x))),
    "skewness": (
        5,
        FIVE,
        "mean((x - mean(x))^3) / mean((x - mean(x))^2)^1.5",
        lambda x: mean([(each - mean(x)) ** 3 for each in x]) / variance(x) ** 1.5,
    ),
    "norm_1": (6, SIX, "sum(abs(x))", lambda x: sum(map(abs, x))),
    "norm_inf": (6, SIX, "max(abs(x))", lambda x: max(map(abs, x))),
    "norm_4": (6, SIX, "sum(x^4)^0.25", lambda x: sum(each**4 for each in x) ** mpf(0.25)),
    "harmonic_mean": (5, FIVE, "5 / sum(1 / x)", lambda x: 5 / sum(1 / each for each in x)),
    "geometric_mean": (5, FIVE, "exp(mean(log(x)))", lambda x: m.exp(mean(list(map(m.log, x))))),
    "entropy": (
        5,
        FIVE,
        "{ let p = softmax(x); -sum(xlogy(p, p)) }",
        lambda x: -sum(m.exp(each - logsumexp(x)) * (each - logsumexp(x)) for each in x),
    ),
    "cosine_similarity": (
        6,
        SIX,
        f"dot(x, {WEIGHTS}) / (norm(x) * norm({WEIGHTS}))",
        lambda x: dot(x, W) / m.sqrt(dot(x, x) * dot(W, W)),
    ),
    "cumulative_sum": (
        6,
        SIX,
        "sum(tanh(scan(0.0, x, |s, e| (s + e, s + e)).1))",
        lambda x: sum(map(m.tanh, running(x, lambda s, e: s + e, mpf(0)))),
    ),
    "cumulative_logsumexp": (
        6,
        SIX,
        f"dot({WEIGHTS}, scan(-inf, x, |{{s}}, e| ({{next}}, {{next}})).1)".format(s="s", next="logaddexp(s, e)"),
        lambda x: dot(W, running(x, lambda s, e: logsumexp([s, e]) if s is not None else e, None)),
    ),
    "layer_norm": (
        6,
        SIX,
        f"dot({WEIGHTS}, (x - mean(x)) / sqrt(mean((x - mean(x))^2) + 1e-5))",
        lambda x: dot(W, [(each - mean(x)) / m.sqrt(variance(x) + mpf(1e-5)) for each in x]),
    ),
    "softmax_weighted": (
        6,
        SIX,
        f"dot({WEIGHTS}, softmax(x))",
        lambda x: dot(W, [m.exp(each - logsumexp(x)) for each in x]),
    ),
    "gelu_sum": (6, SIX, "sum(gelu(x))", lambda x: sum(each * m.erfc(-each / m.sqrt(2)) / 2 for each in x)),
    "dirichlet": (
        5,
        FIVE,
        "sum(lgamma(x)) - lgamma(sum(x))",
        lambda x: sum(map(m.loggamma, x)) - m.loggamma(sum(x)),
    ),
    "det": ((3, 3), matrix(3, 3), "det(x)", matrices(m.det, 3)),
    "log_of_det": ((4, 4), positive(4), "log(det(x))", matrices(lambda a: m.log(m.det(a)), 4)),
    "sum_of_inverse": ((3, 3), positive(3), "sum(inv(x))", matrices(lambda a: sum(a**-1), 3)),
    "solve": (
        (3, 3),
        positive(3),
        "sum(solve(x, [1.0, -2.0, 0.5])^2)",
        matrices(lambda a: sum(each**2 for each in m.lu_solve(a, m.matrix([1, -2, 0.5]))), 3),
    ),
    "matrix_cube": ((3, 3), matrix(3, 3), "sum(x @ x @ x)", matrices(lambda a: sum(a * a * a), 3)),
    "cholesky": (
        (3, 3),
        positive(3),
        f"{{ let A = x; let L = cholesky({HALVES}); L[0, 0] * L[2, 1] + L[1, 0] - L[2, 2] }}",
        symmetric(lambda a: (lambda L: L[0, 0] * L[2, 1] + L[1, 0] - L[2, 2])(m.cholesky(a)), 3),
    ),
    "greatest_eigenvalue": (
        (3, 3),
        positive(3),
        f"{{ let A = x; max(eigvalsh({HALVES})) }}",
        symmetric(lambda a: max(eigenvalues(a)), 3),
    ),
    "spectral_entropy": (
        (3, 3),
        positive(3),
        f"{{ let A = x; let v = eigvalsh({HALVES}); -sum(xlogy(v, v)) }}",
        symmetric(lambda a: -sum(each * m.log(each) for each in eigenvalues(a)), 3),
    ),
    "greatest_singular_value": (
        (3, 2),
        matrix(3, 2),
        "linalg.norm_2(x)",
        matrices(lambda a: m.sqrt(max(eigenvalues(a.T * a))), 2),
    ),
    "log_condition": (
        (3, 3),
        positive(3),
        f"{{ let A = x; let v = eigvalsh({HALVES}); log(max(v) / min(v)) }}",
        symmetric(lambda a: m.log(max(eigenvalues(a)) / min(eigenvalues(a))), 3),
    ),
    "pairwise_distances": (
        (3, 2),
        matrix(3, 2),
        "sum(norm(x[i] - x[j]) for i, j if i < j)",
        lambda x: sum(m.hypot(x[2 * i] - x[2 * j], x[2 * i + 1] - x[2 * j + 1]) for i in range(3) for j in range(i)),
    ),
}


def flat(value):
    return [number for each in value for number in flat(each)] if isinstance(value, list) else [value]


def literal(numbers, shape):
    texts = [repr(float(number)) for number in numbers]
    if isinstance(shape, int):
        return "[" + ", ".join(texts) + "]"
    return "[" + ", ".join("[" + ", ".join(row) + "]" for row in rows(texts, shape[1])) + "]"


def moved(x, direction, step):
    return [mpf(each) + step * mpf(along) for each, along in zip(x, direction)]


def slope(of, x, direction):
    return (of(moved(x, direction, STEP)) - of(moved(x, direction, -STEP))) / (2 * STEP)


def axes(count):
    return [[1 if at == axis else 0 for at in range(count)] for axis in range(count)]


def main():
    print("// Functions of tensors beside those of tensor.nd: values, gradients and Hessian products.")
    print("// Written by tests/data/derivatives/further.py, laid out by `ndc fmt`.")
    print("import linalg\n")
    for name, (shape, numbers, text, of) in CASES.items():
        x = flat(numbers)
        along = [draws.randrange(-8, 9) / 4 for _ in x]
        gradient = [slope(of, x, axis) for axis in axes(len(x))]
        product = [slope(lambda y: slope(of, y, axis), x, along) for axis in axes(len(x))]
        print(f'test "{name}" {{\n    fn f(x) = {text}\n    let x = {literal(x, shape)}')
        print(f"    assert f(x) == {float(of([mpf(each) for each in x]))!r} within 1e-13")
        print(f"    assert grad(f)(x) == {literal(gradient, shape)} within 1e-12")
        print(f"    let along = {literal(along, shape)}")
        print(f"    assert jvp(f)(x, along) == {float(dot(gradient, along))!r} within 1e-12")
        print(f"    assert hvp(f)(x, along) == {literal(product, shape)} within 1e-11\n}}\n")


main()
