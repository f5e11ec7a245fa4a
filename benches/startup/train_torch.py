"""Trains the model of an example in PyTorch, as its users write it: `train_torch.py iris|xor|digits EXAMPLES`.

Data, model, initial values (by distribution), steps and precision are those of the nd file; like it, the script ends with a
check of what was reached.
"""

import csv
import gzip
import struct
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


def iris(folder):
    with open(folder / "data/iris.csv") as file:
        rows = list(csv.DictReader(file))
    sizes = [[float(row["sepal_length"]), float(row["sepal_width"])] for row in rows]
    x = torch.tensor(sizes, dtype=torch.float64)
    setosa = torch.tensor([float(row["species"] == "0") for row in rows], dtype=torch.float64)
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    step_norm = 1.0
    while step_norm >= 5e-5:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(x @ w + b, setosa)
        loss.backward()
        optimizer.step()
        step_norm = 0.1 * torch.sqrt((w.grad**2).sum() + b.grad**2).item()
    assert abs(F.binary_cross_entropy_with_logits(x @ w + b, setosa).item() - 0.009096098672834833) < 1e-8


def xor(folder):
    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    y = torch.tensor([0, 1, 1, 0], dtype=torch.float64)
    torch.manual_seed(0)
    hidden, out = nn.Linear(2, 8, dtype=torch.float64), nn.Linear(8, 1, dtype=torch.float64)
    for layer in (hidden, out):
        nn.init.normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    net = nn.Sequential(hidden, nn.Tanh(), out)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    for _ in range(5000):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(net(x)[:, 0], y).backward()
        optimizer.step()
    assert (torch.sigmoid(net(x)[:, 0]) - y).abs().max() < 0.02


def read_idx(path):
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return torch.frombuffer(bytearray(data[4 + 4 * rank :]), dtype=torch.uint8).reshape(shape)


LEARNED = 2800


def read_digits(folder):
    images = read_idx(folder / "data/mnist-images.idx3.gz").reshape(-1, 784).float() / 255
    return images, read_idx(folder / "data/mnist-labels.idx1.gz").long()


def digits_accuracy(images, labels, seed):
    """The share of the unseen digits that the trained network reads."""
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


def digits(folder):
    assert digits_accuracy(*read_digits(folder), seed=0) > 0.87


if __name__ == "__main__":
    {"iris": iris, "xor": xor, "digits": digits}[sys.argv[1]](Path(sys.argv[2]))
