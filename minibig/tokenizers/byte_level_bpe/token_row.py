"""Tokens in a row, in which a pair is merged wherever it stands: for training and for encoding.

A token of n bytes fills n cells. `first` holds its id in the first of them, `last` in the last: so
its neighbours are read at once on either side, and nothing ever moves. What lies between is −1 in
`first`, and of no importance in `last`.

    cells    0  1  2  3  4  5  6  7          (t, h) is merged at 1 and 5, its token is T:
    first   −1  t  h  e −1  t  h −1         −1  T −1  e −1  T −1 −1
    last    −1  t  h  e −1  t  h −1         −1  .  T  e −1  .  T −1

Pairs that stand in many places are merged by NumPy, all of them at a time; for a few places a plain
loop, which does the same, is faster. Both matter: the first merges of a text stand in thousands of
places, most of the later ones in less than ten.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

Pair = tuple[int, int]
Places = list[int] | np.ndarray  # ascending; an array if they are many

BOUNDARY = -1
MANY = 32  # places, from which on NumPy is the faster one
_SEPARATOR = 0xFF  # a byte that UTF-8 never has


class TokenRow:
    """Pieces of text in one row of cells, with a boundary before, between and behind them.

    They are given as UTF-8 and begin as one token a byte, `byte_ids` by value of the byte. All ids
    are below `n_tokens`. A place of a pair is the first cell of its left token.

    >>> row = TokenRow([b"abcab"], byte_ids=range(256), n_tokens=300)
    >>> dict(row.pairs()) == {(97, 98): [1, 4], (98, 99): [2], (99, 97): [3]}
    True
    >>> dict(row.merge((97, 98), [1, 4], 256)), row.pieces()
    ({(256, 99): [1], (99, 256): [3]}, [(256, 99, 256)])
    """

    def __init__(self, pieces: Iterable[bytes], byte_ids: Sequence[int], n_tokens: int) -> None:
        separator = bytes([_SEPARATOR])
        self.bytes = np.frombuffer(separator.join([b"", *pieces, b""]), np.uint8)
        self.ids = np.array(byte_ids, np.int32)
        self.ids[_SEPARATOR] = BOUNDARY
        self.first = self.ids[self.bytes]
        self.last = self.first.copy()
        self.lengths = np.ones(n_tokens, np.int32)  # of each token, in cells

    def pairs(self) -> Iterator[tuple[Pair, Places]]:
        """The pairs of adjacent bytes, each with its places."""
        left, right = self.bytes[:-1], self.bytes[1:]
        places = np.flatnonzero((left != _SEPARATOR) & (right != _SEPARATOR))
        both = left[places] * np.uint16(256) + right[places]
        ids = self.ids.tolist()
        for pair, where in _grouped(both, places):
            yield (ids[pair >> 8], ids[pair & 255]), where

    def standing(self, pair: Pair, places: Places) -> Places:
        """Those of the places where the pair still stands."""
        left, right = pair
        if isinstance(places, list):
            first, length = self.first.data, int(self.lengths[left])
            return [p for p in places if first[p] == left and first[p + length] == right]
        middles = places + self.lengths[left]
        return _few_or_many(places[(self.first[places] == left) & (self.first[middles] == right)])

    def merge(self, pair: Pair, places: Places, new: int) -> Iterator[tuple[Pair, Places]]:
        """Make the pair a token wherever it stands, and yield the pairs that it stands in then.

        Of places that overlap, as in "aaa", the left one counts.
        """
        left, right = pair
        self.lengths[new] = self.lengths[left] + self.lengths[right]
        if isinstance(places, list):
            yield from self._merge_few(left, places, new)
        else:
            yield from self._merge_many(left, places, new, overlapping=left == right)

    def _merge_few(self, left: int, places: list[int], new: int) -> Iterator[tuple[Pair, Places]]:
        first, last, lengths = self.first.data, self.last.data, self.lengths.data
        left_length, length = lengths[left], lengths[new]
        found: dict[Pair, list[int]] = {}
        for place in places:
            if first[place] == left:
                end = place + length
                first[place] = last[end - 1] = new
                first[place + left_length] = BOUNDARY
                if (before := last[place - 1]) != BOUNDARY:
                    found.setdefault((before, new), []).append(place - lengths[before])
                if (after := first[end]) != BOUNDARY:
                    found.setdefault((new, after), []).append(place)
        yield from found.items()

    def _merge_many(
        self, left: int, places: np.ndarray, new: int, overlapping: bool
    ) -> Iterator[tuple[Pair, Places]]:
        left_length, length = int(self.lengths[left]), int(self.lengths[new])
        if overlapping:
            places = _every_other(places, left_length)
        ends = places + length
        self.first[places] = self.last[ends - 1] = new
        self.first[places + left_length] = BOUNDARY
        before, after = self.last[places - 1], self.first[ends]
        joined = before != BOUNDARY
        joined[1:] &= places[1:] != ends[:-1]  # else it is the pair of the one before
        before, behind = before[joined], places[joined]
        for token, where in _grouped(before, behind - self.lengths[before]):
            yield (token, new), where
        joined = after != BOUNDARY
        for token, where in _grouped(after[joined], places[joined]):
            yield (new, token), where

    def pieces(self) -> list[tuple[int, ...]]:
        """The tokens of each piece."""
        begins = self.first != BOUNDARY
        tokens = tuple(self.first[begins].tolist())
        ends = np.cumsum(begins)[self.bytes == _SEPARATOR].tolist()
        return [tokens[begin:end] for begin, end in pairwise(ends)]


def united(found: Sequence[Places]) -> Places:
    """Places that were found at several times."""
    if len(found) == 1:
        return found[0]
    return _few_or_many(np.sort(np.concatenate(found)))


def _few_or_many(places: np.ndarray) -> Places:
    return places if len(places) >= MANY else places.tolist()


def _every_other(places: np.ndarray, length: int) -> np.ndarray:
    """The first, third, fifth … of each run of places that overlap."""
    begins = np.ones(len(places), bool)
    np.not_equal(places[1:] - places[:-1], length, out=begins[1:])
    number = np.arange(len(places))
    return places[(number - np.maximum.accumulate(number * begins)) % 2 == 0]


def _grouped(keys: np.ndarray, places: np.ndarray) -> Iterator[tuple[int, Places]]:
    """The different keys, each with its places."""
    if len(keys) == 0:
        return
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    ends = [*(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(keys)]
    begin = 0
    for key, end in zip(keys[np.array(ends) - 1].tolist(), ends, strict=True):
        yield key, _few_or_many(places[begin:end])
        begin = end
