"""i: 10,000 Euler steps of the neuron of Hodgkin and Huxley and the gradient by its conductances (f64)."""
from harness import *


def values(variant):
    import numpy as np

    return dict(g=np.array([120, 36, 0.3]))


def jax_(variant, element):
    jax, jnp, imported = get_jax(True)
    exp, st = jnp.exp, {}

    def one(g, s):
        V, m, h, n = s
        am, bm = 0.1 * (V + 40) / (1 - exp(-(V + 40) / 10)), 4 * exp(-(V + 65) / 18)
        ah, bh = 0.07 * exp(-(V + 65) / 20), 1 / (1 + exp(-(V + 35) / 10))
        an, bn = 0.01 * (V + 55) / (1 - exp(-(V + 55) / 10)), 0.125 * exp(-(V + 65) / 80)
        dV = 10 - g[0] * m * m * m * h * (V - 50) - g[1] * n * n * n * n * (V + 77) - g[2] * (V + 54.387)
        rates = (dV, am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n)
        return tuple(a + 0.01 * b for a, b in zip(s, rates))

    def loss(g):
        def body(s, _):
            s = one(g, s)
            return s, s[0]

        start = tuple(jnp.float64(v) for v in (-65, 0.05, 0.6, 0.32))
        return jnp.mean((jax.lax.scan(body, start, None, length=int(variant))[1] + 50) ** 2)

    J, g = jax.jit(jax.value_and_grad(loss)), jnp.array([120, 36, 0.3])

    def step(k):
        for _ in range(k):
            r = J(g)
        r[0].block_until_ready()
        st["r"] = r

    return step, lambda: fl(st["r"]), imported


def cpp_(variant, element):
    return cpp("limits.cpp", ["i", args.seconds, variant])


if __name__ == "__main__":
    run("hodgkin_huxley", ["10000"], dict(cpp_manual=cpp_, jax=jax_), "f64")
