"""Writes tests/cases/derivatives/tensor.nd from the project's list of cases `deriv/tensor.json`.

    python3 tests/data/derivatives/tensor.py CASES/deriv/tensor.json > tests/cases/derivatives/tensor.nd

Each case is a function of tensors in nd, its value, its gradients against a cotangent, their product with a direction by
forward mode, and where the list has one the product of the Hessian with a direction, by `hvp` and by hand. Expected numbers are JAX's in double precision, checked against PyTorch's; where
those are wrong, exact ones.
"""

import json
import math
import random
import sys

draws = random.Random(5)

# What each case computes, in nd; the arguments are those of the case.
BODIES = {
    "var_pop": "mean((x - mean(x))^2)",
    "norm2_tiny": "norm(x)",
    "norm3": "sum(abs(x)^3)^(1 / 3)",
    "dot": "dot(x, w)",
    "matvec": "A @ x",
    "vecmat": "x @ A",
    "matmul": "A @ B",
    "quadform": "dot(x, A @ x)",
    "transpose": "A'",
    "trace": "trace(A)",
    "trace_of_square": "trace(A @ A)",
    "det5": "det(A)",
    "slogdet": "logdet(A)",
    "trace_inverse": "trace(inv(A))",
    "solve_mat": "solve(A, B)",
    "gaussian_logpdf_mv": "-1.5 * log(2 * pi) - 0.5 * logdet(S) - 0.5 * dot(x - w, solve(S, x - w))",
    "eigvals_sym_logsum":
        "sum(log(eigvalsh([(A[i, j] + A[j, i]) / 2 + if i == j { 6.0 } else { 0.0 } for i, j in 0..3])))",
    "nuclear_norm": "sum(sqrt(eigvalsh(A' @ A)))",
    "frobenius": "norm(A)",
    "expm": """{
        let one = [if i == j { 1.0 } else { 0.0 } for i in 0..3, j in 0..3];
        let small = A / 64;
        let series = fold(one, 0..16, |s, k| one + small @ s / (16 - k));
        fold(series, 0..6, |s, k| s @ s)
    }""",
    "diag_of": "[A[i, i] for i]",
    "tril": "[if j <= i { A[i, j] } else { 0 } for i, j]",
    "kron": "linalg.kronecker(A, B)",
    "cross": "[x[1] * w[2] - x[2] * w[1], x[2] * w[0] - x[0] * w[2], x[0] * w[1] - x[1] * w[0]]",
    "cumprod": "scan(1.0, x, |p, e| (p * e, p * e)).1",
    "prod": "prod(x)",
    "prod_two_zeros": "prod(x)",
    "max_reduce": "max(x)",
    "max_ties": "max(x)",
    "argmax_times_x": "2 * x[argmax(x)]",
    "sort": "[sum(if count(x[k] < x[j] for k) == i { x[j] } else { 0 } for j) for i in 0..5]",
    "logsumexp": "logsumexp(x)",
    "logsumexp_huge": "logsumexp(x)",
    "log_softmax": "log_softmax(x)",
    "cross_entropy": "mean(cross_entropy(A[i], k[i]) for i)",
    "cross_entropy_confident": "mean(cross_entropy(A[i], k[i]) for i)",
    "huber_mean": "mean(huber(x, w))",
    "bce_logits": "mean(bce_logits(x, y))",
    "hinge": "mean(hinge(x, y))",
    "poisson_nll": "mean(exp(x) - y * x)",
    "mlp_2layer": """{
        let H = [tanh(sum(X[i, k] * W1[k, j] for k) + b1[j]) for i, j];
        mean((sum(H[i, k] * W2[k, j] for k) + b2[j] - y[i, j])^2 for i, j)
    }""",
    "broadcast_div": "[A[i, j] / c[i, 0] for i, j]",
    "sum_axis0": "[sum(A[i, j] for i) for j]",
    "concat": "[if i < 4 { x[i] } else { w[i - 4] } for i in 0..8]",
    "reshape": "[[A[0, 0], A[0, 1]], [A[0, 2], A[1, 0]], [A[1, 1], A[1, 2]]]",
    "slice": "A[1..3, 0..2]",
    "slice_step": "[x[2*i] for i in 0..3]",
    "gather": "[x[k[i]] for i]",
    "gather_rows": "[A[k[i]] for i]",
    "where": "where(x > 0, x^2, -w)",
    "clip": "clamp(x, -0.5, 0.5)",
    "relu_vec": "relu(x)",
    "one_hot_matmul": "[one_hot(k[i], 3) for i] @ A",
    "conv1d_valid": "[sum(x[i + u] * w[u] for u) for i in 0..5]",
    "convolve_full": "[sum((x[i - u] else 0) * w[u] for u) for i in 0..7]",
    "conv1d_multi": "[sum(w[f, c, u] * x[n, c, 2*i + u] for c, u) for n, f, i in 0..3]",
    "conv2d_stride_pad": """[
        sum(w[f, c, u, v] * (x[n, c, 2*i + u - 1, 2*j + v - 1] else 0) for c, u, v)
        for n, f, i in 0..HEIGHT, j in 0..WIDTH
    ]""",
    "batch_norm_train": """{
        let m = [mean(A[i, j] for i) for j];
        let v = [mean((A[i, j] - m[j])^2 for i) for j];
        [(A[i, j] - m[j]) / sqrt(v[j] + 1e-5) * g[j] + b[j] for i, j]
    }""",
    "rms_norm": "[A[i, j] / sqrt(mean(A[i, k]^2 for k) + 1e-6) * g[j] for i, j]",
    "causal_attention": """{
        let P = [softmax([if j <= i { dot(Q[i], K[j]) / 2 } else { -inf } for j]) for i];
        P @ V
    }""",
    "lstm_cell": """{
        let step = |s, x| {
            let a = W @ x + R @ s.0 + b;
            let c = sigmoid(a[2..4]) * s.1 + sigmoid(a[0..2]) * tanh(a[4..6]);
            (sigmoid(a[6..8]) * tanh(c), c)
        };
        fold(([0.0, 0.0], [0.0, 0.0]), X, step).0
    }""",
    "gru_cell": """{
        let step = |h, x| {
            let z = sigmoid(W[0..2] @ x + R[0..2] @ h + b[0..2]);
            let r = sigmoid(W[2..4] @ x + R[2..4] @ h + b[2..4]);
            let n = tanh(W[4..6] @ x + R[4..6] @ (r * h) + b[4..6]);
            z * h + (1 - z) * n
        };
        fold([0.0, 0.0], X, step)
    }""",
    "pairwise_sqdist": "[sum((A[i, k] - B[j, k])^2 for k) for i, j]",
    "logistic_map_20": "[fold(x[i], 0..20, |s, k| 3.7 * s * (1 - s)) for i]",
    "newton_sqrt": "[fold(1.0, 0..5, |s, k| 0.5 * (s + x[i] / s)) for i]",
    "while_halving": "[while(x[i], |s| s > 1, |s| s / 2, max = 60) for i]",
    "sum_sin_products": "sum(sin(x[i] * x[i + 1]) for i in 0..4)",
    "total_variation": """sum(
        sqrt((A[i + 1, j] - A[i, j])^2 + (A[i, j + 1] - A[i, j])^2 + 1e-6)
        for i in 0..3, j in 0..3
    )""",
}


