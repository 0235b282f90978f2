"""Learning the merges of byte pair encoding from counted pre-tokens.

Again and again the most frequent pair of adjacent tokens becomes a token:

    while len(merges) < n_merges:
        stats = get_stats(ids)               # how often each pair of neighbours occurs
        pair = max(stats, key=stats.get)
        ids = merge(ids, pair, new_id)       # the pair becomes a token wherever it stands

Counting all pairs anew for each merge would take minutes. Here every pair has the places where it
stands (`TokenRow`) and waits in a queue, the most frequent one in front. A merge takes places away
from pairs of older tokens and never adds one, so a count in the queue may be too high, never too
low: it is put right when it comes to the front. The order of texts and words has no influence.

Source of these lines:  minbpe (Karpathy 2024), basic.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

import numpy as np

from minibig.tokenizers.byte_level_bpe.byte_symbols import BYTE_ORDER
from minibig.tokenizers.byte_level_bpe.token_row import Pair, Places, TokenRow

_IDS_OF_BYTES = [BYTE_ORDER.index(byte) for byte in range(256)]


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
    pre_tokens = [pre_token.encode() for pre_token in counts]
    n_merges = min(n_merges, sum(map(len, pre_tokens)))  # after each there is one token less
    row = TokenRow(pre_tokens, _IDS_OF_BYTES, n_tokens=256 + n_merges)
    waiting = _PairQueue(pre_tokens, counts.values())
    waiting.push(row.pairs())
    merges: list[Pair] = []
    while len(merges) < n_merges and waiting.queue:
        pair, count, places = waiting.pop()
        places = row.standing(pair, places)
        if waiting.count(places) < count:
            waiting.push([(pair, places)])
        else:
            waiting.push(row.merge(pair, places, 256 + len(merges)))
            merges.append(pair)
    return merges


class _PairQueue:
    """Pairs that occur twice or more, with their counts and places, the most frequent in front."""

    def __init__(self, pre_tokens: Sequence[bytes], counts: Iterable[int]) -> None:
        cells = [1, *(len(pre_token) + 1 for pre_token in pre_tokens)]
        self.weights = np.repeat([0, *counts], cells)  # of each cell: the count of its pre-token
        self.queue: list[tuple[int, Pair]] = []  # a heap: −count and pair
        self.places: dict[Pair, Places] = {}

    def count(self, places: Places) -> int:
        """How often a pair with these places occurs."""
        if isinstance(places, list):
            weights = self.weights.data
            return sum([weights[place] for place in places])
        return int(self.weights[places].sum())

    def push(self, pairs: Iterable[tuple[Pair, Places]]) -> None:
        """Let pairs wait for their turn; one that occurs once never has one."""
        for pair, places in pairs:
            if (count := self.count(places)) > 1:
                heappush(self.queue, (-count, pair))
                self.places[pair] = places

    def pop(self) -> tuple[Pair, int, Places]:
        """The pair in front, its count when it was pushed, and its places then."""
        negative_count, pair = heappop(self.queue)
        return pair, -negative_count, self.places.pop(pair)
