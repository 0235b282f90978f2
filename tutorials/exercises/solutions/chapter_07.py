"""Solutions of chapter 7."""

import codecs
from collections import Counter
from itertools import pairwise


def most_frequent_pair(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[pair] += count
    return pairs.most_common(1)[0][0]


def merge(tokens, pair, new):
    result, i = [], 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            result.append(new)
            i += 2
        else:
            result.append(tokens[i])
            i += 1
    return result


def byte_lengths(tokenizer, text):
    return [len(tokenizer.decode_bytes([number])) for number in tokenizer.encode(text)]


def stream_text(pieces):
    decoder = codecs.getincrementaldecoder("utf-8")()
    return [decoder.decode(piece) for piece in pieces]
