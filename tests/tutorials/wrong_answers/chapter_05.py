"""Wrong answers to chapter 5."""

import itertools

import numpy as np

import minibig as mb
from minibig import nn


def error(w, b, x, target):
    return target - int(x @ w + b > 0)


def always(w, b, x, target):
    return w + (2 * target - 1) * x, b + (2 * target - 1)


def back(x, h, W2, z_bar):
    return z_bar @ W2.T


def inner(x, h, W2, z_bar):
    return (z_bar @ W2.T) * (1 - h * h)


def one_layer():
    mb.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 1))


def always_odd():
    network = nn.Sequential(nn.Linear(3, 1))
    network.load_state_dict({"0.weight": np.zeros((3, 1)), "0.bias": np.ones(1)})
    return network


WRONG = {
    "05.1": [
        (always, "mistakes only"),
        (lambda w, b, x, t: (w - error(w, b, x, t) * x, b - error(w, b, x, t)), "sign is reversed"),
        (lambda w, b, x, t: (w + error(w, b, x, t) * x, b), "bias learns"),
        (lambda w, b, x, t: (w, b), "unchanged after a mistake"),
        (lambda w, b, x, t: w + error(w, b, x, t) * x, "two things"),
    ],
    "05.2": [
        (lambda: ([[1, 1], [1, 1]], [-0.5, -1.5], [1, 1], -0.5), "XOR is 0"),
        (lambda: ([[1, 0], [0, 1]], [-0.5, -0.5], [1, 1], -1.5), "XOR is 1"),
        (lambda: ([[1, 1], [1, 1]], [[-0.5, -1.5]], [1, -1], -0.5), "shapes"),
    ],
    "05.3": [
        (lambda *a: (a[0].T @ back(*a), back(*a).sum(0)), "1 − h², is missing"),
        (lambda *a: (a[0].T @ inner(*a) / len(a[0]), inner(*a).mean(0)), "not their mean"),
        (lambda *a: (a[0].T @ inner(*a), inner(*a).mean(0)), "a sum, not a mean"),
        (lambda x, h, W2, z: (x.T @ ((z @ W2.T) * (1 - np.tanh(h) ** 2)), 0), "h is already tanh"),
        (lambda x, h, W2, z: (x.T @ ((z @ W2.T) * h * (1 - h)), 0), "sigmoid"),
    ],
    "05.4": [
        (one_layer, "of 8 are right"),
        (always_odd, "4 of 8 are right"),
        (lambda: list(itertools.product((0, 1), repeat=3)), "nn.Module"),
    ],
}
