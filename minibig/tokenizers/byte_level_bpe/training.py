"""Learning the merges of byte pair encoding from counted pre-tokens.

Again and again the most frequent pair of adjacent tokens becomes a token:

    while len(merges) < n_merges:
        stats = get_stats(ids)               # how often each pair of neighbours occurs
        pair = max(stats, key=stats.get)
        ids = merge(ids, pair, new_id)       # the pair becomes a token wherever it stands

Counting all pairs anew for each merge would take minutes. `_PairIndex` knows of every pair the
count and the places where it stands, and a merge touches only those. The order of texts and words
has no influence on the result.

Source of these lines:  minbpe (Karpathy 2024), basic.py.
"""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise

from minibig.tokenizers.byte_level_bpe.byte_symbols import BYTE_ORDER
from minibig.tokenizers.byte_level_bpe.pair_merging import BOUNDARY, Pair, merge_pair

_ID_OF_BYTE = {byte: number for number, byte in enumerate(BYTE_ORDER)}


def learn_merges(counts: Mapping[str, int], n_merges: int) -> list[Pair]:
    """At most `n_merges` pairs, in the order in which they became tokens 256, 257, …

    A pair counts once for each place where it stands in a pre-token, times the count of that
    pre-token; in "aaa" the pair (a, a) stands twice and is merged once, at the left. Of equally
    frequent pairs the one with the smaller ids is taken, the left id deciding first. Bytes are
    numbered as in GPT-2's files. Learning ends early when no pair occurs twice.

    Source:  Sennrich et al. 2016, arXiv:1508.07909, algorithm 1, on bytes.

    >>> from minibig.tokenizers.byte_level_bpe.byte_symbols import SYMBOLS
    >>> a, b = SYMBOLS.index("a"), SYMBOLS.index("b")
    >>> learn_merges({"aaabdaaabac": 1}, 10) == [(a, a), (a, b), (256, 257)]
    True
    """
    index = _PairIndex(counts)
    merges: list[Pair] = []
    while len(merges) < n_merges and (pair := index.pop_most_frequent()):
        index.merge(pair)
        merges.append(pair)
    return merges


class _PairIndex:
    """All pre-tokens in one row of cells; of every pair of tokens in it, the count and the places.

    A merge takes places away from pairs of older tokens, and never adds one; pairs with the new
    token are pushed at once. So an entry of the queue may be too high but never too low, and is
    put right when it comes to the front.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.cells = [BOUNDARY]
        self.weights = [0]  # of each cell: how often its pre-token occurs
        for pre_token, count in counts.items():
            self.cells += map(_ID_OF_BYTE.__getitem__, pre_token.encode())
            self.cells.append(BOUNDARY)
            self.weights += [count] * (len(self.cells) - len(self.weights))
        self.lengths = [1] * len(BYTE_ORDER)  # of each token, in cells
        self.counts: dict[Pair, int] = {}
        self.places: dict[Pair, list[int]] = {}
        for place, pair in enumerate(pairwise(self.cells)):
            if BOUNDARY not in pair:
                self.counts[pair] = self.counts.get(pair, 0) + self.weights[place]
                self.places.setdefault(pair, []).append(place)
        self.queue = [(-count, pair) for pair, count in self.counts.items()]
        heapify(self.queue)

    def pop_most_frequent(self) -> Pair | None:
        """The pair to merge next, or None if no pair occurs twice."""
        while self.queue:
            negative_count, pair = heappop(self.queue)
            count = self.counts[pair]
            if count == -negative_count:
                return pair if count > 1 else None
            heappush(self.queue, (-count, pair))
        return None

    def merge(self, pair: Pair) -> None:
        """Make the pair a token wherever it stands."""
        left, right = pair
        new = len(self.lengths)
        self.lengths.append(self.lengths[left] + self.lengths[right])
        changes: dict[Pair, int] = {}
        places = self.places.pop(pair)
        for place, before, after in merge_pair(self.cells, places, pair, new, self.lengths):
            weight = self.weights[place]
            if before != BOUNDARY:
                changes[before, left] = changes.get((before, left), 0) - weight
                changes[before, new] = changes.get((before, new), 0) + weight
                self.places.setdefault((before, new), []).append(place - self.lengths[before])
            if after != BOUNDARY:
                changes[right, after] = changes.get((right, after), 0) - weight
                changes[new, after] = changes.get((new, after), 0) + weight
                self.places.setdefault((new, after), []).append(place)
        for neighbours, change in changes.items():
            self.counts[neighbours] = self.counts.get(neighbours, 0) + change
            if new in neighbours:
                heappush(self.queue, (-self.counts[neighbours], neighbours))
