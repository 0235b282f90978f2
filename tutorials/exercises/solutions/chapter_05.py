"""Solutions of chapter 5."""

import itertools

import numpy as np

import minibig as mb
from minibig import nn, optim


def perceptron_update(w, b, x, target):
    error = target - int(x @ w + b > 0)
    return w + error * x, b + error


def xor_weights():
    W1 = [[1.0, 1.0], [1.0, 1.0]]
    b1 = [-0.5, -1.5]  # at least one; both
    return W1, b1, [1.0, -1.0], -0.5


def hidden_gradients(x, h, W2, z_bar):
    h_bar = (z_bar @ W2.T) * (1 - h * h)
    return x.T @ h_bar, h_bar.sum(axis=0)


def parity_network():
    mb.manual_seed(0)
    x = np.array(list(itertools.product((0.0, 1.0), repeat=3)), "float32")
    y = mb.tensor((x.sum(axis=1, keepdims=True) % 2).astype("float32"))
    network = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = optim.Adam(network.parameters(), lr=0.02)
    for _ in range(800):
        mb.binary_cross_entropy_with_logits(network(mb.tensor(x)), y).backward()
        optimizer.step()
        optimizer.zero_grad()
    return network
