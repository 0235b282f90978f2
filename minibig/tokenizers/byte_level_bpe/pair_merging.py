"""Merging adjacent tokens, the one step of byte pair encoding, for training and for encoding.

A *pair* is two adjacent tokens; a *merge* replaces a pair by one token; the *rank* of a merge is
its place in the order in which merges were learned. To encode, merge the pair of lowest rank
wherever it stands, left to right, then the next, until no pair has a rank (Sennrich et al. 2016,
arXiv:1508.07909). This relies on one property, which a tokenizer checks when it is made: merges
that make a token come before all merges that use it, so no merge brings about a lower rank.

`encode_short` is this, for one piece of text: it looks at all pairs for each merge, which is fast
for words and quadratic in their length. `encode_together` takes many pieces of any length through
the merges at once, rank by rank, and looks only at the places where the pair of that rank stands.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from minibig.tokenizers.byte_level_bpe.token_row import Pair, Places, TokenRow, united

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


def encode_together(
    pieces: Iterable[bytes], merges: Merges, byte_ids: Sequence[int], n_tokens: int
) -> list[tuple[int, ...]]:
    """The same for each of the pieces; the time grows with the number of tokens merged.

    >>> pairs = [(97, 97), (256, 98)]
    >>> merges = Merges(pairs, tokens=[256, 257], ranks={pairs[0]: 0, pairs[1]: 1})
    >>> encode_together([b"aabaa", b"b"], merges, byte_ids=range(256), n_tokens=258)
    [(257, 256), (98,)]
    """
    row = TokenRow(pieces, byte_ids, n_tokens)
    waiting = _PlacesByRank(merges.ranks)
    waiting.add(row.pairs())
    while waiting.queue:
        rank, places = waiting.pop()
        pair = merges.pairs[rank]
        waiting.add(row.merge(pair, row.standing(pair, places), merges.tokens[rank]))
    return row.pieces()


class _PlacesByRank:
    """Of each rank that pairs have, where these stand, the lowest rank in front."""

    def __init__(self, ranks: Mapping[Pair, int]) -> None:
        self.ranks = ranks
        self.queue: list[int] = []  # a heap
        self.places: dict[int, list[Places]] = {}

    def add(self, pairs: Iterable[tuple[Pair, Places]]) -> None:
        """Let the places of pairs wait for the turn of their rank, if they have one."""
        for pair, places in pairs:
            if (rank := self.ranks.get(pair)) is not None:
                if rank not in self.places:
                    self.places[rank] = []
                    heappush(self.queue, rank)
                self.places[rank].append(places)

    def pop(self) -> tuple[int, Places]:
        """The lowest rank, and the places that wait for it."""
        rank = heappop(self.queue)
        return rank, united(self.places.pop(rank))
