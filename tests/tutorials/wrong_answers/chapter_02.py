"""Wrong answers to chapter 2."""

import numpy as np

WRONG = {
    "02.1": [
        (lambda g, shape: g.sum(axis=tuple(range(g.ndim - len(shape)))), "axes of length 1"),
        (lambda g, shape: np.full(shape, g.sum()), "too much"),
        (lambda g, shape: np.resize(g, shape), "expected"),
    ],
    "02.2": [
        (lambda x, y: ((x[:, None] - y[None]) ** 2).sum(-1), "squared distances"),
        (lambda x, y: np.sqrt(((y[:, None] - x[None]) ** 2).sum(-1)), "exchanged"),
        (lambda x, y: abs(x[:, None] - y[None]).sum(-1), "taxi"),
    ],
    "02.3": [
        (lambda x: (x - x.mean(1, True)) / x.var(1, True) ** 0.5, "axis 0"),
        (lambda x: (x - x.mean()) / x.var() ** 0.5, "all columns"),
        (lambda x: (x - x.mean(0, True)) / x.var(0, True), "root of the variance"),
        (lambda x: x - x.mean(0, True), "not 1 yet"),
        (lambda x: x.numpy(), "return a tensor"),
        (lambda x: ((x - x.mean(0)) / x.var(0) ** 0.5).detach(), "no history"),
    ],
    "02.4": [
        (lambda q, k: (*q[:-1], q[-1]), "summed over"),
        (lambda q, k: (*q[:-2], q[-2], k[-2]), "expected"),
        (lambda q, k: (q[-2], k[-2]), "axes"),
    ],
}
