"""Writes the values that a workload begins with, by the names that the nd program gives them:
`values.py WORKLOAD VARIANT FILE`. One line of JSON, `[[name, type, sizes], ...]`, then the bytes of all arrays.
"""
import importlib, json, sys

WORKLOAD, VARIANT, FILE = sys.argv[1:4]
sys.argv = [sys.argv[0], "--impl", "none", "--variant", VARIANT]
import numpy as np


def network(module):
    """Weights are stored as nd has them, outputs first."""
    configuration = module.cfg(VARIANT)
    x, y, weights, biases = module.make(configuration)
    arrays = {"x": x, "y": y, "rate": np.float32(configuration["lr"])}
    for layer, (w, b) in enumerate(zip(weights, biases), 1):
        arrays["p.W%d" % layer], arrays["p.b%d" % layer] = np.ascontiguousarray(w.T), b
    return arrays


def neuron(module):
    x, y = module.data()
    return {"iris.x": x[:, :2].copy(), "iris.setosa": y}


# The workloads of the shared harness; others have a function `values`.
SHARED = {
    "wl_a": lambda module: dict(zip("xyz", map(np.float64, module.X))),
    "wl_b": neuron,
    "wl_c": network,
    "wl_d": network,
    "wl_e": network,
    "wl_l": lambda module: dict(zip("ABC", module.data(VARIANT))),
}

module = importlib.import_module(WORKLOAD)
arrays = SHARED[WORKLOAD](module) if WORKLOAD in SHARED else module.values(VARIANT)
arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
with open(FILE, "wb") as file:
    file.write(json.dumps([[name, str(a.dtype), list(np.shape(a))] for name, a in arrays.items()]).encode() + b"\n")
    for array in arrays.values():
        file.write(array.tobytes())
