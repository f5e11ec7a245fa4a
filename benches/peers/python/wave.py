"""k: the sum of tanh(a x + b) exp(-c x^2) for n numbers, with the gradients by a, b, c and all x (f32)."""
from harness import *

A, B, C = 1.5, 0.25, 0.7


def data(variant):
    import numpy as np

    return np.random.default_rng(0).normal(size=int(float(variant))).astype(np.float32)


def values(variant):
    import numpy as np

    return dict(x=data(variant), a=np.float32(A), b=np.float32(B), c=np.float32(C))


def cpp_(variant, element):
    x, file = data(variant), os.path.join(ROOT, "tmp", "k_%s.bin" % variant)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    x.tofile(file)
    return cpp("limits.cpp", ["k", args.seconds, len(x), T, file])


def jax_(variant, element):
    jax, jnp, imported = get_jax()
    x, st = jnp.array(data(variant)), {}
    f = lambda a, b, c, x: jnp.sum(jnp.tanh(a * x + b) * jnp.exp(-c * x * x))
    J = jax.jit(jax.value_and_grad(f, (0, 1, 2, 3)))
    constants = [jnp.float32(v) for v in (A, B, C)]

    def step(k):
        for _ in range(k):
            r = J(*constants, x)
        r[0].block_until_ready()
        st["r"] = r

    return step, lambda: [float(v) for v in (st["r"][0], *st["r"][1][:3])] + gcheck(st["r"][1][3]), imported


if __name__ == "__main__":
    run("wave", ["1e3", "1e5", "1e7"], dict(cpp_manual=cpp_, jax=jax_))
