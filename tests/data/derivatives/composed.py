"""Writes tests/cases/derivatives/composed.nd from the project's lists of cases `deriv/scalar.json` and `deriv/binary.json`.

    python3 tests/data/derivatives/composed.py CASES/deriv > tests/cases/derivatives/composed.nd

It has the cases whose function is no single operation, which scalar.csv and binary.csv beside this file do not hold. Values
and derivatives are rounded from 50 digits. An expression that loses digits, whoever computes it, is allowed twice the error
that JAX makes there, if that is more than 4 units in the last place; one that overflows or loses them all is written as
those who know that would write it. A derivative of which JAX has no digit right is not compared.
"""

import json
import math
import sys

# The functions of two variables in nd, and of those with special points what stands there: value and derivatives.
BINARY = {
    "clamp_lo_hi": ("clamp(x, -1, 1) * y", {(1.0, 2.0): (2, 0, 1), (-1.0, 2.0): (-2, 0, -1)}),
    "where_log": ("if x > 0 { y * log(x) } else { 0 }", {}),
    "where_log_naive": ("where(x > 0, y * log(x), 0)", {}),
    "where_sqrt_naive": ("where(x > 0, y * sqrt(x), 0)", {}),
    "huber_delta": ("where(abs(x) <= y, 0.5 * x * x, y * (abs(x) - 0.5 * y))", {(1.0, 1.0): (0.5, 1, 0)}),
    "bce_logits": ("bce_logits(x, y)", {(math.inf, 1.0): (0, 0, "-inf")}),
    "normal_logpdf": (
        "-0.5 * log(2 * pi) - log(y) - 0.5 * (x / y)^2",
        {(1.0, 0.0): ("nan", "-inf", "nan")},
    ),
    "lbeta": ("lbeta(x, y)", {(0.0, 1.0): ("inf", "-inf", 0)}),
    "gammainc": ("gammainc(x, y)", {}),
    "fmod": ("x - y * trunc(x / y)", {}),
    "sq_dist": ("(x - y)^2", {}),
    "softmax2": ("softmax([x, y])[0]", {(math.inf, math.inf): (0.5, 0, 0)}),
}


# Formulas that lose everything at the points of their cases, and what to write.
STABLE = {"comp05": "hypot(1, x)", "comp08": "2 * sinh(x)", "comp09": "expm1(x) / x"}


def literal(value):
    """A number in nd."""
    if isinstance(value, str):
        return value
    value = float(value)
    return {math.inf: "inf", -math.inf: "-inf"}.get(value, repr(value))


def allowed(name, errors):
    """Units in the last place that are allowed where JAX makes such errors."""
    least = 8 if name in ("lbeta", "gammainc", "comp30") else 4
    known = [error for error in errors if isinstance(error, (int, float)) and math.isfinite(error)]
    return max([least] + [math.ceil(2 * error) for error in known])


def expression(formula):
    return formula.replace("**", "^")


def scalar(cases):
    for case in cases:
        if not case["fn"].startswith("comp"):
            continue
        value, slope = case["value_f64"], case["deriv_f64"]
        stable = STABLE.get(case["fn"])
        units = [allowed(case["fn"], [] if stable else [case[key]]) for key in ("jax_value_ulp", "jax_deriv_ulp")]
        if case["fn"] == "comp09" and case["jax_deriv_ulp"] > 2.0**52:
            slope = None
        yield case["id"], f"f(x) = {stable or expression(case['formula'])}", literal(case["x"]), [value, slope], units


def binary(cases):
    for case in cases:
        if case["fn"] not in BINARY:
            continue
        body, special = BINARY[case["fn"]]
        point = (float(case["x"]), float(case["y"]))
        numbers = special.get(point) or (case["value_f64"], *case["grad_f64"])
        if point == (800.0, 1.0):
            numbers = (0, 0, -800)
        units = [
            allowed(case["fn"], [case.get("jax_value_ulp")]),
            allowed(case["fn"], case.get("jax_grad_ulp") or []),
        ]
        yield case["id"], f"f(x, y) = {body}", f"{literal(point[0])}, {literal(point[1])}", list(numbers), units


def main():
    folder = sys.argv[1]
    cases = [
        *scalar(json.load(open(f"{folder}/scalar.json"))),
        *binary(json.load(open(f"{folder}/binary.json"))),
    ]
    print("// Functions of one and two numbers that are more than one operation, from the project's lists of cases")
    print("// `deriv/scalar.json` and `deriv/binary.json`. Written by tests/data/derivatives/composed.py.\n")
    for name, function, point, numbers, (of_value, of_slope) in cases:
        print(f'test "{name.removeprefix("deriv/")}" {{\n    fn {function}')
        print(f"    assert f({point}) == {literal(numbers[0])} within {of_value} ulp")
        slopes = numbers[1:]
        parts = ["" if len(slopes) == 1 else f".{place}" for place in range(len(slopes))]
        for part, slope in zip(parts, slopes):
            if slope is not None:
                print(f"    assert grad(f)({point}){part} == {literal(slope)} within {of_slope} ulp")
        # Forward mode, where no infinite slope meets a tangent of 0.
        finite = all(slope is not None and math.isfinite(float(slope)) for slope in slopes)
        for place, slope in enumerate(slopes if finite else []):
            tangents = ", ".join("1.0" if each == place else "0.0" for each in range(len(slopes)))
            inputs = point if len(slopes) == 1 else f"({point}), ({tangents})"
            last = ", 1.0" if len(slopes) == 1 else ""
            print(f"    assert jvp(f)({inputs}{last}) == {literal(slope)} within {of_slope} ulp")
        print("}\n")


main()
