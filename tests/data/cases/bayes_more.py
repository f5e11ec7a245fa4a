"""Writes bayes_more.json: log densities of Bayesian models, gradients and Hessian products, by differences of 120 digits.

The densities are written here from the models' definitions, apart from their form in nd; the data are made up and small.
Run: python3 bayes_more.py
"""

import json
import os
from mpmath import mp, mpf, exp, log, sqrt, pi, fsum, gamma, loggamma, matrix, cholesky

mp.dps = 120
D = mpf


def normal(x, m, s):
    return -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2


def cauchy(x, m, s):
    return -log(pi * s * (1 + ((x - m) / s) ** 2))


def half_cauchy(x, s):
    return log(D(2)) + cauchy(x, 0, s)


def student(x, nu, m, s):
    z = (x - m) / s
    return (loggamma((nu + 1) / D(2)) - loggamma(D(nu) / 2) - log(sqrt(pi * nu) * s)
            - (nu + 1) / D(2) * log(1 + z * z / nu))


def gamma_density(x, a, b):
    return a * log(D(b)) - loggamma(D(a)) + (a - 1) * log(x) - b * x


def inverse_gamma(x, a, b):
    return a * log(D(b)) - loggamma(D(a)) - (a + 1) * log(x) - b / x


def lognormal(x, m, s):
    return normal(log(x), m, s) - log(x)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def bernoulli_logit(y, eta):
    return log(sigmoid(eta)) if y else log(1 - sigmoid(eta))


def binomial(k, n, p):
    return loggamma(D(n + 1)) - loggamma(D(k + 1)) - loggamma(D(n - k + 1)) + k * log(p) + (n - k) * log(1 - p)


def dirichlet(p, a):
    return loggamma(fsum(a)) - fsum(loggamma(t) for t in a) + fsum((t - 1) * log(q) for t, q in zip(a, p))


def lse(values):
    return log(fsum(exp(v) for v in values))


def d(v):
    return [d(t) for t in v] if isinstance(v, list) else D(float(v))


SCHOOLS = {"y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]}
LINE = [0.3, 1.2, -0.7, 2.2, 0.9, -1.4]


def schools(offset, mu, tau, y, sigma):
    return (fsum(normal(t, 0, 1) for t in offset) + normal(mu, 0, 5) + half_cauchy(tau, 5)
            + fsum(normal(a, mu + tau * t, s) for a, t, s in zip(y, offset, sigma)))


def kilpisjarvi(alpha, beta, sigma, x, y, prior):
    return (normal(alpha, prior[0], prior[1]) + normal(beta, prior[2], prior[3])
            + fsum(normal(b, alpha + beta * a, sigma) for a, b in zip(x, y)))


def mesquite(beta, sigma, X, weight):
    return fsum(normal(log(w), fsum(a * b for a, b in zip(r, beta)), sigma) for r, w in zip(X, weight))


def diamonds(b, intercept, sigma, X, y):
    n = len(X)
    centre = [fsum(r[j] for r in X) / n for j in range(len(b))]
    total = fsum(normal(t, 0, 1) for t in b) + student(intercept, 3, 8, 10) + student(sigma, 3, 0, 10) + log(D(2))
    return total + fsum(normal(v, intercept + fsum((r[j] - centre[j]) * b[j] for j in range(len(b))), sigma)
                        for r, v in zip(X, y))


def hidden_markov(theta, mu, y):
    alpha = [normal(y[0], m, 1) for m in mu]
    for e in y[1:]:
        alpha = [lse([alpha[j] + log(theta[j][k]) for j in range(2)]) + normal(e, mu[k], 1) for k in range(2)]
    return normal(mu[0], 3, 1) + normal(mu[1], 10, 1) + lse(alpha)


def normal_mixture(weights, mu, sigma, y):
    parts = range(len(mu))
    return (dirichlet(weights, [D(2)] * len(mu)) + fsum(normal(m, 0, 10) for m in mu) + fsum(half_cauchy(s, 2) for s in sigma)
            + fsum(lse([log(weights[c]) + normal(v, mu[c], sigma[c]) for c in parts]) for v in y))


def radon(alpha, beta, mu, sigma_alpha, sigma, county, floor_measure, log_radon):
    half = fsum(log(D(2)) + normal(s, 0, 1) for s in (sigma_alpha, sigma))
    return (normal(mu, 0, 10) + normal(beta, 0, 10) + half + fsum(normal(a, mu, sigma_alpha) for a in alpha)
            + fsum(normal(r, alpha[int(c) - 1] + beta * f, sigma) for c, f, r in zip(county, floor_measure, log_radon)))


def surgical(b, mu, variance, deaths, operations):
    return (normal(mu, 0, 1000) + inverse_gamma(variance, D(1e-3), D(1e-3)) + fsum(normal(t, mu, sqrt(variance)) for t in b)
            + fsum(binomial(int(k), int(n), sigmoid(t)) for k, n, t in zip(deaths, operations, b)))


def arma(mu, phi, theta, sigma, y):
    before, error, total = mu, D(0), D(0)
    for e in y:
        error = e - (mu + phi * before + theta * error)
        before = e
        total += normal(error, 0, sigma)
    return total + normal(mu, 0, 10) + normal(phi, 0, 2) + normal(theta, 0, 2) + half_cauchy(sigma, D("2.5"))


def elimination(rate_in, K, V, sigma, times, dose, y):
    def change(t, c):
        return dose / V * rate_in * exp(-rate_in * t) - c / V * K / (1 + c)

    c, t, total = D(0), D(0), D(0)
    for to, seen in zip(times, y):
        h = (to - t) / 20
        for _ in range(20):
            k1 = change(t, c)
            k2 = change(t + h / 2, c + h / 2 * k1)
            k3 = change(t + h / 2, c + h / 2 * k2)
            k4 = change(t + h, c + h * k3)
            c, t = c + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), t + h
        t = to
        total += lognormal(seen, log(c), sigma)
    return total + fsum(half_cauchy(v, 1) for v in (rate_in, K, V, sigma))


