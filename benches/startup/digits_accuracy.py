"""How well the network of `examples/digits.nd` reads unseen digits when PyTorch or scikit-learn trains it:
`digits_accuracy.py EXAMPLES`. Same data, split, initial values (by distribution), batches and steps; eight seeds.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from torch import nn
from torch.nn import functional as F

from train_torch import read_idx

SEEDS = range(8)
LEARNED = 2800


def by_torch(images, labels, seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 10))
    for layer in net[::2]:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(20):
        for batch in torch.randperm(LEARNED).split(32):
            optimizer.zero_grad()
            F.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimizer.step()
    return (net(images[LEARNED:]).argmax(1) == labels[LEARNED:]).float().mean().item()


def by_scikit_learn(images, labels, seed):
    net = MLPClassifier(
        (16, 16), solver="sgd", learning_rate_init=0.1, momentum=0, alpha=0, batch_size=32, max_iter=20, random_state=seed
    )
    net.fit(images[:LEARNED], labels[:LEARNED])
    return net.score(images[LEARNED:], labels[LEARNED:])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) / "data"
    images = read_idx(folder / "mnist-images.idx3.gz").reshape(-1, 784).float() / 255
    labels = read_idx(folder / "mnist-labels.idx1.gz").long()
    for name, train in (("PyTorch", by_torch), ("scikit-learn", by_scikit_learn)):
        shares = [train(images, labels, seed) for seed in SEEDS]
        print(f"{name}: mean {np.mean(shares):.4f}, from {min(shares):.4f} to {max(shares):.4f}")
