"""`encode_short` as a loop over arrays, which Numba compiles where it is installed.

Only the ranks are looked up in another way: a pair has a slot in a table, which its two ids give,
or if another pair is there, the next slot that is free (open addressing, Knuth 1973, 6.4).
"""

import os
import warnings
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import accumulate, pairwise

import numpy as np

import minibig
from minibig.tokenizers.byte_level_bpe.pair_merging import Merges
from minibig.tokenizers.byte_level_bpe.token_row import Pair

NO_RANK = (1 << 31) - 1
_FREE = -1


class CompiledMerging:
    """Encodes many pieces of text, at best of less than 500 bytes, if `compiled_loop()` is there.

    >>> pairs = [(97, 97), (256, 98)]
    >>> merges = Merges(pairs, tokens=[256, 257], ranks={pairs[0]: 0, pairs[1]: 1})
    >>> CompiledMerging(range(256), merges).encode([b"aabaa", b"b"])
    [(257, 256), (98,)]
    """

    def __init__(self, byte_ids: Sequence[int], merges: Merges) -> None:
        self.byte_ids = np.array(byte_ids, np.int32)
        self.merges = merges

    @cached_property
    def table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What `merge_each` finds ranks and tokens with, made when it is needed first."""
        made = np.array(self.merges.tokens, np.int32)
        return *rank_table(self.merges.pairs), made

    def encode(self, pieces: Sequence[bytes]) -> list[tuple[int, ...]]:
        """The ids of each piece."""
        tokens = self.byte_ids[np.frombuffer(b"".join(pieces), np.uint8)]
        ends = np.array(list(accumulate(map(len, pieces))), np.int64)
        merge = compiled_loop() or merge_each
        merge(tokens, ends, *self.table)
        all_ids = tuple(tokens.tolist())
        return [all_ids[begin:end] for begin, end in pairwise([0, *ends.tolist()])]


@cache
def compiled_loop() -> Callable[..., None] | None:
    """`merge_each` compiled, or None without Numba or where kernels are to do without it."""
    kernels = minibig.kernels
    if kernels is None or os.environ.get("MINIBIG_KERNELS") == "off":
        return None
    if kernels.loops.kind() != kernels.loops.COMPILED:
        return None
    signature = "void(int32[::1], int64[::1], int64[::1], int32[::1], int32[::1])"
    try:
        return kernels.compiled.compiling.machine_code(merge_each, signature)
    except Exception as error:  # whatever a compiler does that is not as expected
        message = f"Numba cannot compile merge_each: {error}. It runs in Python."
        warnings.warn(message, RuntimeWarning, stacklevel=2)
        return None


def rank_table(pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """A table of pairs, as left·2³² + right, and one of their ranks; at least half of it is free.

    >>> keys, ranks = rank_table([(7, 8)])
    >>> keys[keys >= 0].tolist() == [7 << 32 | 8], ranks[keys >= 0].tolist(), len(keys)
    (True, [0], 8)
    """
    mask = (2 << (2 * len(pairs)).bit_length()) - 1
    keys, ranks = [_FREE] * (mask + 1), [NO_RANK] * (mask + 1)
    for rank, (left, right) in enumerate(pairs):
        mixed = left * 0x9E3779B1 + right * 0x85EBCA6B
        slot = (mixed ^ mixed >> 15) & mask
        while keys[slot] != _FREE:
            slot = (slot + 1) & mask
        keys[slot], ranks[slot] = left << 32 | right, rank
    return np.array(keys, np.int64), np.array(ranks, np.int32)


def merge_each(tokens, ends, keys, ranks, made):  # type: ignore[no-untyped-def]
    """Merge the tokens of each piece, which end at `ends`, and move together what is left.

    tokens  int32    those of all pieces; in the end the first ends[-1] of them count
    ends    int64    where the tokens of each piece end, before and after
    keys, ranks      what `rank_table` makes
    made    int32    by rank, the token that the pair becomes
    """
    mask = len(keys) - 1
    rank_of = np.empty(len(tokens), np.int32)  # of the pair that begins with each token
    begin = total = 0
    for piece in range(len(ends)):
        t, r = tokens[begin : ends[piece]], rank_of[begin : ends[piece]]
        begin = ends[piece]
        n = len(t)
        first, last = 0, n - 1  # the pairs that are new
        while True:
            for i in range(first, last):
                left, right = np.int64(t[i]), np.int64(t[i + 1])
                key, mixed = left << 32 | right, left * 0x9E3779B1 + right * 0x85EBCA6B
                slot = (mixed ^ mixed >> 15) & mask
                while keys[slot] != key and keys[slot] != _FREE:
                    slot = (slot + 1) & mask
                r[i] = ranks[slot]
            lowest = np.int32(NO_RANK)
            for i in range(n - 1):
                lowest = min(lowest, r[i])
            if lowest == NO_RANK:
                break
            i = 0
            while r[i] != lowest:
                i += 1
            t[i] = made[lowest]
            n -= 1
            for j in range(i + 1, n):
                t[j], r[j] = t[j + 1], r[j + 1]
            first, last = max(i - 1, 0), min(i + 1, n - 1)
        tokens[total : total + n] = t[:n]
        total += n
        ends[piece] = total