def dogs(beta, y):
    total = fsum(normal(b, 0, 100) for b in beta)
    for row in y:
        avoided = shocked = 0
        for v in row:
            total += bernoulli_logit(v, beta[0] + beta[1] * avoided + beta[2] * shocked)
            avoided, shocked = avoided + (1 - v), shocked + v
    return total


def item_response(sigma, theta, a, b, mu, y):
    prior = (fsum(half_cauchy(s, 2) for s in sigma) + fsum(normal(t, 0, 1) for t in theta)
             + fsum(lognormal(t, 0, sigma[0]) for t in a) + normal(mu, 0, 5) + fsum(normal(t, mu, sigma[1]) for t in b))
    return prior + fsum(bernoulli_logit(y[k][p], a[k] * (theta[p] - b[k])) for k in range(len(a)) for p in range(len(theta)))


def poisson_process(rho, alpha, z, x, counts):
    n = len(x)
    C = matrix(n, n)
    for i in range(n):
        for j in range(n):
            C[i, j] = alpha**2 * exp(-(x[i] - x[j]) ** 2 / (2 * rho**2)) + (D("1e-10") if i == j else 0)
    L = cholesky(C)
    rates = [fsum(L[i, j] * z[j] for j in range(i + 1)) for i in range(n)]
    return (gamma_density(rho, 25, 4) + normal(alpha, 0, 2) + fsum(normal(t, 0, 1) for t in z)
            + fsum(k * r - exp(r) - loggamma(k + 1) for k, r in zip(counts, rates)))


def horseshoe(intercept, z, tau, lam, slab, X, y):
    beta = [t * tau * sqrt(slab * v**2 / (slab + tau**2 * v**2)) for t, v in zip(z, lam)]
    prior = (fsum(normal(t, 0, 1) for t in z) + fsum(student(v, 1, 0, 1) for v in lam) + student(tau, 1, 0, D("0.1"))
             + inverse_gamma(slab, 2, 8) + normal(intercept, 0, 10))
    return prior + fsum(bernoulli_logit(v, intercept + fsum(a * b for a, b in zip(r, beta))) for r, v in zip(X, y))


def recapture(omega, p, caught):
    total = D(0)
    for row in caught:
        seen = fsum(log(q) if c else log(1 - q) for c, q in zip(row, p))
        total += log(omega) + seen if any(row) else log(omega * exp(seen) + 1 - omega)
    return total


def survey(theta, counts, sizes):
    return lse([fsum(binomial(int(c), int(n), theta) for c in counts) - log(D(len(sizes))) for n in sizes])


