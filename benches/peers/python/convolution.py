"""A convolutional net on 64 images of 28 x 28: 3x3 to 16, relu, pool, 3x3 to 32, relu, pool, dense to 10 under the
cross-entropy, a step of gradient descent (f32). PyTorch keeps its images and filters with the channels last."""
from harness import *

B, RATE, CHECK_STEPS = 64, 0.05, 10
ORDER = ["K1", "b1", "K2", "b2", "W", "b"]


def data():
    import numpy as np

    r = np.random.default_rng(0)
    x = r.random((B, 1, 28, 28)).astype(np.float32)
    y = r.integers(0, 10, B)
    sizes = dict(K1=(16, 1, 3, 3), b1=(16,), K2=(32, 16, 3, 3), b2=(32,), W=(10, 800), b=(10,))
    fans = dict(K1=9, b1=9, K2=144, b2=144, W=800, b=800)
    return x, y, {n: (r.uniform(-1, 1, s) / np.sqrt(fans[n])).astype(np.float32) for n, s in sizes.items()}


def values(variant):
    x, y, p = data()
    return {"x": x, "y": y} | {"p." + name: value for name, value in p.items()}


def torch_(variant, element):
    torch, imported = get_torch()
    F = torch.nn.functional
    x, y, p0 = data()
    last = dict(memory_format=torch.channels_last)
    x, y, st = torch.from_numpy(x).contiguous(**last), torch.from_numpy(y), {}

    def start():
        p = {n: torch.from_numpy(v.copy()) for n, v in p0.items()}
        p["K1"], p["K2"] = p["K1"].contiguous(**last), p["K2"].contiguous(**last)
        st["p"] = [p[n].requires_grad_() for n in ORDER]
        st["o"] = torch.optim.SGD(st["p"], lr=RATE, fused=True)

    start()

    def step(k):
        K1, b1, K2, b2, W, b = st["p"]
        for _ in range(k):
            st["o"].zero_grad()
            h = F.max_pool2d(F.relu(F.conv2d(x, K1, b1)), 2)
            h = F.max_pool2d(F.relu(F.conv2d(h, K2, b2)), 2)
            l = F.cross_entropy(F.linear(h.flatten(1), W, b), y)
            l.backward()
            st["o"].step()
        st["l"] = float(l.detach())

    def check():
        start()
        step(CHECK_STEPS)
        return [st["l"]] + gcheck(*[p.detach().numpy() for p in st["p"]])

    return step, check, imported


def jax_(variant, element):
    jax, jnp, imported = get_jax()
    x, y, p0 = data()
    # Channels last is the faster layout here too; the weights of the dense layer follow it.
    x, y, st = jnp.array(x.transpose(0, 2, 3, 1)), jnp.array(y), {}
    conv = lambda x, k: jax.lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    pool = lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def start():
        p = dict(p0)
        p["K1"], p["K2"] = p["K1"].transpose(2, 3, 1, 0), p["K2"].transpose(2, 3, 1, 0)
        p["W"] = p["W"].reshape(10, 32, 5, 5).transpose(2, 3, 1, 0).reshape(800, 10)
        st["p"] = {n: jnp.array(v) for n, v in p.items()}

    def loss(p):
        h = pool(jax.nn.relu(conv(x, p["K1"]) + p["b1"]))
        h = pool(jax.nn.relu(conv(h, p["K2"]) + p["b2"]))
        o = jax.nn.log_softmax(h.reshape(B, -1) @ p["W"] + p["b"])
        return -jnp.mean(jnp.take_along_axis(o, y[:, None], 1))

    def update(i, c):
        l, g = jax.value_and_grad(loss)(c[0])
        return jax.tree_util.tree_map(lambda a, q: a - RATE * q, c[0], g), l

    J = jax.jit(lambda p, k: jax.lax.fori_loop(0, k, update, (p, jnp.float32(0))))
    start()

    def step(k):
        st["p"], l = J(st["p"], k)
        st["l"] = float(l)

    def check():
        start()
        step(CHECK_STEPS)
        return [st["l"]] + gcheck(*st["p"].values())

    return step, check, imported


if __name__ == "__main__":
    run("convolution", ["b64"], dict(torch=torch_, jax_loop=jax_))
