"""The attention block of a transformer: x + attention(norm(x)) with 4 heads, width 64, sequence 128, batch 8; the mean
squared error and its gradient by the parameters (f32)."""
from harness import *

B, S, D, HEADS = 8, 128, 64, 4
ORDER = ["gain", "bias", "Q", "K", "V", "O"]


def data():
    import numpy as np

    r = np.random.default_rng(0)
    f = lambda *s: (r.uniform(-1, 1, s) * np.sqrt(3 / D)).astype(np.float32)
    p = dict(Q=f(D, D), K=f(D, D), V=f(D, D), O=f(D, D), gain=1 + f(D) / 4, bias=f(D) / 4)
    x, y = (r.normal(size=(B, S, D)).astype(np.float32) for _ in range(2))
    return x, y, {name: p[name].astype(np.float32) for name in ORDER}


def values(variant):
    x, y, p = data()
    heads = {n: v.reshape(HEADS, D // HEADS, D) if n in "QKV" else v for n, v in p.items()}
    return {"x": x, "y": y} | {"p." + name: value for name, value in heads.items()}


def torch_(variant, element):
    torch, imported = get_torch()
    F = torch.nn.functional
    x, y, p = data()
    x, y, st = torch.from_numpy(x), torch.from_numpy(y), {}
    ps = [torch.from_numpy(v).requires_grad_() for v in p.values()]

    def loss():
        gain, bias, Q, K, V, O = ps
        z = F.layer_norm(x, (D,), gain, bias)
        q, k, v = (F.linear(z, W).view(B, S, HEADS, -1).transpose(1, 2) for W in (Q, K, V))
        seen = F.scaled_dot_product_attention(q, k, v)
        return F.mse_loss(x + F.linear(seen.transpose(1, 2).reshape(B, S, D), O), y)

    def step(k):
        for _ in range(k):
            l = loss()
            g = torch.autograd.grad(l, ps)
        st["r"] = float(l.detach()), g

    return step, lambda: [st["r"][0]] + gcheck(*[g.numpy() for g in st["r"][1]]), imported


def jax_(variant, element):
    jax, jnp, imported = get_jax()
    x, y, p = data()
    x, y, st = jnp.array(x), jnp.array(y), {}
    ps = [jnp.array(v) for v in p.values()]

    def loss(ps):
        gain, bias, Q, K, V, O = ps
        centred = x - x.mean(-1, keepdims=True)
        z = gain * centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) + bias
        q, k, v = ((z @ W.T).reshape(B, S, HEADS, -1) for W in (Q, K, V))
        a = jax.nn.softmax(jnp.einsum("bihc,bjhc->bhij", q, k) / jnp.sqrt(D / HEADS))
        seen = jnp.einsum("bhij,bjhc->bihc", a, v).reshape(B, S, D)
        return jnp.mean((x + seen @ O.T - y) ** 2)

    J = jax.jit(jax.value_and_grad(loss))

    def step(k):
        for _ in range(k):
            r = J(ps)
        r[0].block_until_ready()
        st["r"] = r

    return step, lambda: [float(st["r"][0])] + gcheck(*st["r"][1]), imported


if __name__ == "__main__":
    run("attention", ["s128"], dict(torch=torch_, jax=jax_))