def ordered_answers(beta, cuts, x, answer):
    def below(k, eta):
        return D(0) if k < 0 else D(1) if k >= len(cuts) else sigmoid(cuts[k] - eta)
    return normal(beta, 0, 5) + fsum(log(below(int(a), beta * v) - below(int(a) - 1, beta * v)) for a, v in zip(answer, x))


def volatility(mu, phi, sigma, z, y):
    h = z[0] * sigma / sqrt(1 - phi**2)
    total = -log(D(2)) + half_cauchy(sigma, 5) + cauchy(mu, 0, 10) + fsum(normal(t, 0, 1) for t in z)
    for k, v in enumerate(y):
        h = h if k == 0 else phi * h + sigma * z[k]
        total += normal(v, 0, exp((h + mu) / 2))
    return total


def survival(shape, beta, X, time, died):
    total = gamma_density(shape, 1, 1) + fsum(normal(b, 0, 10) for b in beta)
    for r, t, e in zip(X, time, died):
        s = exp(-fsum(a * b for a, b in zip(r, beta)) / shape)
        total += log(shape / s) + (shape - 1) * log(t / s) - (t / s) ** shape if e else -((t / s) ** shape)
    return total


def topics(theta, phi, word, document):
    total = fsum(dirichlet(t, [D("1.5")] * len(t)) for t in theta) + fsum(dirichlet(p, [D("1.2")] * len(p)) for p in phi)
    return total + fsum(log(fsum(theta[int(a)][c] * phi[c][int(w)] for c in range(len(phi)))) for w, a in zip(word, document))


ROWS = [[1, 0.5, -0.3], [1, -1.2, 0.8], [1, 0.1, 0.9], [1, 2.0, -1.1], [1, -0.4, 0.2], [1, 0.7, 1.3]]
# Name, density, parameters in order, data in order; the names of whole numbers.
MODELS = [
    ("eight_schools_noncentered", schools, {"offset": [0.5, -0.3, 0.1, 0, 0.8, -1.1, 0.4, 0.2], "mu": 3.5, "tau": 2.5}, SCHOOLS, []),
    ("kilpisjarvi", kilpisjarvi, {"alpha": 9.1, "beta": 0.02, "sigma": 1.1},
     {"x": [1, 2, 3, 4, 5, 6], "y": [8.5, 9.9, 9.2, 10.4, 8.8, 9.6], "prior": [9.3, 100, 0, 0.03]}, []),
    ("mesquite", mesquite, {"beta": [5.1, 0.4, -0.2], "sigma": 0.3},
     {"X": ROWS, "weight": [401.3, 65.0, 1179.2, 52.0, 331.5, 214.9]}, []),
    ("diamonds", diamonds, {"b": [0.3, -0.2, 1.7], "intercept": 7.9, "sigma": 0.4},
     {"X": [r[1:] + [r[1] ** 2] for r in ROWS], "y": [7.7, 8.4, 6.9, 9.1, 8.8, 7.2]}, []),
    ("hidden_markov", hidden_markov, {"theta": [[0.7, 0.3], [0.2, 0.8]], "mu": [3.2, 9.5]},
     {"y": [2.5, 3.9, 9.7, 10.3, 11.0, 4.1, 2.2, 3.0, 8.8]}, []),
    ("normal_mixture", normal_mixture, {"weights": [0.2, 0.5, 0.3], "mu": [-2.0, 0.3, 4], "sigma": [0.8, 1.5, 0.6]},
     {"y": [-2.2, 0.1, 3.8, 4.4, -1.0, 1.2, 40.0]}, []),
    ("radon", radon, {"alpha": [1.1, 0.7, 1.6], "beta": -0.6, "mu": 1.3, "sigma_alpha": 0.4, "sigma": 0.7},
     {"county": [1, 1, 2, 2, 2, 3, 3], "floor_measure": [0, 1, 0, 0, 1, 0, 1],
      "log_radon": [0.83, 0.1, 1.1, 0.4, -0.2, 1.9, 1.2]}, ["county"]),
    ("surgical", surgical, {"b": [-2.9, -2.2, -2.5, -3.1], "mu": -2.6, "variance": 0.2},
     {"deaths": [0, 18, 8, 46], "operations": [47, 148, 119, 810]}, []),
    ("arma", arma, {"mu": 0.5, "phi": 0.6, "theta": -0.3, "sigma": 0.9}, {"y": [0.2, 1.1, -0.4, 0.9, 2.1, 1.3, 0.1]}, []),
    ("elimination", elimination, {"rate_in": 0.6, "K": 0.9, "V": 1.7, "sigma": 0.2},
     {"times": [0.5, 1, 2, 4, 7], "dose": 30, "y": [4.1, 7.0, 9.6, 11.2, 9.9]}, []),
    ("dogs", dogs, {"beta": [2.4, -0.25, -0.35]}, {"y": [[1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 1, 0], [1, 0, 0, 0, 0, 0]]}, []),
    ("item_response", item_response,
     {"sigma": [0.7, 1.2], "theta": [0.3, -0.8, 1.5, 0], "a": [0.9, 1.4, 0.6], "b": [0.2, -0.5, 1.1], "mu": 0.1},
     {"y": [[1, 0, 1, 1], [1, 1, 1, 0], [0, 0, 1, 0]]}, []),
    ("poisson_process", poisson_process, {"rho": 5.2, "alpha": 1.3, "z": [0.4, -0.9, 0.2, 1.1]},
     {"x": [-6, -2, 2, 6], "counts": [7, 0, 3, 12]}, []),
    ("horseshoe", horseshoe, {"intercept": 0.2, "z": [0.8, -1.3, 0.1], "tau": 0.15, "lambda": [1.2, 0.4, 3.0], "slab": 2.5},
     {"X": ROWS, "y": [1, 0, 1, 0, 0, 1]}, []),
    ("recapture", recapture, {"omega": 0.7, "p": [0.2, 0.4, 0.3]},
     {"caught": [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 0]]}, []),
    ("survey", survey, {"theta": 0.4}, {"counts": [16, 18, 22, 25, 27], "sizes": [30, 40, 50, 60, 70, 80]}, []),
    ("ordered_answers", ordered_answers, {"beta": 0.7, "cuts": [-1.1, 0.2, 1.6]}, {"x": LINE, "answer": [0, 3, 1, 2, 3, 0]}, ["answer"]),
    ("volatility", volatility, {"mu": -1.1, "phi": 0.9, "sigma": 0.3, "z": [0.2, -0.7, 1.1, 0, 0.5]},
     {"y": [0.3, -0.9, 0.4, 1.6, -0.1]}, []),
    ("survival", survival, {"shape": 1.3, "beta": [-1.2, 0.4, 0.1]},
     {"X": ROWS, "time": [2.1, 0.7, 5.5, 3.3, 1.9, 8.0], "died": [1, 1, 0, 1, 1, 0]}, []),
    ("topics", topics, {"theta": [[0.3, 0.7], [0.6, 0.4]], "phi": [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]},
     {"word": [0, 1, 1, 2, 2, 0, 2], "document": [0, 0, 1, 1, 0, 1, 1]}, ["word", "document"]),
]
STEP = D(10) ** -25


