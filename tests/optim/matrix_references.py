"""Muon and Adafactor in float64, by singular values and by loops over single numbers."""

import math

import numpy as np


def muon_by_hand(p, g, m, *, lr, momentum, weight_decay):
    """By the singular values: the iteration is a polynomial in each of them."""
    m = momentum * m + (1 - momentum) * g
    u, sigma, v = np.linalg.svd(momentum * m + (1 - momentum) * g, full_matrices=False)
    sigma = sigma / (math.sqrt(math.fsum(sigma**2)) + 1e-7)
    for _ in range(5):
        sigma = 3.4445 * sigma - 4.7750 * sigma**3 + 2.0315 * sigma**5
    size = 0.2 * math.sqrt(max(p.shape))
    return p - lr * weight_decay * p - lr * size * (u @ np.diag(sigma) @ v), m


def adafactor_by_hand(p, g, *factors, lr, decay, eps, min_scale, clip, weight_decay, t):
    """Element by element."""
    past = 1 - t ** (-decay)
    squares = g**2 + eps
    if len(factors) == 1:
        v = past * factors[0] + (1 - past) * squares
        new = [v]
    else:
        r, c, v = np.zeros_like(factors[0]), np.zeros_like(factors[1]), np.zeros_like(g)
        new = [r, c]
        for place in np.ndindex(r.shape):
            r[place] = past * factors[0][place] + (1 - past) * squares[place].mean()
        for *outer, j in np.ndindex(c.shape):
            mean = squares[(*outer, slice(None), j)].mean()
            c[(*outer, j)] = past * factors[1][(*outer, j)] + (1 - past) * mean
        for *outer, i, j in np.ndindex(g.shape):
            mean = math.fsum(r[tuple(outer)]) / r.shape[-1]
            v[(*outer, i, j)] = r[(*outer, i)] * c[(*outer, j)] / mean
    u = g / np.sqrt(v)
    u = u / max(1.0, math.sqrt((u**2).mean()) / clip)
    alpha = lr * max(min_scale, math.sqrt((p**2).mean()))
    return (p - lr * weight_decay * p - alpha * u, *new)
