"""Merging adjacent tokens, the one step of byte pair encoding, for training and for encoding.

A *pair* is two adjacent tokens; a *merge* replaces a pair by one token; the *rank* of a merge is
its place in the order in which merges were learned. To encode, merge the pair of lowest rank
wherever it stands, left to right, then the next, until no pair has a rank (Sennrich et al. 2016,
arXiv:1508.07909). This relies on one property, which a tokenizer checks when it is made: merges
that make a token come before all merges that use it, so no merge brings about a lower rank.

`encode_short` looks at all pairs for each merge: the fastest for words, quadratic in their length.
`encode_long` goes from merge to merge through lists of places, and a megabyte is no problem to it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

Pair = tuple[int, int]

BOUNDARY = -1
NO_RANK = 1 << 62


@dataclass(frozen=True)
class Merges:
    """Merges by rank: `pairs[rank]` becomes `tokens[rank]`, and `ranks[pairs[rank]] == rank`."""

    pairs: Sequence[Pair]
    tokens: Sequence[int]
    ranks: Mapping[Pair, int]


def encode_short(tokens: Sequence[int], merges: Merges) -> list[int]:
    """Merge the pair of lowest rank, the leftmost of equals, while any pair has a rank.

    >>> merges = Merges(pairs=[(1, 1), (9, 2)], tokens=[9, 10], ranks={(1, 1): 0, (9, 2): 1})
    >>> encode_short([1, 1, 2, 1, 1], merges)
    [10, 9]
    """
    tokens = list(tokens)
    rank_of, merged = merges.ranks.get, merges.tokens
    ranks = [rank_of(pair, NO_RANK) for pair in pairwise(tokens)]
    while ranks:
        rank = min(ranks)
        if rank == NO_RANK:
            break
        i = ranks.index(rank)
        tokens[i : i + 2] = [merged[rank]]
        del ranks[i]
        if i < len(ranks):
            ranks[i] = rank_of((tokens[i], tokens[i + 1]), NO_RANK)
        if i:
            ranks[i - 1] = rank_of((tokens[i - 1], tokens[i]), NO_RANK)
    return tokens


def encode_long(tokens: Sequence[int], merges: Merges, lengths: Sequence[int]) -> list[int]:
    """The same result, rank by rank; the time grows with the number of tokens merged.

    The tokens given have length 1; `lengths` holds that of every token, in the same unit.

    >>> merges = Merges(pairs=[(1, 1), (2, 0)], tokens=[2, 3], ranks={(1, 1): 0, (2, 0): 1})
    >>> encode_long([1, 1, 0, 1, 1], merges, lengths=[1, 1, 2, 3])
    [3, 2]
    """
    cells = [BOUNDARY, *tokens, BOUNDARY]
    rank_of, waiting = merges.ranks.get, _Waiting()
    for place, rank in enumerate(map(rank_of, pairwise(cells))):
        if rank is not None:
            waiting[rank].append(place)
    while waiting:
        lowest = heappop(waiting.ranks)
        pair, new, places = merges.pairs[lowest], merges.tokens[lowest], sorted(waiting.pop(lowest))
        for place, before, after in merge_pair(cells, places, pair, new, lengths):
            if (rank := rank_of((before, new))) is not None:
                waiting[rank].append(place - lengths[before])
            if (rank := rank_of((new, after))) is not None:
                waiting[rank].append(place)
    return list(tokens_in(cells, lengths))


class _Waiting(dict[int, list[int]]):
    """Of each rank that pairs have, where they stand; and these ranks, the lowest first."""

    def __init__(self) -> None:
        super().__init__()
        self.ranks: list[int] = []  # a heap

    def __missing__(self, rank: int) -> list[int]:
        heappush(self.ranks, rank)
        places: list[int] = []
        self[rank] = places
        return places


def merge_pair(
    cells: list[int], places: Iterable[int], pair: Pair, new: int, lengths: Sequence[int]
) -> Iterator[tuple[int, int, int]]:
    """Merge the pair at those of the ascending places where it still stands.

    A token of length n fills n cells and writes its id into the first and the last of them, and
    `BOUNDARY` into those between: so its neighbours are read at once on either side, and nothing
    ever moves. Yields, for each merge, the place and the tokens before and after it.

    >>> cells = [-1, 1, 1, 1, 2, -1]
    >>> list(merge_pair(cells, [1, 2], (1, 1), 3, lengths=[1, 1, 1, 2])), cells
    ([(1, -1, 1)], [-1, 3, 3, 1, 2, -1])
    """
    left, right = pair
    left_length = lengths[left]
    length = left_length + lengths[right]
    for place in places:
        middle = place + left_length
        if cells[place] != left or cells[middle] != right:
            continue
        end = place + length
        cells[middle - 1] = cells[middle] = BOUNDARY
        cells[place] = cells[end - 1] = new
        yield place, cells[place - 1], cells[end]


def tokens_in(cells: Sequence[int], lengths: Sequence[int]) -> Iterator[int]:
    """The tokens that fill the cells between the first and the last boundary."""
    place, end = 1, len(cells) - 1
    while place < end:
        yield cells[place]
        place += lengths[cells[place]]