def flat(v):
    return [t for part in v for t in flat(part)] if isinstance(v, list) else [v]


def refill(shape, numbers):
    return [refill(part, numbers) for part in shape] if isinstance(shape, list) else next(numbers)


def sizes(v):
    return [len(v)] + sizes(v[0]) if isinstance(v, list) else []


def case(name, density, parameters, data, integers):
    shape = list(parameters.values())
    fixed = [d(v) for v in data.values()]

    def f(x):
        return density(*refill(shape, iter(x)), *fixed)

    def gradient(x):
        def along(i):
            up, down = list(x), list(x)
            up[i] += STEP
            down[i] -= STEP
            return (f(up) - f(down)) / (2 * STEP)
        return [along(i) for i in range(len(x))]

    x = d(flat(shape))
    v = [D((-1) ** i * (i % 5 + 2)) / 8 for i in range(len(x))]
    up, down = (gradient([a + s * STEP * b for a, b in zip(x, v)]) for s in (1, -1))
    product = [(a - b) / (2 * STEP) for a, b in zip(up, down)]

    def texts(numbers):
        return [mp.nstr(t if abs(t) > D(10) ** -30 else D(0), 25) for t in numbers]
    return {"name": name, "integers": integers, "data": [{"name": k, "value": v} for k, v in data.items()],
            "parameters": [{"name": k, "shape": sizes(p), "value": p} for k, p in parameters.items()],
            "direction": refill(shape, iter(texts(v))), "density": mp.nstr(f(x), 25),
            "gradient": texts(gradient(x)), "hessian_product": texts(product)}


if __name__ == "__main__":
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bayes_more.json")
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case(*model)) for model in MODELS) + "\n]\n")
