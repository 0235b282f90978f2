"""The ids of pre-tokens, remembered: most of any text is a few thousand words again and again."""

from collections.abc import Collection, Sequence
from itertools import chain

from minibig.tokenizers.byte_level_bpe.pair_merging import Merges, encode_short, encode_together

LONGEST_ALONE = 100  # bytes; longer pre-tokens are encoded together
LONGEST_OF_MANY = 24  # the same where there are a hundred or more
MOST_TOGETHER = 1 << 20  # bytes, unless one pre-token has more; takes 40 MB
LONGEST_KEPT = 32  # characters
MOST_KEPT = 65_536  # pre-tokens

Ids = tuple[int, ...]


class PreTokenIds(dict[str, Ids]):
    """A dictionary from pre-token to ids that is filled while it is used, and forgets when full.

    It keeps at most 65,536 pre-tokens of at most 32 characters, about 15 MB for ordinary text, and
    is emptied when that is reached: what is frequent is soon there again.
    """

    def __init__(self, byte_ids: Sequence[int], merges: Merges, n_tokens: int) -> None:
        super().__init__()
        self.byte_ids = byte_ids  # by value of the byte
        self.merges = merges
        self.n_tokens = n_tokens

    def encode(self, pre_tokens: Sequence[str]) -> list[int]:
        """The ids of all the pre-tokens, one after the other."""
        ids: list[int] = []
        for begin in range(0, len(pre_tokens), MOST_KEPT):
            asked = pre_tokens[begin : begin + MOST_KEPT]
            found = [self.get(key, ()) for key in asked]
            if not all(found):
                unknown = {key for key, known in zip(asked, found, strict=True) if not known}
                new = self._merged(unknown)
                self._keep(new)
                both = zip(asked, found, strict=True)
                found = [known or new[key] for key, known in both]
            ids.extend(chain.from_iterable(found))
        return ids

    def _merged(self, pre_tokens: Collection[str]) -> dict[str, Ids]:
        """The ids of pre-tokens by merging: short ones one by one, the others together."""
        longest = LONGEST_ALONE if len(pre_tokens) < 100 else LONGEST_OF_MANY
        ids_of: dict[str, Ids] = {}
        together: dict[str, bytes] = {}
        n_bytes = 0
        for pre_token in pre_tokens:
            data = pre_token.encode()
            if len(data) <= longest:
                tokens = list(map(self.byte_ids.__getitem__, data))
                ids_of[pre_token] = tuple(encode_short(tokens, self.merges))
                continue
            together[pre_token] = data
            n_bytes += len(data)
            if n_bytes > MOST_TOGETHER:
                ids_of |= self._merged_together(together)
                together, n_bytes = {}, 0
        return ids_of | (self._merged_together(together) if together else {})

    def _merged_together(self, data: dict[str, bytes]) -> dict[str, Ids]:
        found = encode_together(data.values(), self.merges, self.byte_ids, self.n_tokens)
        return dict(zip(data, found, strict=True))

    def _keep(self, new: dict[str, Ids]) -> None:
        kept = {key: ids for key, ids in new.items() if len(key) <= LONGEST_KEPT}
        if len(self) + len(kept) > MOST_KEPT:
            self.clear()
        self.update(kept)
