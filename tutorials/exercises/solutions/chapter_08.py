"""Solutions of chapter 8."""

import numpy as np


def greedy(next_logits, ids, n):
    ids = list(ids)
    for _ in range(n):
        ids.append(int(np.argmax(next_logits(ids))))
    return ids


def new_tokens(prompt_length, max_length):
    return max(0, max_length - prompt_length)


def answer_targets(ids, answers):
    return np.where(answers[1:], ids[1:], -100)


def nucleus(p, threshold):
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]
    kept = np.zeros_like(p)
    chosen = order[before < threshold - 1e-12]
    kept[chosen] = p[chosen]
    return kept / kept.sum()
