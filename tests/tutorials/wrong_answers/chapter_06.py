"""Wrong answers to chapter 6."""

import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def naive(q, k, v):
    e = np.exp(q @ k.T / np.sqrt(q.shape[-1]))
    return e / e.sum(axis=-1, keepdims=True) @ v


def last_only(logits_of, ids, V):
    """Changes just the last token, and so overlooks leaks between others."""
    before = logits_of(ids)
    after = logits_of([*ids[:-1], (ids[-1] + 1) % V])
    leaks = [t for t in range(len(ids) - 1) if not np.allclose(after[t], before[t], atol=1e-5)]
    return min(leaks, default=-1)


def itself_too(logits_of, ids, V):
    before, leaks = logits_of(ids), []
    for s in range(len(ids)):
        changed = [*ids[:s], (ids[s] + 1) % V, *ids[s + 1 :]]
        leaks += [t for t in range(s + 1) if abs(logits_of(changed)[t] - before[t]).max() > 1e-5]
    return min(leaks, default=-1)


def changes_the_list(logits_of, ids, V):
    ids[-1] = (ids[-1] + 1) % V
    return -1


def split(x, H):
    return x.reshape(H, x.shape[0], x.shape[1] // H)


WRONG = {
    "06.1": [
        (lambda q, k, v: softmax(q @ k.T) @ v, "not scaled"),
        (lambda q, k, v: softmax(q @ k.T / q.shape[-1]) @ v, "it is √K"),
        (lambda q, k, v: softmax(q @ k.T / np.sqrt(q.shape[-1]), 0) @ v, "over the queries"),
        (lambda q, k, v: softmax(q @ k.T) / np.sqrt(q.shape[-1]) @ v, "before the softmax"),
        (lambda q, k, v: q @ k.T / np.sqrt(q.shape[-1]) @ v, "softmax is missing"),
        (naive, "overflow"),
    ],
    "06.2": [
        (lambda s: np.where(np.triu(np.ones(s.shape, bool)), -np.inf, s), "must see itself"),
        (lambda s: np.where(np.tril(np.ones(s.shape, bool), -1), -np.inf, s), "rows are queries"),
        (lambda s: np.tril(s), "e⁰ = 1"),
        (lambda s: s, "expected"),
    ],
    "06.3": [
        (split, "mixes positions"),
        (lambda x, H: x.reshape(x.shape[0], H, -1), "heads come first"),
        (lambda x, H: x.reshape(x.shape[0], -1, H).transpose(2, 0, 1), "neighbouring"),
    ],
    "06.4": [
        (last_only, "every later token changed"),
        (itself_too, "before the changed token"),
        (changes_the_list, "work on a copy"),
        (lambda logits_of, ids, V: -1, "expected 0"),
    ],
}
