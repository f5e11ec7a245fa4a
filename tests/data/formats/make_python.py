"""Writes python.safetensors, which `tests/data_hostile.rs` compares with what `save` writes, by Python's own library.

Run by hand: python tests/data/formats/make_python.py. Needs numpy and safetensors. With the path of a file that `save` wrote, it
shows what Python reads from it.
"""
import pathlib, sys
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

if len(sys.argv) > 1:
    with safe_open(sys.argv[1], framework="numpy") as file:
        print(file.metadata())
        for name in file.keys():
            tensor = file.get_tensor(name)
            print(name, tensor.dtype, tensor.shape, tensor.ravel()[:6])
    sys.exit()

tensors = {
    "w": np.array([[1.5, -2.25, 1e-300], [0.1, np.inf, -0.0]]),
    "b": np.array([0.25]),
    "net.0.W": np.array([0.5, 0.1], dtype="f4"),
    "count": np.array([1, -2, 3]),
    "mask": np.array([True, False]),
    "scalar": np.array(7.0),
    "empty": np.zeros((0, 2)),
}
save_file(tensors, pathlib.Path(__file__).parent / "python.safetensors", metadata={"ndc": "written by Python"})
