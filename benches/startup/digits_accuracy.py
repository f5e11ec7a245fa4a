"""How well the network of `examples/digits.nd` reads unseen digits when PyTorch or scikit-learn trains it:
`digits_accuracy.py EXAMPLES`. Same data, split, initial values (by distribution), batches and steps; eight seeds.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from train_torch import LEARNED, digits_accuracy, read_digits

SEEDS = range(8)


def by_scikit_learn(images, labels, seed):
    net = MLPClassifier(
        (16, 16), solver="sgd", learning_rate_init=0.1, momentum=0, alpha=0, batch_size=32, max_iter=20, random_state=seed
    )
    with warnings.catch_warnings():
        # Twenty epochs are not meant to converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(images[:LEARNED], labels[:LEARNED])
    return net.score(images[LEARNED:], labels[LEARNED:])


if __name__ == "__main__":
    images, labels = read_digits(Path(sys.argv[1]))
    for name, train in (("PyTorch", digits_accuracy), ("scikit-learn", by_scikit_learn)):
        shares = [train(images, labels, seed) for seed in SEEDS]
        print(f"{name}: mean {np.mean(shares):.4f}, from {min(shares):.4f} to {max(shares):.4f}")
