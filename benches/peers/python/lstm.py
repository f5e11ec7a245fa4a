"""LSTM through time: sequence 100, hidden 64, inputs 64, batch 16; the mean squared error of all states and its gradient
by the weights (f32)."""
from harness import *

T_, B, N, H = 100, 16, 64, 64


def data():
    import numpy as np

    r = np.random.default_rng(0)
    f = lambda *s: (r.uniform(-1, 1, s) / np.sqrt(H)).astype(np.float32)
    x = r.normal(size=(B, T_, N)).astype(np.float32)
    y = r.uniform(-1, 1, (B, T_, H)).astype(np.float32)
    return x, y, f(4 * H, N), f(4 * H, H), f(4 * H)


def values(variant):
    return dict(zip(["x", "y", "p.W", "p.U", "p.b"], data()))


def torch_(variant, element):
    torch, imported = get_torch()
    x, y, W, U, b = data()
    # Time first, as torch.nn has it by default and fastest.
    x, y = (torch.from_numpy(a.transpose(1, 0, 2).copy()) for a in (x, y))
    net, st = torch.nn.LSTM(N, H), {}
    with torch.no_grad():
        for p, v in zip(net.parameters(), (W, U, b, 0 * b)):
            p.copy_(torch.from_numpy(v))
    ps = [net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0]

    def step(k):
        for _ in range(k):
            l = torch.nn.functional.mse_loss(net(x)[0], y)
            g = torch.autograd.grad(l, ps)
        st["r"] = float(l.detach()), g

    return step, lambda: [st["r"][0]] + gcheck(*[g.numpy() for g in st["r"][1]]), imported


def jax_(variant, element, unroll=1):
    jax, jnp, imported = get_jax()
    x, y, W, U, b = data()
    x, y = (jnp.array(a.transpose(1, 0, 2)) for a in (x, y))
    ps, st = (jnp.array(W.T), jnp.array(U.T), jnp.array(b)), {}

    def loss(ps):
        W, U, b = ps
        zs = x @ W + b  # of all steps at once, outside the loop

        def one(s, z):
            h, c = s
            i, f, g, o = jnp.split(z + h @ U, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros((B, H))
        return jnp.mean((jax.lax.scan(one, (zero, zero), zs, unroll=unroll)[1] - y) ** 2)

    J = jax.jit(jax.value_and_grad(loss))

    def step(k):
        for _ in range(k):
            r = J(ps)
        r[0].block_until_ready()
        st["r"] = r

    return step, lambda: [float(st["r"][0])] + gcheck(*st["r"][1]), imported


if __name__ == "__main__":
    run("lstm", ["t100"], dict(torch=torch_, jax=jax_, jax_unrolled=lambda v, e: jax_(v, e, 10)))
