"""Wrong answers to chapter 7."""

from collections import Counter
from itertools import pairwise


def unweighted(words):
    return Counter(pair for word in words for pair in pairwise(word)).most_common(1)[0][0]


def overlapping(tokens, pair, new):
    result, after = [], None
    for i, token in enumerate(tokens):
        if (token, *tokens[i + 1 : i + 2]) == pair:
            result.append(new)
        elif after != pair:
            result.append(token)
        after = (token, *tokens[i + 1 : i + 2])
    return result


def from_the_right(tokens, pair, new):
    result, i = [], len(tokens) - 1
    while i >= 0:
        if i and (tokens[i - 1], tokens[i]) == pair:
            result.append(new)
            i -= 2
        else:
            result.append(tokens[i])
            i -= 1
    return result[::-1]


def forgets_the_end(tokens, pair, new):
    result, i = [], 0
    while i < len(tokens) - 1:
        match = (tokens[i], tokens[i + 1]) == pair
        result.append(new if match else tokens[i])
        i += 1 + match
    return result


def in_place(tokens, pair, new):
    for i in range(len(tokens) - 1):
        if tuple(tokens[i : i + 2]) == pair:
            tokens[i : i + 2] = [new]
    return tokens


def all_at_the_end(pieces):
    return [""] * (len(pieces) - 1) + [b"".join(pieces).decode()]


WRONG = {
    "07.1": [
        (unweighted, "counts as often as it occurs"),
        (lambda words: next(iter(words))[0], "one pair"),
        (lambda words: ("n", "e"), "expected"),
    ],
    "07.2": [
        (overlapping, "used once only"),
        (from_the_right, "from left to right"),
        (forgets_the_end, "the end is lost"),
        (in_place, "return a new one"),
    ],
    "07.3": [
        (lambda t, text: [len(t.decode([i])) for i in t.encode(text)], "those are characters"),
        (lambda t, text: [2] * len(text), "add up to"),
        (lambda t, text: [1] * len(text.encode()), "expected"),
    ],
    "07.4": [
        (lambda pieces: [piece.decode(errors="replace") for piece in pieces], "decoded alone"),
        (lambda pieces: [piece.decode(errors="ignore") for piece in pieces], "joined it must be"),
        (all_at_the_end, "piece that completes it"),
        (lambda pieces: [b"".join(pieces).decode()], "one text for each piece"),
    ],
}