def literal(value):
    """A number or nested list in nd."""
    if isinstance(value, list):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    return str(value) if value in ("inf", "-inf", "nan") else repr(value)


def flat(value):
    return [number for each in value for number in flat(each)] if isinstance(value, list) else [value]


def tangent(value):
    """A direction of the shape of a gradient, in which to differentiate forward."""
    if isinstance(value, list):
        return [tangent(each) for each in value]
    return draws.randrange(-8, 9) / 4


def pair(values):
    return values[0] if len(values) == 1 else "(" + ", ".join(values) + ")"


def case(each):
    names = list(each["inputs"])
    wrt = each["differentiate"]
    arguments = ", ".join(names)
    expected = each.get("exact_grad", each["grad"])
    scalar = each["output_shape"] == []
    body = BODIES[each["name"]]
    if not scalar and "HEIGHT" in body:
        body = body.replace("HEIGHT", str(each["output_shape"][-2])).replace("WIDTH", str(each["output_shape"][-1]))
    lines = [f'test "{each["name"]}" {{', f"    fn f({arguments}) = {body}"]
    for name in names:
        value = literal(each["inputs"][name])
        lines.append(f"    let {name}: int[{len(each['inputs'][name])}] = {value}" if name == "k" else f"    let {name} = {value}")
    if scalar and each["cotangent"] == 1.0:
        lines.append(f"    fn loss({', '.join(wrt)}) = f({arguments})")
    else:
        lines.append(f"    let cotangent = {literal(each['cotangent'])}")
        lines.append(f"    fn loss({', '.join(wrt)}) = sum(cotangent * f({arguments}))")
    value = literal(each.get("exact_output", each["output"]))
    lines.append(f"    assert f({arguments}) == {value} within TOLERANCE")
    gradient = pair([literal(expected[name]) for name in wrt])
    lines.append(f"    assert grad(loss)({', '.join(wrt)}) == {gradient} within TOLERANCE")
    tangents = {name: tangent(expected[name]) for name in wrt}
    slope = math.fsum(a * b for name in wrt for a, b in zip(flat(expected[name]), flat(tangents[name])))
    directions = pair([literal(tangents[name]) for name in wrt])
    lines.append(f"    assert jvp(loss)({pair(wrt)}, {directions}) == {slope!r} within TOLERANCE")
    if each.get("hvp"):
        direction, product = each["hvp"]["direction"], each["hvp"]["product"]
        wrt2 = [name for name in wrt if name in direction]
        assert wrt2 == wrt
        directions = pair([literal(direction[name]) for name in wrt])
        expected = pair([literal(product[name]) for name in wrt])
        lines.append(f"    assert hvp(loss)({pair(wrt)}, {directions}) == {expected} within TOLERANCE")
        gradients = pair([f"g{name}" for name in wrt])
        along = " + ".join(f"sum(g{name} * {literal(direction[name])})" for name in wrt)
        binding = f"let {gradients} = grad(loss)({', '.join(wrt)});"
        lines.append(f"    let along = |{', '.join(wrt)}| {{ {binding} {along} }}")
        lines.append(f"    assert grad(along)({', '.join(wrt)}) == {expected} within TOLERANCE")
    # Bounds are relative to the size of the numbers, and at least absolute; those of tiny numbers are in units.
    bound = "4 ulp" if each["name"] == "norm2_tiny" else "1e-13"
    return "\n".join(lines + ["}"]).replace("TOLERANCE", bound)


def main():
    cases = json.load(open(sys.argv[1]))
    assert sorted(each["name"] for each in cases) == sorted(BODIES), "a body for every case, and none besides"
    print("// Functions of tensors, their gradients and products with their Hessians, from the project's list of cases")
    print("// `deriv/tensor.json`. Written by tests/data/derivatives/tensor.py, laid out by `ndc fmt`.")
    print("import linalg\n")
    print("\n\n".join(case(each) for each in cases))


main()
