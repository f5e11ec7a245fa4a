"""Training curves of torch.optim in float64, 100 steps: `python make.py` writes `curves.json` beside it.

Each example is here once as a program of nd and once in PyTorch, from the same weights (`s * sin(k + 1.7 * place)`) and
batches in order. `lion`, which PyTorch lacks, is written out by its formula. Losses are those of each epoch: the mean over
its batches, each before its update.
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch.optim.lr_scheduler import (
    CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR, OneCycleLR, ReduceLROnPlateau, SequentialLR, StepLR,
)
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

STEPS = 100
ROWS = 32
I = np.arange(ROWS)
X = torch.tensor(np.stack([(I * 7 % 11) / 11, (I * 5 % 13) / 13, (I * 3 % 7) / 7], axis=1))
Y = torch.tensor((I * I % 17) / 4)
T = torch.tensor((I * 5 % 3 == 0).astype(float))
LABEL = torch.tensor(I * 5 % 3)
R = np.arange(6)
IMAGE = torch.tensor((I[:, None, None] * (R[:, None] + 2) + 3 * R + R[:, None] * R) % 7 / 7)
SERIES = torch.tensor((I[:, None] * (R + 1) + R * R) % 5 / 5)

DATA = """
data d = table {
    x      = [[(i * 7 % 11) / 11, (i * 5 % 13) / 13, (i * 3 % 7) / 7] for i in 0..32]
    y      = [(i * i % 17) / 4 for i in 0..32]
    t      = [if i * 5 % 3 == 0 { 1.0 } else { 0.0 } for i in 0..32]
    label  = [i * 5 % 3 for i in 0..32]
    image  = [[[(i * (r + 2) + 3 * c + r * c) % 7 / 7 for c in 0..6] for r in 0..6] for i in 0..32]
    series = [[(i * (r + 1) + r * r) % 5 / 5 for r in 0..6] for i in 0..32]
}
"""


class Example:
    def __init__(self, name, batch, params, nd, loss, torch_loss):
        self.name, self.batch, self.params, self.nd, self.loss, self.torch_loss = name, batch, params, nd, loss, torch_loss

    def program(self):
        lines = [DATA]
        for name, (shape, k, s) in self.params.items():
            letters = "abcd"[: len(shape)]
            place = "0"
            for letter, size in zip(letters, shape):
                place = letter if place == "0" else f"({place}) * {size} + {letter}"
            value = f"{s} * sin({k} + 1.7 * ({place}))"
            for letter, size in reversed(list(zip(letters, shape))):
                value = f"[{value} for {letter} in 0..{size}]"
            kind = f": [{', '.join(map(str, shape))}]" if shape else ""
            lines.append(f"param {name}{kind} = {value}")
        return "\n".join(lines) + "\n" + self.nd

    def start(self):
        values = {}
        for name, (shape, k, s) in self.params.items():
            places = np.arange(math.prod(shape)).reshape(shape)
            values[name] = torch.tensor(s * np.sin(k + 1.7 * places), requires_grad=True)
        return values


def cross_entropy(logits, rows):
    return torch.nn.functional.cross_entropy(logits, LABEL[rows])


def mlp(p, rows):
    return cross_entropy(torch.tanh(X[rows] @ p["W"] + p["b"]) @ p["V"] + p["c"], rows)


def convolution(p, rows):
    maps = torch.nn.functional.conv2d(IMAGE[rows][:, None], p["k"])
    return cross_entropy(torch.einsum("rfij,fijn->rn", torch.tanh(maps), p["V"]) + p["c"], rows)


def recurrent(p, rows):
    h = torch.zeros(len(rows), 4)
    for t in range(6):
        h = torch.tanh(SERIES[rows, t, None] * p["u"] + h @ p["W"].T + p["b"])
    return ((h @ p["v"] - Y[rows] / 4) ** 2).mean()


EXAMPLES = [
    Example("linear", "all", {"w": ((3,), 1, 0.1), "b": ((), 2, 0.1)}, "", "(dot(w, x) + b - y)^2",
            lambda p, rows: ((X[rows] @ p["w"] + p["b"] - Y[rows]) ** 2).mean()),
    Example("logistic", "all", {"w": ((3,), 1, 0.1), "b": ((), 2, 0.1)}, "", "bce_logits(dot(w, x) + b, t)",
            lambda p, rows: torch.nn.functional.binary_cross_entropy_with_logits(X[rows] @ p["w"] + p["b"], T[rows])),
    Example("mlp", "8", {"W": ((3, 8), 1, 0.5), "b": ((8,), 2, 0.1), "V": ((8, 3), 3, 0.5), "c": ((3,), 4, 0.1)}, "",
            "cross_entropy(tanh(x @ W + b) @ V + c, label)", mlp),
    Example("convolution", "8", {"k": ((2, 1, 3, 3), 1, 0.4), "V": ((2, 4, 4, 3), 2, 0.3), "c": ((3,), 3, 0.1)},
            "import nn\nfn scores(image: [6, 6]) = {\n    let maps = tanh(nn.conv2d([image], k));\n"
            "    [sum(maps[f, i, j] * V[f, i, j, n] for f, i, j) + c[n] for n in 0..3]\n}\n",
            "cross_entropy(scores(image), label)", convolution),
    Example("recurrent", "8", {"u": ((4,), 1, 0.5), "W": ((4, 4), 2, 0.4), "b": ((4,), 3, 0.1), "v": ((4,), 4, 0.5)},
            "fn read(series: [6]) = {\n    let start: [4] = zeros();\n"
            "    scan(start, series, |h, s| { let next = tanh(u * s + W @ h + b); (next, next) }).1[5]\n}\n",
            "(dot(v, read(series)) - y / 4)^2", recurrent),
]


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, algorithm 2."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (first, second), lr = group["betas"], group["lr"]
            for p in group["params"]:
                m = self.state[p].get("m", torch.zeros_like(p))
                direction = np.sign(first * m.numpy() + (1 - first) * p.grad.numpy())
                p.mul_(1 - lr * group["weight_decay"]).sub_(lr * torch.tensor(direction))
                self.state[p]["m"] = second * m + (1 - second) * p.grad


O = torch.optim
RULES = {
    "sgd(lr = 0.1)": lambda p: O.SGD(p, lr=0.1),
    "momentum(lr = 0.05)": lambda p: O.SGD(p, lr=0.05, momentum=0.9),
    "nesterov(lr = 0.05)": lambda p: O.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam(lr = 0.02)": lambda p: O.Adam(p, lr=0.02),
    "adamw(lr = 0.02)": lambda p: O.AdamW(p, lr=0.02),
    "adamax(lr = 0.02)": lambda p: O.Adamax(p, lr=0.02),
    "rmsprop(lr = 0.01)": lambda p: O.RMSprop(p, lr=0.01),
    "adagrad(lr = 0.1)": lambda p: O.Adagrad(p, lr=0.1),
    "adadelta(lr = 1)": lambda p: O.Adadelta(p, lr=1.0),
    "lion(lr = 0.01)": lambda p: Lion(p, lr=0.01),
}


def train(example, make, schedule=None, clip=None, average=None, by_epoch=False, batch=None, accumulate=1):
    """Losses of epochs, learning rates at their ends, losses of the averaged weights, and the values at the end.

    A step is an update by `accumulate` batches, or by those that are left of an epoch.
    """
    p = example.start()
    optimizer = make(list(p.values()))
    scheduler = schedule(optimizer) if schedule else None
    module = torch.nn.ParameterList(p.values())
    averaged = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(average)) if average else None
    batch = batch or (ROWS if example.batch == "all" else int(example.batch))
    groups = torch.arange(ROWS).split(batch * accumulate)
    losses, rates, validation = [], [], []
    for step in range(STEPS):
        group = groups[step % len(groups)]
        optimizer.zero_grad()
        loss = 0.0
        for rows in group.split(batch):
            part = example.torch_loss(p, rows) * (len(rows) / len(group))
            part.backward()
            loss += part.item()
        if clip:
            clip(list(p.values()))
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        losses.append(loss * len(group))
        ends = step % len(groups) == len(groups) - 1
        epoch = sum(losses[-len(groups) :]) / ROWS
        if isinstance(scheduler, ReduceLROnPlateau):
            if ends:
                scheduler.step(epoch)
        elif scheduler and (ends or not by_epoch):
            scheduler.step()
        if averaged:
            averaged.update_parameters(module)
        if ends:
            rates.append(rate)
            if averaged:
                with torch.no_grad():
                    held = dict(zip(p, averaged.module))
                    validation.append(example.torch_loss(held, torch.arange(ROWS)).item())
    held = dict(zip(p, averaged.module)) if averaged else p
    assert STEPS % len(groups) == 0
    found = {"losses": (np.reshape(losses, (-1, len(groups))).sum(axis=1) / ROWS).tolist(), "rates": rates}
    found["validation"] = validation
    found["end"] = {name: value.detach().flatten().tolist() for name, value in held.items()}
    return found


def groups(p):
    """The first parameter and the last have settings of their own."""
    return O.AdamW([{"params": p[:1], "lr": 0.05}, {"params": p[1:-1]}, {"params": p[-1:], "weight_decay": 0.0}], lr=0.02)


def sgd(p):
    return O.SGD(p, lr=0.1)


def adam(p):
    return O.Adam(p, lr=0.02)


def plateau(optimizer, **settings):
    return ReduceLROnPlateau(optimizer, threshold_mode="abs", eps=0, **settings)


def warm(optimizer, after):
    rising = LinearLR(optimizer, start_factor=0.1, total_iters=9)
    return SequentialLR(optimizer, [rising, after(optimizer)], milestones=[10])


N = torch.nn.utils
# Settings of a block of nd with the same in PyTorch.
SETTINGS = [
    ("optimizer = sgd(lr = 0.1), clip = norm(0.05)", dict(make=sgd, clip=lambda p: N.clip_grad_norm_(p, 0.05))),
    ("optimizer = sgd(lr = 0.1), clip = 0.05", dict(make=sgd, clip=lambda p: N.clip_grad_norm_(p, 0.05))),
    ("optimizer = adam(lr = 0.02), clip = norm(0.2)", dict(make=adam, clip=lambda p: N.clip_grad_norm_(p, 0.2))),
    ("optimizer = sgd(lr = 0.1), clip = value(0.01)", dict(make=sgd, clip=lambda p: N.clip_grad_value_(p, 0.01))),
    ("optimizer = sgd(lr = 0.1), clip = norm(0.05), weight_decay = 0.1",
     dict(make=lambda p: O.SGD(p, lr=0.1, weight_decay=0.1), clip=lambda p: N.clip_grad_norm_(p, 0.05))),
    *[(f"optimizer = {rule}, weight_decay = 0.05", dict(make=make)) for rule, make in {
        "sgd(lr = 0.1)": lambda p: O.SGD(p, lr=0.1, weight_decay=0.05),
        "momentum(lr = 0.05)": lambda p: O.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.05),
        "nesterov(lr = 0.05)": lambda p: O.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.05),
        "adam(lr = 0.02)": lambda p: O.Adam(p, lr=0.02, weight_decay=0.05),
        "adamw(lr = 0.02)": lambda p: O.AdamW(p, lr=0.02, weight_decay=0.05),
        "adamax(lr = 0.02)": lambda p: O.Adamax(p, lr=0.02, weight_decay=0.05),
        "rmsprop(lr = 0.01)": lambda p: O.RMSprop(p, lr=0.01, weight_decay=0.05),
        "adagrad(lr = 0.1, lr_decay = 0.01)": lambda p: O.Adagrad(p, lr=0.1, lr_decay=0.01, weight_decay=0.05),
        "adadelta(lr = 1)": lambda p: O.Adadelta(p, lr=1.0, weight_decay=0.05),
        "lion(lr = 0.01)": lambda p: Lion(p, lr=0.01, weight_decay=0.05),
    }.items()],
    ("optimizer = adamw(lr = 0.02), groups = (group(FIRST, lr = 0.05), group(LAST, weight_decay = 0))", dict(make=groups)),
    ("optimizer = adam(lr = 0.02), average = 0.9, validate = d", dict(make=adam, average=0.9)),
    ("optimizer = sgd(lr = 0.1), schedule = constant(warmup = 10)",
     dict(make=sgd, schedule=lambda o: LinearLR(o, start_factor=0.1, total_iters=9))),
    ("optimizer = sgd(lr = 0.1), schedule = cosine(end = 0.1)",
     dict(make=sgd, schedule=lambda o: CosineAnnealingLR(o, 100, eta_min=0.01))),
    ("optimizer = adam(lr = 0.02), schedule = cosine(warmup = 10)",
     dict(make=adam, schedule=lambda o: warm(o, lambda o: CosineAnnealingLR(o, 90)))),
    ("optimizer = sgd(lr = 0.1), schedule = linear(end = 0.2)",
     dict(make=sgd, schedule=lambda o: LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=100))),
    ("optimizer = adam(lr = 0.02), schedule = one_cycle()",
     dict(make=adam, schedule=lambda o: OneCycleLR(o, 0.02, total_steps=100, cycle_momentum=False))),
    ("optimizer = sgd(lr = 0.1), schedule = one_cycle(rise = 0.4, start = 0.1, end = 0.001)",
     dict(make=sgd, schedule=lambda o: OneCycleLR(o, 0.1, total_steps=100, pct_start=0.4, div_factor=10,
                                                  final_div_factor=100, cycle_momentum=False))),
    ("optimizer = sgd(lr = 0.1), schedule = step_decay(every = 7, factor = 0.5)",
     dict(make=sgd, by_epoch=True, schedule=lambda o: StepLR(o, 7, gamma=0.5))),
    ("optimizer = sgd(lr = 0.1), schedule = exponential(factor = 0.95)",
     dict(make=sgd, by_epoch=True, schedule=lambda o: ExponentialLR(o, 0.95))),
    ("optimizer = sgd(lr = 0.1), schedule = 1 / sqrt(step)",
     dict(make=sgd, schedule=lambda o: LambdaLR(o, lambda done: (done + 1) ** -0.5))),
    ("optimizer = sgd(lr = 0.1), schedule = plateau(patience = 1, factor = 0.5, min_delta = 0.02, cooldown = 3, min_lr = 0.02)",
     dict(make=sgd, schedule=lambda o: plateau(o, patience=1, factor=0.5, threshold=0.02, cooldown=3, min_lr=0.02))),
    ("optimizer = adam(lr = 0.02), schedule = plateau(patience = 0, factor = 0.7, min_delta = 0.1, min_lr = 0.03)",
     dict(make=adam, schedule=lambda o: plateau(o, patience=0, factor=0.7, threshold=0.1, min_lr=0.03))),
]
# Gradients of several batches for each update, with examples per batch.
ACCUMULATED = [
    (8, "optimizer = sgd(lr = 0.1), accumulate = 4", dict(make=sgd, accumulate=4)),
    (5, "optimizer = adam(lr = 0.02), accumulate = 4", dict(make=adam, accumulate=4)),
    (8, "optimizer = momentum(lr = 0.05), accumulate = 3",
     dict(make=lambda p: O.SGD(p, lr=0.05, momentum=0.9), accumulate=3)),
    (4, "optimizer = sgd(lr = 0.1), accumulate = 2, clip = norm(0.05)",
     dict(make=sgd, accumulate=2, clip=lambda p: N.clip_grad_norm_(p, 0.05))),
    (8, "optimizer = adam(lr = 0.02), accumulate = 2, schedule = cosine(warmup = 10), average = 0.9, validate = d",
     dict(make=adam, accumulate=2, average=0.9, schedule=lambda o: warm(o, lambda o: CosineAnnealingLR(o, 90)))),
]


def main():
    programs = {example.name: {"program": example.program(), "loss": example.loss, "batch": example.batch}
                for example in EXAMPLES}
    curves = []
    for example in EXAMPLES:
        for rule, make in RULES.items():
            curves.append({"example": example.name, "settings": f"optimizer = {rule}", **train(example, make)})
    for example in (EXAMPLES[0], EXAMPLES[2]):
        names = list(example.params)
        for settings, options in SETTINGS:
            settings = settings.replace("FIRST", names[0]).replace("LAST", names[-1])
            curves.append({"example": example.name, "settings": settings, **train(example, **options)})
        for batch, settings, options in ACCUMULATED:
            curve = {"example": example.name, "batch": str(batch), "settings": settings}
            curves.append({**curve, **train(example, batch=batch, **options)})
    here = pathlib.Path(__file__).parent
    lines = ",\n".join(json.dumps(curve) for curve in curves)
    text = f'{{"programs": {json.dumps(programs, indent=1)},\n"curves": [\n{lines}\n]}}\n'
    (here / "curves.json").write_text(text)


main()
