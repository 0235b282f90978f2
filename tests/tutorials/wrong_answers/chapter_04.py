"""Wrong answers to chapter 4."""

from itertools import pairwise

import numpy as np


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def naive(logits, target):
    p = np.exp(logits) / np.exp(logits).sum()
    p[target] -= 1
    return p


WRONG = {
    "04.1": [
        (lambda x, W, b: x @ W + b, "relu is missing"),
        (lambda x, W, b: np.maximum(x @ W, 0) + b, "before the relu"),
        (lambda x, W, b: np.maximum(x @ W, 0), "bias is missing"),
        (
            lambda x, W, b: np.maximum(x @ (W.T if W.shape[0] == W.shape[1] else W) + b, 0),
            "wrong way round",
        ),
    ],
    "04.2": [
        (lambda p, y: -(y * np.log(p)).mean(), "only the labels 1"),
        (lambda p, y: -(y * np.log(p)).sum(), "2.2256"),
        (lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(), "divide"),
        (lambda p, y: (y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), "sign"),
        (lambda p, y: -(y * np.log2(p) + (1 - y) * np.log2(1 - p)).mean(), "base 2"),
        (lambda p, y: -(y * np.log10(p) + (1 - y) * np.log10(1 - p)).mean(), "base 10"),
    ],
    "04.3": [
        (lambda x, target: softmax(x), "subtract 1"),
        (lambda x, target: np.eye(len(x))[target] - softmax(x), "sign"),
        (lambda x, target: -np.log(softmax(x)[target]), "its gradient"),
        (naive, "overflows"),
    ],
    "04.4": [
        (lambda sizes: sum(a * b for a, b in pairwise(sizes)), "biases are missing"),
        (lambda sizes: sum(a * b for a, b in pairwise(sizes)) + sum(sizes), "inputs have no"),
        (lambda sizes: sum(sizes), "expected"),
    ],
}
