"""Solutions of chapter 6."""

import numpy as np


def scaled_attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True) @ v


def hide_the_future(scores):
    later = np.triu(np.ones(scores.shape, bool), k=1)
    return np.where(later, -np.inf, scores)


def split_into_heads(x, H):
    T, D = x.shape
    return x.reshape(T, H, D // H).swapaxes(0, 1)


def first_leak(logits_of, ids, V):
    before = logits_of(ids)
    leaks = []
    for s in range(1, len(ids)):
        changed = list(ids)
        changed[s] = (ids[s] + 1) % V
        after = logits_of(changed)
        leaks += [t for t in range(s) if not np.allclose(after[t], before[t], atol=1e-5)]
    return min(leaks, default=-1)
