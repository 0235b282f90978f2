"""Wrong answers to chapter 8."""

import numpy as np


def last_only(next_logits, ids, n):
    ids = list(ids)
    for _ in range(n):
        ids.append(int(np.argmax(next_logits(ids[-1:]))))
    return ids


def grown(next_logits, ids, n, choose=np.argmax):
    ids = list(ids)
    for _ in range(n):
        ids.append(int(choose(next_logits(ids))))
    return ids


def in_place(next_logits, ids, n):
    for _ in range(n):
        ids.append(int(np.argmax(next_logits(ids))))
    return ids


def too_few(p, threshold):
    order = np.argsort(-p)
    kept = np.zeros_like(p)
    chosen = order[np.cumsum(p[order]) <= threshold]
    kept[chosen] = p[chosen]
    return kept / kept.sum()


def right(p, threshold):
    order = np.argsort(-p)
    kept = np.zeros_like(p)
    chosen = order[np.cumsum(p[order]) - p[order] < threshold - 1e-12]
    kept[chosen] = p[chosen]
    return kept


def without_end(ids, answers):
    targets = np.where(answers[1:], ids[1:], -100)
    targets[targets == 9] = -100
    return targets


WRONG = {
    "08.1": [
        (last_only, "all tokens so far"),
        (lambda f, ids, n: grown(f, ids, n)[len(ids) :], "new tokens only"),
        (lambda f, ids, n: grown(f, ids, n, np.argmin), "expected"),
        (in_place, "work on a copy"),
    ],
    "08.2": [
        (lambda prompt, most: most, "counts the prompt"),
        (lambda prompt, most: most - prompt, "negative"),
    ],
    "08.3": [
        (lambda ids, a: np.where(a[:-1], ids[:-1], -100), "nothing has moved"),
        (lambda ids, a: np.where(a[:-1], ids[1:], -100), "marks have not"),
        (lambda ids, a: ids[1:], "question is learned"),
        (without_end, "never stops"),
        (lambda ids, a: np.where(a[1:], ids[1:], 0), "0 is a token"),
        (lambda ids, a: np.where(a, ids, -100), "expected shape"),
    ],
    "08.4": [
        (too_few, "crosses the threshold"),
        (right, "add up to 1"),
        (lambda p, t: np.sort(right(p, t) / right(p, t).sum())[::-1], "places name the tokens"),
        (lambda p, t: p, "expected"),
    ],
}
