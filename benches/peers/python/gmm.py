"""The Gaussian mixture of ADBench: the log posterior of 1,000 points and its gradient (f64). Variants: d10_k25."""
from harness import *

N = 1000


def data(variant):
    import numpy as np

    d, k = (int(part[1:]) for part in variant.split("_"))
    r = np.random.default_rng(0)
    alpha, mu, q = r.normal(size=k), r.uniform(size=(k, d)), r.normal(size=(k, d)) / 4
    l = r.normal(size=(k, d * (d - 1) // 2)) / np.sqrt(d)
    return d, k, alpha, mu, q, l, r.normal(size=(N, d))


def values(variant):
    import numpy as np

    _, _, alpha, mu, q, l, x = data(variant)
    return dict(alpha=alpha, mu=mu, q=q, l=l, x=x, gamma=np.float64(1), m=np.float64(0))


def cpp_(variant, element):
    import numpy as np

    d, k, *arrays = data(variant)
    file = os.path.join(ROOT, "tmp", "gmm_%s.bin" % variant)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    np.concatenate([array.ravel() for array in arrays]).tofile(file)
    return cpp("gmm.cpp", ["gmm", args.seconds, d, k, N, file])


def jax_(variant, element):
    jax, jnp, imported = get_jax(True)
    d, k, alpha, mu, q, l, x = data(variant)
    st, x = {}, jnp.array(x)
    # l has the entries below the diagonal column by column, as the rows of the transpose's upper triangle.
    columns, rows = jnp.triu_indices(d, 1)

    def posterior(alpha, mu, q, l):
        Q = jnp.zeros((k, d, d)).at[:, rows, columns].set(l) + jnp.exp(q)[:, :, None] * jnp.eye(d)
        z = jnp.einsum("kij,nkj->nki", Q, x[:, None, :] - mu)
        volume = alpha + q.sum(1)
        likelihood = jax.nn.logsumexp(volume - 0.5 * (z * z).sum(2), axis=1).sum()
        prior = -0.5 * ((jnp.exp(q) ** 2).sum() + (l * l).sum())
        degrees = d + 1
        gamma = d * (d - 1) * jnp.log(jnp.pi) / 4 + sum(
            jax.scipy.special.gammaln(degrees / 2 - i / 2) for i in range(d)
        )
        constant = -degrees * d * jnp.log(2) / 2 - gamma
        normalizer = N * jax.nn.logsumexp(alpha)
        return likelihood - N * d * jnp.log(2 * jnp.pi) / 2 - normalizer + prior + k * constant

    J, at = jax.jit(jax.value_and_grad(posterior, (0, 1, 2, 3))), [jnp.array(a) for a in (alpha, mu, q, l)]

    def step(count):
        for _ in range(count):
            r = J(*at)
        r[0].block_until_ready()
        st["r"] = r

    return step, lambda: [float(st["r"][0])] + gcheck(*st["r"][1]), imported


if __name__ == "__main__":
    run("gmm", ["d10_k25"], dict(cpp_eigen_manual=cpp_, jax=jax_), "f64")
