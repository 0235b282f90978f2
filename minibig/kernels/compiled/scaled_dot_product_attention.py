"""Softmax of the scores of a block of queries, and its derivative."""

import numpy as np

from minibig.kernels.compiled.array_types import Flag, In3, Out3
from minibig.kernels.compiled.compiling import compiled, exp, f32, larger


@compiled
def softmax_rows(p: Out3, causal: Flag):
    """p = softmax(p) along the last axis; with causal the last query sees all keys, the one before
    it all but one, and so on. A query that may see nothing gets 0 everywhere."""
    H, T, S = p.shape
    for h in range(H):
        for t in range(T):
            seen = S - (T - 1 - t) if causal else S
            row = p[h, t]
            top = f32(-np.inf)
            for s in range(seen):
                top = larger(top, row[s])
            if top == f32(-np.inf):
                top = f32(0)
            total = f32(0)
            for s in range(seen):
                row[s] = exp(row[s] - top)
                total += row[s]
            share = f32(1) / total if total != f32(0) else f32(0)
            for s in range(seen):
                row[s] *= share
            for s in range(seen, S):
                row[s] = 0


@compiled
def softmax_gradients(g: Out3, p: In3):
    """g = p·(g − Σ g·p): the gradient of the scores from that of p."""
    H, T, S = p.shape
    for h in range(H):
        for t in range(T):
            along = f32(0)
            for s in range(S):
                along += g[h, t, s] * p[h, t, s]
            for s in range(S):
                g[h, t, s] = p[h, t, s] * (g[h, t, s] - along)
