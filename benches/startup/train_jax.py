"""Trains the model of an example in JAX, the whole training as one compiled loop: `train_jax.py iris|xor|digits EXAMPLES`.

Data, model, initial values (by distribution), steps and precision are those of the nd file; like it, the script ends with a
check of what was reached.
"""

import csv
import gzip
import struct
import sys
from pathlib import Path

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp


def bce_logits(z, y):
    return jnp.mean(jnp.logaddexp(0, z) - y * z)


def iris(folder):
    jax.config.update("jax_enable_x64", True)
    with open(folder / "data/iris.csv") as file:
        rows = list(csv.DictReader(file))
    x = jnp.array([[float(row["sepal_length"]), float(row["sepal_width"])] for row in rows])
    setosa = jnp.array([float(row["species"] == "0") for row in rows])

    def loss(p):
        return bce_logits(x @ p[0] + p[1], setosa)

    @jax.jit
    def train(p):
        def step(carry):
            (w, b), _ = carry
            dw, db = jax.grad(loss)((w, b))
            return (w - 0.1 * dw, b - 0.1 * db), 0.1 * jnp.sqrt(jnp.sum(dw**2) + db**2)

        return lax.while_loop(lambda carry: carry[1] >= 5e-5, step, (p, 1.0))[0]

    trained = train((jnp.zeros(2), jnp.zeros(())))
    assert abs(loss(trained) - 0.009096098672834833) < 1e-8


def xor(folder):
    jax.config.update("jax_enable_x64", True)
    x = jnp.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = jnp.array([0.0, 1, 1, 0])

    def score(p):
        return jnp.tanh(x @ p["W"].T + p["b"]) @ p["v"] + p["c"]

    @jax.jit
    def train(p):
        def step(_, p):
            g = jax.grad(lambda p: bce_logits(score(p), y))(p)
            return jax.tree.map(lambda p, g: p - 0.5 * g, p, g)

        return lax.fori_loop(0, 5000, step, p)

    first, second = jax.random.split(jax.random.key(0))
    start = {"W": jax.random.normal(first, (8, 2)), "b": jnp.zeros(8), "v": jax.random.normal(second, 8), "c": jnp.zeros(())}
    assert jnp.max(jnp.abs(jax.nn.sigmoid(score(train(start))) - y)) < 0.02


def read_idx(path):
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def digits(folder):
    images = jnp.asarray(read_idx(folder / "data/mnist-images.idx3.gz").reshape(-1, 784), jnp.float32) / 255
    labels = jnp.asarray(read_idx(folder / "data/mnist-labels.idx1.gz"), jnp.int32)

    def net(p, x):
        for W, b in p[:-1]:
            x = jax.nn.relu(x @ W + b)
        return x @ p[-1][0] + p[-1][1]

    def loss(p, batch):
        scores = jax.nn.log_softmax(net(p, images[batch]))
        return -jnp.mean(jnp.take_along_axis(scores, labels[batch][:, None], 1))

    def step(p, batch):
        g = jax.grad(loss)(p, batch)
        return jax.tree.map(lambda p, g: p - 0.1 * g, p, g), None

    @jax.jit
    def train(p, key):
        def epoch(p, key):
            order = jax.random.permutation(key, 2800)
            p, _ = lax.scan(step, p, order[:2784].reshape(87, 32))
            return step(p, order[2784:])

        return lax.scan(epoch, p, jax.random.split(key, 20))[0]

    keys = jax.random.split(jax.random.key(0), 4)
    uniform = jax.nn.initializers.glorot_uniform()
    sizes = [(784, 16), (16, 16), (16, 10)]
    start = [(uniform(key, size), jnp.zeros(size[1])) for key, size in zip(keys, sizes)]
    trained = train(start, keys[3])
    assert jnp.mean(jnp.argmax(net(trained, images[2800:]), 1) == labels[2800:]) > 0.87


if __name__ == "__main__":
    {"iris": iris, "xor": xor, "digits": digits}[sys.argv[1]](Path(sys.argv[2]))
