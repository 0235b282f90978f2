"""The order of the blocks of an epoch: a number is drawn for each, and they come sorted by it.

The numbers are the raw output of Philox, keyed by a 128-bit BLAKE2b hash of seed and epoch. NumPy
promises that this stream never changes, which it does not of `permutation` or `integers`.

A gigabyte of text has a hundred million short blocks, too many to sort in memory. So an order is
never there as a whole: the first bits of a number tell the stretch of the order in which its block
lies, about a million blocks a stretch. Only the numbers of one stretch are picked from the stream
and sorted, and when the next one is needed the stream is drawn anew: a second for the hundred
million, once in a million blocks.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

_STRETCH_BITS = 20  # a stretch has about 2^20 blocks, and so has what is drawn at once


class EpochOrder:
    """The blocks 0 ... n_blocks - 1 in the order of an epoch, any place of which can be asked for.

    The first number of the stream draws `offset`, the others the order.

    Cost:    about 50 MB, however many blocks there are.

    >>> order = EpochOrder(seed=0, epoch=0, n_blocks=5)
    >>> sorted(order.blocks(np.arange(5)).tolist()), 0 <= order.offset(3) < 3
    ([0, 1, 2, 3, 4], True)
    """

    def __init__(self, seed: int, epoch: int, n_blocks: int) -> None:
        self.seed, self.epoch, self.n_blocks = seed, epoch, n_blocks
        self._first_word = int(random_words(seed, epoch, 1)[0])
        self._bits = max(0, (n_blocks - 1).bit_length() - _STRETCH_BITS)
        sizes = np.zeros(1 << self._bits, np.int64)
        for _, words in self._drawn():
            sizes += np.bincount(self._stretches(words), minlength=len(sizes))
        self._firsts = np.append(0, np.cumsum(sizes))  # the first place of each stretch
        self._latest: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def offset(self, count: int) -> int:
        """A number below `count`."""
        return self._first_word % count

    def blocks(self, places: np.ndarray) -> np.ndarray:
        """The blocks at these places of the order."""
        stretches = np.searchsorted(self._firsts, places, side="right") - 1
        result = np.empty(len(places), np.int64)
        for stretch in np.unique(stretches):
            inside = stretches == stretch
            result[inside] = self._sorted(int(stretch))[places[inside] - self._firsts[stretch]]
        return result

    def _sorted(self, stretch: int) -> np.ndarray:
        """The blocks of a stretch, in their order."""
        if self._latest[0] != stretch:
            blocks, words = [], []
            for first, drawn in self._drawn():
                inside = np.flatnonzero(self._stretches(drawn) == stretch)
                blocks.append(first + inside)
                words.append(drawn[inside])
            order = np.argsort(np.concatenate(words), kind="stable")
            self._latest = (stretch, np.concatenate(blocks)[order])
        return self._latest[1]

    def _drawn(self) -> Iterator[tuple[int, np.ndarray]]:
        """The numbers of all blocks, some at a time, and which block the first of them is."""
        stream, at_once = _philox(self.seed, self.epoch), 1 << _STRETCH_BITS
        stream.random_raw()  # the one of `offset`
        for first in range(0, self.n_blocks, at_once):
            yield first, stream.random_raw(min(at_once, self.n_blocks - first))

    def _stretches(self, words: np.ndarray) -> np.ndarray:
        """Which stretch each number belongs to: its first bits."""
        return (words >> np.uint64(32)).astype(np.int64) >> (32 - self._bits)


def random_words(seed: int, epoch: int, count: int) -> np.ndarray:
    """`count` random numbers of 64 bits that depend on seed and epoch only.

    >>> int(random_words(0, 1, 3)[2]) == int(random_words(0, 1, 5)[2])
    True
    """
    return _philox(seed, epoch).random_raw(count)


def _philox(seed: int, epoch: int) -> "np.random.Philox":
    key = hashlib.blake2b(f"data order {seed} {epoch}".encode(), digest_size=16).digest()
    return np.random.Philox(key=int.from_bytes(key, "little"))
