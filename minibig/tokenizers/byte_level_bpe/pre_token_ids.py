"""The ids of pre-tokens, remembered: most of any text is a few thousand words again and again."""

from collections.abc import Sequence

from minibig.tokenizers.byte_level_bpe.pair_merging import Merges, encode_long, encode_short

LONGEST_SHORT = 100  # bytes: from there on `encode_long` is the faster one
LONGEST_KEPT = 32  # characters
MOST_KEPT = 65_536  # pre-tokens


class PreTokenIds(dict[str, tuple[int, ...]]):
    """A dictionary from pre-token to ids that fills itself when asked, and forgets when full.

    It keeps at most 65,536 pre-tokens of at most 32 characters, about 15 MB for ordinary text, and
    is emptied when that is reached: what is frequent is soon there again.
    """

    def __init__(self, byte_ids: Sequence[int], merges: Merges, lengths: Sequence[int]) -> None:
        super().__init__()
        self.byte_ids = byte_ids  # by value of the byte
        self.merges = merges
        self.lengths = lengths  # of every token, in bytes

    def __missing__(self, pre_token: str) -> tuple[int, ...]:
        tokens = list(map(self.byte_ids.__getitem__, pre_token.encode()))
        if len(tokens) <= LONGEST_SHORT:
            ids = tuple(encode_short(tokens, self.merges))
        else:
            ids = tuple(encode_long(tokens, self.merges, self.lengths))
        if len(pre_token) <= LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[pre_token] = ids
        return ids
